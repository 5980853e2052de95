"""Composition root: joins a host and the surfaces."""
