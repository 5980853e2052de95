"""The networks that a training teaches, made for a checkpoint."""

from __future__ import annotations

from collections.abc import Iterable

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ports import Components

from .adapters import Network
from .settings import Settings
from .start import Start, refuse_other_kind
from .vectors import Vectors, vectors_of
from .whole import Whole, ldm_tensors


def networks_of(
    components: Components, settings: Settings, start: Start | None = None
) -> list[Network | Vectors | Whole]:
    """New networks, on the processor; of whole parts their shapes alone, which `begin` fills.

    Args:
        components: the checkpoint.
        settings: of the training.
        start: what they begin as; None: with no change at all.
    Raises:
        InvalidParamError: nothing is taught, or `start` has other layers.
        ModelError: a whole checkpoint is taught that has no place in a file.
    """
    made: list[Network | Vectors | Whole] = []
    if settings.whole:
        ldm_tensors(components)  # what could not be written is refused before the first step
    if settings.vectors:
        made += vectors_of(components, settings.vectors, settings.init_text, start.vectors if start else None)
    else:
        for part in ("unet", "text_encoder", "text_encoder_2") if settings.text_rate else ("unet",):
            module = getattr(components, part)
            if module is None:
                continue
            layers = start.layers if start else None
            made.append(
                Whole(part, module, settings.shape)
                if settings.whole
                else Network(part, module, settings.shape, settings.seed, start=layers)
            )
    if not any(each.paths for each in made):
        raise InvalidParamError(
            "blocks", "and layers leave nothing of this checkpoint to teach", hint="choose more of them"
        )
    if start is not None and not settings.vectors:
        refuse_other_kind(start, made, dora=settings.shape.dora)
        for each in made:
            if isinstance(each, Network):
                each.begin_with(start.layers)
    return made


def begin(networks: Iterable[Network | Vectors | Whole], components: Components) -> None:
    """Bring new networks to the device that is trained on.

    Args:
        networks: of `networks_of`.
        components: the checkpoint.
    """
    for each in networks:
        if isinstance(each, Whole):
            each.fill(getattr(components, each.part), components.device)
        else:
            each.to(components.device)
