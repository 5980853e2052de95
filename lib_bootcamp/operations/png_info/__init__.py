"""How a picture was made, read from its file and changed in it."""
