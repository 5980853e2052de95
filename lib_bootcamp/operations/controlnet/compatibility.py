"""Which installed ControlNet models fit the loaded checkpoint, for which map, and why others do not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.controlnet.compatibility import MAP_KINDS, OF_UNIONS, UNION, Installed, judge, resolution_advice
from lib_bootcamp.core.files.walk import Walk
from lib_bootcamp.core.models.files import BASE_TITLES, EMBEDDED, KIND_TITLES, Base, base_of_name, model_facts
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import Host
from lib_bootcamp.results import Result

MOST_MODELS = 1000
_SUFFIXES = {".safetensors", ".sft", ".pth", ".pt", ".bin", ".ckpt"}
# A model of several files is identified by its first.
_LATER_SHARD = re.compile(r"-(?!00001)\d{5}-of-\d{5}$")
_FAMILY_BASE: dict[str, Base] = {"sd1": "sd15", "sd2": "sd2", "sdxl": "sdxl", "sd3": "sd3", "flux": "flux"}
_MAP_TITLES = {each.name: each.title for each in MAP_KINDS}
_MAP_CHOICES = ("all", *_MAP_TITLES)
_BASE_CHOICES = ("loaded", *BASE_TITLES)
BaseChoice = Literal[_BASE_CHOICES]  # type: ignore[valid-type]
MapName = Literal[_MAP_CHOICES]  # type: ignore[valid-type]


@dataclass(frozen=True, kw_only=True)
class CompatibilityParams(Params):
    """What is held against what; without anything the host's models against its checkpoint."""

    map: Annotated[
        MapName,
        Spec("Map", "Only models for this map.", titles={"all": "All", **_MAP_TITLES}),
    ] = "all"
    base: Annotated[
        BaseChoice,
        Spec(
            "Base model",
            "Instead of the loaded one's.",
            titles={"loaded": "Loaded checkpoint", **BASE_TITLES},
            renamed_titles=("Checkpoint's base",),
            renamed_choices={"The loaded one's": "loaded"},
        ),
    ] = "loaded"
    folder: Annotated[
        str,
        Spec(
            "Model folder",
            "Instead of the host's ControlNet models.",
            format="folder",
            max_length=1000,
            renamed_titles=("Folder of models",),
        ),
    ] = ""
    width: Annotated[int | None, Spec("Width", "To be looked at.", ge=1, le=8192, unit="px", example=768)] = None
    height: Annotated[int | None, Spec("Height", "To be looked at.", ge=1, le=8192, unit="px", example=768)] = None


@dataclass(frozen=True, kw_only=True)
class ModelVerdict:
    """An installed model: what it is, what it is for, whether it fits and why."""

    name: Annotated[str, Spec("Model", "As a unit is given it.")]
    kind: Annotated[str, Spec("Kind", "From its tensors; model where they do not show it.")]
    base: Annotated[str | None, Spec("Base", "sd15, sd2, sdxl, sd3, flux, ...; null: not known.")]
    detected_from: Annotated[
        str,
        Spec(
            "Detected from",
            "header, config (its config.json), name, or nothing.",
            renamed=("told_by",),
            renamed_titles=("Told by",),
        ),
    ]
    maps: Annotated[tuple[str, ...], Spec("Maps", "What it was trained on.")]
    fits: Annotated[bool | None, Spec("Fits", "null: one of the two is not known.")]
    damaged: Annotated[bool, Spec("Damaged", "Empty, cut off, or something else in its place.")]
    reason: Annotated[str, Spec("Why")]
    weight: Annotated[float, Spec("Weight", "To begin with.")]
    start: Annotated[float, Spec("Start", unit="0 to 1")]
    end: Annotated[float, Spec("End", unit="0 to 1")]


@dataclass(frozen=True, kw_only=True)
class FamilyRow:
    """A row of the table: a map, a base, and the file to get."""

    map: Annotated[str, Spec("Map")]
    title: Annotated[str, Spec("Title")]
    made_by: Annotated[str, Spec("Made by", "The command; empty where a detector is needed.")]
    base: Annotated[str, Spec("Base")]
    family: Annotated[str, Spec("Models")]
    names: Annotated[tuple[str, ...], Spec("Names", "Patterns of the files' names.")]
    file: Annotated[str, Spec("File to get")]
    source: Annotated[str, Spec("From")]
    weight: Annotated[float, Spec("Weight", "To begin with.")]
    start: Annotated[float, Spec("Start", unit="0 to 1")]
    end: Annotated[float, Spec("End", unit="0 to 1")]
    installed: Annotated[tuple[str, ...], Spec("Installed", "Models that are these.")]


@dataclass(frozen=True, kw_only=True)
class Compatibility(Result):
    """What fits, the table, and what to know of sizes."""

    checkpoint: Annotated[str | None, Spec("Checkpoint", "The host's; null where it has none.")]
    base: Annotated[str | None, Spec("Its base", "null: not known.")]
    models: Annotated[tuple[ModelVerdict, ...], Spec("Installed models", "Those that fit first.")]
    other_maps: Annotated[int, Spec("Models for other maps", "Left out, because one map was asked for.")]
    map: Annotated[str, Spec("Map", "The one that was asked for; empty: all.")]
    families: Annotated[tuple[FamilyRow, ...], Spec("Table", "Every map and base.")]
    advice: Annotated[tuple[str, ...], Spec("Resolution and grid")]

    def summary(self) -> str:
        """How many fit, in one line."""
        loaded = BASE_TITLES[self.base] if self.base else "a checkpoint of unknown base"
        if not self.models and self.other_maps:
            title = _MAP_TITLES.get(self.map, self.map)
            there = f"None of the {self.other_maps} installed ControlNet models is for this map ({title})"
            return f"{there}; the checkpoint is {loaded}"
        if not self.models:
            return f"No ControlNet model was found; the checkpoint is {loaded}"
        count = sum(each.fits is True for each in self.models)
        broken = sum(each.damaged for each in self.models)
        line = f"{count} of {len(self.models)} ControlNet models fit {loaded}"
        return f"{line}; {broken} {'is' if broken == 1 else 'are'} damaged" if broken else line

    def lines(self) -> list[str]:
        """Every model with its reason, then the advice."""
        marks = {True: "fits", False: "no", None: "?"}
        return [*(f"{marks[each.fits]:5} {each.reason}." for each in self.models), *self.advice]


def check_compatibility(params: CompatibilityParams, context: Context) -> Compatibility:
    """Read the headers of the installed models and hold them against the checkpoint.

    Raises:
        NotAllowedError, InvalidParamError: the folder may not be named, or is none.
    """
    checkpoint = context.host.checkpoint()
    base = _loaded_base(context.host) if params.base == "loaded" else params.base
    models, left_out = _models(params, context)
    judged = [judge(name, path, base) for name, path in models.items()]
    found = len(judged)
    if params.map != "all":
        judged = [each for each in judged if _is_for(params.map, each)]
    order = {True: 0, None: 1, False: 2}
    judged.sort(key=lambda each: (order[each.fits], each.name.lower()))
    return Compatibility(
        checkpoint=checkpoint,
        base=base,
        models=tuple(_verdict(each) for each in judged),
        other_maps=found - len(judged),
        map="" if params.map == "all" else params.map,
        families=tuple(_rows(params, judged)),
        advice=(*resolution_advice(base, params.width, params.height), *left_out),
    )


def _is_for(name: str, each: Installed) -> bool:
    return name in each.maps or (UNION in each.maps and name in OF_UNIONS)


def _models(params: CompatibilityParams, context: Context) -> tuple[dict[str, Path], list[str]]:
    """The models by name, and a sentence about each that is left out."""
    if not params.folder:
        return dict(islice(context.host.controlnet_models().items(), MOST_MODELS)), []
    folder = context.folder(params.folder, "folder")
    walk = Walk(folder, follow_out=context.trusted)
    files = filter(_is_model, walk.files())
    found = sorted(islice((path for path in files if not _LATER_SHARD.search(path.stem)), MOST_MODELS))
    models = {path.relative_to(folder).with_suffix("").as_posix(): path for path in found}
    return models, list(walk.left_out(_is_model).values())


def _is_model(path: Path) -> bool:
    return path.suffix.lower() in _SUFFIXES


def _loaded_base(host: Host) -> Base | None:
    """The base of the checkpoint in memory, else of the file the host would load, else what its name says."""
    line = host.model()
    if line is not None and line.family in _FAMILY_BASE:
        return _FAMILY_BASE[line.family]
    name = host.checkpoint()
    if name is None:
        return None
    if name == EMBEDDED:
        return "sd15"
    name = name.split(" [")[0]
    for folder in (Path(), *host.model_folders().get("checkpoint", ())):
        path = folder / name
        if path.is_dir():  # a diffusers folder
            inside = (file for part in ("unet", "transformer") for file in sorted((path / part).glob("*.safetensors")))
            path = next(inside, path)
        if path.is_file():
            return model_facts(path).base
    return base_of_name(name)


def _verdict(each: Installed) -> ModelVerdict:
    return ModelVerdict(
        name=each.name,
        kind=KIND_TITLES[each.facts.kind],
        base=each.facts.base,
        detected_from=each.facts.detected_from,
        maps=each.maps,
        fits=each.fits,
        damaged=bool(each.facts.problem),
        reason=each.reason,
        weight=each.unit.weight,
        start=each.unit.start,
        end=each.unit.end,
    )


def _rows(params: CompatibilityParams, judged: list[Installed]) -> list[FamilyRow]:
    return [
        FamilyRow(
            map=kind.name,
            title=kind.title,
            made_by=kind.made_by,
            base=family.base,
            family=family.title,
            names=family.patterns,
            file=family.file,
            source=family.source,
            weight=unit.weight,
            start=unit.start,
            end=unit.end,
            installed=tuple(each.name for each in judged if kind.name in each.maps and each.facts.base == family.base),
        )
        for kind in MAP_KINDS
        if params.map in {"all", kind.name}
        for family in kind.families
        for unit in [kind.unit(family.base)]
    ]


COMPATIBILITY = Operation(
    name="compatibility",
    title="Compatibility",
    summary="Show which installed ControlNet models fit the loaded checkpoint, for which map, and why others do not.",
    params=CompatibilityParams,
    result=Compatibility,
    run=check_compatibility,
    path="compatibility",
    kind="analysis",
)
