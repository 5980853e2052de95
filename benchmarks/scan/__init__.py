"""Scanning: speed and hits on drawn codes, and on public test pictures of QR readers."""
