"""Whether the optimizer that is asked for is there, known before the first step."""

from __future__ import annotations

from importlib.util import find_spec

from lib_bootcamp.core.training.optimizers import Optimizer, package_of
from lib_bootcamp.errors import MissingPackageError


def refuse_missing(name: Optimizer) -> None:
    """Refuse an optimizer whose package is not installed; nothing is imported.

    Raises:
        MissingPackageError: it is not.
    """
    if find_spec(package_of(name)) is None:
        raise MissingPackageError(package_of(name), f"The optimizer {name}")
