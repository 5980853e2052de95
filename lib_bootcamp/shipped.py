"""Files that come along with the code: models, examples, scripts and styles of the page, lists of packages.

In a clone they lie at the top, where a WebUI looks for an extension's; in a wheel inside of the package, in `data`.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
IS_WHEEL = (_PACKAGE / "data").is_dir()
"""Whether this was installed as a package, and is no clone."""
SHIPPED = _PACKAGE / "data" if IS_WHEEL else _PACKAGE.parent
"""The folder of `models`, `examples`, `javascript`, `requirements` and `style.css`."""
