"""Drawing: text to image, guidance, QR art."""
