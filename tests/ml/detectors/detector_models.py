"""Files of detectors with the true architectures and random weights, under their true names."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - imported where torch is there


def _hed() -> dict[str, Any]:
    from controlnet_aux.hed import ControlNetHED_Apache2

    return {"ControlNetHED.pth": ControlNetHED_Apache2().state_dict()}


def _pidinet() -> dict[str, Any]:
    from controlnet_aux.pidi import pidinet

    named = {f"module.{name}": value for name, value in pidinet().state_dict().items()}
    return {"table5_pidinet.pth": {"epoch": 19, "state_dict": named}}


def _teed() -> dict[str, Any]:
    from controlnet_aux.teed import TED

    # its own beginning is so near to zero that every picture gives the same gray
    made = TED().state_dict()
    return {"5_model.pth": {name: value + 0.2 * torch.randn_like(value) for name, value in made.items()}}


def _lineart() -> dict[str, Any]:
    from controlnet_aux.lineart import Generator

    return {name: Generator(3, 1, 3).state_dict() for name in ("sk_model.pth", "sk_model2.pth")}


def _lineart_anime() -> dict[str, Any]:
    from controlnet_aux.lineart_anime import UnetGenerator

    norm = functools.partial(torch.nn.InstanceNorm2d, affine=False, track_running_stats=False)
    made = UnetGenerator(3, 1, 8, 64, norm_layer=norm, use_dropout=False).state_dict()
    return {"netG.pth": {f"module.{name}": value for name, value in made.items()}}


def _mlsd() -> dict[str, Any]:
    from controlnet_aux.mlsd import MobileV2_MLSD_Large

    return {"mlsd_large_512_fp32.pth": MobileV2_MLSD_Large().state_dict()}


def _normal_bae() -> dict[str, Any]:
    from controlnet_aux.normalbae import NNET

    arguments = types.SimpleNamespace(
        mode="client", architecture="BN", pretrained="scannet", sampling_ratio=0.4, importance_ratio=0.7
    )
    return {"scannet.pt": {"model": NNET(arguments).state_dict()}}


def _midas() -> dict[str, Any]:
    from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel

    made = DPTDepthModel(path=None, backbone="vitb_rn50_384", non_negative=True)
    return {"dpt_hybrid-midas-501f0c75.pt": made.state_dict()}


def _leres() -> dict[str, Any]:
    from controlnet_aux.leres import RelDepthModel

    return {"res101.pth": {"depth_model": RelDepthModel(backbone="resnext101").state_dict()}}


def _zoe() -> dict[str, Any]:
    from controlnet_aux.zoe import ZoeDepth, get_config

    return {"ZoeD_M12_N.pt": {"model": ZoeDepth.build_from_config(get_config("zoedepth", "infer")).state_dict()}}


def _openpose() -> dict[str, Any]:
    from controlnet_aux.open_pose.face import FaceNet
    from controlnet_aux.open_pose.model import bodypose_model, handpose_model

    def bare(net: torch.nn.Module) -> dict[str, Any]:
        return {name.split(".", 1)[1]: value for name, value in net.state_dict().items()}

    return {
        "body_pose_model.pth": bare(bodypose_model()),
        "hand_pose_model.pth": bare(handpose_model()),
        "facenet.pth": FaceNet().state_dict(),
    }


def _segment_anything() -> dict[str, Any]:
    from controlnet_aux.segment_anything.build_sam import sam_model_registry

    return {"mobile_sam.pt": sam_model_registry["vit_t"](checkpoint=None).state_dict()}


MAKERS: dict[str, Callable[[], dict[str, Any]]] = {
    "hed": _hed,
    "pidinet": _pidinet,
    "teed": _teed,
    "lineart": _lineart,
    "mlsd": _mlsd,
    "lineart_anime": _lineart_anime,
    "normal_bae": _normal_bae,
    "depth_midas": _midas,
    "depth_leres": _leres,
    "openpose": _openpose,
    "segment_anything": _segment_anything,
    "depth_zoe": _zoe,
}
LIGHT = ("hed", "pidinet", "teed", "lineart", "mlsd")
"""Those that take a second or two; the others are tested where BOOTCAMP_ALL_DETECTORS is set."""


def write(name: str, folder: Path) -> None:
    """Write a detector's files, each into a folder of its own below, as ControlNet keeps them."""
    torch.manual_seed(0)
    for file, contents in MAKERS[name]().items():
        place = folder / name / file
        place.parent.mkdir(parents=True, exist_ok=True)
        torch.save(contents, place)
