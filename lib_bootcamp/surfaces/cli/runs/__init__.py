"""Runs of an operation from the command line: what they are over, the one loop, what is printed and written."""
