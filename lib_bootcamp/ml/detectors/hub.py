"""Detectors of transformers: Depth Anything, ADE20K's classes by UperNet, objects by phrase with OWL-ViT and SAM.

Files come from `detector_files`; transformers is given their folder and never fetches anything itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image as Pil
from safetensors import SafetensorError

from lib_bootcamp.core.controlnet.ade20k import ADE20K_COLORS
from lib_bootcamp.core.controlnet.detector_options import Options
from lib_bootcamp.core.controlnet.detectors import Weights
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.resize import resize
from lib_bootcamp.errors import InvalidParamError, MissingPackageError, ModelError, first_line
from lib_bootcamp.ml.runtime.quiet import quiet_log
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

from .base import Detected, Find, Loaded

import_torchvision()
import transformers  # noqa: E402 - torchvision comes first

Files = Mapping[Weights, Path]
MULTIPLE = 64
MOST_FINDS = 100
MOST_TOKENS = 16
"""Of a phrase, with its beginning and end: OWL-ViT's text encoder takes no more."""


class Model:
    """A network of transformers with its processor.

    Args:
        files: all of its files, in one folder.
        network: the class's name, or of several the first that this transformers has.
        processor: the processor's.
        version: the transformers that brought it.
    """

    def __init__(self, files: Files, network: str, processor: str, version: str) -> None:
        folder = next(iter(files.values())).parent
        if not hasattr(transformers, network):
            raise MissingPackageError(f"transformers>={version}", network)
        try:
            with quiet_log():
                made = getattr(transformers, network).from_pretrained(folder, use_safetensors=True)
                self.processor = getattr(transformers, processor).from_pretrained(folder)
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            hint = f"; transformers {version} or newer is needed" if isinstance(error, (KeyError, ValueError)) else ""
            why = first_line(error).replace(str(folder), folder.name)
            raise ModelError(
                f"The model in the folder {folder.name} cannot be loaded ({why}){hint}", place=folder
            ) from error
        self.network: Any = made.eval().requires_grad_(requires_grad=False)

    def __call__(self, **given: Any) -> tuple[Any, Any]:
        """What the network says, and what it was given."""
        device = next(self.network.parameters()).device
        inputs = self.processor(return_tensors="pt", **given)
        moved = {
            name: value.to(device, torch.float32 if value.is_floating_point() else value.dtype)
            for name, value in inputs.items()
        }
        return self.network(**moved), moved


class _OfModels:
    """What all share."""

    def __init__(self, *models: Model) -> None:
        self.models = models

    def modules(self) -> list[torch.nn.Module]:
        """The networks."""
        return [each.network for each in self.models]

    def to(self, device: str) -> None:
        """Move them."""
        for each in self.models:
            each.network.to(device)


class Depth(_OfModels):
    """Depth, near is white."""

    def detect(self, image: Image, options: Options) -> Detected:
        """From the nearest to the farthest point, white to black."""
        output, _ = self.models[0](images=Pil.fromarray(_fitted(image, options.resolution)))
        depth = output.predicted_depth[0].float().cpu().numpy()
        low, high = float(depth.min()), float(depth.max())
        gray = np.zeros_like(depth) if high <= low else (depth - low) / (high - low)
        return Detected(np.repeat((gray * 255 + 0.5).astype(np.uint8)[:, :, None], 3, axis=2))


class Classes(_OfModels):
    """Each pixel in the color of its class."""

    def detect(self, image: Image, options: Options) -> Detected:
        """Classes by the likeliest, at the picture's size in the network."""
        small = _fitted(image, options.resolution)
        output, _ = self.models[0](images=Pil.fromarray(small))
        logits = torch.nn.functional.interpolate(output.logits.float(), small.shape[:2], mode="bilinear")
        classes = logits[0].argmax(0).cpu().numpy()
        colors = np.asarray(ADE20K_COLORS, np.uint8)
        names, shares = self.models[0].network.config.id2label, np.bincount(classes.ravel()) / classes.size
        found = tuple(
            Find(str(names.get(number, number)), round(float(shares[number]), 4), _around(classes == number))
            for number in np.argsort(-shares, kind="stable")
            if shares[number] > 0
        )
        return Detected(colors[classes % len(colors)], found[:MOST_FINDS])


class Objects(_OfModels):
    """White where one of the phrases is, black elsewhere."""

    def detect(self, image: Image, options: Options) -> Detected:
        """Boxes by OWL-ViT; inside them masks by SAM.

        Raises:
            InvalidParamError: there is no phrase, or one is too long.
        """
        if not options.phrases:
            raise InvalidParamError("phrases", "is empty", hint="say what to look for")
        owl = self.models[0]
        for each in options.phrases:
            if len(owl.processor.tokenizer(each)["input_ids"]) > MOST_TOKENS:
                raise InvalidParamError("phrases", f"holds one that is too long for the model: {each[:60]}")
        picture = Pil.fromarray(image)
        output, _ = owl(text=[list(options.phrases)], images=picture, padding="max_length", max_length=MOST_TOKENS)
        found = finds_of(output.logits[0], output.pred_boxes[0], options.phrases, options.threshold)
        mask = np.zeros(image.shape[:2], bool)
        if found and options.outline == "mask":
            mask = self._masks(picture, found)
        for find in found if options.outline == "box" else ():
            left, top, right, bottom = pixels_of(find.box, image.shape[:2])
            mask[top:bottom, left:right] = True
        return Detected(np.repeat((mask * np.uint8(255))[:, :, None], 3, axis=2), found)

    def _masks(self, picture: Pil.Image, found: Sequence[Find]) -> Any:
        sam = self.models[1]
        boxes = [[float(each) for each in pixels_of(find.box, picture.size[::-1])] for find in found]
        inputs = sam.processor(picture, input_boxes=[boxes], return_tensors="pt")
        sizes = [inputs.pop(name) for name in ("original_sizes", "reshaped_input_sizes")]
        device = next(sam.network.parameters()).device
        given = {name: value.to(device, torch.float32) for name, value in inputs.items()}
        output = sam.network(**given, multimask_output=False)
        made = sam.processor.image_processor.post_process_masks(output.pred_masks.cpu(), *sizes)
        return made[0].any(dim=1).any(dim=0).numpy()


def finds_of(logits: torch.Tensor, boxes: torch.Tensor, phrases: Sequence[str], threshold: float) -> tuple[Find, ...]:
    """OWL-ViT's answer as finds, the surest first.

    Args:
        logits: [patches, phrases].
        boxes: [patches, 4], center and size as shares of the picture.
        phrases: what was asked for.
        threshold: of the score.
    """
    scores, best = torch.sigmoid(logits.float().cpu()).max(dim=1)
    boxes = boxes.float().cpu()
    corners = torch.cat([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2], dim=1).clamp(0, 1)
    order = scores.argsort(descending=True, stable=True)[:MOST_FINDS]
    return tuple(
        Find(phrases[int(best[at])], round(float(scores[at]), 4), _box(corners[at].tolist()))
        for at in order.tolist()
        if float(scores[at]) >= threshold
    )


def _box(values: Sequence[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(each, 4) for each in values)
    return left, top, right, bottom


def pixels_of(box: Sequence[float], size: Sequence[int]) -> tuple[int, int, int, int]:
    """A box as pixels of a picture of (height, width); never empty."""
    height, width = size
    left, top = min(int(box[0] * width), width - 1), min(int(box[1] * height), height - 1)
    return left, top, max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))


def _around(mask: Any) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return _box([columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height])


def _fitted(image: Image, side: int) -> Image:
    """The picture with this shorter side, both sides whole multiples of 64, as controlnet-aux does."""
    height, width = image.shape[:2]
    scale = side / min(height, width)
    wide, high = (max(1, round(each * scale / MULTIPLE)) * MULTIPLE for each in (width, height))
    return np.ascontiguousarray(resize(image, wide, high))


def _of(files: Files, holds: str) -> Files:
    return {each: path for each, path in files.items() if holds in each.repo}


def _depth_anything(files: Files) -> Loaded:
    return Depth(Model(files, "AutoModelForDepthEstimation", "AutoImageProcessor", "4.38"))


def _ade20k(files: Files) -> Loaded:
    return Classes(Model(files, "UperNetForSemanticSegmentation", "AutoImageProcessor", "4.26"))


def _objects(files: Files) -> Loaded:
    models = [Model(_of(files, "owlvit"), "OwlViTForObjectDetection", "OwlViTProcessor", "4.22")]
    if sam := _of(files, "sam-"):
        models.append(Model(sam, "SamModel", "SamProcessor", "4.29"))
    return Objects(*models)


BUILDERS: dict[str, Callable[[Files], Loaded]] = {
    "depth_anything": _depth_anything,
    "segment_ade20k": _ade20k,
    "objects": _objects,
}
