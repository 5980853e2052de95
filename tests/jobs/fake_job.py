"""An operation whose job needs no model: a caption of each file's own name, with hooks for what a test wants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.folders import is_inside
from lib_bootcamp.errors import BootcampError, CancelledError, ImageError
from lib_bootcamp.job import FolderJob, Settled, Write
from lib_bootcamp.jobs.kinds.folder import FolderParams
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import FileResult
from tests.fakes import FakeHost

Hook = Callable[[Path], None]


@dataclass(frozen=True, kw_only=True)
class NameParams(FolderParams):
    """The folder, and what the captions say."""

    word: Annotated[str, Spec("Word")] = "a"
    table: Annotated[bool, Spec("Into one table")] = False


@dataclass(frozen=True, kw_only=True)
class NameResult(FileResult):
    """A caption."""

    text: Annotated[str, Spec("Text")]


@dataclass
class Script:
    """What happens in the jobs of one test.

    Args:
        before: called with each file before it is worked on; may raise.
        settling: called with each file before its caption is decided; may raise.
        ending: called before the table is made; may raise.
        bad: names of files that are no pictures.
        size: of a batch.
        worked: the names of the files that were worked on, in order.
        asked: how many files each call of `results` was given.
        refuses: raised where the work is made.
        empty: raised where it is asked whether there is anything to do.
    """

    before: Hook = lambda path: None
    settling: Hook = lambda path: None
    ending: Callable[[], None] = lambda: None
    bad: tuple[str, ...] = ()
    size: int = 3
    worked: list[str] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)
    refuses: BootcampError | None = None
    empty: BootcampError | None = None


class NameWork:
    """A `FolderWork`; like a model it works on a whole batch before it gives the first result of it."""

    def __init__(self, root: Path, params: NameParams, context: Context, script: Script) -> None:
        if script.refuses is not None:
            raise script.refuses
        self.root, self.params, self.context, self.script = root, params, context, script
        self.writes_into = root

    @property
    def batch(self) -> int:
        return self.script.size

    def refuse_empty(self) -> None:
        if self.script.empty is not None:
            raise self.script.empty

    def pictures(self) -> Iterator[tuple[Path, str]]:
        for path in sorted(self.root.rglob("*.img")):
            if self.context.trusted or is_inside(path, self.root):
                yield path, "It is left out." if path.stem.startswith("out") else ""

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        self.script.asked.append(len(pictures))
        for at in range(0, len(pictures), self.script.size):
            if self.context.progress.cancelled():
                raise CancelledError(at)
            made: list[FileResult | BootcampError] = []
            for path in pictures[at : at + self.script.size]:
                self.script.before(path)
                self.script.worked.append(path.name)
                bad = path.name in self.script.bad
                made.append(
                    ImageError("It is not a picture.") if bad else NameResult(text=f"{self.params.word} {path.stem}")
                )
            yield from made

    def settle(self, picture: Path, result: FileResult) -> Settled:
        self.script.settling(picture)
        if self.params.table:
            return Settled(result=result)
        path = picture.with_suffix(".txt")
        before = path.read_bytes() if path.exists() else None
        text = result.to_json()["text"]
        return Settled(result=result, writes=(Write(path=path, before=before, after=text.encode()),))

    def at_end(self, results: Iterator[tuple[Path, Mapping[str, Any]]]) -> Write | None:
        if not self.params.table:
            return None
        self.script.ending()
        path = self.root / "table.tsv"
        before = path.read_bytes() if path.exists() else None
        lines = dict(line.split("\t") for line in (before or b"").decode().splitlines())
        lines |= {picture.name: facts["text"] for picture, facts in results}
        text = "".join(f"{name}\t{each}\n" for name, each in lines.items())
        return Write(path=path, before=before, after=text.encode())


def operation(script: Script, name: str = "name") -> Operation[Any, Any]:
    """The operation."""
    work = lambda root, params, context: NameWork(root, params, context, script)  # noqa: E731
    return Operation(
        name=name,
        title="Name",
        summary="Says names.",
        params=Params,
        result=NameResult,
        run=lambda params, context: NameResult(text=""),
        path=f"/{name}",
        kind="analysis",
        job=FolderJob(params=NameParams, work=work, result=NameResult),
    )


def jobs_of(folder: Path, script: Script, *, allowed: tuple[Path, ...] = ()) -> Jobs:
    """A process's jobs, with a journal in a folder."""
    known = {each: operation(script, each) for each in ("name", "other")}
    return Jobs(FakeHost(data_dir=folder, allowed=allowed), known.__getitem__, folder)


def files_of(root: Path) -> dict[str, str]:
    """What the text files of a folder hold; half files and hidden ones too."""
    found = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".img")
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(found)}


class Killed(BaseException):
    """The process ends here: nothing after it is done, as after kill -9."""
