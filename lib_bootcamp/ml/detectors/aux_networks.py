"""Detectors of controlnet-aux 0.0.10: its networks and what it does with them, with weights that we load.

Its own `from_pretrained` unpickles whatever is in a file; here every network is made first and filled with data.
"""

from __future__ import annotations

import functools
import types
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.controlnet.detector_options import Options
from lib_bootcamp.core.controlnet.detectors import Weights
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.colors import distinct_colors
from lib_bootcamp.errors import MissingPackageError, ModelError
from lib_bootcamp.ml.runtime.safe_load import fill, load_weights
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from lib_bootcamp.ml.runtime.torchvision_nms import provide_nms

from .base import Detected, Loaded

Files = Mapping[Weights, Path]

import_torchvision()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import controlnet_aux  # noqa: F401 - all of it is imported with any part


class Aux:
    """A detector object of controlnet-aux.

    Args:
        made: the object; called with the picture, at one resolution for looking and for the map.
        networks: its networks.
        arguments: what else it is called with.
    """

    def __init__(
        self,
        made: Any,
        networks: list[torch.nn.Module],
        arguments: Callable[[Options], dict[str, Any]] = lambda options: {},
        sized: str = "image_resolution",
    ) -> None:
        self._made, self._networks, self._arguments, self._sized = made, networks, arguments, sized

    def modules(self) -> list[torch.nn.Module]:
        """Its networks."""
        return self._networks

    def to(self, device: str) -> None:
        """Move its networks."""
        for each in self._networks:
            each.to(device)

    def detect(self, image: Image, options: Options) -> Detected:
        """Call it."""
        given = {"detect_resolution": options.resolution, **self._arguments(options)}
        if self._sized:
            given[self._sized] = options.resolution
        return Detected(np.ascontiguousarray(self._made(image, output_type="np", **given)))


def _one(files: Files) -> Path:
    return next(iter(files.values()))


def _path(files: Files, name: str) -> Path | None:
    return next((path for each, path in files.items() if each.file == name), None)


def _hed(files: Files) -> Loaded:
    from controlnet_aux.hed import ControlNetHED_Apache2, HEDdetector

    net = fill(ControlNetHED_Apache2(), load_weights(_one(files)), _one(files))
    return Aux(HEDdetector(net), [net], lambda options: {"scribble": options.scribble})


def _pidinet(files: Files) -> Loaded:
    from controlnet_aux.pidi import PidiNetDetector, pidinet

    loaded = load_weights(_one(files))
    net = fill(pidinet(), loaded.get("state_dict", loaded), _one(files))
    return Aux(PidiNetDetector(net), [net], lambda options: {"scribble": options.scribble})


def _teed(files: Files) -> Loaded:
    from controlnet_aux.teed import TED, TEEDdetector

    net = fill(TED(), load_weights(_one(files)), _one(files))
    return Aux(TEEDdetector(net), [net], sized="")


def _lineart(files: Files) -> Loaded:
    from controlnet_aux.lineart import Generator, LineartDetector

    # the map is made by one of the two networks; the other one is not loaded
    coarse = _path(files, "sk_model2.pth")
    path = coarse or _one(files)
    net = fill(Generator(3, 1, 3), load_weights(path), path)
    return Aux(LineartDetector(net, net), [net])


def _lineart_anime(files: Files) -> Loaded:
    from controlnet_aux.lineart_anime import LineartAnimeDetector, UnetGenerator

    norm = functools.partial(torch.nn.InstanceNorm2d, affine=False, track_running_stats=False)
    net = fill(UnetGenerator(3, 1, 8, 64, norm_layer=norm, use_dropout=False), load_weights(_one(files)), _one(files))
    return Aux(LineartAnimeDetector(net), [net])


def _mlsd(files: Files) -> Loaded:
    from controlnet_aux.mlsd import MLSDdetector, MobileV2_MLSD_Large

    net = fill(MobileV2_MLSD_Large(), load_weights(_one(files)), _one(files))
    return Aux(MLSDdetector(net), [net], lambda options: {"thr_v": options.line_score, "thr_d": options.line_distance})


def _normal_bae(files: Files) -> Loaded:
    from controlnet_aux.normalbae import NNET, NormalBaeDetector

    arguments = types.SimpleNamespace(
        mode="client", architecture="BN", pretrained="scannet", sampling_ratio=0.4, importance_ratio=0.7
    )
    loaded = load_weights(_one(files))
    net = fill(NNET(arguments), loaded.get("model", loaded), _one(files))
    return Aux(NormalBaeDetector(net), [net])


def _midas(files: Files) -> Loaded:
    from controlnet_aux.midas import MidasDetector
    from controlnet_aux.midas.midas.dpt_depth import DPTDepthModel

    loaded = load_weights(_one(files))
    made = DPTDepthModel(path=None, backbone="vitb_rn50_384", non_negative=True)
    net = fill(made, loaded["model"] if "optimizer" in loaded else loaded, _one(files))
    return Aux(MidasDetector(net), [net])


def _leres(files: Files) -> Loaded:
    from controlnet_aux.leres import LeresDetector, RelDepthModel

    loaded = load_weights(_one(files))
    net = fill(RelDepthModel(backbone="resnext101"), loaded.get("depth_model", loaded), _one(files))
    return Aux(LeresDetector(net, None), [net])


def _zoe(files: Files) -> Loaded:
    from controlnet_aux.zoe import ZoeDepth, ZoeDetector, get_config

    loaded = load_weights(_one(files))
    made = ZoeDepth.build_from_config(get_config("zoedepth", "infer"))
    # newer versions of timm compute this buffer anew
    net = fill(made, loaded.get("model", loaded), _one(files), may_lack="relative_position_index")
    return Aux(ZoeDetector(net), [net])


def _openpose(files: Files) -> Loaded:
    from controlnet_aux.open_pose import Body, Face, Hand, OpenposeDetector
    from controlnet_aux.open_pose.face import FaceNet
    from controlnet_aux.open_pose.model import bodypose_model, handpose_model
    from controlnet_aux.open_pose.util import transfer

    def part(kind: Any, file: str, net: torch.nn.Module, *, renamed: bool = True) -> Any:
        path = _path(files, file)
        if path is None:
            return None
        made, loaded = kind.__new__(kind), load_weights(path)
        try:
            made.model = fill(net, transfer(net, loaded) if renamed else loaded, path)
        except KeyError as error:
            raise ModelError(
                f"{path.name} holds the weights of another network: {error.args[0]} is missing", place=path
            ) from error
        return made

    parts = (
        part(Body, "body_pose_model.pth", bodypose_model()),
        part(Hand, "hand_pose_model.pth", handpose_model()),
        part(Face, "facenet.pth", FaceNet(), renamed=False),
    )
    networks = [each.model for each in parts if each is not None]
    return Aux(
        OpenposeDetector(*parts),
        networks,
        lambda options: {"include_hand": options.hands, "include_face": options.face},
    )


class SegmentAnything:
    """Every segment that MobileSAM finds, each in a color of its own."""

    def __init__(self, net: torch.nn.Module) -> None:
        self._net = net

    def modules(self) -> list[torch.nn.Module]:
        """The network."""
        return [self._net]

    def to(self, device: str) -> None:
        """Move it."""
        self._net.to(device)

    def detect(self, image: Image, options: Options) -> Detected:
        """Paint the segments, the largest first; what belongs to none is black."""
        from controlnet_aux.segment_anything.automatic_mask_generator import SamAutomaticMaskGenerator
        from controlnet_aux.util import resize_image

        small = resize_image(image, options.resolution)
        masks = SamAutomaticMaskGenerator(self._net).generate(small)
        painted = np.zeros(small.shape, np.uint8)
        ordered = sorted(masks, key=lambda each: (-each["area"], *each["bbox"]))
        for each, color in zip(ordered, distinct_colors(len(ordered)), strict=True):
            painted[each["segmentation"]] = color
        return Detected(painted)


def _segment_anything(files: Files) -> Loaded:
    provide_nms()
    from controlnet_aux.segment_anything.build_sam import sam_model_registry

    net = sam_model_registry["vit_t"](checkpoint=None)
    return SegmentAnything(fill(net, load_weights(_one(files)), _one(files), may_lack="attention_bias_idxs"))


def check_mediapipe() -> None:
    """Refuse a mediapipe without the models that come in the package.

    Raises:
        MissingPackageError: it is not installed, or is one of those.
    """
    try:
        import mediapipe

        works = hasattr(mediapipe, "solutions")
    except (ImportError, AttributeError, TypeError):
        works = False
    if not works:
        raise MissingPackageError('"mediapipe<=0.10.21" "protobuf<5"', "Finding faces with MediaPipe")


def _mediapipe_face(files: Files) -> Loaded:
    del files
    from controlnet_aux.mediapipe_face import MediapipeFaceDetector

    return Aux(
        MediapipeFaceDetector(),
        [],
        lambda options: {"max_faces": options.faces, "min_confidence": options.threshold},
    )


BUILDERS: dict[str, Callable[[Files], Loaded]] = {
    "depth_midas": _midas,
    "depth_zoe": _zoe,
    "depth_leres": _leres,
    "normal_bae": _normal_bae,
    "segment_anything": _segment_anything,
    "hed": _hed,
    "pidinet": _pidinet,
    "teed": _teed,
    "lineart": _lineart,
    "lineart_anime": _lineart_anime,
    "mlsd": _mlsd,
    "openpose": _openpose,
    "mediapipe_face": _mediapipe_face,
}
