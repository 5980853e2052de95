"""What is made of a training that ended: its files, their order, and their model card."""
