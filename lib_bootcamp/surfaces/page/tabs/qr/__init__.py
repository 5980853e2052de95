"""Tabs of QR codes."""
