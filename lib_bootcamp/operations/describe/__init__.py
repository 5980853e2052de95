"""What a picture shows: labels, prompts, captions."""
