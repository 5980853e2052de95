"""The attacks on the standalone server: on this machine alone, and bound to every address."""

from __future__ import annotations

import pytest

from tests.security import attacks_files, attacks_load, attacks_names, attacks_origins
from tests.security.target import Target

ATTACKS = (
    *attacks_files.ATTACKS,
    *attacks_load.ATTACKS,
    *attacks_names.ATTACKS,
    *attacks_origins.ATTACKS,
    *attacks_origins.WHOLE,
)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_for_this_machine_alone(loopback: Target, attack: object) -> None:
    attack(loopback)  # type: ignore[operator]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda each: each.__name__)
def test_for_other_machines(network: Target, attack: object) -> None:
    attack(network)  # type: ignore[operator]
