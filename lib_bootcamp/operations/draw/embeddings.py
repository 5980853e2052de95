"""The embeddings that a drawing's prompts name as words, where no WebUI reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from lib_bootcamp.context import Context
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.prompt_tags import hashes_text
from lib_bootcamp.core.text.prompt_weights import weighted_parts
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.core.text.word_finder import WordFinder, names_that_may_stand
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Spec

if TYPE_CHECKING:
    from lib_bootcamp.ml.networks.embedding_file import EmbeddingFile

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

        files, pickles = self._folder.named()
        all_names = [*files, *sorted(pickles - set(files))]
        some = names_that_may_stand(all_names, prompts.values())
        finder = WordFinder(tokens_of_names(some, components.tokenizer))
        reader = _Reader(files, self._folder, components)
        named: dict[str, None] = {}
        for param, text in prompts.items():
            reader.param = param
            tokens = [tokens_of(components.tokenizer, each.text) for each in weighted_parts(text) if each]
            named |= dict.fromkeys(names_in(tokens, finder, reader.fits))
        used = [reader.read[name] for name in named]
        return PromptEmbeddings(
            words=tuple(Word(each.name, dict(each.vectors)) for each in used),
            hashes=hashes_text((each.name, each.short_hash) for each in used),
            notes=tuple(reader.notes),
        )


class _Reader:
    """Reads the embeddings that stand in prompts, each once.

    Args:
        files: by name.
        folder: that they lie in.
        components: the checkpoint.
    """

    def __init__(self, files: Mapping[str, Path], folder: LoraFolder, components: Any) -> None:
        self._files, self._folder, self._components = files, folder, components
        self.param = ""
        self.read: dict[str, EmbeddingFile] = {}
        self.notes: list[str] = []
        self._unfit: set[str] = set()

    def fits(self, name: str) -> bool:
        """Whether the checkpoint takes an embedding; one that it does not is text, and a shorter name may stand there.

        Raises:
            InvalidParamError: there is a pickle alone.
            ModelError: the file is damaged, or no embedding.
        """
        from lib_bootcamp.ml.networks.embedding_file import read_embedding

        if name in self._unfit:
            return False
        if name not in self.read:
            if name not in self._files:
                what = f"names the embedding {name[:100]}, whose file may hold a program"
                raise InvalidParamError(
                    self.param,
                    f"{what}: only .safetensors files are read",
                    hint="convert it to .safetensors, or take it out of the folder",
                )
            found = read_embedding(self._files[name], self._folder.inside)
            why = found.why_unfit(self._components)
            if why:
                self._unfit.add(name)
                self.notes.append(f"{on_one_line(name)} {why}: it is read as plain words.")
                return False
            self.read[name] = found
        return True
