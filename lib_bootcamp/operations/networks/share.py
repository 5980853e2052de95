"""Share a LoRA or an embedding: its model card and its samples, pushed to the hub where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import list_folder, no_pictures
from lib_bootcamp.core.datasets.pictures import read_picture
from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.together import write_together
from lib_bootcamp.core.images.codec import decode_image
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.models.headers import MOST_LICENSE, examine_bytes
from lib_bootcamp.core.networks.container import model_hash, with_names
from lib_bootcamp.core.networks.file_names import ENDING, cleaned
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.keys import other_kind, split_key
from lib_bootcamp.core.networks.known_bases import checkpoint_name, hub_base, known_base
from lib_bootcamp.core.networks.licenses import disagreements, forbids_sharing, is_long
from lib_bootcamp.core.networks.stated import parse_metadata
from lib_bootcamp.core.training.finished.card import Card, CardSample
from lib_bootcamp.core.training.finished.card_code import Layout
from lib_bootcamp.core.training.samples import samples_among, samples_with
from lib_bootcamp.errors import BootcampError, InvalidParamError, ModelError, NotAllowedError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import read_json

from .opened import refuse_checkpoint
from .share_settings import MOST_PICTURES, ShareLoraParams, ShareLoraResult

MAX_FILE_BYTES = 4 * 1024 * 1024 * 1024
README, CONCEPT = "README.md", "learned_embeds.safetensors"
_BOTH = {"clip_l", "clip_g"}


def share_lora(params: ShareLoraParams, context: Context) -> ShareLoraResult:
    """Make the card, collect what belongs to it, write it and push it.

    Raises:
        InvalidParamError: there is no such LoRA, what would be written is there, or its license forbids to push it.
        NotAllowedError: a folder may not be named, or who asks may not push.
        ModelError: the file is damaged, or no LoRA and no embedding.
        ImageError: there are no training pictures where they should be.
        HubError: the hub cannot be reached or refuses, or nobody is logged in.
        MissingPackageError: huggingface_hub is not installed.
        StorageError, OutputError: the output folder cannot be written.
    """
    if params.push_to:
        refuse_stranger(context)
    network = _read(params, context)
    into = None if params.output_folder is None else context.output_folder(params.output_folder, "output_folder")
    samples = _samples(params, network)
    pictures = _pictures(params, context)
    card = _card(params, network, samples, len(pictures))
    if params.push_to and not params.private:
        refuse_forbidden(card.stated, is_read=bool(params.license.strip()))
    text = _readme(card)
    files = {README: text.encode("utf-8"), f"{network.name}{ENDING}": network.data}
    if network.layout == "concept":
        files[CONCEPT] = with_names(network.data, {next(iter(network.tensors)): network.name})
        files["token_identifier.txt"] = network.name.encode("utf-8")
    files |= {sample.path: data for sample, data in samples.items()} | pictures
    if into is not None:
        _write(files, Inside(into, exact=not context.trusted), network.name, replace=params.replace)
    pushed = _push(files, params, context, network.name)
    return ShareLoraResult(
        name=network.name,
        card=text,
        contents=tuple(files),
        written=into is not None,
        url=pushed.url if pushed else "",
        private=pushed.private if pushed else params.private,
        warnings=tuple(card.warnings),
    )


def refuse_stranger(context: Context) -> None:
    """Only who sits at this machine pushes.

    Raises:
        NotAllowedError: it is another one.
    """
    if not context.trusted:
        raise NotAllowedError("is for the owner of this machine alone", param="push_to", hint="push from the terminal")


@dataclass(frozen=True, kw_only=True)
class _Network:
    """The file that is shared."""

    name: str
    data: bytes
    path: Path
    source: LoraFolder
    layout: Layout
    tensors: Mapping[str, Any]
    metadata: Mapping[str, str]

    @property
    def kind(self) -> Literal["lora", "embedding"]:
        return "lora" if self.layout == "lora" else "embedding"


def _read(params: ShareLoraParams, context: Context) -> _Network:
    source = LoraFolder(context.folder(params.folder, "folder"), exact=not context.trusted)
    path = source.find(params.lora, "lora")
    refuse_checkpoint(path, source)
    data = source.read(path, MAX_FILE_BYTES)
    header, problem = examine_bytes(data, path)
    if problem:
        raise ModelError(f"{path.name} {problem}", place=path)
    tensors = {name: each for name, each in header.items() if name != "__metadata__"}
    stated = header.get("__metadata__")
    given = stated if isinstance(stated, dict) else {}
    return _Network(
        name=cleaned(path.stem) or "network",
        data=data,
        path=path,
        source=source,
        layout=_layout(tensors, path),
        tensors=tensors,
        metadata={key: value for key, value in given.items() if isinstance(value, str)},
    )


def _layout(tensors: Mapping[str, Any], path: Path) -> Layout:
    """What the file is, by its tensors' names and shapes.

    Raises:
        ModelError: it is no LoRA and no embedding.
    """
    if set(tensors) == _BOTH:
        return "two encoders"
    if any(split_key(each)[1] for each in tensors):
        return "lora"
    other = other_kind(tensors)
    if len(tensors) == 1 and all(len(each["shape"]) in (1, 2) for each in tensors.values()):
        return "concept"
    if other and "embedding" not in other:
        return "lora"  # a LoHa, a LoKr: another trainer's kind of it
    raise ModelError(f"{path.name} is no LoRA and no embedding", place=path)


def _samples(params: ShareLoraParams, network: _Network) -> dict[CardSample, bytes]:
    """The training's samples of the file's step; a damaged one is left out."""
    prompts = _prompts(network.metadata)
    found = {}
    for number, path in samples_with(network.path, network.source.inside)[: params.samples]:
        data = _as_png(path, network.source.inside)
        if data is not None:
            prompt = prompts[number - 1] if 0 < number <= len(prompts) else ""
            step = int(path.name.partition("-")[0])
            found[CardSample(path=f"samples/{path.name}", prompt=prompt, step=step)] = data
    return found


def _prompts(metadata: Mapping[str, str]) -> list[str]:
    try:
        settings = read_json(metadata.get("bootcamp.train", "{}"))
    except (ValueError, RecursionError):
        return []
    text = settings.get("sample_prompt") if isinstance(settings, dict) else None
    return [each.strip() for each in text.splitlines() if each.strip()] if isinstance(text, str) else []


def _as_png(path: Path, inside: Inside) -> bytes | None:
    """A picture without anything beside its pixels: no place, no camera, no name; None where it is damaged."""
    try:
        return encode_png(decode_image(read_picture(path, inside)))
    except BootcampError:
        return None


def _pictures(params: ShareLoraParams, context: Context) -> dict[str, bytes]:
    """The training pictures that are shared too, where somebody asks for that."""
    if params.pictures is None:
        return {}
    root = context.folder(params.pictures, "pictures")
    inside, listing = Inside(root, exact=not context.trusted), list_folder(root, follow_out=False)
    drawn = samples_among(listing.pictures, None, inside)
    own = [each for each in listing.pictures if each not in drawn]
    found = [data for data in (_as_png(each, inside) for each in own[:MOST_PICTURES]) if data is not None]
    if not found:
        raise no_pictures(params.pictures, listing.left_out())
    return {f"concept_images/{number}.png": data for number, data in enumerate(found)}


def _card(params: ShareLoraParams, network: _Network, samples: Mapping[CardSample, bytes], pictures: int) -> Card:
    facts = parse_metadata(network.metadata, network.name)
    checkpoint = checkpoint_name(facts.checkpoint)
    of_file = network.metadata.get("modelspec.license", "")
    stated = stated_licenses(of_file, checkpoint, params.base_model, given=params.license)
    return Card(
        name=network.name,
        kind=network.kind,
        layout=network.layout,
        facts=facts,
        is_known=bool(network.metadata),
        tensors_hash=model_hash(network.data),
        repository=params.push_to,
        base=params.base_model or hub_base(checkpoint),
        license=next(filter(None, stated.values()), ""),
        stated=stated,
        warnings=disagreements(stated),
        about=params.about,
        samples=tuple(samples),
        pictures=pictures,
    )


def stated_licenses(of_file: str, checkpoint: str, base_model: str = "", given: str = "") -> dict[str, str]:
    """The licenses of a network by who states them; empty texts where none is stated.

    Args:
        of_file: what its file states.
        checkpoint: that it was trained on, by its name.
        base_model: the id of that on the hub, where somebody says it.
        given: by who shares it.
    """
    known = known_base(base_model or hub_base(checkpoint)) or known_base(checkpoint)
    stated = {"who shares it": given.strip(), "the file": of_file[:MOST_LICENSE].strip()}
    stated[f"its base, {known.hub_id}" if known else "its base"] = known.license if known else ""
    return stated


READ_IT = "read it, and state what it is with license"


def refuse_forbidden(stated: Mapping[str, str], *, is_read: bool, way_out: str = READ_IT) -> None:
    """Refuse what a license forbids; and one that is a long text, unless the person read it and states a license.

    Args:
        stated: by who states it.
        is_read: whether the person states one.
        way_out: of a long text.
    Raises:
        InvalidParamError: naming `private`.
    """
    for who, text in stated.items():
        if is_long(text) and not is_read:
            raise InvalidParamError(
                "private",
                f"has to stay: the license by {who} is a long text that is not judged here",
                hint=way_out,
            )
        if forbids_sharing(text):
            raise InvalidParamError(
                "private",
                f"has to stay: the license by {who} ({text[:100]}) forbids sharing",
                hint="push it privately, or share a network of another base",
            )


def _readme(card: Card) -> str:
    from lib_bootcamp.ml.networks.hub import front_matter

    return f"---\n{front_matter(card.front())}\n---\n\n{card.body()}"


def _write(files: Mapping[str, bytes], inside: Inside, name: str, *, replace: bool) -> None:
    paths = {inside.root / name / path: data for path, data in files.items()}
    taken = [path for path, data in paths.items() if is_there(path) and not replace]
    if taken:
        raise InvalidParamError(
            "output_folder", f"has {name}/{taken[0].name} already", hint="give another one, or replace it"
        )
    order = sorted(paths, key=lambda each: len(paths[each]))
    write_together(inside, {each: paths[each] for each in order})


def _push(files: Mapping[str, bytes], params: ShareLoraParams, context: Context, name: str) -> Any:
    if not params.push_to:
        return None
    from lib_bootcamp.ml.networks.hub import push

    context.progress.start("Pushing", 1, "repository")
    pushed = push(files, params.push_to, private=params.private, message=f"Share {name}")
    context.progress.step(1)
    return pushed


SHARE_LORA: Operation[ShareLoraParams, ShareLoraResult] = Operation(
    name="share-lora",
    title="Share LoRA",
    summary="Make the model card of a LoRA or an embedding, and push it to the hub with its samples.",
    params=ShareLoraParams,
    result=ShareLoraResult,
    run=share_lora,
    path="/loras/share",
    kind="analysis",
    section="Data set",
)
