"""The standalone server, for this machine alone and bound to every address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.material import make_folder, make_secret
from tests.security.target import Target, standalone

SITE = "http://localhost:3000"


@pytest.fixture(scope="session")
def loopback(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server for this machine alone, which allows the pages of one other site."""
    pytest.importorskip("gradio")
    yield from _started(tmp_path_factory.mktemp("loopback"), "--cors-allow-origins", SITE)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server that other machines reach."""
    pytest.importorskip("gradio")
    yield from _started(tmp_path_factory.mktemp("network"), "--address", "0.0.0.0", "--cors-allow-origins", SITE)


def _started(base: Path, *flags: str) -> Iterator[Target]:
    with standalone(base, make_secret(base / "secret"), make_folder(base / "shared"), *flags) as target:
        yield target
