"""The scripts' declarations, and which fields of the section stand beside them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operations.draw.guidance_fields import TouchUp
from lib_bootcamp.params import Param, Params, Spec
from lib_bootcamp.surfaces.shared.wording import worded
from lib_bootcamp.surfaces.webui.section import control_maps, map_fields, section_fields
from lib_bootcamp.surfaces.webui.section_labels import titles

_TRIES: dict[str, Any] = {"group": "Tries"}
_MAPS: dict[str, Any] = {"group": "Maps"}
_NAMES = tuple(each.name for each in control_maps())
ControlName = Literal[_NAMES]  # type: ignore[valid-type]

Strengths = Annotated[
    tuple[float, ...],
    Spec(
        "Strengths",
        "One column each: multiples of the control weight, and of how far guidance goes.",
        gt=0,
        le=4,
        min_length=1,
        max_length=20,
        **_TRIES,
    ),
]
Seeds = Annotated[int, Spec("Seeds", "From the seed on, in place of the batch count.", ge=1, le=100, **_TRIES)]
# What a script decides itself (its strengths stand in place of the one effect), and what the section alone has.
_NOT_TAKEN = {"enabled", "control", "effect", "scan", "save_only_scanning", "stop_at_first"}


@dataclass(frozen=True, kw_only=True)
class UntilItScansParams(Params):
    """How QR art is tried until it scans; what is drawn is the section's and the code's."""

    seeds: Seeds = 4
    strengths: Strengths = (1.0, 1.3)
    max_tries: Annotated[
        int,
        Spec(
            "Maximum tries",
            "For each seed and strength: draw, draw with more weight on the modules that were weak, draw these alone "
            "anew.",
            ge=1,
            le=16,
            **_TRIES,
        ),
    ] = 3
    stop_after: Annotated[
        int, Spec("Stop after", "So many pictures that scan; 0: draw all.", ge=0, le=100, unit="pictures", **_TRIES)
    ] = 1
    must_read: Annotated[
        Literal["all", "any"],
        Spec("Must be read by", titles={"all": "all readers", "any": "any reader"}, **_TRIES),
    ] = "all"
    save: Annotated[
        Literal["best", "scanning", "all"],
        Spec(
            "Save",
            "Which pictures are written to the outputs folder.",
            titles={"best": "the best picture", "scanning": "pictures that scan", "all": "all pictures"},
            **_TRIES,
        ),
    ] = "best"


@dataclass(frozen=True, kw_only=True)
class CompareParams(Params):
    """Which control maps are compared; how they are applied is the section's."""

    controls: Annotated[
        tuple[ControlName, ...],
        Spec("Control maps", "One row each.", titles={each.name: each.title for each in control_maps()}, **_MAPS),
    ] = ("qr", "lighting")  # what can be drawn with nothing given
    content: Annotated[
        str, Spec("Content", "The text or URL of codes.", max_length=7089, example="https://example.com", **_MAPS)
    ] = "HELLO"  # fits at 512 px, whatever a unit preset says
    image: Annotated[
        Image | None,
        Spec("Picture", "What maps of a picture are made from; in img2img the picture drawn over.", **_MAPS),
    ] = None
    settings: Annotated[
        str,
        Spec(
            "Settings of single maps",
            "One map a line, each a row, as a picture's infotext has it after Bootcamp: control=edges&method=scharr",
            format="multiline",
            max_length=20000,
            **_MAPS,
        ),
    ] = ""
    strengths: Strengths = (0.7, 1.0, 1.3)
    seeds: Seeds = 1
    touch_up: TouchUp = 0  # each picture by another amount would hide what is compared

    def check(self) -> None:
        """There is something to compare."""
        if not self.controls and not self.settings.strip():
            raise InvalidParamError("controls", "is empty", hint="choose at least one control map")


@dataclass(frozen=True)
class ScriptForm:
    """A script of the dropdown.

    Args:
        name: in ids of the page and in forms.
        title: in the dropdown; in lower case its name over the API.
        params: its own declaration.
        control: the map whose fields stand beside; empty: none.
    """

    name: str
    title: str
    params: type[Params]
    control: str = ""

    @functools.cached_property
    def shared(self) -> tuple[Param, ...]:
        """The fields that are the section's and the map's."""
        own = {each.name for each in self.params.fields()}
        section = [each for each in section_fields() if each.name not in _NOT_TAKEN]
        maps = [
            each for operation in control_maps() if operation.name == self.control for each in map_fields(operation)
        ]
        return tuple(each for each in (*maps, *section) if each.name not in own)

    @property
    def fields(self) -> tuple[Param, ...]:
        """All fields: what is drawn, how often, how it is applied; also the order of positional arguments."""
        own, shared = self.params.fields(), self.shared
        first = [each for each in shared if each.spec.positional]
        return (*first, *own, *(each for each in shared if not each.spec.positional))


def names_of(form: ScriptForm, *, labels: bool) -> dict[str, str]:
    """What a mistake of a script calls parameters, those of single maps by the field that takes them.

    Args:
        form: the script.
        labels: as the page does, by their labels; else, as for the API, all others keep their names.
    """
    mine, settings = {each.name: each.spec.title for each in form.fields}, ""
    for param in form.params.fields():
        if param.name == "settings":
            settings = param.spec.title if labels else param.name
    of_maps = {each.name for operation in control_maps() for each in map_fields(operation)} - set(mine)
    inside = {name: f"{name} in {settings}" for name in of_maps} if settings else {}
    return {**titles(), **inside, **mine} if labels else inside


def sentence_of(error: BootcampError, names: Mapping[str, str]) -> str:
    """A mistake as one sentence; of a line of the settings, in which names are as they are written there."""
    own = {error.param: names.get(error.param, error.param)}
    return worded(error, own if error.param == "settings" else names)


UNTIL_IT_SCANS = ScriptForm("until_it_scans", "QR art until it scans", UntilItScansParams, control="qr")
COMPARE = ScriptForm("compare_control", "Compare control", CompareParams)
FORMS = (UNTIL_IT_SCANS, COMPARE)


def form_named(name: str) -> ScriptForm:
    """The script of a name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in FORMS}[name]
