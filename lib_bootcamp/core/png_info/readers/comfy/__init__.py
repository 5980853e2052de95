"""ComfyUI's graphs: a value is asked for at a node's output (`walk.py`), and a table of node classes (`tables`) says of
which inputs an output is made and how (`rules`)."""

from .record import read_comfy

__all__ = ["read_comfy"]
