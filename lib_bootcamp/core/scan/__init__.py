"""Reading QR codes, and how well they read."""
