"""docs/add-an-operation.md is carried out in a copy of the package: what it adds is on every surface."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.core.images.png import encode_png

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "add-an-operation.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r'^```(?:python|text|bash) title="([^"]+)"\n(.*?)^```$', GUIDE, re.MULTILINE | re.DOTALL))
CATALOG, API, SHELL = "lib_bootcamp/catalog.py", "docs/api.md", "in a shell"
PAGE = """
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.page.tabs.page import build_page
config = build_page(StandaloneHost(device="cpu")).get_config_file()
names = [each.get("props", {}).get("elem_id") or "" for each in config["components"]]
print([each for each in names if each.startswith("bootcamp_threshold")])
"""
ROUTES = """
import json
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.server import create_app
print(json.dumps([each for each in create_app(StandaloneHost(device="cpu")).openapi()["paths"] if "threshold" in each]))
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package with what the guide adds, without weights."""
    folder = tmp_path_factory.mktemp("guide")
    left_out = shutil.ignore_patterns("__pycache__", "*.safetensors")
    for name in ("lib_bootcamp", "javascript"):
        shutil.copytree(ROOT / name, folder / name, ignore=left_out)
    shutil.copy(ROOT / "style.css", folder)
    for path, text in BLOCKS.items():
        if path.startswith(("lib_bootcamp/operations", "tests/")):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    catalog = folder / CATALOG
    source = catalog.read_text(encoding="utf-8")
    catalog.write_text(source.replace("ENTRIES = (\n", "ENTRIES = (\n" + BLOCKS[CATALOG]), encoding="utf-8")
    picture = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 3, 2).repeat(32, 0)
    (folder / "photo.jpg").write_bytes(encode_png(picture))
    return folder


def ran(copy: Path, *arguments: str) -> str:
    """What a Python there prints."""
    environment = {**os.environ, "BOOTCAMP_VENV": "off", "PYTHONPATH": str(copy), "GRADIO_ANALYTICS_ENABLED": "False"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


def test_the_guide_has_all_its_parts() -> None:
    assert {CATALOG, API, SHELL, "lib_bootcamp/operations/maps/threshold.py"} < set(BLOCKS)


def test_its_test_passes(copy: Path) -> None:
    ran(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/operations/maps/test_threshold.py")


def test_its_commands_run(copy: Path) -> None:
    commands = [line.split()[3:] for line in BLOCKS[SHELL].splitlines()]
    printed = [ran(copy, "-m", "lib_bootcamp", *each) for each in commands]
    assert 0 < (read_image(copy / "map.png") == 255).mean() < 1
    assert 0 < json.loads(printed[1])["white"] < 0.5


def test_help_lists_it(copy: Path) -> None:
    assert "White where a picture is at least so bright" in " ".join(ran(copy, "-m", "lib_bootcamp", "--help").split())


def test_the_api_answers_it_alone_and_as_a_job(copy: Path) -> None:
    pytest.importorskip("fastapi")
    paths = json.loads(ran(copy, "-c", ROUTES))
    assert sorted(paths) == ["/bootcamp/v1/control-maps/threshold", "/bootcamp/v1/jobs/threshold"]


def test_the_page_has_a_tab_for_it(copy: Path) -> None:
    pytest.importorskip("gradio")
    assert "bootcamp_threshold_level" in ran(copy, "-c", PAGE)


def test_its_line_in_the_table_names_its_route() -> None:
    assert "`POST /control-maps/threshold`" in BLOCKS[API]
