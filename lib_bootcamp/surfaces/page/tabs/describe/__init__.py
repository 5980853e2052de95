"""Tabs about what pictures show."""
