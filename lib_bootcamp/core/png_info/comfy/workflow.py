"""A workflow without its prompt graph: the page's nodes and links as a prompt graph.

The page leaves muted nodes out, bypasses others, and resolves its own nodes (Reroute, PrimitiveNode, Get and Set,
subgraphs) before it sends a prompt; so does this, as far as the workflow tells it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_prompt(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt graph of a workflow."""
    return {}
