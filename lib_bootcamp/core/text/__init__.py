"""Texts: tokens, labels, prompts, and what a terminal is shown."""
