"""Adapters of the `Host` port, one file for each program the operations run in."""
