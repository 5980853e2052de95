"""QR codes: made and scanned."""
