"""Pictures from prompts, and QR art."""
