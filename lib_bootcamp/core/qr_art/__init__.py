"""What a code asks of a picture that is drawn, and the last repairs to it."""
