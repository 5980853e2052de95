"""Compares what two checkouts of this project make: about 300 outputs, pictures bit for bit."""
