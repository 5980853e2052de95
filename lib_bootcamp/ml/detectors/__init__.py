"""Learned detectors: their files, their networks, and who lends them."""
