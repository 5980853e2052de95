"""Names that parameters had in the version before are read for one version, and never written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.app import main
from lib_bootcamp.catalog import OPERATIONS, find
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Param, fields_of, plain
from lib_bootcamp.surfaces.webui import infotext, section_values

from .http_client import PICTURE_64, PICTURE_PNG, Client, host

pytest.importorskip("fastapi")
from fastapi import FastAPI

from lib_bootcamp.surfaces.http.routes import build_router

PICTURE = np.full((16, 16, 3), 90, np.uint8)


def declared(declaration: type[Any]) -> Iterator[Param]:
    """A declaration's fields, and those of the objects in them."""
    for param in fields_of(declaration):
        yield param
        nested = param.nested or (param.item.nested if param.item is not None else None)
        if nested is not None:
            yield from declared(nested)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_an_old_name_is_not_that_of_another_field(operation: Any) -> None:
    for declaration in (operation.params, *([operation.job.params] if operation.job else [])):
        params = fields_of(declaration)
        names = [name for each in params for name in (each.name, *each.spec.renamed)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_old_choices_lead_to_choices_that_there_are(operation: Any) -> None:
    for param in declared(operation.params):
        choices = param.choices or (param.item.choices if param.item is not None else ())
        assert set(param.spec.renamed_choices.values()) <= set(choices)
    assert set(operation.renamed_presets.values()) <= set(operation.presets)


def test_old_names_and_choices_are_read_wherever_they_stand() -> None:
    lit = find("lighting").params_from({"colour": True, "lights": [{"kind": "point", "colour": "#ff0000"}]})
    assert (lit.picture_color, lit.lights[0].color) == (True, "#ff0000")
    assert find("qr").params_from({"content": "a", "position": "centre", "surround": "grey"}).surround == "gray"
    assert find("brightness").params_from({"image": PICTURE, "posterise": 3, "preset": "poster"}).posterize == 3


def test_the_layout_in_a_map_of_the_version_before_is_read() -> None:
    made = find("qr").run(find("qr").params_from({"content": "a"}), None).to_json()["layout"]
    old = {"modules_may_fail" if name == "correctable_modules" else name: value for name, value in made.items()}
    params = find("scan").params_from({"image": PICTURE, "layout": old, "least_score": 0.5})
    assert plain(params.layout) == made
    assert params.min_score == 0.5


def test_an_old_presets_name_is_read() -> None:
    old, new = (find("lighting").params_from({"preset": each}) for each in ("centre_glow", "center_glow"))
    assert old == new


def test_a_value_under_its_old_and_its_new_name_is_refused() -> None:
    with pytest.raises(InvalidParamError, match="posterize is given twice, as posterise too"):
        find("brightness").params_from({"image": PICTURE, "posterise": 3, "posterize": 4})


def test_old_flags_are_read_and_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.png").write_bytes(PICTURE_PNG)
    asked = [str(tmp_path / "in.png"), "--posterise", "3", "--out", str(tmp_path / "out.png"), "--quiet"]
    assert main(["brightness", *asked]) == 0
    assert main(["qr", "a", "--position", "centre", "--out", str(tmp_path / "qr.png"), "--quiet"]) == 0
    with pytest.raises(SystemExit):
        main(["brightness", "--help"])
    shown = capsys.readouterr().out
    assert "--posterize" in shown
    assert "posterise" not in shown


def test_old_names_are_read_in_json_and_in_forms() -> None:
    app = FastAPI()
    app.include_router(build_router(host()))
    client, path = Client(app), "/bootcamp/v1/control-maps/brightness"
    new = client.post(path, json={"image": PICTURE_64, "posterize": 2})
    assert new.status_code == 200
    assert client.post(path, json={"image": PICTURE_64, "posterise": 2}).json() == new.json()
    form = {"files": {"image": ("a.png", PICTURE_PNG)}, "data": {"posterise": "2"}}
    assert client.post(path, **form).json() == new.json()


def test_old_names_in_an_infotext_are_pasted_under_the_new_ones() -> None:
    lights = json.dumps([{"kind": "point", "colour": "#ff0000"}], separators=(",", ":"))
    values, control = infotext.parse(f"control=lighting&keep_colour=2&colour=true&lights={lights}")
    assert control == "lighting"
    assert (values["keep_color"], values["picture_color"]) == (2, True)
    assert values["lights"][0] == {"kind": "point", "color": "#ff0000"}
    assert "colour" not in values


def test_old_names_are_read_in_the_sections_request() -> None:
    asked = section_values.parse([{"control": "qr", "content": "a", "surround": "grey", "keep_colour": 2}])
    assert asked is not None
    assert asked.values["surround"] == "gray"
    assert asked.section.keep_color == 2


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_no_preset_and_no_default_uses_an_old_name(operation: Any) -> None:
    old = {name for param in declared(operation.params) for name in (*param.spec.renamed, *param.spec.renamed_choices)}
    words = set(
        json.dumps([operation.presets, [plain(each.default) for each in fields_of(operation.params)]]).split('"')
    )
    assert not words & old
