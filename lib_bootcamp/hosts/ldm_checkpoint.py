"""The WebUI's loaded checkpoint, in LDM's modules: its parts, its LoRAs, and how its weights come to the device."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular
from lib_bootcamp.errors import ModelError


class LdmCheckpoint:
    """The part of a WebUI's host that knows how its checkpoint is built."""

    _webui: Callable[[str], Any]
    data_dir: Callable[[], Path]

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
                f"The loaded checkpoint is of the kind {family}", hint="choose a Stable Diffusion 1, 2 or XL one."
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

    def _bring_vae(self, model: Any) -> None:
        """Nothing: it is there, or with --medvram and --lowvram comes when it encodes."""

    def _latent_scale(self, model: Any) -> float | None:
        return float(model.scale_factor)

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
