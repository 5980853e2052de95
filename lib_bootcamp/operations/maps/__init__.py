"""Control maps from a picture."""
