"""The LoRAs that a drawing's prompt names, `<lora:name:1>`, where no WebUI applies them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from lib_bootcamp.context import Context
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.prompt_tags import LoraTag, hashes_text, split_prompt
from lib_bootcamp.errors import InvalidParamError, MissingPackageError
from lib_bootcamp.params import Spec

LoraDir: TypeAlias = Annotated[
    str | None,
    Spec(
        "LoRA folder",
        "Where the LoRAs lie that the prompt names: <lora:name:1>, or <lora:name:0.5:1> for text encoder and UNet.",
        format="folder",
        min_length=1,
        group="LoRA and embeddings",
    ),
]


@dataclass(frozen=True)
class PromptLoras:
    """What a prompt says without its LoRAs, and these.

    Args:
        prompt: without the tags.
        uses: `ml.networks.applied.LoraUse` of each tag, in order.
        hashes: `name: 12 digits, …`, as the WebUI writes `Lora hashes`.
    """

    prompt: str
    uses: tuple[Any, ...] = ()
    hashes: str = ""

    @contextmanager
    def applied(self, components: Any) -> Iterator[tuple[str, ...]]:
        """Draw with them inside of the block; yields a sentence about each that fits in part.

        Raises:
            ModelError: one does not fit the checkpoint.
        """
        if not self.uses:
            yield ()
            return
        from lib_bootcamp.ml.networks.applied import loras_applied

        with loras_applied(components, self.uses) as notes:
            yield notes


def loras_of_prompt(prompt: str, lora_dir: str | None, context: Context) -> PromptLoras:
    """Read the LoRAs that a prompt names.

    Args:
        prompt: as it was given.
        lora_dir: the folder they lie in.
        context: who asks, and what folders they may name.
    Raises:
        InvalidParamError: a tag is wrong, no folder is given, or it has no such LoRA.
        NotAllowedError: the folder is not for this caller.
        ModelError: a file is damaged, or no LoRA.
        MissingPackageError: torch is not installed.
    """
    without, tags = split_prompt(prompt)
    if not tags:
        return PromptLoras(prompt)
    if lora_dir is None:
        raise InvalidParamError(
            "lora_dir", f"is not given, and the prompt names the LoRA {tags[0].name[:100]}", hint="name its folder"
        )
    folder = LoraFolder(context.folder(lora_dir, "lora_dir"), exact=not context.trusted)
    uses = _read(folder, tags)
    hashes = hashes_text((tag.name, use.file.short_hash) for tag, use in zip(tags, uses, strict=True))
    return PromptLoras(without, uses, hashes)


def _read(folder: LoraFolder, tags: tuple[LoraTag, ...]) -> tuple[Any, ...]:
    try:
        from lib_bootcamp.ml.networks.applied import LoraUse
        from lib_bootcamp.ml.networks.file import read_lora
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Drawing pictures") from error
    paths = {tag.name: folder.find(tag.name, "prompt") for tag in tags}
    files = {path: read_lora(path, folder.inside) for path in paths.values()}
    return tuple(LoraUse(files[paths[tag.name]], unet=tag.unet, text=tag.text) for tag in tags)
