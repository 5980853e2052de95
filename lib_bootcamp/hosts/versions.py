"""Which packages a report of this installation names."""

from __future__ import annotations

import importlib.metadata

REPORTED = ("numpy", "pillow", "opencv-contrib-python-headless", "qrcode", "zxing-cpp", "gradio", "fastapi", "torch")


def installed_versions(names: tuple[str, ...] = REPORTED) -> dict[str, str]:
    """The versions of those packages that are installed."""
    found = {}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
