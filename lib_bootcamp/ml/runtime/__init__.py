"""What all models run on: the shelf, batches, safe loading."""
