"""LoRA files as tensors, and a checkpoint drawn with them."""
