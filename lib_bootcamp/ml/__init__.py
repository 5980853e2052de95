"""Models: torch at the top of files, imported only inside functions of the layers above."""
