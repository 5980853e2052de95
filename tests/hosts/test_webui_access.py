"""Whose requests are answered inside a WebUI, by its command line."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import pytest

from lib_bootcamp.core.web_access import AccessRules
from lib_bootcamp.hosts.webui_access import access_rules

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)


def rules(*flags: str) -> AccessRules:
    """Of a WebUI's own flags as it declares them, and ours as `preload.py` does."""
    parser = argparse.ArgumentParser()
    for switch in ("--share", "--listen"):
        parser.add_argument(switch, action="store_true")
    for named in ("--ngrok", "--server-name", "--cors-allow-origins", "--cors-allow-origins-regex"):
        parser.add_argument(named, default=None)
    spec = importlib.util.spec_from_file_location("preload", ROOT / "preload.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.preload(parser)
    return access_rules(parser.parse_args(flags))


@pytest.mark.parametrize("flags", [(), ("--server-name", "127.0.0.1"), ("--server-name", "localhost")])
def test_names_are_asked_for_where_only_this_machine_reaches_the_webui(flags: tuple[str, ...]) -> None:
    hosts = rules(*flags).hosts
    assert hosts is not None
    assert "localhost" in hosts
    assert "evil.example" not in hosts


@pytest.mark.parametrize(
    "flags", [("--listen",), ("--share",), ("--ngrok", "token"), ("--server-name", "0.0.0.0"), ("--server-name", "nas")]
)
def test_no_name_is_asked_for_where_others_reach_it(flags: tuple[str, ...]) -> None:
    assert rules(*flags).hosts is None


def test_gradios_own_variable_opens_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert rules().hosts is None


def test_a_flag_adds_names() -> None:
    hosts = rules("--bootcamp-allow-host", "Studio.example", "--bootcamp-allow-host", "*.lan").hosts
    assert hosts is not None
    assert "studio.example" in hosts
    assert "a.lan" in hosts


def test_a_name_that_is_none_is_reported() -> None:
    with pytest.raises(ValueError, match="https://x is not a host name"):
        rules("--bootcamp-allow-host", "https://x")


def test_the_webuis_own_cors_flags_say_which_sites_may_call() -> None:
    made = rules(
        "--cors-allow-origins", "http://localhost:3000,nonsense", "--cors-allow-origins-regex", r"https://.*\.a"
    )
    assert made.is_allowed("http://localhost:3000")
    assert made.is_allowed("https://x.a")
    assert not made.is_allowed("nonsense")
    assert not rules().is_allowed("http://localhost:3000")
