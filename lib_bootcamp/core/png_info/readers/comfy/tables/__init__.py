"""The table of node classes: which inputs an output is made of and how.

A class has a rule for each of its outputs, in their order; a rule alone holds for all of them. Classes of which the
same is true stand together, with `; ` between their names. Sources: the packs' own declarations of inputs and outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import core, loaders, pipes, samplers, switches, texts

NODES: Mapping[str, Any] = {
    **core.NODES,
    **texts.NODES,
    **switches.NODES,
    **samplers.NODES,
    **pipes.NODES,
    **loaders.NODES,
}
SHOWING = texts.SHOWING
SAVING = core.SAVING
PREVIEWING = core.PREVIEWING
