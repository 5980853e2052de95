"""Captions for a folder of pictures, as a job: which pictures, into which files, beside which captions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.caption_files import (
    MAX_CAPTION_BYTES,
    MAX_TABLE_BYTES,
    TABLES,
    CaptionError,
    decode_text,
    rewritten,
)
from lib_bootcamp.core.datasets.caption_tables import Table
from lib_bootcamp.core.datasets.caption_wording import Existing
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import decode_image
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.job import Settled, Write
from lib_bootcamp.jobs.kinds.folder import FolderParams, PictureFolder
from lib_bootcamp.ml.captioners.registry import AUTO, automatic
from lib_bootcamp.params import Spec
from lib_bootcamp.results import FileResult

from . import clip_choice
from .caption_pictures import PictureCaption, captioned, found_in
from .caption_settings import CaptionSettings
from .interrogate import check_captioner

NONE = "none"
WHITE = "#ffffff"
KEPT_FOUND = 100
"""What was found is kept in the journal for each picture, at most so many of it."""
_JPEG = b"\xff\xd8\xff"
_BATCH, _BATCH_OF_SENTENCES = 32, 8
_EXISTING = {
    "skip": "Skip the picture",
    "overwrite": "Overwrite it",
    "append": "Keep it, append what is new",
    "prepend": "Keep it, put what is new before it",
}
_OUTPUT = {
    ".txt": "picture.txt (kohya, A1111's filewords)",
    ".caption": "picture.caption",
    "captions.csv": "captions.csv, one table",
    "metadata.jsonl": "metadata.jsonl (datasets of Hugging Face)",
}


@dataclass(frozen=True, kw_only=True)
class CaptionFolder(CaptionSettings, FolderParams):
    """The settings and a folder whose pictures get captions."""

    existing: Annotated[
        Existing,
        Spec("Existing captions", titles=_EXISTING, group="Files", renamed_titles=("Where there is a caption",)),
    ] = "skip"
    output: Annotated[
        Literal[".txt", ".caption", "captions.csv", "metadata.jsonl"],
        Spec(
            "Caption files",
            "A table is written when the job ends or pauses.",
            titles=_OUTPUT,
            group="Files",
            renamed_titles=("Written to",),
        ),
    ] = ".txt"
    background: Annotated[
        str,
        Spec(
            "Background",
            "What transparent pictures are laid on.",
            pattern=r"#[0-9a-fA-F]{6}",
            format="color",
            example=WHITE,
            group="Files",
        ),
    ] = WHITE


class CaptionWork(PictureFolder):
    """Captions for one folder.

    Raises:
        InvalidParamError, NotAllowedError: the caller may not name the model or the tables.
        CaptionError: the table that is there cannot be read.
    """

    def __init__(self, root: Path, params: CaptionFolder, context: Context) -> None:
        super().__init__(root, context, recursive=params.recursive)
        self.writes_into = root
        clip_choice.check_model_name(params, context)
        if params.method != "tags":
            check_captioner(params.prompt_settings(), context)
            if params.tables is not None:
                context.folder(params.tables, "tables")
        self.params, self._wording = params, params.wording()
        self._table = Table(root / params.output) if params.output in TABLES else None
        self._rows: dict[str, str] = {}
        if self._table is not None and self._bytes(self._table.path) is not None:
            self._rows = Table.read(self._table.path).captions

    @property
    def batch(self) -> int:  # type: ignore[override]
        """A picture at a time where each takes long; else as many as the models take at once."""
        params = self.params
        if params.method == "tags":
            return _BATCH
        if params.method == "interrogate" and params.mode in ("best", "negative"):
            return 1
        name = params.captioner if params.captioner != AUTO else automatic(self.context.host) or NONE
        return _BATCH if name == NONE else _BATCH_OF_SENTENCES

    def pictures(self) -> Iterator[tuple[Path, str]]:
        """Every picture; those are left out whose caption is there, or would lie in another picture's file."""
        taken: dict[Path, Path] = {}
        for path, note in super().pictures():
            if note:
                yield path, note
                continue
            other = taken.setdefault(path.with_suffix(""), path)
            if self._table is None and other is not path:
                yield path, f"{path.name} would have the caption file of {other.name} and is left out; rename one."
            elif self.params.existing == "skip" and self._has_caption(path):
                yield path, "There is a caption already."
            else:
                yield path, ""

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """What the model says, not worded yet: that waits for the caption that is there by then."""
        for found in found_in(pictures, self.params, self.context, self._read_picture):
            yield found if isinstance(found, BootcampError) else captioned(found, "")

    def _read_picture(self, path: Path) -> Image | bytes:
        data = self.read(path)
        if data.startswith(_JPEG):
            return data  # nothing of it is transparent, and models decode it fastest themselves
        return decode_image(data, background=parse_color(self.params.background))

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """Word the caption, with the one that is there.

        Raises:
            CaptionError: the caption that is there cannot be read, or the new one is too long.
        """
        found = [(each.label, each.value) for each in cast("PictureCaption", result).found]
        before = None if self._table is not None else self._bytes(self._file(picture))
        existing = self._existing(picture, before)
        if existing and self.params.existing == "skip":
            return Settled(result=captioned(found[:KEPT_FOUND], existing), skipped="There is a caption now.")
        text = self._wording.compose(found, existing, self.params.existing)
        made = captioned(found[:KEPT_FOUND], text)
        if not text:
            return Settled(result=made, skipped="Nothing was found that the caption could say.")
        if text == existing and self.params.existing in ("append", "prepend"):
            return Settled(result=made, skipped="The caption says it already.")
        if self._table is not None:
            return Settled(result=made)
        kept = before if self.params.existing in ("append", "prepend") else None
        write = Write(path=self._file(picture), before=before, after=rewritten(self._file(picture), kept, text))
        return Settled(result=made, writes=(write,))

    def at_end(self, results: Iterator[tuple[Path, Mapping[str, Any]]]) -> Write | None:
        """The table with the captions that are new; its other rows stay as they are."""
        if self._table is None:
            return None
        changes = {self._name(path): facts["caption"] for path, facts in results if facts.get("caption")}
        if not changes:
            return None
        before = self._bytes(self._table.path)
        return Write(path=self._table.path, before=before, after=self._table.with_captions(changes))

    def _file(self, picture: Path) -> Path:
        return picture.with_suffix(self.params.output)

    def _has_caption(self, picture: Path) -> bool:
        try:
            return bool(self._existing(picture, None if self._table is not None else self._bytes(self._file(picture))))
        except CaptionError:
            return False  # reported when it is its turn

    def _existing(self, picture: Path, data: bytes | None) -> str:
        if self._table is not None:
            return self._rows.get(self._name(picture), "")
        if data is None or self.params.existing == "overwrite":
            return ""
        return decode_text(data, self._file(picture)).strip()

    def _name(self, picture: Path) -> str:
        name = picture.relative_to(self.root).as_posix()
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            raise CaptionError(
                f"{picture.name!a} is not Unicode, which a table needs", hint="write .txt files."
            ) from None
        return name

    def _bytes(self, path: Path) -> bytes | None:
        limit = MAX_CAPTION_BYTES if self._table is None else MAX_TABLE_BYTES
        try:
            return self.inside.read(path, limit)
        except BootcampError as error:
            raise CaptionError(str(error)) from None
