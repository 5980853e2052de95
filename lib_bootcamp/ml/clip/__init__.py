"""CLIP: pictures and texts as vectors, classification, interrogation."""
