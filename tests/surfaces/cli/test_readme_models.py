"""Every command in the pages of docs/ whose commands need a model is run as it stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.surfaces.cli.test_readme import WITH_MODELS, run_page
from tests.surfaces.cli.test_readme import folder as folder


@pytest.mark.parametrize("page", WITH_MODELS, ids=lambda page: page.stem)
def test_every_command_of_a_page_runs(page: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    run_page(page, folder, request)
