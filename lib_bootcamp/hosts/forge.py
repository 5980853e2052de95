"""The `Host` port inside Forge: A1111's, where Forge kept it; its own models, memory and ControlNet."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import ModelError
from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.hosts.webui_captioner import loaded_blip

# Forge's names of the first and second text encoder (backend/diffusion_engine).
FIRST, SECOND = ("clip_l", "clip_h"), "clip_g"


class ForgeHost(A1111Host):
    """The `Host` port inside Forge."""

    name = "forge"

    def controlnet_models(self) -> dict[str, Path]:
        """What Forge's ControlNet lists, under its names; where it is off the files of its folders."""
        state = sys.modules.get("lib_controlnet.global_state")
        if state is None:
            return super().controlnet_models()
        if len(state.controlnet_filename_dict) <= 1:
            state.update_controlnet_filenames()
        return {name: Path(path) for name, path in state.controlnet_filename_dict.items() if name != "None"}

    def _controlnet_state(self) -> Any:
        return None

    def _bring_blip(self, interrogator: Any) -> None:
        """As Forge's `InterrogateModels.load` does it, without its CLIP."""
        if interrogator.blip_model is None:
            made = loaded_blip(interrogator).to(device=interrogator.offload_device, dtype=interrogator.dtype)
            patcher = importlib.import_module("backend.patcher.base").ModelPatcher
            devices = {"load_device": interrogator.load_device, "offload_device": interrogator.offload_device}
            interrogator.blip_model, interrogator.blip_patcher = made, patcher(made, **devices)
        importlib.import_module("backend.memory_management").load_models_gpu([interrogator.blip_patcher])

    def _loaded(self) -> Any:
        """The loaded engine; before the first load Forge keeps a stand-in without weights."""
        model = self._webui("sd_models").model_data.sd_model
        return model if getattr(model, "forge_objects", None) is not None else None

    def _ready(self) -> Any:
        """The checkpoint that is chosen, loaded, on its device and without merged LoRAs."""
        model, _ = self._webui("sd_models").forge_model_reload()
        family = self._family(model)
        if family not in ("sd1", "sd2", "sdxl"):
            raise ModelError(
                f"The loaded checkpoint is of the kind {family}", hint="choose a Stable Diffusion 1, 2 or XL one."
            )
        plain = model.forge_objects_original
        patchers = [plain.unet, plain.clip.patcher, plain.vae.patcher]
        importlib.import_module("backend.memory_management").load_models_gpu(patchers)
        for patcher in patchers:
            patcher.refresh_loras()
        return model

    def _prediction_type(self, model: Any) -> str:
        return str(model.forge_objects.unet.model.predictor.prediction_type)

    def _unet(self, model: Any) -> Any:
        return model.forge_objects_original.unet.model.diffusion_model

    def _vae(self, model: Any) -> Any:
        return model.forge_objects_original.vae.first_stage_model

    def _bring_vae(self, model: Any) -> None:
        importlib.import_module("backend.memory_management").load_models_gpu([model.forge_objects_original.vae.patcher])

    def _latent_scale(self, model: Any) -> float | None:
        return None  # its configuration says

    def _vae_name(self) -> str | None:
        modules = self._webui("sd_models").model_data.forge_loading_parameters.get("additional_modules", [])
        return ", ".join(Path(path).name for path in modules) or None

    def _merged_loras(self, model: Any) -> tuple[str, ...]:
        return tuple(sorted({Path(name).stem for name, *_ in model.forge_objects.unet.lora_patches}))

    def _architecture(self, model: Any) -> Any:
        return model.model_config.huggingface_repo, type(model).__name__

    def _source(self, model: Any) -> Any:
        from lib_bootcamp.ml.checkpoints.ldm_view import LdmModel

        folder = Path(
            self._webui("paths_internal").script_path, "backend", "huggingface", model.model_config.huggingface_repo
        )
        encoders = model.forge_objects_original.clip.cond_stage_model
        second = getattr(encoders, SECOND, None)
        return LdmModel(
            family=self._family(model),  # type: ignore[arg-type]
            config={},
            unet=self._unet(model),
            vae=self._vae(model),
            clip=next((getattr(encoders, name).transformer for name in FIRST if hasattr(encoders, name)), None),
            clip_2=second.transformer if second is not None else None,
            unet_config=_config(folder / "unet"),
            vae_config=_config(folder / "vae"),
            prediction_type=self._prediction_type(model),
        )

    def _tokenizers(self, model: Any) -> dict[str, Any]:
        tokenizers = model.forge_objects_original.clip.tokenizer
        first = next(getattr(tokenizers, name) for name in FIRST if hasattr(tokenizers, name))
        second = getattr(tokenizers, SECOND, None)
        return {"tokenizer": first, **({"tokenizer_2": second} if second is not None else {})}


def _config(folder: Path) -> dict[str, Any]:
    import json

    read: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return read
