"""Pictures to what CLIP's image tower takes: the meaning of open_clip's own preprocessing in half of its time.

JPEGs are decoded by libjpeg-turbo directly (simplejpeg, where it is installed), and torch scales the bytes:
at most 1/255 away from Pillow's antialiased bicubic.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image as Pil

from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.codec import decode_image, decode_quickly
from lib_bootcamp.errors import ModelError

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a model wants its pictures; the fields of open_clip's `preprocess_cfg`.

    Args:
        size: height and width in pixels.
        mean: of each channel, in 0 to 1.
        std: likewise.
        interpolation: of the scaling, antialiased.
        resize_mode: `shortest` side to the size and the middle cut out, `longest` side with a border, or `squash`.
        fill_color: of the border, 0 to 255.
    """

    size: tuple[int, int]
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    resize_mode: Literal["shortest", "longest", "squash"] = "shortest"
    fill_color: int = 0

    @classmethod
    def from_config(cls, config: Mapping[str, Any], size: Any) -> Preprocessing:
        """Read open_clip's `preprocess_cfg`.

        Args:
            config: as in open_clip_config.json; what is missing is open_clip's default.
            size: the image tower's own, a number or (height, width).
        Raises:
            ModelError: a value that is not known.
        """
        given = {name: config[name] for name in cls.__dataclass_fields__ if config.get(name) is not None}
        given |= {name: _channels(given[name]) for name in ("mean", "std") if name in given}
        given["size"] = (int(size), int(size)) if isinstance(size, int | float) else (int(size[0]), int(size[1]))
        if given.get("interpolation") == "random":
            given["interpolation"] = "bicubic"
        made = cls(**given)
        if made.interpolation not in ("bicubic", "bilinear") or made.resize_mode not in (
            "shortest",
            "longest",
            "squash",
        ):
            raise ModelError(
                f"The model's preprocessing ({made.interpolation}, {made.resize_mode}) is not one that open_clip knows."
            )
        return made

    def scaled(self, height: int, width: int) -> tuple[int, int]:
        """Height and width after scaling, before anything is cut off or added.

        Source: torchvision.transforms.functional.resize, open_clip.transform.ResizeKeepRatio.
        """
        tall, wide = self.size
        if self.resize_mode == "squash":
            return self.size
        if self.resize_mode == "longest":
            ratio = max(height / tall, width / wide)
            return max(1, round(height / ratio)), max(1, round(width / ratio))
        if tall == wide:
            longer = int(tall * max(height, width) / min(height, width))
            return (tall, longer) if height <= width else (longer, tall)
        ratio = min(height / tall, width / wide)
        return round(height / ratio), round(width / ratio)

    def prepare(self, picture: Image | bytes) -> torch.Tensor:
        """Decode, scale and cut a picture; safe to call from several threads.

        Args:
            picture: uint8 [H, W, 3] RGB or [H, W], or the bytes of a picture file that nobody has checked.
        Returns:
            uint8 [3, height, width] of the model's size.
        Raises:
            ImageError, TooLargeError: as `decode_image`.
        """
        array = decode_quickly(picture) if isinstance(picture, bytes) else to_rgb(picture)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
            values = torch.from_numpy(np.ascontiguousarray(array)).permute(2, 0, 1)
        size = self.scaled(*array.shape[:2])
        if size != tuple(array.shape[:2]):
            values = torch.nn.functional.interpolate(
                values[None], size, mode=self.interpolation, antialias=True, align_corners=False
            )[0]
        return self._cut(values)

    def prepare_exactly(self, picture: Image | bytes) -> torch.Tensor:
        """As `prepare`, to the last bit what open_clip makes of it: read and scaled by Pillow, in twice the time.

        Args, Returns, Raises: as `prepare`.
        """
        array = to_rgb(decode_image(picture) if isinstance(picture, bytes) else picture)
        tall, wide = self.scaled(*array.shape[:2])
        how = Pil.Resampling.BICUBIC if self.interpolation == "bicubic" else Pil.Resampling.BILINEAR
        scaled = np.asarray(Pil.fromarray(np.ascontiguousarray(array)).resize((wide, tall), how))
        return self._cut(torch.from_numpy(scaled.copy()).permute(2, 0, 1))

    def normalize(self, prepared: torch.Tensor, device: str, dtype: torch.dtype) -> torch.Tensor:
        """What the image tower takes.

        Args:
            prepared: uint8 [N, 3, height, width].
            device: where it shall be.
            dtype: what it shall be.
        """
        mean, std = (torch.tensor(each, device=device).view(1, 3, 1, 1) for each in (self.mean, self.std))
        return prepared.to(device).float().div_(255).sub_(mean).div_(std).to(dtype)

    def _cut(self, values: torch.Tensor) -> torch.Tensor:
        """The middle, with a border where it is too small.

        Source: torchvision.transforms.functional.center_crop, open_clip.transform.center_crop_or_pad.
        """
        tall, wide = self.size
        missing = max(0, tall - values.shape[1]), max(0, wide - values.shape[2])
        if any(missing):
            top, left = missing[0] // 2, missing[1] // 2
            border = (left, missing[1] - left, top, missing[0] - top)
            values = torch.nn.functional.pad(values, border, value=self.fill_color)
        top, left = round((values.shape[1] - tall) / 2), round((values.shape[2] - wide) / 2)
        return values[:, top : top + tall, left : left + wide].contiguous()


def _channels(value: Any) -> tuple[float, ...]:
    return tuple(float(each) for each in value) if isinstance(value, list | tuple) else (float(value),) * 3
