"""What a training sees and when, without the network that is trained: numbers, texts and files alone."""
