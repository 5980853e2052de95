"""A training that is shared when it has ended: looked at before its first step, pushed after its last."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.networks.known_bases import checkpoint_name
from lib_bootcamp.core.networks.licenses import disagreements
from lib_bootcamp.errors import BootcampError, HubError, InvalidParamError
from lib_bootcamp.job import Event
from lib_bootcamp.operations.networks.share import SHARE_LORA, refuse_forbidden, refuse_stranger, stated_licenses
from lib_bootcamp.ports import Components

from .train_settings import TrainParams

SHARED = ("lora", "locon", "dora", "embedding")
"""Methods whose files `share-lora` takes."""
NOT_IN_FILES = ("push_to", "private")
"""Settings that the trained file does not keep: who trains with the same ones has another place."""


def refuse_unpushable(params: TrainParams, context: Context) -> None:
    """Refuse before the first step what would be refused after the last.

    Raises:
        NotAllowedError: who asks may not push.
        InvalidParamError: the repository is there and everybody sees it, or what is trained is not shared from here.
        HubError: the hub cannot be reached or refuses, or nobody is logged in.
        MissingPackageError: huggingface_hub is not installed.
    """
    if not params.push_to:
        return
    refuse_stranger(context)
    if params.method not in SHARED:
        raise InvalidParamError("push_to", f"is for LoRAs and embeddings, and method is {params.method}")
    from lib_bootcamp.ml.networks.hub import refuse_unpushable as ask

    ask(params.push_to, private=params.private)


def license_warnings(params: TrainParams, context: Context, components: Components) -> tuple[str, ...]:
    """What to look at before others see what is trained on this checkpoint; nothing where it is not pushed.

    Raises:
        InvalidParamError: everybody would see it, and a license forbids that.
    """
    if not params.push_to:
        return ()
    stated = stated_licenses(components.license, checkpoint_name(context.host.checkpoint() or ""))
    if not params.private:
        refuse_forbidden(stated, is_read=False, way_out="read it, push privately, and make it public on the hub")
    return tuple(disagreements(stated))


def pushed(params: TrainParams, folder: Path, context: Context) -> Iterator[Event]:
    """Share the training's file as `share-lora` does.

    Args:
        params: of the training.
        folder: where its file is.
        context: of the job.
    Raises:
        HubError: it was not pushed, whatever the reason; the sentence has the command that does it later.
    """
    if not params.push_to:
        return
    given = {"folder": str(folder), "lora": params.name, "push_to": params.push_to, "private": params.private}
    try:
        shared = SHARE_LORA.run(SHARE_LORA.params_from(given), context)
    except BootcampError as error:
        raise HubError(f"{params.name} is trained, but not pushed: {error}", hint=_later(params, folder)) from None
    yield Event(kind="progress", facts={"sentence": shared.line()})
    for each in shared.warnings:
        yield Event(kind="warning", facts={"sentence": each})


def _later(params: TrainParams, folder: Path) -> str:
    more = [] if params.private else ["--no-private"]
    command = ["share-lora", str(folder), params.name, "--push-to", params.push_to, *more]
    return f"resume the job, or run python -m lib_bootcamp {shlex.join(command)}"
