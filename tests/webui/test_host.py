"""The host side in the real WebUI: routes, log-in, the loaded checkpoint lent to diffusers, install.py."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.catalog import offered
from lib_bootcamp.surfaces.page.values import FIELD_STYLE, show
from lib_bootcamp.surfaces.webui.frame import FRAME

from .conftest import LOGIN, REPOSITORY, Webui, pixels
from .section_requests import LINK, made

API = "/bootcamp/v1"


def loaded(webui: Webui, *, measure: bool = False) -> dict[str, Any]:
    """What `GET /model` tells once a picture was drawn."""
    webui.draw()
    status, answer = webui.call(f"{API}/model" + ("?measure=true" if measure else ""))
    assert status == 200, answer
    return dict(answer)


def test_info_names_the_webui(webui: Webui) -> None:
    status, info = webui.call(f"{API}/info")
    assert status == 200
    assert info["name"] == "a1111"


def test_a_route_makes_the_same_map_as_without_a_webui(webui: Webui) -> None:
    status, answer = webui.call(f"{API}/control-maps/qr", {"content": LINK, "width": 320, "height": 320})
    assert status == 200, answer
    assert np.array_equal(pixels(answer["image"]), made("qr", content=LINK, width=320, height=320))


def test_a_mistake_on_a_route_keeps_our_shape_and_the_webuis_routes_theirs(webui: Webui) -> None:
    status, answer = webui.call(f"{API}/control-maps/qr", {"content": LINK, "width": 7})
    assert status == 422
    assert {"error", "detail"} <= set(answer)
    status, answer = webui.call("/sdapi/v1/txt2img", {"width": "wide"})
    assert status == 422
    assert isinstance(answer["detail"], list)


def test_the_view_of_the_checkpoint_shares_its_memory_and_gives_its_numbers(webui: Webui) -> None:
    model = loaded(webui, measure=True)
    assert model["shared_bytes"] > 1000 * model["owned_bytes"]
    assert model["device"] == "cpu"


def test_pictures_are_the_same_after_the_view_was_built(webui: Webui) -> None:
    before = webui.draw().pictures[0]
    loaded(webui, measure=True)
    assert np.array_equal(webui.draw().pictures[0], before)


def test_another_checkpoint_is_another_view(webui: Webui, models: Path) -> None:
    first = loaded(webui)
    original = models / "checkpoints" / "tiny-sd15.safetensors"
    copy = original.with_name("another.safetensors")
    shutil.copy(original, copy)
    shutil.copy(original.with_suffix(".yaml"), copy.with_suffix(".yaml"))
    try:
        webui.call("/sdapi/v1/refresh-checkpoints", {})
        webui.call("/sdapi/v1/options", {"sd_model_checkpoint": copy.name})
        assert "another" in loaded(webui)["checkpoint"]
        assert "another" not in first["checkpoint"]
    finally:
        webui.call("/sdapi/v1/options", {"sd_model_checkpoint": original.name})
        copy.unlink()
        copy.with_suffix(".yaml").unlink()
        webui.call("/sdapi/v1/refresh-checkpoints", {})


def test_another_vae_is_in_the_view_and_in_the_pictures(webui: Webui) -> None:
    before = webui.draw().pictures[0]
    webui.call("/sdapi/v1/refresh-vae", {})
    try:
        webui.call("/sdapi/v1/options", {"sd_vae": "paler.vae.safetensors"})
        assert not np.array_equal(webui.draw().pictures[0], before)
        assert "paler" in loaded(webui, measure=True)["vae"]
    finally:
        webui.call("/sdapi/v1/options", {"sd_vae": "None"})
    assert np.array_equal(webui.draw().pictures[0], before)
    assert loaded(webui)["vae"] is None


def test_api_auth_guards_every_route(guarded: Webui) -> None:
    for path in (f"{API}/info", f"{API}/operations", f"{API}/model"):
        status, answer = guarded.call(path)
        assert (status, set(answer)) == (401, {"error", "detail"})
        assert guarded.call(path, login="me:wrong")[0] == 401
    assert guarded.call(f"{API}/info", login=LOGIN)[0] == 200


def test_install_moves_no_package(webui_dir: Path, webui_python: str) -> None:
    def freeze() -> set[str]:
        done = subprocess.run([webui_python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True)
        return set(done.stdout.splitlines())

    before = freeze()
    environment = {**os.environ, "PYTHONPATH": str(webui_dir)}
    command = [webui_python, str(REPOSITORY / "install.py")]
    done = subprocess.run(command, cwd=webui_dir, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert before - freeze() == set()


@pytest.mark.parametrize("name", ["bootcamp.py"])
def test_the_webui_timed_our_script(webui: Webui, name: str) -> None:
    """Its own share is reported at /internal/profile-startup; no time is asserted here."""
    status, profile = webui.call("/internal/profile-startup")
    assert status == 200
    assert f"load scripts/{name}" in profile["records"]


def test_every_field_of_the_tab_begins_as_its_declaration_says(webui: Webui) -> None:
    """The WebUI keeps what fields begin with in ui-config.json, and reads that again when the page is made."""
    status, config = webui.call(f"{FRAME}/config")
    assert status == 200
    fields = [each["props"] for each in config["components"] if each["type"] != "button"]
    props = {each.get("elem_id"): each for each in fields}
    compared = 0
    for operation in offered("a1111"):
        for param in (operation.as_job() if operation.job else operation).params.fields():
            made = props.get(f"bootcamp_{operation.name.replace('-', '_')}_{param.name}")
            if made is None or param.kind in ("image", "file") or "value" not in made:
                continue
            begins = show(param, param.default, FIELD_STYLE)
            assert (made["value"] or None) == (begins or None), (operation.name, param.name)
            if {"minimum", "maximum"} <= made.keys():
                spec = param.spec
                bounds = (spec.gt if spec.ge is None else spec.ge, spec.lt if spec.le is None else spec.le)
                assert (made["minimum"], made["maximum"]) == bounds, (operation.name, param.name)
            compared += 1
    assert compared > 100
