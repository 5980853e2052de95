"""Pictures as arrays: read and written, resized, worked on in strips and on all cores."""
