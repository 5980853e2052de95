"""QR codes: encoded, placed and drawn."""
