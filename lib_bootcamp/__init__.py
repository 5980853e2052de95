"""Control maps, QR-code art, CLIP and fine-tuning for Stable Diffusion, in the WebUI and without it."""

__version__ = "0.2.0"
