"""The WebUI's `modules` as far as `hosts/a1111.py` relies on them; no more than names and behavior.

Source of the shape: AUTOMATIC1111 1.10.1 (call_queue, fifo_lock, shared, shared_state, devices, sd_models,
sd_vae, launch_utils, paths_internal, lowvram) and its built-in Lora extension (networks).
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


class FifoLock:
    """As `modules.fifo_lock`: not re-entrant; instead of waiting for ever this one fails."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> bool:
        assert self._lock.acquire(timeout=5), "a dead lock: the queue was taken twice"
        return True

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def locked(self) -> bool:
        return self._lock.locked()


class State:
    """As `modules.shared_state.State`."""

    def __init__(self) -> None:
        self.job = ""
        self.job_no = self.job_count = self.sampling_step = self.sampling_steps = 0
        self.skipped = self.interrupted = self.stopping_generation = False
        self.textinfo: str | None = None
        self.time_start: float | None = None

    def begin(self, job: str = "(unknown)") -> None:
        self.time_start = time.time()
        self.job, self.job_count, self.job_no, self.sampling_step = job, -1, 0, 0
        self.skipped = self.interrupted = self.stopping_generation = False
        self.textinfo = None

    def end(self) -> None:
        self.job, self.job_count = "", 0


class Layers:
    """A module of one weight, without torch."""

    def __init__(self, dtype: str = "torch.float16") -> None:
        self._weight = SimpleNamespace(dtype=dtype, device="cpu")

    def parameters(self) -> Any:
        return iter((self._weight,))


def sd_model(title: str = "tiny.safetensors [abc]", family: str = "sd1", **more: Any) -> SimpleNamespace:
    """A loaded model as the WebUI keeps it."""
    flags = {f"is_{each}": each == family for each in ("sd1", "sd2", "sdxl", "ssd", "sd3")}
    given = {
        "sd_checkpoint_info": SimpleNamespace(title=title, filename="/models/tiny.safetensors"),
        "model": SimpleNamespace(diffusion_model=Layers()),
        "first_stage_model": Layers("torch.float32"),
        "parameterization": "eps",
        "lowvram": False,
        "network_layer_mapping": {},
    }
    return SimpleNamespace(**{**given, **flags, **more})


class FakeWebui:
    """All of it, to look into and to turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loads = 0
        self.cmd_opts = SimpleNamespace(
            api_auth=None,
            gradio_auth=None,
            gradio_auth_path=None,
            ckpt_dir=None,
            vae_dir=None,
            lora_dir=str(folder / "models" / "Lora"),
            embeddings_dir=str(folder / "embeddings"),
            bootcamp_data_dir=None,
            bootcamp_device=None,
            share=False,
            listen=False,
            server_name=None,
            ngrok=None,
            hide_ui_dir_config=False,
            bootcamp_allow_dir=None,
        )
        self.state = State()
        self.queue_lock = FifoLock()
        self.opts = SimpleNamespace(data={})
        self.model_data = SimpleNamespace(sd_model=None)
        self.loadable: Any = None

    def load(self) -> Any:
        """What reading `shared.sd_model` does: load, and wait for it."""
        self.loads += 1
        self.model_data.sd_model = self.loadable
        return self.loadable

    def module(self, name: str) -> Any:
        """What a host is given to find the WebUI's modules with."""
        return self.modules()[f"modules.{name}"]

    def modules(self) -> dict[str, ModuleType]:
        """By the names they are imported under."""
        webui = self

        class Shared(ModuleType):
            @property
            def sd_model(self) -> Any:
                return webui.model_data.sd_model or webui.load()

        shared = Shared("modules.shared")
        _fill(shared, cmd_opts=self.cmd_opts, state=self.state, opts=self.opts)
        return {
            "modules": _fill(ModuleType("modules"), __path__=[]),
            "modules.shared": shared,
            "modules.call_queue": _module("modules.call_queue", queue_lock=self.queue_lock),
            "modules.devices": _module("modules.devices", device=SimpleDevice("cpu")),
            "modules.sd_models": _module(
                "modules.sd_models", model_data=self.model_data, send_model_to_device=lambda model: None
            ),
            "modules.sd_vae": _module("modules.sd_vae", loaded_vae_file=None),
            "modules.launch_utils": _module("modules.launch_utils", git_tag=lambda: "v1.10.1"),
            "modules.paths_internal": _module(
                "modules.paths_internal",
                data_path=str(self.folder),
                models_path=str(self.folder / "models"),
                script_path=str(self.folder),
            ),
        }


class SimpleDevice:
    """As `torch.device`: a type, and a name."""

    def __init__(self, name: str) -> None:
        self.type, self._name = name.split(":")[0], name

    def __str__(self) -> str:
        return self._name


def install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> FakeWebui:
    """Put the fakes where the WebUI's modules would be, for one test."""
    webui = FakeWebui(folder)
    for name, module in webui.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return webui


def networks(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The built-in Lora extension's module; what it does to a layer is written on the layer."""

    def restore(layer: Any) -> None:
        layer.weight = layer.network_weights_backup

    def reset(layer: Any) -> None:
        layer.network_current_names, layer.network_weights_backup = (), None

    module = _module("networks", network_restore_weights_from_backup=restore, network_reset_cached_weight=reset)
    monkeypatch.setitem(sys.modules, "networks", module)
    return module


def _module(name: str, **attributes: Any) -> ModuleType:
    return _fill(ModuleType(name), **attributes)


def _fill(module: ModuleType, **attributes: Any) -> ModuleType:
    for key, value in attributes.items():
        setattr(module, key, value)
    return module
