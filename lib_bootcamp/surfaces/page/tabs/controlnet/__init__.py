"""Tabs about ControlNet models."""
