"""The ControlNet adapters against fakes in the shape of the extension's and Forge's modules."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.hosts.controlnet import A1111ControlNet, ForgeControlNet, NoUnitsError, find_controlnet
from lib_bootcamp.surfaces.webui.ports import Unit

MAP = np.full((8, 8, 3), 7, np.uint8)
UNIT = Unit(image=MAP, model="monster [ab]", weight=1.5, start=0.1, end=0.9, hires="Low res only")


class FakeScript:
    """ControlNet's script: three units from argument 2 on."""

    args_from, args_to = 2, 5

    def title(self) -> str:
        return "ControlNet"


def generation(*units: Any, kind: type[Any] = tuple, scripts: tuple[Any, ...] = (FakeScript(),)) -> SimpleNamespace:
    args = kind([0, "another's", *units, "the next one's"])
    return SimpleNamespace(scripts=SimpleNamespace(alwayson_scripts=list(scripts)), script_args=args)


def off() -> SimpleNamespace:
    return SimpleNamespace(enabled=False)


def on() -> SimpleNamespace:
    return SimpleNamespace(enabled=True)


def test_units_that_are_on_are_not_free() -> None:
    assert A1111ControlNet().free_units(generation(off(), on(), off())) == [0, 2]


def test_a_dict_without_enabled_is_off_under_a1111() -> None:
    assert A1111ControlNet().free_units(generation({}, {"enabled": True}, off())) == [0, 2]


def test_a_dict_without_enabled_is_on_under_forge() -> None:
    assert ForgeControlNet().free_units(generation({}, {"enabled": False}, off())) == [1, 2]


@pytest.mark.parametrize("kind", [tuple, list])
def test_arguments_keep_their_type(kind: type[Any]) -> None:
    p = generation(off(), off(), off(), kind=kind)
    A1111ControlNet().fill(p, {1: UNIT})
    assert type(p.script_args) is kind


def test_only_the_units_slot_changes() -> None:
    p = generation(off(), off(), off())
    before = p.script_args
    A1111ControlNet().fill(p, {1: UNIT})
    assert [index for index, (a, b) in enumerate(zip(before, p.script_args, strict=True)) if a is not b] == [3]


def test_arguments_another_generation_may_share_stay_as_they_are() -> None:
    p = generation(off(), off(), off(), kind=list)
    shared = p.script_args
    A1111ControlNet().fill(p, {0: UNIT})
    assert shared[2].enabled is False


def test_a1111_unit_is_what_its_model_takes() -> None:
    assert A1111ControlNet().unit_dict(UNIT) == {
        "enabled": True,
        "module": "none",
        "model": "monster [ab]",
        "weight": 1.5,
        "image": MAP,
        "resize_mode": "Just Resize",
        "guidance_start": 0.1,
        "guidance_end": 0.9,
        "pixel_perfect": False,
        "control_mode": "Balanced",
        "hr_option": "Low res only",
        "inpaint_crop_input_image": False,
    }


def test_forge_writes_its_module_with_a_capital() -> None:
    assert ForgeControlNet().unit_dict(UNIT)["module"] == "None"


def test_a_generation_without_controlnets_script_is_an_error() -> None:
    with pytest.raises(NoUnitsError, match="runs without it"):
        A1111ControlNet().free_units(generation(off(), off(), off(), scripts=()))


def module(name: str, **values: Any) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(values)
    return made


def test_models_are_name_to_file_without_none(monkeypatch: pytest.MonkeyPatch) -> None:
    state = module("scripts.global_state", cn_models={"None": None, "m [1]": "/x/m.pth"}, cn_models_dir="/x")
    monkeypatch.setitem(sys.modules, "scripts.global_state", state)
    assert A1111ControlNet().models() == {"m [1]": Path("/x/m.pth")}


def test_forge_models_are_name_to_file_without_none(monkeypatch: pytest.MonkeyPatch) -> None:
    state = module(
        "lib_controlnet.global_state", controlnet_filename_dict={"None": "model.safetensors", "m": "/x/m.pth"}
    )
    monkeypatch.setitem(sys.modules, "lib_controlnet.global_state", state)
    assert ForgeControlNet().models() == {"m": Path("/x/m.pth")}


def test_no_controlnet_is_found_where_none_is_loaded() -> None:
    assert find_controlnet() is None


def test_forges_is_found_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lib_controlnet.global_state", module("lib_controlnet.global_state"))
    assert isinstance(find_controlnet(), ForgeControlNet)


def test_the_extension_is_found_by_its_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("internal_controlnet.external_code", "scripts.global_state"):
        monkeypatch.setitem(sys.modules, name, module(name))
    assert isinstance(find_controlnet(), A1111ControlNet)
