"""The embeddings that a drawing's prompts name as words, where no WebUI reads them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from lib_bootcamp.context import Context
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.prompt_tags import hashes_text
from lib_bootcamp.core.text.prompt_weights import weighted_parts
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Spec

EmbeddingsDir: TypeAlias = Annotated[
    str | None,
    Spec(
        "Embeddings folder",
        "Where the embeddings lie that the prompts name: a file's name is its word.",
        format="folder",
        min_length=1,
        group="LoRA and embeddings",
    ),
]


@dataclass(frozen=True)
class PromptEmbeddings:
    """The embeddings of a drawing.

    Args:
        words: `ml.diffusion.words.Word` of each.
        hashes: `name: 12 digits, …`, as the WebUI writes `TI hashes`.
        notes: a sentence about each that does not fit the checkpoint.
    """

    words: tuple[Any, ...] = ()
    hashes: str = ""
    notes: tuple[str, ...] = ()


class EmbeddingsFolder:
    """What prompts may name.

    Args:
        embeddings_dir: the folder; None: there is none, and no word is an embedding.
        context: who asks, and what folders they may name.
    Raises:
        NotAllowedError: the folder is not for this caller.
    """

    def __init__(self, embeddings_dir: str | None, context: Context) -> None:
        self._folder: LoraFolder | None = None
        if embeddings_dir is not None:
            root = context.folder(embeddings_dir, "embeddings_dir")
            self._folder = LoraFolder(root, exact=not context.trusted)

    def of_prompts(self, components: Any, **prompts: str) -> PromptEmbeddings:
        """Read the embeddings whose names stand in prompts as words; the longest name at a place is meant.

        Args:
            components: the checkpoint.
            **prompts: by the parameter that they were given as, without LoRAs.
        Raises:
            InvalidParamError: a prompt names one that there is as a pickle alone.
            ModelError: a file is damaged, or no embedding.
        """
        if self._folder is None:
            return PromptEmbeddings()
        from lib_bootcamp.ml.diffusion.words import Word, names_in, tokens_of, tokens_of_names
        from lib_bootcamp.ml.networks.embedding_file import EmbeddingFile, read_embedding

        files, pickles = self._folder.named()
        known = tokens_of_names([*files, *sorted(pickles - set(files))], components.tokenizer)
        texts = {
            param: [tokens_of(components.tokenizer, each.text) for each in weighted_parts(text) if each]
            for param, text in prompts.items()
        }
        read: dict[str, EmbeddingFile] = {}
        notes: list[str] = []
        while True:
            found = {param: names_in(each, known) for param, each in texts.items()}
            for param, names in found.items():
                _refuse_pickles(names, files, param)
            named = list(dict.fromkeys(itertools.chain(*found.values())))
            new = [name for name in named if name not in read]
            if not new:
                break
            for name in new:
                read[name] = read_embedding(files[name], self._folder.inside)
                why = read[name].why_unfit(components)
                if why:  # a shorter name may stand in its place
                    notes.append(f"{name} {why}: it is read as plain words.")
                    del known[name]
        used = [read[name] for name in named]
        return PromptEmbeddings(
            words=tuple(Word(each.name, dict(each.vectors)) for each in used),
            hashes=hashes_text((each.name, each.short_hash) for each in used),
            notes=tuple(notes),
        )


def _refuse_pickles(names: list[str], files: Any, param: str) -> None:
    for name in names:
        if name not in files:
            raise InvalidParamError(
                param,
                f"names the embedding {name[:100]}, whose file may hold a program: only .safetensors files are read",
                hint="convert it to .safetensors, or take it out of the folder",
            )
