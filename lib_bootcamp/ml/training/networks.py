"""The networks that a training teaches, made for a checkpoint."""

from __future__ import annotations

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ports import Components

from .adapters import Network
from .settings import Settings
from .start import Start, refuse_other_kind
from .vectors import Vectors, vectors_of


def networks_of(components: Components, settings: Settings, start: Start | None = None) -> list[Network | Vectors]:
    """New networks, on the processor.

    Args:
        components: the checkpoint.
        settings: of the training.
        start: what they begin as; None: with no change at all.
    Raises:
        InvalidParamError: nothing is taught, or `start` has other layers.
    """
    made: list[Network | Vectors] = []
    if settings.vectors:
        made += vectors_of(components, settings.vectors, settings.init_text, start.vectors if start else None)
    else:
        for part in ("unet", "text_encoder", "text_encoder_2") if settings.text_rate else ("unet",):
            if getattr(components, part) is not None:
                made.append(
                    Network(
                        part,
                        getattr(components, part),
                        settings.shape,
                        settings.seed,
                        start=start.layers if start else None,
                    )
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
