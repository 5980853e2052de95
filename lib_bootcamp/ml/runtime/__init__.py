"""What all models run on: the model cache, batches, safe loading."""
