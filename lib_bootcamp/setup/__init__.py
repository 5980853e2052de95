"""Making the program's environment, and the checks that run in it. Standard library only."""
