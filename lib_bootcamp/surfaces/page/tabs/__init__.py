"""Tabs of operations that deserve a layout of their own, of the same declared fields; and the page of all tabs."""
