"""The learned detectors: what each is, which files it is made of, and whose they are. The only list of them.

Sizes are in MB and rounded. A file is looked for by its name, so that ControlNet's own copies are found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Name: TypeAlias = Literal[
    "depth_midas", "depth_zoe", "depth_leres", "depth_anything", "normal_bae", "segment_ade20k", "segment_anything",
    "hed", "pidinet", "teed", "lineart", "lineart_anime", "mlsd", "openpose", "dwpose", "mediapipe_face", "objects",
]  # fmt: skip
Option: TypeAlias = Literal[
    "scribble", "coarse", "hands", "face", "faces", "line_score", "line_distance", "phrases", "threshold", "outline"
]
_ANNOTATORS = "lllyasviel/Annotators"


@dataclass(frozen=True)
class Weights:
    """One file of a model.

    Args:
        repo: where it lies on the hub.
        file: its name there.
        mb: its size, rounded.
        starts: the first hexadecimal digits of its SHA-256, where its maker put them into its name.
        also: other names it goes by.
        folder: the folder that holds it together with the model's other files; empty: any.
        only: a condition; `hands`: only where this option is on.
    """

    repo: str
    file: str
    mb: float
    starts: str = ""
    also: tuple[str, ...] = ()
    folder: str = ""
    only: str = ""


@dataclass(frozen=True, kw_only=True)
class Detector:
    """One way to make a map.

    Args:
        title: for a person.
        through: the package it runs through.
        weights: its files.
        map_kind: the kind of map (`core.controlnet.compatibility`), which says the ControlNet models that take it;
            empty: a mask.
        options: the parameters that mean something to it.
        half: whether it runs in half precision where the host does; in others what follows the network does not.
        license: of the weights.
        note: what a person should know.
    """

    title: str
    through: Literal["controlnet_aux", "transformers", "onnx", "mediapipe"]
    weights: tuple[Weights, ...] = ()
    map_kind: str = ""
    options: tuple[Option, ...] = ()
    half: bool = False
    license: str = ""
    note: str = ""

    @property
    def mb(self) -> float:
        """All files together."""
        return sum(each.mb for each in self.weights)


def _hub(repo: str, mb: float, *further: str) -> tuple[Weights, ...]:
    """A model of transformers: its weights as safetensors and the small files beside them."""
    folder = repo.rsplit("/", 1)[-1]
    small = ("config.json", "preprocessor_config.json", *further)
    return (
        Weights(repo, "model.safetensors", mb, folder=folder),
        *(Weights(repo, name, 0.0, folder=folder) for name in small),
    )


SAM = _hub("facebook/sam-vit-base", 375)
"""Objects' masks are drawn by it."""
_CLIP_TOKENS = ("vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json")

DETECTORS: dict[Name, Detector] = {
    "depth_midas": Detector(
        title="Depth: MiDaS (DPT hybrid)",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "dpt_hybrid-midas-501f0c75.pt", 493, starts="501f0c75"),),
        map_kind="depth",
        license="MIT",
    ),
    "depth_zoe": Detector(
        title="Depth: ZoE",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "ZoeD_M12_N.pt", 1443),),
        map_kind="depth",
        license="MIT",
    ),
    "depth_leres": Detector(
        title="Depth: LeReS",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "res101.pth", 531),),
        map_kind="depth",
        license="CC BY-NC-SA 4.0",
    ),
    "depth_anything": Detector(
        title="Depth: Depth Anything (small)",
        through="transformers",
        weights=_hub("LiheYoung/depth-anything-small-hf", 99),
        map_kind="depth",
        license="Apache 2.0",
        note="transformers 4.38 or newer, which WebUI 1.10.1 has not.",
    ),
    "normal_bae": Detector(
        title="Normals: BAE",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "scannet.pt", 291),),
        map_kind="normal",
        license="MIT",
    ),
    "segment_ade20k": Detector(
        title="Segmentation: ADE20K (UperNet)",
        through="transformers",
        weights=_hub("openmmlab/upernet-convnext-tiny", 241),
        map_kind="seg",
        license="MIT",
    ),
    "segment_anything": Detector(
        title="Segmentation: Segment Anything (MobileSAM)",
        through="controlnet_aux",
        weights=(Weights("dhkim2810/MobileSAM", "mobile_sam.pt", 41),),
        map_kind="seg",
        license="Apache 2.0 (MIT on its page)",
        note="Its colors tell segments apart and are not ADE20K's.",
    ),
    "hed": Detector(
        title="Soft edges: HED",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "ControlNetHED.pth", 29),),
        map_kind="softedge",
        options=("scribble",),
        half=True,
        license="Apache 2.0",
    ),
    "pidinet": Detector(
        title="Soft edges: PiDiNet",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "table5_pidinet.pth", 3),),
        map_kind="softedge",
        options=("scribble",),
        half=True,
        license="non-commercial",
    ),
    "teed": Detector(
        title="Soft edges: TEED",
        through="controlnet_aux",
        weights=(Weights("fal-ai/teed", "5_model.pth", 0.2, also=("7_model.pth",)),),
        map_kind="softedge",
        license="MIT",
    ),
    "lineart": Detector(
        title="Line art",
        through="controlnet_aux",
        weights=(
            Weights(_ANNOTATORS, "sk_model.pth", 17),
            Weights(_ANNOTATORS, "sk_model2.pth", 17, only="coarse"),
        ),
        map_kind="lineart",
        options=("coarse",),
        half=True,
        license="MIT",
    ),
    "lineart_anime": Detector(
        title="Line art of anime",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "netG.pth", 218),),
        map_kind="lineart_anime",
        license="MIT",
    ),
    "mlsd": Detector(
        title="Straight lines: MLSD",
        through="controlnet_aux",
        weights=(Weights(_ANNOTATORS, "mlsd_large_512_fp32.pth", 6),),
        map_kind="mlsd",
        options=("line_score", "line_distance"),
        license="Apache 2.0",
    ),
    "openpose": Detector(
        title="Pose: OpenPose",
        through="controlnet_aux",
        weights=(
            Weights(_ANNOTATORS, "body_pose_model.pth", 209),
            Weights(_ANNOTATORS, "hand_pose_model.pth", 147, only="hands"),
            Weights(_ANNOTATORS, "facenet.pth", 154, only="face"),
        ),
        map_kind="openpose",
        options=("hands", "face"),
        license="non-commercial (CMU)",
    ),
    "dwpose": Detector(
        title="Pose: DWPose",
        through="onnx",
        weights=(
            Weights("yzd-v/DWPose", "yolox_l.onnx", 217),
            Weights("yzd-v/DWPose", "dw-ll_ucoco_384.onnx", 134),
        ),
        map_kind="openpose",
        options=("hands", "face"),
        license="Apache 2.0",
        note="Runs on the processor.",
    ),
    "mediapipe_face": Detector(
        title="Faces: MediaPipe",
        through="mediapipe",
        options=("faces", "threshold"),
        license="Apache 2.0",
        note="Its weights are in the package mediapipe, up to 0.10.21 with protobuf 3 or 4; runs on the processor.",
    ),
    "objects": Detector(
        title="Objects by phrase: OWL-ViT and SAM",
        through="transformers",
        weights=(*_hub("google/owlvit-base-patch32", 613, *_CLIP_TOKENS), *SAM),
        options=("phrases", "threshold", "outline"),
        license="Apache 2.0",
    ),
}


def using(option: Option) -> tuple[Name, ...]:
    """The detectors to which a parameter means something."""
    return tuple(name for name, each in DETECTORS.items() if option in each.options)
