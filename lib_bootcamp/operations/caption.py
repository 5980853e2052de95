"""Captions for a data set of pictures: tags that CLIP finds in lists, interrogation, or a captioner such as BLIP."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from lib_bootcamp.core.arrays import Image
from lib_bootcamp.core.caption_edit import arrows
from lib_bootcamp.core.caption_files import (
    MAX_CAPTION_BYTES,
    MAX_TABLE_BYTES,
    TABLES,
    CaptionError,
    Table,
    decode_text,
    read_bounded,
)
from lib_bootcamp.core.captions import Existing, Found, Order, Wording, chosen, token_warning
from lib_bootcamp.core.clip_tokens import count_tokens
from lib_bootcamp.core.folders import is_inside
from lib_bootcamp.core.images import decode_image
from lib_bootcamp.core.zero_shot import Scoring
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.jobs.work import FolderParams, PictureFolder
from lib_bootcamp.ml.captioners import AUTO, automatic
from lib_bootcamp.operation import Context, FileResult, FolderJob, Operation, Result, Settled, Write
from lib_bootcamp.operations import classify
from lib_bootcamp.operations.classify import ClassifySettings, ImageScores, Score, classify_files
from lib_bootcamp.operations.interrogate import (
    InterrogateResult,
    InterrogateSettings,
    check_captioner,
    interrogate_files,
)
from lib_bootcamp.params import Params, Spec

NONE = "none"
WHITE = "#ffffff"
_BATCH, _BATCH_OF_SENTENCES = 32, 8
_WAYS = {
    "tags": "CLIP tags: those of your lists that fit",
    "interrogate": "Interrogation: a prompt, as clip-interrogator makes it",
    "captioner": "Captioner: a sentence, by BLIP or another model",
}
_MODES = {
    "fast": "Fast: a sentence and the best of all labels",
    "best": "Best: a chain of what fits best (slow)",
    "classic": "Classic: sentence, medium, artist, site, movement, flavors",
    "negative": "Negative: what the picture is least like",
}
_ORDER = {"score": "Best first", "alphabet": "By the alphabet", "listed": "As they are listed"}
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
_TAGS: dict[str, tuple[object, ...]] = {"way": ("tags",)}
_PROMPTS: dict[str, tuple[object, ...]] = {"way": ("interrogate",)}
_CHAINS: dict[str, tuple[object, ...]] = {**_PROMPTS, "mode": ("best", "negative")}


def _as(declaration: type[Params], name: str, **changes: Any) -> Spec:
    """A field's own description, with another group and condition: what it means is written where it is declared."""
    spec = next(each.spec for each in declaration.fields() if each.name == name)
    return dataclasses.replace(spec, **changes)


@dataclass(frozen=True, kw_only=True)
class CaptionSettings(Params):
    """How captions are made and worded; without pictures."""

    way: Annotated[Literal["tags", "interrogate", "captioner"], Spec("Captions by", titles=_WAYS)] = "tags"
    labels: Annotated[
        tuple[str, ...],
        _as(
            ClassifySettings,
            "labels",
            help="Tags that a picture may have: one per line, or separated by commas.",
            example=("red circle", "blue square"),
            group="Tags",
            when=_TAGS,
        ),
    ] = ()
    groups: Annotated[
        dict[str, Any],
        _as(
            ClassifySettings,
            "groups",
            help="Several lists, one per line: a name, a colon and its tags. Each is weighed by itself.",
            group="Tags",
            when=_TAGS,
        ),
    ] = field(default_factory=dict)
    threshold: Annotated[
        float,
        Spec(
            "Threshold",
            "Tags with a lower score are left out.",
            ge=0,
            le=1,
            step=0.01,
            unit="[0, 1]",
            group="Tags",
            when=_TAGS,
        ),
    ] = 0.25
    most_tags: Annotated[
        int | None,
        Spec("Tags at most", "Of each list. Empty: all above the threshold.", ge=1, le=1000, group="Tags", when=_TAGS),
    ] = None
    per_list: Annotated[
        dict[str, Any],
        Spec(
            "For single lists",
            "A list's own threshold and, after a comma, its own number of tags, one list a line.",
            example={"colour": [0.4, 1]},
            group="Tags",
            when=_TAGS,
        ),
    ] = field(default_factory=dict)
    negative_labels: Annotated[
        tuple[str, ...],
        _as(
            ClassifySettings,
            "negative_labels",
            help="They compete with the tags of each list and are never written.",
            group="Tags",
            when=_TAGS,
        ),
    ] = ()
    templates: Annotated[
        Literal["none", "short", "openai", "own"], _as(ClassifySettings, "templates", group="Tags", when=_TAGS)
    ] = "none"
    template: Annotated[
        tuple[str, ...],
        _as(ClassifySettings, "template", group="Tags", when={**_TAGS, "templates": ("own",)}),
    ] = ()
    scoring: Annotated[Scoring, _as(ClassifySettings, "scoring", group="Tags", when=_TAGS)] = "softmax"
    backend: Annotated[Literal["auto", "torch", "onnx", "onnx-int8"], _as(ClassifySettings, "backend", when=_TAGS)] = (
        "auto"
    )
    mode: Annotated[
        Literal["fast", "best", "classic", "negative"],
        _as(InterrogateSettings, "mode", titles=_MODES, group="Interrogation", when=_PROMPTS),
    ] = "fast"
    captioner: Annotated[
        str,
        _as(
            InterrogateSettings,
            "captioner",
            group="Captioner",
            when={"way": ("interrogate", "captioner"), "mode": ("fast", "best", "classic")},
        ),
    ] = AUTO
    tables: Annotated[str | None, _as(InterrogateSettings, "tables", group="Interrogation", when=_PROMPTS)] = None
    min_flavors: Annotated[int, _as(InterrogateSettings, "min_flavors", group="Interrogation", when=_CHAINS)] = 8
    max_flavors: Annotated[
        int | None, _as(InterrogateSettings, "max_flavors", group="Interrogation", when=_PROMPTS)
    ] = None
    flavor_intermediate_count: Annotated[
        int, _as(InterrogateSettings, "flavor_intermediate_count", group="Interrogation", when=_CHAINS)
    ] = 2048
    trigger: Annotated[
        str, Spec("Trigger word", "Comes first in every caption, once.", max_length=200, example="ohwx", group="Words")
    ] = ""
    prefix: Annotated[
        str,
        Spec("Before", "Put before what was found, as it is.", max_length=1000, example="a photo of ", group="Words"),
    ] = ""
    suffix: Annotated[str, Spec("After", "Put after what was found, as it is.", max_length=1000, group="Words")] = ""
    always: Annotated[
        tuple[str, ...], Spec("Always", "Tags that every caption gets.", group="Words", max_length=200)
    ] = ()
    never: Annotated[
        tuple[str, ...],
        Spec("Never", "Tags that no caption gets; * stands for anything: *hair.", group="Words", max_length=1000),
    ] = ()
    rename: Annotated[
        tuple[str, ...],
        Spec("Rename tags", "old => new, one per line; whole tags only.", group="Words", max_length=200),
    ] = ()
    replace_text: Annotated[
        tuple[str, ...],
        Spec("Replace words", "old => new, one per line; wherever they stand.", group="Words", max_length=200),
    ] = ()
    order: Annotated[Order, Spec("Order", "Of the tags.", titles=_ORDER, group="Words")] = "score"
    separator: Annotated[
        str, Spec("Separator", "Between tags; a space follows it.", min_length=1, max_length=8, group="Words")
    ] = ","
    spaces: Annotated[bool, Spec("Underscores to spaces", "long_hair to long hair; ^_^ stays.", group="Words")] = False
    dedupe: Annotated[bool, Spec("Remove repeated tags", group="Words")] = True
    escape_parentheses: Annotated[
        bool, Spec("Escape parentheses", r"As A1111's prompts need it: \( and \).", group="Words")
    ] = False
    clip: classify.ClipName = None

    def check(self) -> None:
        """What the chosen way needs is there, and rules can be read."""
        self.wording()
        if self.way == "tags":
            lists = self.tag_settings().label_sets()
            checked = _checked_limits(self.per_list, [name for name in lists if name])
            object.__setattr__(self, "per_list", checked)

    def wording(self) -> Wording:
        """How captions are worded."""
        return Wording(
            order=self.order,
            spaces=self.spaces,
            replace_text=arrows("replace_text", self.replace_text),
            rename=arrows("rename", self.rename),
            never=self.never,
            always=self.always,
            dedupe=self.dedupe,
            escape=self.escape_parentheses,
            separator=self.separator,
            prefix=self.prefix,
            suffix=self.suffix,
            trigger=self.trigger,
        )

    def tag_settings(self) -> ClassifySettings:
        """The question that is asked about tags."""
        return ClassifySettings(**_shared(self, ClassifySettings))

    def prompt_settings(self) -> InterrogateSettings:
        """The question that is asked about prompts and sentences."""
        shared = _shared(self, InterrogateSettings)
        return InterrogateSettings(**{**shared, "top_k": 0, **({"mode": "caption"} if self.way == "captioner" else {})})

    def limits(self, name: str) -> tuple[float, int | None]:
        """Threshold and number of tags of a list."""
        own = self.per_list.get(name, [])
        return (own[0] if own else self.threshold), (own[1] if len(own) > 1 else self.most_tags)


def _shared(params: Params, declaration: type[Params]) -> dict[str, Any]:
    """The values of the fields that another declaration has too."""
    own = {each.name for each in params.fields()}
    return {each.name: getattr(params, each.name) for each in declaration.fields() if each.name in own}


def _checked_limits(given: Mapping[str, Any], lists: Sequence[str]) -> dict[str, list[Any]]:
    checked: dict[str, list[Any]] = {}
    for name, values in given.items():
        path = f"per_list.{str(name)[:60]}"
        if name not in lists:
            raise InvalidParamError(path, "is no list; name one of " + (", ".join(lists)[:200] or "your label groups"))
        parts = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        try:
            least = float(parts[0])
            most = [int(each) for each in parts[1:]]
        except (IndexError, TypeError, ValueError, OverflowError):
            least, most = -1.0, []
        if not 0 <= least <= 1 or len(parts) > 2 or any(not 1 <= each <= 1000 for each in most):
            raise InvalidParamError(path, "must be a threshold from 0 to 1 and, if wanted, a number of tags from 1")
        checked[name] = [least, *most]
    return checked


@dataclass(frozen=True, kw_only=True)
class CaptionParams(CaptionSettings):
    """The settings and pictures that are sent: their captions are told and written nowhere."""

    images: Annotated[
        tuple[Image, ...],
        Spec("Pictures", "One or several, of any size.", min_length=1, max_length=64, positional=True),
    ]


@dataclass(frozen=True, kw_only=True)
class CaptionFolder(CaptionSettings, FolderParams):
    """The settings and a folder whose pictures get captions."""

    existing: Annotated[Existing, Spec("Where there is a caption", titles=_EXISTING, group="Files")] = "skip"
    output: Annotated[
        Literal[".txt", ".caption", "captions.csv", "metadata.jsonl"],
        Spec("Written to", "A table is written when the job ends or pauses.", titles=_OUTPUT, group="Files"),
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


@dataclass(frozen=True, kw_only=True)
class PictureCaption(FileResult):
    """A picture's caption and what it was made of."""

    caption: Annotated[str, Spec("Caption", "Empty where there was nothing to say.")]
    tokens: Annotated[int, Spec("Tokens", "Of CLIP, without those for beginning and end.")]
    found: Annotated[tuple[Score, ...], Spec("Found", "What the model said, before it was worded; a text has score 1.")]

    def summary(self) -> str:
        """The caption."""
        return self.caption

    def warning(self) -> str:
        """Whether it is too long."""
        return token_warning(self.caption)


@dataclass(frozen=True, kw_only=True)
class CaptionResult(Result):
    """The captions of pictures that were sent."""

    captions: Annotated[tuple[PictureCaption, ...], Spec("Captions", "In the order of the pictures.")]

    def summary(self) -> str:
        """The caption of one picture; of several their number."""
        return self.captions[0].caption if len(self.captions) == 1 else f"{len(self.captions)} captions"

    def lines(self) -> list[str]:
        """Each caption of several, and warnings."""
        several = [each.caption for each in self.captions] if len(self.captions) > 1 else []
        return [*several, *(each.warning() for each in self.captions if each.warning())]


def caption(params: CaptionParams, context: Context) -> CaptionResult:
    """Caption pictures and write nothing.

    Raises:
        ModelError, MissingPackageError: as `classify` and `interrogate`.
        CancelledError, OutOfMemoryError: as `in_batches`.
    """
    made = []
    for found in _found(params.images, params, context, _as_it_is):
        if isinstance(found, BootcampError):
            raise found
        made.append(_captioned(found, params.wording().compose(found)))
    return CaptionResult(captions=tuple(made))


def _found(
    pictures: Sequence[Any], params: CaptionSettings, context: Context, read: Any
) -> Iterator[list[Found] | BootcampError]:
    """What the model says of each picture, in order, or the mistake about it."""
    if params.way == "tags":
        for scores in classify_files(pictures, params.tag_settings(), context, read):
            yield scores if isinstance(scores, BootcampError) else _tags(scores, params)
        return
    for said in interrogate_files(pictures, params.prompt_settings(), context, read):
        yield said if isinstance(said, BootcampError) else _text(said)


def _tags(scores: ImageScores, params: CaptionSettings) -> list[Found]:
    """The tags of every list that reach its threshold, in the order in which they are listed."""
    sets = params.tag_settings().label_sets()
    by_list = {each.name: each.scores for each in scores.groups}
    found: list[Found] = []
    for name, labels in sets.items():
        values = {each.label: each.value for each in (by_list[name] if name else scores.scores)}
        found += chosen([(label, values[label]) for label in labels if label in values], *params.limits(name))
    return found


def _text(said: InterrogateResult) -> list[Found]:
    text = said.prompt or said.negative or said.caption
    return [(text, 1.0)] if text else []


def _captioned(found: Sequence[Found], text: str) -> PictureCaption:
    told = tuple(Score(label=label, value=value) for label, value in found)
    return PictureCaption(caption=text, tokens=count_tokens(text), found=told)


def _as_it_is(picture: Image) -> Image:
    return picture


class CaptionWork(PictureFolder):
    """Captions for one folder."""

    def __init__(self, root: Path, params: CaptionFolder, context: Context) -> None:
        super().__init__(root, context, recursive=params.recursive)
        classify.check_model_name(params, context)
        if params.way != "tags":
            check_captioner(params.prompt_settings(), context)
            if params.tables is not None:
                context.folder(params.tables, "tables")
        self.params, self._wording = params, params.wording()
        self._table = Table(root / params.output) if params.output in TABLES else None
        self._rows: dict[str, str] | None = None

    @property
    def batch(self) -> int:  # type: ignore[override]
        """A picture at a time where each takes long; else as many as the models take at once."""
        params = self.params
        if params.way == "tags":
            return _BATCH
        if params.way == "interrogate" and params.mode in ("best", "negative"):
            return 1
        name = params.captioner if params.captioner != AUTO else automatic(self.context.host) or NONE
        return _BATCH if name == NONE else _BATCH_OF_SENTENCES

    def pictures(self) -> Iterator[tuple[Path, str]]:
        """Every picture; those are left out whose caption is there, or would lie in another picture's file."""
        taken: dict[Path, Path] = {}
        for path, _ in super().pictures():
            other = taken.setdefault(path.with_suffix(""), path)
            if self._table is None and other is not path:
                yield path, f"{path.name} would have the caption file of {other.name} and is left out; rename one."
            elif self.params.existing == "skip" and self._is_captioned(path):
                yield path, "There is a caption already."
            else:
                yield path, ""

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """What the model says, not worded yet: that waits for the caption that is there by then."""
        for found in _found(pictures, self.params, self.context, self._read_picture):
            yield found if isinstance(found, BootcampError) else _captioned(found, "")

    def _read_picture(self, path: Path) -> Image | bytes:
        data = self.read(path)
        if self.params.background == WHITE:
            return data  # on white is how pictures are decoded anyway, and models do it fastest themselves
        value = int(self.params.background[1:], 16)
        return decode_image(data, background=(value >> 16, value >> 8 & 255, value & 255))

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """Word the caption, with the one that is there.

        Raises:
            CaptionError: the caption that is there cannot be read, or the new one is too long.
        """
        found = [(each.label, each.value) for each in cast("PictureCaption", result).found]
        before = None if self._table is not None else self._bytes(self._file(picture))
        existing = self._existing(picture, before)
        if existing and self.params.existing == "skip":
            return Settled(result=_captioned(found, existing), skipped="There is a caption by now.")
        text = self._wording.compose(found, existing, self.params.existing)
        made = _captioned(found, text)
        if not text:
            return Settled(result=made, skipped="Nothing was found that the caption could say.")
        if self._table is not None:
            return Settled(result=made)
        write = Write(path=self._file(picture), before=before, after=text.encode("utf-8"))
        return Settled(result=made, writes=(write,))

    def at_end(self, results: Iterator[tuple[Path, Mapping[str, Any]]]) -> Iterator[Write]:
        """The table with all captions so far; rows of other pictures stay as they are."""
        if self._table is None:
            return
        changes = {self._name(path): facts["caption"] for path, facts in results if facts.get("caption")}
        if changes:
            before = self._bytes(self._table.path)
            yield Write(path=self._table.path, before=before, after=self._table.with_captions(changes))

    def _file(self, picture: Path) -> Path:
        return picture.with_suffix(self.params.output)

    def _is_captioned(self, picture: Path) -> bool:
        try:
            return bool(self._existing(picture, None if self._table is not None else self._bytes(self._file(picture))))
        except CaptionError:
            return False  # told when it is its turn

    def _existing(self, picture: Path, data: bytes | None) -> str:
        if self._table is not None:
            return self._all_rows().get(self._name(picture), "")
        if data is None or self.params.existing == "overwrite":
            return ""
        return decode_text(data, self._file(picture)).strip()

    def _all_rows(self) -> dict[str, str]:
        if self._rows is None:
            table = self._table
            there = table is not None and self._bytes(table.path) is not None
            self._rows = Table.read(table.path).captions if table is not None and there else {}
        return self._rows

    def _name(self, picture: Path) -> str:
        name = picture.relative_to(self.root).as_posix()
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            raise CaptionError(f"{picture.name!a} is not Unicode, which a table needs; write .txt files.") from None
        return name

    def _bytes(self, path: Path) -> bytes | None:
        if not is_inside(path, self.root):
            raise CaptionError(f"{path.name} leads out of the folder and is left.")
        limit = MAX_CAPTION_BYTES if self._table is None else MAX_TABLE_BYTES
        return read_bounded(path, limit) if path.exists() else None


_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "gray")
_SHAPES = ("circle", "square", "triangle", "star", "cross", "ring", "heart", "diamond")

CAPTION = Operation(
    name="caption",
    title="Caption",
    summary="Captions the pictures of a data set: CLIP tags, interrogation or BLIP, as a job that can be undone.",
    params=CaptionParams,
    result=CaptionResult,
    run=caption,
    path="/caption",
    kind="analysis",
    needs="models",
    job=FolderJob(params=CaptionFolder, work=CaptionWork),
    presets={
        "subject, style and medium": {
            "way": "tags",
            "labels": [],
            "groups": {
                "subject": ["a person", "an animal", "a landscape", "a building", "food", "a vehicle", "a pattern"],
                "style": ["realistic", "anime", "cartoon", "abstract", "minimalist", "vintage"],
                "medium": ["a photograph", "a painting", "a drawing", "a 3D render", "a screenshot"],
            },
            "per_list": {"subject": [0.3, 2], "style": [0.3, 1], "medium": [0.3, 1]},
            "order": "listed",
        },
        "drawn shapes (mini)": {
            "clip": "mini",
            "way": "tags",
            "labels": [],
            "per_list": {},
            "groups": {
                "object": [f"{colour} {shape}" for colour in _COLOURS for shape in _SHAPES],
                "background": [f"{colour} background" for colour in _COLOURS],
            },
            "templates": "own",
            "template": ["a {}"],
            "threshold": 0.0,
            "most_tags": 1,
            "order": "listed",
        },
    },
)
