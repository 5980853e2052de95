"""Stand-ins in the same shape as the ports, that tell a test what was asked of them."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from lib_bootcamp.errors import ModelError
from lib_bootcamp.ml.runtime.model_cache import ModelCache
from lib_bootcamp.ports import Components, Host, HostCaptioner, HostInfo, ModelInfo, Progress

T = TypeVar("T")


@dataclass
class FakeProgress:
    """A progress that remembers; `stop_after` cancels once so many items are done."""

    stop_after: int | None = None
    started: list[tuple[str, int, str]] = field(default_factory=list)
    steps: list[tuple[int, str]] = field(default_factory=list)
    stopped: bool = False

    def start(self, title: str, total: int, unit: str) -> None:
        """Remember what was begun."""
        self.started.append((title, total, unit))

    def step(self, done: int, note: str = "") -> None:
        """Remember how far it is."""
        self.steps.append((done, note))

    def cancelled(self) -> bool:
        """Whether `cancel` was called or `stop_after` is reached."""
        done = self.steps[-1][0] if self.steps else 0
        return self.stopped or (self.stop_after is not None and done >= self.stop_after)

    def cancel(self) -> None:
        """Ask the running work to stop."""
        self.stopped = True


class FakeHost:
    """The `Host` port without anything behind it; `jobs` lists what held the queue."""

    name = "fake"

    def __init__(
        self,
        *,
        device: str = "cpu",
        checkpoint: str | None = None,
        data_dir: Path | None = None,
        components: Components | None = None,
        model_folders: dict[str, tuple[Path, ...]] | None = None,
        settings: dict[str, Any] | None = None,
        captioner: HostCaptioner | None = None,
        allowed: tuple[Path, ...] = (),
        trusts_page: bool = True,
    ) -> None:
        self._allowed, self._trusts_page = allowed, trusts_page
        self.own_captioner = captioner
        self.jobs: list[str] = []
        self.settings = settings or {}
        self._components = components
        self._model_folders = model_folders or {}
        self.displays: list[FakeProgress] = []
        self._device = device
        self._checkpoint = checkpoint
        self._data_dir = data_dir
        self._queue = threading.RLock()
        self.model_cache = ModelCache()

    def info(self) -> HostInfo:
        """Describe the fake."""
        return HostInfo(self.name, "0", self._device, self._checkpoint, {}, self.model_cache.listed())

    def device(self) -> str:
        """The device it was given."""
        return self._device

    def dtype(self) -> str:
        """Single precision."""
        return "float32"

    def data_dir(self) -> Path:
        """The folder it was given, else a temporary one."""
        if self._data_dir is None:
            self._data_dir = Path(tempfile.mkdtemp(prefix="bootcamp-fake-"))
        self._data_dir.mkdir(parents=True, exist_ok=True)
        return self._data_dir

    @contextmanager
    def gpu(self, job: str) -> Iterator[None]:
        """Hold the queue and note the job."""
        with self._queue:
            self.jobs.append(job)
            yield

    def progress(self) -> Progress:
        """A new display, kept in `displays`."""
        self.displays.append(FakeProgress())
        return self.displays[-1]

    def checkpoint(self) -> str | None:
        """The checkpoint it was given."""
        return self._checkpoint

    def model(self) -> ModelInfo | None:
        """None: nothing is in memory."""
        return None

    @contextmanager
    def components(self) -> Iterator[Components]:
        """Lend the modules it was given.

        Raises:
            ModelError: it was given none.
        """
        if self._components is None:
            raise ModelError("There is no checkpoint here: choose one.")
        yield self._components

    def luminance(self) -> Any:
        """None measured.

        Raises:
            ModelError: always.
        """
        raise ModelError("There is no checkpoint here: choose one.")

    def model_folders(self) -> dict[str, tuple[Path, ...]]:
        """The folders it was given."""
        return self._model_folders

    def controlnet_models(self) -> dict[str, Path]:
        """None."""
        return {}

    def captioner(self) -> HostCaptioner | None:
        """The one it was given, else None."""
        return self.own_captioner

    def allowed_folders(self) -> tuple[Path, ...]:
        """Those it was given."""
        return self._allowed

    def how_to_allow(self) -> str:
        """A flag of its own."""
        return "--allow-dir"

    def trusts_page(self) -> bool:
        """As it was given."""
        return self._trusts_page

    def setting(self, name: str, default: T) -> T:
        """The setting it was given, else the default."""
        return self.settings.get(name, default)


_HOST: type[Host] = FakeHost  # a type checker holds the shapes together
_PROGRESS: type[Progress] = FakeProgress
