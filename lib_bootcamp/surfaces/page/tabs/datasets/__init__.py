"""Tabs about data sets."""
