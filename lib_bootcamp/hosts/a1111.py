"""The `Host` port inside AUTOMATIC1111's WebUI (1.10.1; the shape of its `modules` is in tests/hosts/fakes_webui.py).

The WebUI's modules are reached late, through `importlib`, so that this file can be read anywhere and
survives "Reload UI".
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from lib_bootcamp.core.files.atomic import data_folder
from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular
from lib_bootcamp.core.files.walk import Walk
from lib_bootcamp.core.web_access import AccessRules
from lib_bootcamp.errors import ModelError, first_line
from lib_bootcamp.hosts.standalone import REPORTED, installed_versions
from lib_bootcamp.hosts.webui_access import access_rules
from lib_bootcamp.ml.runtime.shelf import IDLE_S, Shelf
from lib_bootcamp.ports import ALLOWED_FOLDERS, Components, HostCaptioner, HostInfo, ModelInfo, Progress

T = TypeVar("T")
PACKAGES = (*REPORTED, "torchvision", "diffusers", "transformers", "accelerate", "controlnet-aux", "peft")
MODEL_FILES = (".safetensors", ".pth", ".pt", ".ckpt", ".bin")


def webui(name: str) -> Any:
    """A module of the WebUI."""
    return importlib.import_module(f"modules.{name}")


class WebuiProgress:
    """The WebUI's progress bar and its Interrupt and Skip buttons.

    Writes only while this thread holds the WebUI's queue: at any other time the bar and the buttons
    are those of somebody else's picture. Inside a generation's hooks the bar stays the generation's.

    Args:
        host: tells what this thread holds.
    """

    def __init__(self, host: A1111Host) -> None:
        self._host = host
        self._title, self._total, self._unit = "", 0, ""

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a bar of `total` items."""
        self._title, self._total, self._unit = title, total, unit
        self._show(0, title)

    def step(self, done: int, note: str = "") -> None:
        """Move the bar to `done`."""
        self._show(done, " - ".join(filter(None, (f"{self._title}: {done}/{self._total} {self._unit}", note))))

    def _show(self, done: int, text: str) -> None:
        """All of the bar: between two batches of ours it was somebody else's."""
        if self._host.owns_bar():
            state = self._host.state()
            state.job_count, state.job_no = 1, 0
            state.sampling_steps, state.sampling_step = self._total, done
            state.textinfo = text

    def cancelled(self) -> bool:
        """Whether Interrupt or Skip was pressed for what this thread does."""
        if not self._host.holds_queue():
            return False
        state = self._host.state()
        return bool(state.interrupted or state.skipped or getattr(state, "stopping_generation", False))


class A1111Host:
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
        self.shelf = Shelf(self._models_idle_s)

    def info(self) -> HostInfo:
        """Describe the host; peeks at the checkpoint and never loads it."""
        packages, models = installed_versions(PACKAGES), self.shelf.listed()
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

    def data_dir(self) -> Path:
        """`--bootcamp-data-dir`, else the folder in Settings, else `bootcamp` below the WebUI's data folder."""
        asked = getattr(self._webui("shared").cmd_opts, "bootcamp_data_dir", None) or self.setting(
            "bootcamp_data_dir", ""
        )
        base = Path(self._webui("paths_internal").data_path)
        folder = base / asked if asked else base / "bootcamp"
        return data_folder(folder, "name another with --bootcamp-data-dir or in Settings")

    @contextmanager
    def gpu(self, job: str) -> Iterator[None]:
        """Wait for the WebUI's queue, mark it busy, give it back; nothing more where this thread holds it already.

        The queue's lock cannot be taken twice: code that the WebUI itself calls under it (script hooks,
        functions wrapped in `wrap_gradio_gpu_call`) runs inside `queue_held`.
        """
        if self.holds_queue():
            yield
            return
        state = self.state()
        with self._webui("call_queue").queue_lock:
            if self._was_last(state):  # `begin` would forget what is pressed on this run's bar between two batches
                state.job, state.job_count = job, -1
            else:
                state.begin(job=job)
            self._thread.began = state.time_start
            try:
                with self.queue_held():
                    yield
            finally:
                state.end()

    def _was_last(self, state: Any) -> bool:
        """Whether nobody else had the queue since this thread's run had it."""
        began = getattr(self._thread, "began", None)
        return began is not None and began == state.time_start

    @contextmanager
    def queue_held(self, *, bar: bool = True) -> Iterator[None]:
        """Say that the WebUI has taken its queue for this thread.

        Args:
            bar: whether the progress bar is ours; False in a generation's hooks.
        """
        before = getattr(self._thread, "held", None)
        self._thread.held = bar
        try:
            yield
        finally:
            self._thread.held = before

    def holds_queue(self) -> bool:
        """Whether this thread is inside `gpu` or `queue_held`."""
        return getattr(self._thread, "held", None) is not None

    def owns_bar(self) -> bool:
        """Whether the progress bar is this thread's."""
        return getattr(self._thread, "held", None) is True

    def state(self) -> Any:
        """The WebUI's state of the job that runs: the bar and the buttons."""
        return self._webui("shared").state

    def progress(self) -> Progress:
        """The WebUI's bar, for a run that begins in this thread."""
        self._thread.began = None  # what was pressed before is not meant for it
        return WebuiProgress(self)

    def checkpoint(self) -> str | None:
        """The loaded checkpoint's title, else the chosen one's; never loads it."""
        model = self._loaded()
        if model is not None:
            return str(model.sd_checkpoint_info.title)
        return self._webui("shared").opts.data.get("sd_model_checkpoint") or None

    def captioner(self) -> HostCaptioner | None:
        """The BLIP of the WebUI's own Interrogate, in one copy with it."""
        return HostCaptioner(is_here=self._has_blip(), caption=self._caption)

    def _has_blip(self) -> bool:
        folder = Path(self._webui("paths_internal").models_path) / "BLIP"
        loaded = getattr(self._webui("shared").interrogator, "blip_model", None)
        return loaded is not None or any(folder.glob("*.pth"))

    def _caption(self, pictures: Sequence[Any]) -> list[str]:
        """As the WebUI's `InterrogateModels.interrogate` does it, without its CLIP."""
        from PIL import Image as Pil

        interrogator = self._webui("shared").interrogator
        self._bring_blip(interrogator)
        try:
            return [str(interrogator.generate_caption(Pil.fromarray(each).convert("RGB"))) for each in pictures]
        finally:
            interrogator.send_blip_to_ram()
            self._webui("devices").torch_gc()

    def _bring_blip(self, interrogator: Any) -> None:
        """Load the WebUI's BLIP where it is not, and bring it to its device."""
        self._webui("lowvram").send_everything_to_cpu()
        self._webui("devices").torch_gc()
        if interrogator.blip_model is None:
            made = loaded_blip(interrogator)
            half = not self._webui("shared").cmd_opts.no_half and not interrogator.running_on_cpu
            interrogator.blip_model = made.half() if half else made
        interrogator.blip_model = interrogator.blip_model.to(self._webui("devices").device_interrogate)
        interrogator.dtype = next(interrogator.blip_model.parameters()).dtype

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

    def setting(self, name: str, default: T) -> T:
        """A value of the Settings page."""
        value = self._webui("shared").opts.data.get(name, default)
        return default if value is None else value

    def auth_dependencies(self) -> list[Any]:
        """FastAPI dependencies of every route: `--api-auth`, else `--gradio-auth`."""
        from lib_bootcamp.hosts.webui_auth import auth_dependencies

        return auth_dependencies(self._webui("shared").cmd_opts)

    def access_rules(self) -> AccessRules:
        """Whose requests our routes and our tab answer."""
        return access_rules(self._webui("shared").cmd_opts)

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
            from lib_bootcamp.ml.checkpoints.ldm_view import LdmView, scheduler_config

            source = self._source(model)
            key = self._architecture(model)
            # Kept without weights between two jobs: a changed checkpoint or VAE is seen, and none is kept alive.
            view = self._view[1] if self._view and self._view[0] == key else LdmView(source)
            self._view = None
            try:
                parts = view.lend(source)
                self._measured = (weakref.ref(model), view.shared_bytes, view.owned_bytes)
                yield Components(
                    family=source.family,
                    scheduler=scheduler_config(source),
                    device=str(self._webui("devices").device),
                    shared_bytes=view.shared_bytes,
                    owned_bytes=view.owned_bytes,
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

    def _bring_vae(self, model: Any) -> None:
        """Nothing: it is there, or with --medvram and --lowvram comes when it encodes."""

    def _latent_scale(self, model: Any) -> float | None:
        return float(model.scale_factor)

    def _models_idle_s(self) -> float:
        """How long models beside the checkpoint stay: not at all where the WebUI saves video memory."""
        options = self._webui("shared").cmd_opts
        if self.device() != "cpu" and any(getattr(options, name, False) for name in ("lowvram", "medvram")):
            return 0.0
        return float(self.setting("bootcamp_models_idle_s", IDLE_S))

    def _loaded(self) -> Any:
        return self._webui("sd_models").model_data.sd_model

    def _ready(self) -> Any:
        """The checkpoint, loaded, on its device and without merged LoRAs."""
        model = self._loaded() or self._webui("shared").sd_model
        if model is None:
            raise ModelError(
                "There is no checkpoint here: put one into models/Stable-diffusion and choose it on the page."
            )
        family = self._family(model)
        if family not in ("sd1", "sd2", "sdxl"):
            raise ModelError(
                f"The loaded checkpoint is of the kind {family}; choose a Stable Diffusion 1, 2 or XL one."
            )
        device = self._webui("devices").device
        weight = next(self._unet(model).parameters())
        if not getattr(model, "lowvram", False) and device is not None and weight.device.type != device.type:
            self._webui("sd_models").send_model_to_device(model)
        self._take_out_loras(model)
        return model

    def _family(self, model: Any) -> str:
        for name in ("sd3", "ssd", "sdxl", "sd2", "sd1"):
            if getattr(model, f"is_{name}", False):
                return name
        return "unknown"

    def _prediction_type(self, model: Any) -> str:
        return "v_prediction" if getattr(model, "parameterization", "eps") == "v" else "epsilon"

    def _unet(self, model: Any) -> Any:
        return model.model.diffusion_model

    def _vae(self, model: Any) -> Any:
        return model.first_stage_model

    def _vae_name(self) -> str | None:
        path = self._webui("sd_vae").loaded_vae_file
        return Path(path).name if path else None

    def _encoders(self, model: Any) -> list[Any]:
        conditioner = getattr(model, "conditioner", None)
        given = list(conditioner.embedders) if conditioner is not None else [model.cond_stage_model]
        return [getattr(each, "wrapped", each) for each in given]

    def _architecture(self, model: Any) -> Any:
        path = Path(model.used_config)
        return str(path), path.stat().st_mtime_ns, self._family(model)

    def _source(self, model: Any) -> Any:
        import yaml

        from lib_bootcamp.ml.checkpoints.ldm_view import LdmModel

        encoders = self._encoders(model)
        settings = self._webui("shared").opts
        return LdmModel(
            family=self._family(model),  # type: ignore[arg-type]
            config=yaml.safe_load(read_regular(Path(model.used_config), MAX_TEXT_BYTES)),
            unet=self._unet(model),
            vae=self._vae(model),
            clip=next((each.transformer for each in encoders if hasattr(each, "transformer")), None),
            open_clip=next((each.model for each in encoders if hasattr(each, "model")), None),
            prediction_type=self._prediction_type(model),
            zero_snr=settings.data.get("sd_noise_schedule") == "Zero Terminal SNR",
            upcast_attention=bool(settings.data.get("upcast_attn", False)),
            movers=_movers(model),
        )

    def _tokenizers(self, model: Any) -> dict[str, Any]:
        from lib_bootcamp.ml.checkpoints.ldm_view import open_clip_tokenizer, padded_with_zero

        encoders = self._encoders(model)
        clip = next((each.tokenizer for each in encoders if hasattr(each, "transformer")), None)
        if clip is None:
            return {"tokenizer": open_clip_tokenizer(self.data_dir() / "tokenizers" / "open_clip")}
        second = any(hasattr(each, "model") for each in encoders)
        return {"tokenizer": clip, **({"tokenizer_2": padded_with_zero(clip)} if second else {})}

    def _merged_loras(self, model: Any) -> tuple[str, ...]:
        layers = (getattr(model, "network_layer_mapping", None) or {}).values()
        return tuple(sorted({entry[0] for layer in layers for entry in getattr(layer, "network_current_names", ())}))

    def _take_out_loras(self, model: Any) -> None:
        networks = sys.modules.get("networks")
        layers = (getattr(model, "network_layer_mapping", None) or {}).values()
        merged = [layer for layer in layers if getattr(layer, "network_current_names", ())]
        if not merged or networks is None:
            return
        import torch

        with torch.no_grad():
            for layer in merged:
                networks.network_restore_weights_from_backup(layer)
                # Without this the WebUI would believe the network to be merged still.
                networks.network_reset_cached_weight(layer)

    def _controlnet_state(self) -> Any:
        """The extension's own list; only where it is loaded, since importing it would load the extension."""
        return sys.modules.get("scripts.global_state")

    def _extension_folder(self, name: str) -> Path | None:
        state = self._controlnet_state()
        folder = getattr(state, "cn_models_dir_old", None)
        return Path(folder).parent / name if folder else None


def loaded_blip(interrogator: Any) -> Any:
    """The WebUI's BLIP, fetched by the WebUI where it is not here.

    Raises:
        ModelError: it cannot be fetched.
    """
    try:
        return interrogator.load_blip_model()
    except OSError as error:  # urllib's too
        raise ModelError(
            f"The WebUI's BLIP is not here and cannot be fetched ({first_line(error)}): put "
            "model_base_caption_capfilt_large.pth into models/BLIP."
        ) from error


def _folders(*paths: Any) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(Path(path) for path in paths if path))


def _movers(model: Any) -> Mapping[int, Any]:
    """What brings each weight to the device, as the WebUI's own hooks do it with --medvram and --lowvram."""
    found: dict[int, Any] = {}
    if not getattr(model, "lowvram", False):
        return found
    for module in model.modules():
        hooks = [
            hook for hook in module._forward_pre_hooks.values() if getattr(hook, "__module__", "") == "modules.lowvram"
        ]
        if hooks:
            for parameter in module.parameters():
                found[id(parameter)] = lambda hook=hooks[0], module=module: hook(module, None)
    return found
