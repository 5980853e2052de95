"""What a surface asks for, with every mistake turned into one sentence for the person."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from lib_bootcamp.errors import BootcampError, UnexpectedError

T = TypeVar("T")
LOG = logging.getLogger(__name__)


def attempt(name: str, work: Callable[[], T], failed: Callable[[BootcampError], T], what: str = "The program") -> T:
    """What `work` gives, or what `failed` makes of its mistake.

    Args:
        name: what the log calls it.
        work: the whole of it, from raw values to what is shown.
        failed: gets the person's mistake, or an `UnexpectedError`.
        what: what has failed, where the mistake is an unexpected one.
    """
    try:
        return work()
    except BootcampError as error:
        return failed(error)
    except Exception:
        LOG.exception("%s failed", name)
        return failed(UnexpectedError(what))
