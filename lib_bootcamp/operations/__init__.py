"""The operations: one file each, a declaration and a function; `catalog.py` lists them."""
