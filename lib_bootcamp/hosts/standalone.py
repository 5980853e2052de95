"""The host when there is no WebUI: this package's own process, terminal and models."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from lib_bootcamp import __version__
from lib_bootcamp.core.files.atomic import data_folder
from lib_bootcamp.core.files.folders import is_there
from lib_bootcamp.core.models.files import EMBEDDED, shown_name
from lib_bootcamp.errors import MissingPackageError, OutputError
from lib_bootcamp.hosts.versions import installed_versions
from lib_bootcamp.ml.runtime.model_cache import ModelCache
from lib_bootcamp.ports import Components, HostCaptioner, HostInfo, ModelInfo, Progress, SilentProgress

T = TypeVar("T")


class TerminalProgress(SilentProgress):
    """A tqdm bar on standard error; shown only where that is a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self._bar: Any = None
        self._shown = sys.stderr.isatty()

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a bar of `total` items."""
        from tqdm import tqdm

        tqdm.monitor_interval = 0  # its thread says that Ctrl+C ended it
        self.close()
        self._bar = tqdm(total=total, desc=title, unit=unit, disable=not self._shown, leave=True)

    def step(self, done: int, note: str = "") -> None:
        """Move the bar to `done`."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
            if note:
                self._bar.set_postfix_str(note)
            if done >= self._bar.total:
                self.close()

    def close(self) -> None:
        """End the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@dataclass(frozen=True)
class _Loaded:
    """A checkpoint as the model cache lists it."""

    name: str
    components: Components

    @property
    def device(self) -> str:
        return self.components.device

    @property
    def bytes(self) -> int:
        return self.components.owned_bytes

    def info(self) -> ModelInfo:
        unet, vae = self.components.unet, self.components.vae
        return ModelInfo(
            checkpoint=self.name,
            family=self.components.family,
            vae=None,
            prediction_type=self.components.scheduler.get("prediction_type", "epsilon"),
            device=str(unet.device),
            dtype=str(unet.dtype).removeprefix("torch."),
            vae_dtype=str(vae.dtype).removeprefix("torch."),
            shared_bytes=0,
            owned_bytes=self.components.owned_bytes,
        )


class StandaloneHost:
    """The `Host` port without a WebUI.

    Args:
        device: a torch device, or None to take cuda, mps or cpu, whichever is there first.
        data_dir: where journals and caches go; default `$BOOTCAMP_DATA` or the user's data folder.
        checkpoint: a .safetensors file, a diffusers folder or a hub id.
        clip: the CLIP model where an operation names none.
        allowed: the folders that callers over the network may name.
        address: where the page is served, if it is.
    """

    name = "standalone"

    def __init__(  # noqa: PLR0913 - what the command line says
        self,
        *,
        device: str | None = None,
        data_dir: Path | None = None,
        checkpoint: str | None = None,
        clip: str | None = None,
        allowed: Sequence[Path] | None = None,
        address: str | None = None,
    ) -> None:
        self._device = device
        self._data_dir = data_dir
        self._checkpoint = checkpoint or EMBEDDED
        self._allowed = tuple(allowed or ())
        self._address = address
        self._settings = {"bootcamp_clip": clip} if clip else {}
        self._queue = threading.RLock()
        self._info: ModelInfo | None = None
        self.model_cache = ModelCache()

    def info(self) -> HostInfo:
        """Describe the host; never imports torch only to name the device, nor waits for another's import of it."""
        return HostInfo(
            self.name,
            __version__,
            self._device or "cpu",
            self.checkpoint(),
            installed_versions(),
            self.model_cache.listed(),
        )

    def device(self) -> str:
        """The device models run on: as asked for, else cuda, mps or cpu, whichever is there first."""
        if self._device is None:
            self._device = _best_device()
        return self._device

    def dtype(self) -> str:
        """Half precision on CUDA, else single."""
        return "float16" if self.device().startswith("cuda") else "float32"

    def data_dir(self) -> Path:
        """The folder for journals and caches; made on demand."""
        if self._data_dir is None:
            base = os.environ.get("BOOTCAMP_DATA") or os.environ.get("XDG_DATA_HOME")
            root = Path(base) if base else _home() / ".local" / "share"
            self._data_dir = root if os.environ.get("BOOTCAMP_DATA") else root / "sd-webui-bootcamp"
        return data_folder(self._data_dir, "name another with BOOTCAMP_DATA")

    @contextmanager
    def gpu(self, job: str) -> Iterator[None]:
        """Hold the queue: one piece of work with a model at a time."""
        with self._queue:
            yield

    def progress(self) -> Progress:
        """A bar in the terminal."""
        return TerminalProgress()

    def checkpoint(self) -> str:
        """The checkpoint this process was started with, else the small one that comes along; not where it lies."""
        return shown_name(self._checkpoint)

    def model(self) -> ModelInfo | None:
        """The checkpoint in memory; None before the first picture and when it was given back."""
        kept = {each.name for each in self.model_cache.listed()}
        return self._info if self.checkpoint() in kept else None

    @contextmanager
    def components(self) -> Iterator[Components]:
        """Lend the checkpoint's modules, loaded by the first who asks.

        Raises:
            ModelError: it is not there, damaged, a pickle, or no checkpoint.
            MissingPackageError: torch or diffusers is not installed.
        """
        try:
            from lib_bootcamp.ml.checkpoints.load import load_checkpoint
        except ImportError as error:
            raise MissingPackageError(str(error.name), "Drawing pictures") from error

        def load() -> _Loaded:
            made = _Loaded(self.checkpoint(), load_checkpoint(self._checkpoint, self.device()))
            self._info = made.info()
            return made

        with self.gpu("checkpoint"), self.model_cache.borrow(f"checkpoint {self._checkpoint}", load) as loaded:
            yield loaded.components

    def luminance(self) -> Any:
        """Measured on the checkpoint's VAE, and kept in the data folder."""
        with self.components() as components:
            from lib_bootcamp.ml.diffusion.luminance import luminance_fit

            return luminance_fit(components.vae, self.data_dir())

    def model_folders(self) -> dict[str, tuple[Path, ...]]:
        """The folder of the checkpoint that it was given."""
        path = Path(self._checkpoint).expanduser()
        return {"checkpoint": (path.parent,)} if is_there(path) else {}

    def controlnet_models(self) -> dict[str, Path]:
        """None: there is no ControlNet here."""
        return {}

    def captioner(self) -> HostCaptioner | None:
        """None: there is no captioner here beside those of `ml.captioners.registry`."""
        return None

    def allowed_folders(self) -> tuple[Path, ...]:
        """Those it was given."""
        return self._allowed

    def how_to_allow(self) -> str:
        """The flag of `serve`."""
        return "serve --allow-dir FOLDER"

    def trusts_page(self) -> bool:
        """Whether the page is served to this machine alone."""
        return self._address in {None, "localhost", "::1"} or str(self._address).startswith("127.")

    def setting(self, name: str, default: T) -> T:
        """What the command line was given; there is no settings page here."""
        return cast(T, self._settings.get(name, default))


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise OutputError("There is no home folder for the data folder", hint="name one with BOOTCAMP_DATA.") from None


def _best_device() -> str:
    try:
        import torch
    except ImportError:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
