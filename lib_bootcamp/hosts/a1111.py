"""The `Host` port inside AUTOMATIC1111's WebUI (1.10.1; the shape of its `modules` is in tests/hosts/fakes_webui.py).

The WebUI's modules are reached late, through `importlib`, so that this file can be read anywhere and
survives "Reload UI".
"""

from __future__ import annotations

import importlib
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lib_bootcamp.core.web_access import AccessRules
from lib_bootcamp.errors import ModelError
from lib_bootcamp.hosts.ldm_checkpoint import LdmCheckpoint
from lib_bootcamp.hosts.versions import REPORTED, installed_versions
from lib_bootcamp.hosts.webui_access import access_rules
from lib_bootcamp.hosts.webui_captioner import WebuiCaptioner
from lib_bootcamp.hosts.webui_folders import WebuiFolders
from lib_bootcamp.hosts.webui_queue import WebuiQueue
from lib_bootcamp.ml.runtime.model_cache import IDLE_S, ModelCache
from lib_bootcamp.ports import Components, HostInfo, ModelInfo

PACKAGES = (*REPORTED, "torchvision", "diffusers", "transformers", "accelerate", "controlnet-aux", "peft")


def webui(name: str) -> Any:
    """A module of the WebUI."""
    return importlib.import_module(f"modules.{name}")


class A1111Host(WebuiQueue, WebuiFolders, WebuiCaptioner, LdmCheckpoint):
    """The `Host` port inside the WebUI.

    Args:
        module: finds a module of the WebUI by its name below `modules`.
    """

    name = "a1111"

    def __init__(self, module: Callable[[str], Any] = webui) -> None:
        self._webui = module
        self._thread = threading.local()
        self._view: tuple[Any, Any] | None = None
        self._measured: tuple[Any, int, int] | None = None
        self.model_cache = ModelCache(self._models_idle_s)

    def info(self) -> HostInfo:
        """Describe the host; peeks at the checkpoint and never loads it."""
        packages, models = installed_versions(PACKAGES), self.model_cache.listed()
        return HostInfo(self.name, self.version(), self.device(), self.checkpoint(), packages, models)

    def version(self) -> str:
        """The WebUI's version, without the `v` of its tag."""
        return str(self._webui("launch_utils").git_tag()).removeprefix("v")

    def device(self) -> str:
        """`--bootcamp-device`, else the WebUI's own."""
        asked = getattr(self._webui("shared").cmd_opts, "bootcamp_device", None)
        return str(asked or self._webui("devices").device or "cpu")

    def dtype(self) -> str:
        """The WebUI's own (`--no-half`, `--precision`); single on the processor, where half is many times slower."""
        if self.device() == "cpu":
            return "float32"
        return str(getattr(self._webui("devices"), "dtype", "float32")).removeprefix("torch.")

    def checkpoint(self) -> str | None:
        """The loaded checkpoint's title, else the chosen one's; never loads it."""
        model = self._loaded()
        if model is not None:
            return str(model.sd_checkpoint_info.title)
        return self._webui("shared").opts.data.get("sd_model_checkpoint") or None

    def auth_dependencies(self) -> list[Any]:
        """FastAPI dependencies of every route: `--api-auth`, else `--gradio-auth`."""
        from lib_bootcamp.hosts.webui_auth import auth_dependencies

        return auth_dependencies(self._webui("shared").cmd_opts)

    def page_auth_dependencies(self) -> list[Any]:
        """FastAPI dependencies of routes that the WebUI's own page calls: `--gradio-auth`, as for the page."""
        from lib_bootcamp.hosts.webui_auth import page_auth_dependencies

        return page_auth_dependencies(self._webui("shared").cmd_opts)

    def page_login(self) -> Callable[[Any], bool]:
        """Whether the sender of a request may see the page: `--gradio-auth`."""
        from lib_bootcamp.hosts.webui_auth import page_login

        return page_login(self._webui("shared").cmd_opts)

    def access_rules(self) -> AccessRules:
        """Whose requests our routes and our tab answer."""
        return access_rules(self._webui("shared").cmd_opts)

    def model(self) -> ModelInfo | None:
        """Describe the checkpoint in memory; takes no lock."""
        model = self._loaded()
        if model is None:
            return None
        unet, vae = next(self._unet(model).parameters()), next(self._vae(model).parameters())
        known = self._measured
        shared, owned = known[1:] if known and known[0]() is model else (None, None)
        return ModelInfo(
            checkpoint=str(model.sd_checkpoint_info.title),
            family=self._family(model),
            vae=self._vae_name(),
            prediction_type=self._prediction_type(model),
            device=str(unet.device),
            dtype=str(unet.dtype).removeprefix("torch."),
            vae_dtype=str(vae.dtype).removeprefix("torch."),
            low_vram=bool(getattr(model, "lowvram", False)),
            loras=self._merged_loras(model),
            shared_bytes=shared,
            owned_bytes=owned,
        )

    @contextmanager
    def components(self) -> Iterator[Components]:
        """The loaded checkpoint's weights in diffusers' modules, without a second copy.

        LoRAs that a prompt merged into the weights are taken out first; the WebUI merges them again
        when it draws. With --medvram and --lowvram each module is brought to the device when it runs.

        Takes the queue where this thread does not hold it yet.

        Raises:
            ModelError: there is no checkpoint, or none of Stable Diffusion 1, 2 or XL.
            MissingPackageError: diffusers is not installed.
        """
        with self.gpu("Checkpoint's modules"):
            model = self._ready()
            from lib_bootcamp.core.models.headers import license_in
            from lib_bootcamp.ml.checkpoints.ldm_view import LdmView, scheduler_config

            source = self._source(model)
            key = self._architecture(model)
            # Kept without weights between two jobs: a changed checkpoint or VAE is seen, and none is kept alive.
            view = self._view[1] if self._view and self._view[0] == key else LdmView(source)
            self._view = None
            try:
                parts = view.borrow(source)
                self._measured = (weakref.ref(model), view.shared_bytes, view.owned_bytes)
                yield Components(
                    family=source.family,
                    scheduler=scheduler_config(source),
                    device=str(self._webui("devices").device),
                    shared_bytes=view.shared_bytes,
                    owned_bytes=view.owned_bytes,
                    license=license_in(getattr(model.sd_checkpoint_info, "metadata", None)),
                    **parts,
                    **self._tokenizers(model),
                )
            finally:
                if view.give_back():
                    self._view = (key, view)

    def luminance(self) -> Any:
        """Measured on the WebUI's own VAE as it is at this moment; the LoRAs of a generation stay where they are.

        Raises:
            ModelError: there is no checkpoint, or its VAE gives no numbers.
        """
        model = self._loaded()
        if model is None:
            raise ModelError("There is no checkpoint loaded.")
        from lib_bootcamp.ml.diffusion.luminance import luminance_fit

        self._bring_vae(model)
        scale, device = self._latent_scale(model), str(self._webui("devices").device)
        return luminance_fit(self._vae(model), self.data_dir(), scale=scale, device=device)

    def _models_idle_s(self) -> float:
        """How long models beside the checkpoint stay: not at all where the WebUI saves video memory."""
        options = self._webui("shared").cmd_opts
        if self.device() != "cpu" and any(getattr(options, name, False) for name in ("lowvram", "medvram")):
            return 0.0
        return float(self.setting("bootcamp_models_idle_s", IDLE_S))
