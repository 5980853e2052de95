"""How the pictures and the notebook in examples/ are made."""
