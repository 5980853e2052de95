"""The attacks of tests/security on the real WebUI, open and with `--api-auth`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.security import attacks_files, attacks_names, attacks_origins
from tests.security.material import make_folder, make_secret
from tests.security.target import Target

from .conftest import LOGIN, Starter, Webui

SITE = "http://localhost:3000"
WITHOUT_PAGE = (*attacks_names.ATTACKS, *attacks_origins.ATTACKS)
Attack = Callable[[Target], None]


def target_of(webui: Webui, base: Path, allowed: Path, login: str | None = None) -> Target:
    """A WebUI as what is attacked."""
    return Target(
        port=int(webui.url.rpartition(":")[2]),
        data=webui.data / "bootcamp",
        uploads=base / "uploads",
        secret=make_secret(base / "secret"),
        folder=allowed,
        login=login,
        whole=False,
    )


@pytest.fixture(scope="module")
def open_one(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """A WebUI with a page, for this machine alone."""
    base = tmp_path_factory.mktemp("open")
    folder = make_folder(base / "shared")
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(base / "uploads")
    try:
        webui = starter.start("--bootcamp-allow-dir", str(folder), "--cors-allow-origins", SITE, controlnet=False)
    finally:
        os.environ.pop("GRADIO_TEMP_DIR")
        if before is not None:
            os.environ["GRADIO_TEMP_DIR"] = before
    return target_of(webui, base, folder)


@pytest.fixture(scope="module")
def guarded_one(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """One without a page, whose API asks who calls."""
    base = tmp_path_factory.mktemp("guarded")
    folder = make_folder(base / "shared")
    flags = ("--nowebui", "--api-auth", LOGIN, "--bootcamp-allow-dir", str(folder), "--cors-allow-origins", SITE)
    return target_of(starter.start(*flags, controlnet=False), base, folder, LOGIN)


@pytest.mark.parametrize("attack", [*attacks_files.ATTACKS, *WITHOUT_PAGE], ids=lambda each: each.__name__)
def test_an_open_webui(open_one: Target, attack: Attack) -> None:
    attack(open_one)


@pytest.mark.parametrize("attack", WITHOUT_PAGE, ids=lambda each: each.__name__)
def test_one_with_a_log_in(guarded_one: Target, attack: Attack) -> None:
    attack(guarded_one)
