"""Teaching a checkpoint: the networks that learn, what they learn from, and the loop."""
