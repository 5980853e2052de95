"""ControlNet models that do the same work for the same base, and the names that their files go by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lib_bootcamp.core.models.bases import Base
from lib_bootcamp.core.models.files import model_facts
from lib_bootcamp.core.models.names import telling_name

_V11 = "https://huggingface.co/lllyasviel/ControlNet-v1-1"
_COLLECTION = "https://huggingface.co/lllyasviel/sd_control_collection"
_SD21 = "https://huggingface.co/thibaud/controlnet-sd21"
_XINSIR = "https://huggingface.co/xinsir/controlnet-{}-sdxl-1.0"
_XLABS = "https://huggingface.co/XLabs-AI/flux-controlnet-{}-v3"
_SD35 = "https://huggingface.co/stabilityai/stable-diffusion-3.5-controlnets"


@dataclass(frozen=True)
class ModelFamily:
    """ControlNet models that do the same work for the same base.

    Args:
        title: for a person.
        base: the checkpoint's base it works with.
        patterns: of file names, the preferred first.
        file: the file to get where none is installed.
        source: where it is from.
    """

    title: str
    base: Base
    patterns: tuple[str, ...]
    file: str
    source: str

    def find(self, models: Mapping[str, Path | None]) -> str | None:
        """The installed model that fits best, by its name among `models` (name to file), or None."""
        for pattern in self.patterns:
            for name, path in models.items():
                file = path or Path(name)
                if not re.search(pattern, telling_name(file), re.IGNORECASE):
                    continue
                facts = model_facts(file)
                # files whose name and header show no base are from the days when there was but one
                base = facts.base or (None if facts.detected_from else "sd15")
                if base == self.base and not facts.problem:
                    return name
        return None


MONSTER_SD15 = ModelFamily(
    "QR Code Monster",
    "sd15",
    (r"qr[-_ ]?code[-_ ]?monster.*v2", r"qr[-_ ]?code[-_ ]?monster"),
    "control_v1p_sd15_qrcode_monster_v2.safetensors",
    "https://huggingface.co/monster-labs/control_v1p_sd15_qrcode_monster",
)
MONSTER_SDXL = ModelFamily(
    "QR Code Monster SDXL",
    "sdxl",
    (r"qr[-_ ]?code[-_ ]?monster",),
    "control_v1p_sdxl_qrcode_monster.safetensors",
    "https://huggingface.co/monster-labs/control_v1p_sdxl_qrcode_monster",
)
BRIGHTNESS_SD15 = ModelFamily(
    "Brightness",
    "sd15",
    (r"brightness",),
    "control_v1p_sd15_brightness.safetensors",
    "https://huggingface.co/ioclab/ioc-controlnet",
)
ILLUMINATION_SD15 = ModelFamily(
    "Illumination or brightness",
    "sd15",
    (r"illumination", r"brightness"),
    "control_v1p_sd15_illumination.safetensors",
    "https://huggingface.co/ioclab/ioc-controlnet",
)
TILE_SD15 = ModelFamily(
    "Tile",
    "sd15",
    (r"v11f1e.*tile", r"tile"),
    "control_v11f1e_sd15_tile.pth",
    "https://huggingface.co/lllyasviel/ControlNet-v1-1",
)

CANNY_SD15 = ModelFamily("Canny", "sd15", (r"v11p.*canny", r"canny"), "control_v11p_sd15_canny.pth", _V11)
CANNY_SD21 = ModelFamily("Canny SD2.1", "sd2", (r"canny",), "control_v11p_sd21_canny.safetensors", _SD21)
CANNY_SDXL = ModelFamily("Canny SDXL", "sdxl", (r"canny",), "diffusers_xl_canny_full.safetensors", _COLLECTION)
SOFTEDGE_SD15 = ModelFamily(
    "Soft edge", "sd15", (r"soft[-_ ]?edge", r"(?:^|_)hed(?:_|\.|-)", r"pidi"), "control_v11p_sd15_softedge.pth", _V11
)
SOFTEDGE_SD21 = ModelFamily(
    "Soft edge SD2.1",
    "sd2",
    (r"soft[-_ ]?edge", r"(?:^|_)hed(?:_|\.|-)"),
    "control_v11p_sd21_hed.safetensors",
    _SD21,
)
SOFTEDGE_SDXL = ModelFamily(
    "Soft edge SDXL", "sdxl", (r"soft[-_ ]?edge", r"mistoline"), "sargezt_xl_softedge.safetensors", _COLLECTION
)
LINEART_SD15 = ModelFamily(
    "Line art", "sd15", (r"lineart(?!.*anime)", r"lineart"), "control_v11p_sd15_lineart.pth", _V11
)
LINEART_SD21 = ModelFamily("Line art SD2.1", "sd2", (r"lineart",), "control_v11p_sd21_lineart.safetensors", _SD21)
LINEART_SDXL = ModelFamily(
    "Line art SDXL",
    "sdxl",
    (r"lineart", r"mistoline"),
    "mistoLine_rank256.safetensors",
    "https://huggingface.co/TheMistoAI/MistoLine",
)
SCRIBBLE_SD15 = ModelFamily(
    "Scribble", "sd15", (r"v11p.*scribble", r"scribble"), "control_v11p_sd15_scribble.pth", _V11
)
SCRIBBLE_SD21 = ModelFamily("Scribble SD2.1", "sd2", (r"scribble",), "control_v11p_sd21_scribble.safetensors", _SD21)
SCRIBBLE_SDXL = ModelFamily(
    "Scribble SDXL",
    "sdxl",
    (r"scribble(?!.*anime)", r"scribble"),
    "controlnet-scribble-sdxl-1.0.safetensors",
    "https://huggingface.co/xinsir/controlnet-scribble-sdxl-1.0",
)
RECOLOR_SD15 = ModelFamily("Recolor", "sd15", (r"recolou?r",), "ioclab_sd15_recolor.safetensors", _COLLECTION)
RECOLOR_SDXL = ModelFamily("Recolor SDXL", "sdxl", (r"recolou?r",), "sai_xl_recolor_256lora.safetensors", _COLLECTION)


def _v11(title: str, pattern: str, file: str) -> ModelFamily:
    return ModelFamily(title, "sd15", (pattern,), file, _V11)


LINEART_ANIME_SD15 = _v11("Line art of anime", r"lineart.*anime", "control_v11p_sd15s2_lineart_anime.pth")
CANNY = (
    CANNY_SD15,
    CANNY_SD21,
    CANNY_SDXL,
    ModelFamily("Canny SD3.5", "sd3", (r"canny",), "sd3.5_large_controlnet_canny.safetensors", _SD35),
    ModelFamily("Canny Flux", "flux", (r"canny",), "flux-canny-controlnet-v3.safetensors", _XLABS.format("canny")),
)
SOFTEDGE = (SOFTEDGE_SD15, SOFTEDGE_SD21, SOFTEDGE_SDXL)
LINEART = (LINEART_SD15, LINEART_SD21, LINEART_SDXL)
SCRIBBLE = (SCRIBBLE_SD15, SCRIBBLE_SD21, SCRIBBLE_SDXL)
TILE = (
    TILE_SD15,
    ModelFamily("Tile SDXL", "sdxl", (r"tile",), "controlnet-tile-sdxl-1.0.safetensors", _XINSIR.format("tile")),
)
DEPTH = (
    _v11("Depth", r"depth|zoe|midas", "control_v11f1p_sd15_depth.pth"),
    ModelFamily("Depth SD2.1", "sd2", (r"depth",), "control_v11p_sd21_depth.safetensors", _SD21),
    ModelFamily("Depth SDXL", "sdxl", (r"depth",), "diffusers_xl_depth_full.safetensors", _COLLECTION),
    ModelFamily("Depth SD3.5", "sd3", (r"depth",), "sd3.5_large_controlnet_depth.safetensors", _SD35),
    ModelFamily("Depth Flux", "flux", (r"depth",), "flux-depth-controlnet-v3.safetensors", _XLABS.format("depth")),
)
NORMAL = (
    _v11("Normal map", r"normal", "control_v11p_sd15_normalbae.pth"),
    ModelFamily("Normal map SD2.1", "sd2", (r"normal",), "control_v11p_sd21_normalbae.safetensors", _SD21),
)
POSE = (
    _v11("Pose", r"openpose|dw_?pose", "control_v11p_sd15_openpose.pth"),
    ModelFamily("Pose SD2.1", "sd2", (r"openpose",), "control_v11p_sd21_openpose.safetensors", _SD21),
    ModelFamily(
        "Pose SDXL", "sdxl", (r"openpose",), "controlnet-openpose-sdxl-1.0.safetensors", _XINSIR.format("openpose")
    ),
)
MLSD = (_v11("MLSD", r"mlsd", "control_v11p_sd15_mlsd.pth"),)
SEGMENTATION = (
    _v11("Segmentation", r"_seg(?:[._-]|$)|segmentation", "control_v11p_sd15_seg.pth"),
    ModelFamily("Segmentation SD2.1", "sd2", (r"_ade20k",), "control_v11p_sd21_ade20k.safetensors", _SD21),
)
UNION = (
    ModelFamily(
        "Union SDXL", "sdxl", (r"union|promax",), "controlnet-union-sdxl-1.0.safetensors", _XINSIR.format("union")
    ),
    ModelFamily(
        "Union Flux",
        "flux",
        (r"union",),
        "FLUX.1-dev-ControlNet-Union-Pro.safetensors",
        "https://huggingface.co/Shakker-Labs/FLUX.1-dev-ControlNet-Union-Pro",
    ),
)
INPAINT = (_v11("Inpaint", r"inpaint", "control_v11p_sd15_inpaint.pth"),)
SHUFFLE = (_v11("Shuffle", r"shuffle", "control_v11e_sd15_shuffle.pth"),)
PIX2PIX = (_v11("Instruct pix2pix", r"ip2p", "control_v11e_sd15_ip2p.pth"),)
