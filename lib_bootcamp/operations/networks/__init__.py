"""What is done with LoRA files."""
