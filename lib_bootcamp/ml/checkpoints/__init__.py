"""Checkpoints as diffusers modules."""
