"""Tabs of control maps."""
