"""How much of the machine's memory is available."""

from __future__ import annotations

import re
from pathlib import Path

_MEMINFO = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB$", re.MULTILINE)


def available_ram(meminfo: Path = _MEMINFO) -> int | None:
    """Bytes that programs can have without swapping, as Linux states them; None where no system does.

    Args:
        meminfo: where it is stated.
    """
    try:
        found = _AVAILABLE.search(meminfo.read_text(encoding="ascii", errors="replace"))
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
