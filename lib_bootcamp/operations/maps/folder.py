"""The maps of a folder of pictures, as a job of each operation that makes a map of a picture."""

from __future__ import annotations

import dataclasses
import os
import typing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import MAX_FILES
from lib_bootcamp.core.files.folders import distinct, is_inside, is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import decode_quickly, is_picture
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.errors import BootcampError, CancelledError, InvalidParamError, OutputError
from lib_bootcamp.job import FolderJob, Settled, Write
from lib_bootcamp.jobs.engines import Engine
from lib_bootcamp.jobs.engines.threads import Threads
from lib_bootcamp.jobs.kinds.folder import FolderParams, PictureFolder
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, Spec
from lib_bootcamp.ports import SilentProgress
from lib_bootcamp.results import FileResult

JPEG_QUALITY = 95
THERE = "There is a map already."
_AT_ONCE = 16


@dataclass(frozen=True, kw_only=True)
class MapsFolder(FolderParams):
    """The folder whose pictures are made into maps, and where those go."""

    subfolder: Annotated[
        str,
        Spec(
            "Subfolder",
            "A folder inside the pictures' own, where each kind of map has one; a file for each picture.",
            max_length=100,
            pattern=r"[^./\\:*?\"<>|\x00-\x1f][^/\\:*?\"<>|\x00-\x1f]*",
            pattern_says='without / \\ : * ? " < > | or control signs that does not begin with a dot',
            example="maps",
            renamed=("into",),
            renamed_titles=("Written to",),
        ),
    ] = "maps"
    output_folder: Annotated[
        str,
        Spec(
            "Output folder",
            "Another place for the maps, with the same folders as the pictures have; empty: in theirs.",
            format="folder",
        ),
    ] = ""
    file_format: Annotated[
        Literal["png", "jpg"],
        Spec(
            "Files",
            "PNG keeps every value; JPEG takes two thirds of its space for maps with soft tones, and more for lines.",
            titles={"png": "PNG", "jpg": "JPEG, quality 95"},
        ),
    ] = "png"
    existing: Annotated[
        Literal["skip", "overwrite"],
        Spec(
            "Existing maps",
            titles={"skip": "Skip the picture", "overwrite": "Make it anew"},
            renamed_titles=("Where there is a map",),
        ),
    ] = "skip"


@dataclass(frozen=True, kw_only=True)
class MapsOfFiles(MapsFolder):
    """The same, or some of the folder's pictures."""

    only: Annotated[
        tuple[str, ...], Spec("Pictures", "Files in the folder; none: all of them.", max_length=MAX_FILES)
    ] = ()


@dataclass(frozen=True, kw_only=True)
class MapFile(FileResult):
    """The map of one picture."""

    map: Annotated[str, Spec("Map", "Its file, below the folder, or below the output folder.")]
    message: Annotated[str, Spec("Result", "The result in one line.", renamed=("told",))]
    details: Annotated[dict[str, Any], Spec("Details", "The result of the picture alone, but for the map.")]
    others: Annotated[
        dict[str, str],
        Spec("Other pictures", "The files of those beside the map, by name: Recolor's palette."),
    ] = field(default_factory=dict)
    data: Annotated[bytes, Spec("File", "The map's bytes.")]
    other_data: tuple[bytes, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Everything but the files' bytes."""
        return {name: each for name, each in super().to_json().items() if name != "other_data"}


class MapsWork(PictureFolder):
    """Makes the maps on all cores, or one after the other where a network makes them.

    Raises:
        InvalidParamError: the settings are wrong for every picture.
    """

    def __init__(self, operation: Operation[Any, Any], root: Path, params: Any, context: Context) -> None:
        super().__init__(root, context, recursive=params.recursive)
        self.operation, self.existing = operation, params.existing
        self.picture = picture_param(operation).name
        own = {each.name for each in operation.params.fields()}
        pictures = {each.name: getattr(params, each.name) for each in params.fields() if each.kind == "image"}
        self.values = {name: value for name, value in (params.to_mapping() | pictures).items() if name in own}
        self.output = Path(params.output_folder) if params.output_folder else root
        self.target = self.output if params.output_folder else root / params.subfolder / operation.name
        self.writes_into = self.target
        self._there = Inside(self.output, exact=not context.trusted)
        if params.output_folder and is_inside(root, self.output) and is_inside(self.output, root):
            raise InvalidParamError("output_folder", "is the folder of the pictures", hint="give another one")
        self._maps = self.output if params.output_folder else root / params.subfolder  # of now and of earlier jobs
        if any(".." in Path(each).parts or root not in (root / each).parents for each in params.only):
            raise InvalidParamError("only", "must be paths below the folder")
        self.engine: Engine = Threads(1 if operation.needs else None)
        self.only = tuple(dict.fromkeys(root / each for each in params.only))
        self._names: dict[Path, dict[str, Path]] = {}
        self.suffix = f".{params.file_format}"
        operation.params_from({**self.values, self.picture: np.zeros((64, 64, 3), np.uint8)})

    @property
    def batch(self) -> int:  # type: ignore[override]
        """One where a network makes the maps."""
        return 1 if self.operation.needs else _AT_ONCE

    def refuse_empty(self) -> None:
        """See `FolderWork`."""
        if not self.only:
            super().refuse_empty()

    def takes(self, path: Path) -> bool:
        """All but the maps."""
        return not (self._maps.is_relative_to(self.root) and path.is_relative_to(self._maps))

    def pictures(self) -> Iterator[tuple[Path, str]]:
        """Every picture but the maps; those are left out whose map is there, or would take a picture's place."""
        found = dict(self._listed())
        for path, note in found.items():
            if note:
                yield path, note
            elif self._file(path) in found:
                yield path, f"The map of {path.name} would take the place of a picture; name another output folder."
            elif self.existing == "skip" and is_there(self._file(path)):
                yield path, THERE
            else:
                yield path, ""

    def _listed(self) -> Iterator[tuple[Path, str]]:
        if self.only:
            yield from ((path, "") for path in sorted(self.only))
            return
        yield from ((path, note) for path, note in super().pictures() if self.takes(path))

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """The maps as files, in order.

        Raises:
            CancelledError: the person stopped it.
        """
        # the next batch is computed while the last one is written
        ahead = 1 if self.operation.needs else 2 * _AT_ONCE
        title = f"{self.operation.title}: a folder"
        self.context.progress.start(title, len(pictures), "picture")
        with closing(self.engine.map(self._made, pictures, ahead=ahead)) as made:
            for number, each in enumerate(made, 1):
                if isinstance(each, CancelledError):
                    raise each
                yield each
                self.context.progress.step(number)

    def _made(self, path: Path) -> FileResult | BootcampError:
        try:
            picture = decode_quickly(self.read(path))
            params = self.operation.params_from({**self.values, self.picture: picture})
            progress = self.context.progress if self.operation.needs else SilentProgress()
            result = self.operation.run(params, self.context.shown_by(progress))
            text = self.operation.made_text(params, result)
            data, *more = (_encoded(each, self.suffix, text) for each in result.pictures().values())
        except BootcampError as error:
            return error
        _, *names = result.pictures()
        return MapFile(
            map=self._below(self._file(path)),
            message=result.summary(),
            details=result.to_json(),
            others={name: self._below(self._other(path, name)) for name in names},
            data=data,
            other_data=tuple(more),
        )

    def _below(self, file: Path) -> str:
        return file.relative_to(self.output).as_posix()

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """The map's file, unless somebody else made it meanwhile.

        Raises:
            OutputError: the file cannot be written.
        """
        path = self._file(picture)
        before = self._there.held(path)
        if before is not None and self.existing == "skip":
            return Settled(result=result, skipped="There is a map now.")
        made = typing.cast("MapFile", result)
        others = [self.output / each for each in made.others.values()]
        writes = [Write(path=path, before=before, after=made.data)]
        writes += [
            Write(path=other, before=self._there.held(other), after=data)
            for other, data in zip(others, made.other_data, strict=True)
        ]
        return Settled(result=result, writes=tuple(writes))

    def _file(self, picture: Path) -> Path:
        folder = picture.parent
        if folder not in self._names:
            here = [each.name for each in self.only if each.parent == folder]
            here = sorted(here or [each for each in os.listdir(folder) if is_picture(Path(each))])  # noqa: PTH208
            self._names[folder] = dict(zip(here, distinct(map(self._own_name, here)), strict=True))
        name = self._names[folder].get(picture.name) or self._own_name(picture.name)
        return self.target / folder.relative_to(self.root) / name

    def _other(self, picture: Path, name: str) -> Path:
        """The file of a picture beside the map, which takes no map's name."""
        file = self._file(picture)
        maps = (file.with_name(each.name) for each in self._names[picture.parent].values())
        return distinct([*maps, file.with_name(f"{file.stem}-{name.replace('_', '-')}{self.suffix}")])[-1]

    def _own_name(self, name: str) -> Path:
        return Path(name).with_suffix(self.suffix)


def _encoded(image: Image, suffix: str, text: Mapping[str, str]) -> bytes:
    """A map as a file: of one channel where all three are the same, which is a third of the work and the size."""
    if image.ndim == 3 and all(np.array_equal(image[..., 0], image[..., each]) for each in (1, 2)):
        image = image[..., 0]
    if suffix == ".png":
        return encode_png(image, text)
    cv2 = opencv()
    in_its_order = image if image.ndim == 2 else image[..., ::-1]
    done, data = cv2.imencode(suffix, np.ascontiguousarray(in_its_order), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise OutputError(f"The map cannot be written as {suffix}.")
    return bytes(data)


def picture_param(operation: Operation[Any, Any]) -> Param:
    """The parameter that is the picture a map is made of.

    Raises:
        TypeError: there is none.
    """
    for each in operation.params.fields():
        if each.spec.positional and each.kind == "image":
            return typing.cast("Param", each)
    raise TypeError(f"{operation.name} makes no map of a picture")


def with_folder(operation: Operation[Any, Any]) -> Operation[Any, Any]:
    """The operation with its job: its own declaration without the picture, and the folder's."""
    hints = typing.get_type_hints(operation.params, include_extras=True)
    picture = picture_param(operation).name
    own: list[Any] = [
        (each.name, hints[each.name], dataclasses.field(default=each.default, kw_only=True))
        for each in dataclasses.fields(operation.params)
        if each.name != picture
    ]
    params = dataclasses.make_dataclass(
        f"{operation.params.__name__}Folder", own, bases=(MapsOfFiles,), frozen=True, kw_only=True
    )
    params.__doc__ = f"The folder, and {operation.title.lower()}'s own values."

    def work(root: Path, given: Any, context: Context) -> MapsWork:
        return MapsWork(operation, root, given, context)

    job = FolderJob(
        params=params,
        work=work,
        result=MapFile,
        output="output_folder",
        subfolder="subfolder",
        on_command_line=False,
        own=MapsFolder,
    )
    return dataclasses.replace(operation, job=job)
