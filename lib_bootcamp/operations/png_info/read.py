"""How a picture was made, from what its file says: of one, of several, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import read_file
from lib_bootcamp.core.png_info import infotext
from lib_bootcamp.core.png_info.extract import extract
from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.core.png_info.readers.reading import Difference, differences, infotext_of, read_generation, shown
from lib_bootcamp.errors import BootcampError, CancelledError
from lib_bootcamp.operation import Operation, OverFiles
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import track
from lib_bootcamp.results import FileResult, Result


@dataclass(frozen=True, kw_only=True)
class PngInfoSettings(Params):
    """How files are read; without the files."""

    hidden: Annotated[
        bool,
        Spec(
            "Search the pixels",
            "For a text hidden in their lowest bits (stealth PNG info), where the file says nothing else.",
            renamed_titles=("Look into the pixels",),
        ),
    ] = True


@dataclass(frozen=True, kw_only=True)
class PngInfoParams(PngInfoSettings):
    """The settings and the files."""

    files: Annotated[
        tuple[bytes, ...],
        Spec(
            "Files",
            "PNG, JPEG or WebP files, as they are; of two the differences are listed too.",
            min_length=1,
            max_length=64,
            positional=True,
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class FileInfo(FileResult):
    """What one file says."""

    index: Annotated[int, Spec("Index", "Its place among the files, from 0.")]
    path: Annotated[str | None, Spec("Path", "Its file; none for one that was sent.")]
    format: Annotated[str, Spec("Format", "PNG, JPEG or WebP.")]
    width: Annotated[int, Spec("Width", "Of the file.", unit="px")]
    height: Annotated[int, Spec("Height", "Of the file.", unit="px")]
    generation: Annotated[Generation | None, Spec("Generation", "None: no tool's format was found.")]
    infotext: Annotated[
        str, Spec("Infotext", "As the WebUI pastes it: the file's own, or made from the fields of another tool.")
    ]
    texts: Annotated[dict[str, str], Spec("Texts", "All texts of the file as they are, by name.")]
    problems: Annotated[tuple[str, ...], Spec("Problems", "What is wrong with the file.")]

    def summary(self) -> str:
        """The tool, the beginning of the prompt and the settings that people look for first."""
        made = self.generation
        if made is None:
            sentence = (
                f"no generation parameters; {len(self.texts)} other texts" if self.texts else "no generation parameters"
            )
            return "; ".join([sentence, *self.problems])
        prompt = " ".join(made.prompt.split())
        parts = [prompt if len(prompt) <= 80 else f"{prompt[:79]}…"]
        parts += [f"{name} {getattr(made, field)}" for name, field in _SAID if getattr(made, field) is not None]
        return f"{made.tool}: " + ", ".join(filter(None, parts)) + "".join(f"; {each}" for each in self.problems)

    def lines(self) -> list[str]:
        """The fields, each on a line."""
        if self.generation is None:
            return []
        fields = self.generation.known_fields()
        extras = fields.pop("extras", {})
        rows = [(name.replace("_", " "), value) for name, value in fields.items()] + list(extras.items())
        return [f"  {name}: {shown(value)}" for name, value in rows]

    def row(self) -> dict[str, Any]:
        """The fields; of the extras and the raw texts only how the file was read is left."""
        made = self.generation or Generation()
        fields = {name: getattr(made, name) for name in _COLUMNS}
        row = {name: shown(value) if isinstance(value, tuple) else value for name, value in fields.items()}
        size = {"format": self.format, "file_width": self.width, "file_height": self.height}
        return {**row, **size, "infotext": self.infotext, "problems": " ".join(self.problems)}

    def warning(self) -> str:
        """The problems."""
        return " ".join(self.problems)

    def succeeded(self) -> bool:
        """Whether a tool's format was found."""
        return self.generation is not None


_SAID = (("steps", "steps"), ("sampler", "sampler"), ("CFG", "cfg_scale"), ("seed", "seed"), ("model", "model"))
_COLUMNS = tuple(each for each in Generation.__dataclass_fields__ if each != "extras")


@dataclass(frozen=True, kw_only=True)
class PngInfoResult(Result):
    """What each file says."""

    files_info: Annotated[tuple[FileInfo, ...], Spec("Files", "In the order they were given.")]
    differences: Annotated[
        tuple[Difference, ...], Spec("Differences", "Between two files; empty for any other number.")
    ]

    def summary(self) -> str:
        """What one file says; of several, how many of each tool there are."""
        if len(self.files_info) == 1:
            return self.files_info[0].summary()
        counts: dict[str, int] = {}
        for each in self.files_info:
            tool = each.generation.tool if each.generation else "without parameters"
            counts[tool] = counts.get(tool, 0) + 1
        listed = ", ".join(f"{count} {tool}" for tool, count in counts.items())
        return f"{len(self.files_info)} files: {listed}" + (
            f"; {len(self.differences)} differences" if len(self.files_info) == 2 else ""
        )

    def succeeded(self) -> bool:
        """Whether every file says how it was made."""
        return all(each.succeeded() for each in self.files_info)


def read_info(data: bytes, *, index: int = 0, path: str | None = None, hidden: bool = True) -> FileInfo:
    """Read one file.

    Args:
        data: its bytes.
        index: its place.
        path: its file, where it has one.
        hidden: look into the pixels too.
    Raises:
        ImageError, TooLargeError: as `extract`.
    """
    found = extract(data, hidden=hidden)
    made = read_generation(found.texts, (found.width, found.height))
    own = infotext_of(found.texts)
    return FileInfo(
        index=index,
        path=path,
        format=found.format,
        width=found.width,
        height=found.height,
        generation=made,
        infotext=own if own is not None and made is not None and made.tool in infotext.WEBUIS else _built(made),
        texts=found.texts,
        problems=found.problems,
    )


def _built(made: Generation | None) -> str:
    return "" if made is None else infotext.write(made)


def compared(files: Sequence[FileInfo]) -> tuple[Difference, ...]:
    """The differences between two files that say how they were made; empty for any other number."""
    made = [each.generation for each in files if each.generation is not None]
    return differences(made[0], made[1]) if len(files) == len(made) == 2 else ()


def png_info(params: PngInfoParams, context: Context) -> PngInfoResult:
    """Read the files.

    Raises:
        ImageError: one is neither PNG, JPEG nor WebP.
        CancelledError: the person asked to stop.
    """
    files = []
    for index, data in enumerate(
        track(context.progress, params.files, title="png-info", total=len(params.files), unit="file")
    ):
        files.append(read_info(data, index=index, hidden=params.hidden))
    return PngInfoResult(files_info=tuple(files), differences=compared(files))


def png_info_files(
    paths: Sequence[Path], params: PngInfoSettings, context: Context
) -> Iterator[FileInfo | BootcampError]:
    """Read each file, in order.

    Yields:
        what it says, or the mistake about it.
    Raises:
        CancelledError: the person asked to stop.
    """
    for index, path in enumerate(track(context.progress, paths, title="png-info", total=len(paths), unit="file")):
        try:
            yield read_info(read_file(path), index=index, path=str(path), hidden=params.hidden)
        except CancelledError:
            raise
        except BootcampError as error:
            yield error


def _together(files: Sequence[FileInfo]) -> list[str]:
    """The fields of one file, or the differences between two."""
    if len(files) == 1:
        return files[0].lines()
    return [f"  {each.field}: {each.first} -> {each.second}" for each in compared(files)]


PNG_INFO = Operation(
    name="png-info",
    title="PNG info",
    summary="Show how pictures were made: prompt, seed, model and all else that AUTOMATIC1111, Forge, ComfyUI, "
    "InvokeAI, NovelAI, Fooocus, SwarmUI, Draw Things or Easy Diffusion wrote into the file.",
    params=PngInfoParams,
    result=PngInfoResult,
    run=png_info,
    path="/png-info",
    kind="analysis",
    over_files=OverFiles(params=PngInfoSettings, run=png_info_files, summarize=_together),
)
