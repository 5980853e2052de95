"""What an operation is: one declaration, one function, one result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from . import __version__
from .context import Context
from .errors import BootcampError, InvalidParamError
from .job import FolderJob, StepsJob
from .params import Params, fields_of, under_current_names
from .results import FileResult, Result

Section: TypeAlias = Literal["Control maps", "Draw", "Describe", "Data set", "Tools"]
SECTIONS: tuple[Section, ...] = ("Control maps", "Draw", "Describe", "Data set", "Tools")
"""What the page's tabs are grouped by, in their order."""
CHUNK = "bootcamp"
"""The text chunk of a PNG file that says how its picture was made."""
INFOTEXT = "parameters"
"""The text chunk of a PNG file that the WebUI's PNG Info reads."""
P = TypeVar("P", bound=Params)
R = TypeVar("R", bound="Result")


@dataclass(frozen=True, kw_only=True)
class OverFiles(Generic[P]):
    """How an operation takes as many picture files as there are, without holding them in memory.

    Args:
        params: the declaration without the pictures.
        run: gives for each path, in order and as it is made, its result or the mistake about it.
        labels: the parameter whose labels the results' answers are among, for operations that have one: their files
            can be sorted by them, and folders that are named so are the truth. None where it was not given.
        summarize: what a person reads of all results together, after a line for each.
    """

    params: type[P]
    run: Callable[[Sequence[Path], P, Context], Iterator[FileResult | BootcampError]]
    labels: str = ""
    summarize: Callable[[Sequence[Any]], list[str]] | None = None


@dataclass(frozen=True)
class Operation(Generic[P, R]):
    """One thing a person can ask for, on every surface.

    Args:
        name: the command, the tab's key and the key in infotext (kebab-case).
        title: the tab's label.
        summary: one sentence; the command's help, the tab's head, the route's summary.
        params: the declaration.
        result: the result's dataclass.
        run: the function.
        path: the route below `/bootcamp/v1`.
        kind: `control-map` results have an `image` that steers generation, `generation` results have one that is the
            work itself, `analysis` results are about the pictures given.
        presets: named sets of values, offered by every surface.
        renamed_presets: names that presets had before, still read for one version.
        needs: `models` where it runs on torch, which is installed when it is first wanted; `detectors` where it runs
            on controlnet-aux too.
        hosts: names of the hosts that offer it; all of them where there are none.
        over_files: how it takes a folder of pictures; None where it takes one picture at a time.
        command: its words on the command line, where they are not its name.
        page: makes of a result an HTML page of one file, for who asked; None where there is none.
        job: how it works through a folder as a job; None where it does not.
        luminance: whether a picture can follow the map's brightness, without any ControlNet.
        stream: whether its result grows while it is made (`Context.show`): it can be followed on every surface.
        infotext: what the WebUI would write into a picture's `parameters`, of the parameters and the result; None where
            that stays empty.
        section: where its tab stands; empty: control maps among each other, what draws too, all else among the tools.
    """

    name: str
    title: str
    summary: str
    params: type[P]
    result: type[R]
    run: Callable[[P, Context], R]
    path: str
    kind: Literal["control-map", "generation", "analysis"] = "control-map"
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)
    renamed_presets: Mapping[str, str] = field(default_factory=dict)
    needs: Literal["", "models", "detectors"] = ""
    hosts: tuple[str, ...] = ()
    over_files: OverFiles[Any] | None = None
    command: str = ""
    page: Callable[[Any, Context], str] | None = None
    job: FolderJob[Any] | StepsJob[Any] | None = None
    section: Section | Literal[""] = ""
    luminance: bool = False
    stream: bool = False
    infotext: Callable[[Any, Any], str] | None = None

    @property
    def place(self) -> Section:
        """The section that its tab stands in."""
        by_kind: dict[str, Section] = {"control-map": "Control maps", "generation": "Draw"}
        return self.section or by_kind.get(self.kind, "Tools")

    @property
    def words(self) -> tuple[str, ...]:
        """What is typed on the command line to run it."""
        return tuple((self.command or self.name).split())

    def params_from(self, values: Mapping[str, Any]) -> P:
        """Check raw values; a `preset` among them is laid under the others.

        Raises:
            InvalidParamError: as `Params.from_mapping`, or the preset does not exist.
        """
        return self.params.from_mapping(self.over_preset(values))

    def settings_from(self, values: Mapping[str, Any]) -> Any:
        """As `params_from`, for the declaration of `over_files`."""
        if self.over_files is None:
            raise TypeError(f"{self.name} takes one picture at a time")
        return self.over_files.params.from_mapping(self.over_preset(values))

    def made_text(self, params: P, result: Result) -> dict[str, str]:
        """The text chunks of a result's PNG files: what made them, without pictures, secrets and where folders lie."""
        secret = {each.name for each in params.fields() if each.spec.format in {"secret", "folder"}}
        made = {
            "version": __version__,
            "operation": self.name,
            "params": {name: value for name, value in params.to_mapping().items() if name not in secret},
            "result": result.to_json(),
        }
        text = {CHUNK: json.dumps(made, ensure_ascii=False)}
        return text if self.infotext is None else {INFOTEXT: self.infotext(params, result), **text}

    @property
    def is_job_command(self) -> bool:
        """Whether its command works through a folder as a job."""
        return self.job is not None and self.job.on_command_line and self.over_files is None

    def as_job(self) -> Operation[Any, R]:
        """The same with the declaration of its job: what forms, bodies and flags of a job are derived from."""
        if self.job is None:
            raise TypeError(f"{self.name} is no job")
        return replace(self, params=self.job.params)

    def over_preset(self, values: Mapping[str, Any], name: str = "preset") -> dict[str, Any]:
        """Raw values with those of the preset that they name laid under them.

        Args:
            values: of the declaration, and the preset's name among them.
            name: the preset's key there.
        Raises:
            InvalidParamError: the preset does not exist.
        """
        given = under_current_names(values, fields_of(self.params))
        preset = given.pop(name, None)
        if preset is None:
            return given
        if isinstance(preset, str):
            preset = self.renamed_presets.get(preset, preset)
        if not isinstance(preset, str) or preset not in self.presets:
            known = ", ".join(map(repr, self.presets)) or "none"
            raise InvalidParamError(name, f"must be one of the presets here ({known}), not {preset!r}"[:300])
        return {**self.presets[preset], **given}
