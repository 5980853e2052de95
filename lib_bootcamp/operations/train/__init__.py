"""Teaching the checkpoint something new."""
