"""Where Gradio keeps what was uploaded, which no sentence for the page names."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path


def upload_folder() -> Path:
    """Where Gradio keeps what was uploaded, and copies of what the page shows."""
    try:
        from gradio.utils import get_upload_folder
    except ImportError:  # Gradio 3
        return Path(os.environ.get("GRADIO_TEMP_DIR") or Path(tempfile.gettempdir()) / "gradio")
    return Path(get_upload_folder())


def public_text(text: str) -> str:
    """A sentence for the page: an uploaded file by its name, without the folder that this server keeps it in."""
    kept = {str(upload_folder()), str(upload_folder().resolve())}
    inside = "|".join(map(re.escape, sorted(kept, key=len, reverse=True)))
    return re.sub(rf"(?:{inside})[\\/](?:[^\\/:\s]+[\\/])*", "", text)
