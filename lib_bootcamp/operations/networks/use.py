"""Put a LoRA or an embedding where prompts find it at once, with the picture and the text of the WebUI's card."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.pictures import read_picture
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import decode_image
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.networks.container import with_metadata
from lib_bootcamp.core.networks.file_names import ENDING, MOST_CHARACTERS, NAME, RULE
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.shelf import CARD, PREVIEW, put
from lib_bootcamp.core.networks.sidecar import Sidecar, webui_version
from lib_bootcamp.core.networks.stated import parse_metadata
from lib_bootcamp.core.training.samples import sample_with
from lib_bootcamp.errors import BootcampError, InvalidParamError, MissingPackageError, ModelError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import Result

from .opened import FOLDER, parsed, refuse_checkpoint

MAX_TEXT = 2000
_CARD: dict[str, Any] = {"group": "Card"}


@dataclass(frozen=True, kw_only=True)
class UseLoraParams(Params):
    """Which LoRA or embedding, and what its card says."""

    folder: Annotated[str, FOLDER]
    lora: Annotated[
        str,
        Spec(
            "LoRA",
            "Its name in the folder, without .safetensors.",
            positional=True,
            min_length=1,
            max_length=500,
            example="mymug-000400",
        ),
    ]
    name: Annotated[
        str,
        Spec(
            "Name",
            "How prompts call it: <lora:NAME:1>, an embedding by the name alone. Empty: as it is called.",
            max_length=MOST_CHARACTERS,
            pattern=f"(?:{NAME})?",
            pattern_says=RULE,
            example="mymug",
        ),
    ] = ""
    lora_dir: Annotated[
        str | None,
        Spec("LoRA folder", "Where it is put. Not given: the WebUI's own.", format="folder", min_length=1),
    ] = None
    replace: Annotated[bool, Spec("Replace", "What is there under this name.")] = False
    preview: Annotated[
        Image | None, Spec("Preview", "The card's picture. Not given: the training's sample of that step.", **_CARD)
    ] = None
    activation_text: Annotated[
        str | None,
        Spec(
            "Activation text",
            "Put into the prompt with its tag. Not given: what the file states.",
            max_length=MAX_TEXT,
            example="a mymug",
            **_CARD,
        ),
    ] = None
    preferred_weight: Annotated[
        float, Spec("Preferred weight", "In its tag; 0: the WebUI's own.", ge=0, le=2, step=0.05, **_CARD)
    ] = 0.0
    notes: Annotated[str, Spec("Notes", max_length=MAX_TEXT, format="multiline", **_CARD)] = ""


@dataclass(frozen=True, kw_only=True)
class UseLoraResult(Result):
    """What was put there."""

    name: Annotated[str, Spec("Name")]
    tag: Annotated[str, Spec("Tag", "What a prompt calls it by.")]
    keys: Annotated[str, Spec("Keys", "How many of its keys the loaded checkpoint has modules for.")]
    fits: Annotated[bool, Spec("Fits", "Whether all of them.")]
    preview: Annotated[bool, Spec("Preview", "Whether its card has a picture.")]
    written: Annotated[tuple[str, ...], Spec("Written", "Names of files in the folder.")]

    def summary(self) -> str:
        """The tag, and whether it fits."""
        return f"{self.tag} can be used. {self.keys}"

    def succeeded(self) -> bool:
        """Whether the checkpoint has a module for every key."""
        return self.fits


def use_lora(params: UseLoraParams, context: Context) -> UseLoraResult:
    """Look at the file with the loaded checkpoint, then copy it with its card.

    Raises:
        InvalidParamError: there is no such LoRA, the name is taken, or there is no folder to put it into.
        NotAllowedError: a folder may not be named.
        ModelError: the file is damaged, or no LoRA.
        MissingPackageError: torch is not installed.
        StorageError, OutputError: the folder cannot be written.
    """
    try:
        from lib_bootcamp.ml.networks.file import MAX_FILE_BYTES
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Looking into LoRAs") from error
    source = LoraFolder(context.folder(params.folder, "folder"), exact=not context.trusted)
    path = source.find(params.lora, "lora")
    refuse_checkpoint(path, source)
    data = source.read(path, MAX_FILE_BYTES)
    kind, file = parsed(data, path)
    target = LoraFolder(_target(kind, params, context), exact=not context.trusted)
    keys, fits = _looked_at(kind, file, context)
    name = _name(params, path, target)
    facts = parse_metadata(file.metadata, name)
    text = facts.trigger if params.activation_text is None else params.activation_text
    card = Sidecar(
        activation_text=text or "",
        preferred_weight=params.preferred_weight,
        sd_version=webui_version(facts.base),
        notes=params.notes,
    )
    parts = {CARD: card.to_bytes()}
    picture = _preview(params, path, source)
    if picture is not None:
        parts[PREVIEW] = picture
    is_there = _is_there(path, name, target)
    if not is_there:
        # each file has a name of its own: the WebUI forbids an alias that two files state
        parts[ENDING] = with_metadata(data, {**file.metadata, "ss_output_name": name}) if file.metadata else data
    written = put(target.inside, name, parts, replace=params.replace or is_there)
    return UseLoraResult(
        name=name,
        tag=name if kind == "embedding" else f"<lora:{name}:{params.preferred_weight or 1:g}>",
        keys=keys,
        fits=fits,
        preview=picture is not None,
        written=tuple(sorted(each.name for each in written)),
    )


def _name(params: UseLoraParams, path: Path, target: LoraFolder) -> str:
    """What prompts will call it: a file that comes anew needs a name that they can."""
    if params.name or _is_there(path, path.stem, target) or re.fullmatch(NAME, path.stem):
        return params.name or path.stem
    raise InvalidParamError("name", f"is missing: prompts cannot call {path.stem[:100]!r}", hint=f"give one {RULE}")


def _is_there(path: Path, name: str, target: LoraFolder) -> bool:
    return path.resolve() == (target.root / f"{name}{ENDING}").resolve()


def _target(kind: Literal["lora", "embedding"], params: UseLoraParams, context: Context) -> Path:
    folder = params.lora_dir
    if folder is None:
        own = context.host.model_folders().get(kind, ())
        if not own:
            raise InvalidParamError("lora_dir", "is missing", hint="give the folder that those of prompts lie in")
        folder = str(own[0])
    return context.output_folder(folder, "lora_dir")


def _looked_at(kind: Literal["lora", "embedding"], file: Any, context: Context) -> tuple[str, bool]:
    """How many keys match the checkpoint, which another one's LoRA need not."""
    try:
        with context.host.components() as components:
            return _fit(kind, file, components)
    except ModelError as error:
        return f"It was not looked at with a checkpoint: {error}", False


def _fit(kind: Literal["lora", "embedding"], file: Any, components: Any) -> tuple[str, bool]:
    from lib_bootcamp.ml.networks.matched import match_lora, targets_of

    if kind == "embedding":
        why = file.why_unfit(components)
        return (f"It {why}." if why else "It fits the loaded checkpoint."), not why
    try:
        match = match_lora(file, targets_of(components), components.unet.config).match
    except ModelError as error:
        return f"Not for the loaded checkpoint: {error}", False
    return match.sentence(), not match.unmatched


def _preview(params: UseLoraParams, path: Path, source: LoraFolder) -> bytes | None:
    if params.preview is not None:
        return encode_png(params.preview)
    found = sample_with(path, source.inside)
    if found is None:
        return None
    try:
        return encode_png(decode_image(read_picture(found, source.inside)))
    except BootcampError:
        return None  # a damaged sample is no reason to have no LoRA


USE_LORA: Operation[UseLoraParams, UseLoraResult] = Operation(
    name="use-lora",
    title="Use LoRA",
    summary="Put a LoRA or an embedding where prompts find it, with the picture and the text of its card.",
    params=UseLoraParams,
    result=UseLoraResult,
    run=use_lora,
    path="/loras/use",
    kind="analysis",
    needs="models",
    section="Data set",
)
