"""A person's files and folders: opened, walked, written whole, moved, put back."""
