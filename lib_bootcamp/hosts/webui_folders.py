"""The WebUI's folders, and what its settings and flags say of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from lib_bootcamp.core.files.atomic import data_folder
from lib_bootcamp.core.files.walk import Walk
from lib_bootcamp.ports import ALLOWED_FOLDERS

T = TypeVar("T")
MODEL_FILES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin")


class WebuiFolders:
    """The part of a WebUI's host that knows where files lie, and who may name which."""

    _webui: Callable[[str], Any]

    def setting(self, name: str, default: T) -> T:
        """A value of the Settings page."""
        value = self._webui("shared").opts.data.get(name, default)
        return default if value is None else value

    def data_dir(self) -> Path:
        """`--bootcamp-data-dir`, else the folder in Settings, else `bootcamp` below the WebUI's data folder."""
        asked = getattr(self._webui("shared").cmd_opts, "bootcamp_data_dir", None) or self.setting(
            "bootcamp_data_dir", ""
        )
        base = Path(self._webui("paths_internal").data_path)
        folder = base / asked if asked else base / "bootcamp"
        return data_folder(folder, "name another with --bootcamp-data-dir or in Settings")

    def allowed_folders(self) -> tuple[Path, ...]:
        """Those of `--bootcamp-allow-dir`, and of Settings: one a line, a relative one below the data folder."""
        given = getattr(self._webui("shared").cmd_opts, "bootcamp_allow_dir", None) or ()
        lines = str(self.setting("bootcamp_allowed_folders", "")).splitlines()
        below = Path(self._webui("paths_internal").data_path)
        return (*map(Path, given), *(below / line.strip() for line in lines if line.strip()))

    def how_to_allow(self) -> str:
        """The flag; and the setting, where the page shows it."""
        flag = "--bootcamp-allow-dir FOLDER on the WebUI's command line"
        return f'{flag}, or Settings, Bootcamp, "{ALLOWED_FOLDERS}"' if self.trusts_page() else flag

    def trusts_page(self) -> bool:
        """As the WebUI's own directory fields do: the page is served to this machine alone, and they are not hidden.

        `--listen`, `--share`, `--ngrok` and `--server-name` open it, and Gradio's own variable does.
        """
        options = self._webui("shared").cmd_opts
        names = ("share", "listen", "server_name", "ngrok", "hide_ui_dir_config")
        return not any(getattr(options, name, None) for name in names) and not os.environ.get("GRADIO_SERVER_NAME")

    def model_folders(self) -> dict[str, tuple[Path, ...]]:
        """The WebUI's model folders, those of its flags first."""
        options, models = self._webui("shared").cmd_opts, Path(self._webui("paths_internal").models_path)
        return {
            "checkpoint": _folders(getattr(options, "ckpt_dir", None), models / "Stable-diffusion"),
            "vae": _folders(getattr(options, "vae_dir", None), models / "VAE"),
            "lora": _folders(getattr(options, "lora_dir", None), models / "Lora"),
            "embedding": _folders(getattr(options, "embeddings_dir", None)),
            "controlnet": _folders(
                models / "ControlNet",
                getattr(options, "controlnet_dir", None),
                self.setting("control_net_models_path", ""),
                self._extension_folder("models"),
            ),
            # new files go where both this package and ControlNet look, where the person named such a folder
            "annotator": _folders(
                self.setting("control_net_modules_path", ""),
                getattr(options, "controlnet_annotator_models_path", None),
                models / "ControlNetPreprocessor",
                self._extension_folder("annotator/downloads"),
            ),
        }

    def controlnet_models(self) -> dict[str, Path]:
        """What the ControlNet extension lists, under its names; without the extension the files of its folders."""
        state = self._controlnet_state()
        if state is not None:
            if not state.cn_models:
                state.update_cn_models()
            return {name: Path(path) for name, path in state.cn_models.items() if path}
        found: dict[str, Path] = {}
        for folder in self.model_folders()["controlnet"]:
            if folder.is_dir():
                files = sorted(path for path in Walk(folder).files() if path.suffix.lower() in MODEL_FILES)
                found = {path.stem: path for path in files} | found
        return found

    def _controlnet_state(self) -> Any:
        """The extension's own list; only where it is loaded, since importing it would load the extension."""
        return sys.modules.get("scripts.global_state")

    def _extension_folder(self, name: str) -> Path | None:
        state = self._controlnet_state()
        folder = getattr(state, "cn_models_dir_old", None)
        return Path(folder).parent / name if folder else None


def _folders(*paths: Any) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(path) for path in paths if path))
