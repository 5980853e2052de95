"""Model files: what one is, by its header, tensors and name."""
