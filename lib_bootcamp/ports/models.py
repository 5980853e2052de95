"""What an operation asks of its host's models: the checkpoint it draws with, and those beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
STEER = "bootcamp_steer"
"""What a WebUI's generation object carries where its steps are steered: a `Steer`."""
Steer: TypeAlias = Callable[[Any, float], Any]
"""Clean latents [N, C, h, w] that a step predicts and the share of the steps that are done, to what they should be."""


@dataclass(frozen=True, kw_only=True)
class KeptModel:
    """A model beside the checkpoint that is in memory.

    Args:
        name: as it was asked for.
        device: where its weights are.
        bytes: of its weights.
    """

    name: str
    device: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """The checkpoint that is in memory, as `GET /model` and `info` report it.

    Args:
        checkpoint: the host's name of it.
        family: the architecture, `sd1`, `sd2`, `sdxl` or another name of the host's: which parts it has and how they
            are joined, whatever their size. A small checkpoint of SD1's parts is `sd1` with any text encoder.
        vae: the file of a VAE chosen beside the checkpoint, or None for its own.
        prediction_type: `epsilon` or `v_prediction`.
        device: where the UNet's weights are at this moment.
        dtype: of the UNet's weights.
        vae_dtype: of the VAE's weights.
        low_vram: whether the host moves parts of it between devices while it draws.
        loras: networks merged into the weights at this moment.
        shared_bytes: weights that the view of `components` shares with the host; None before it was asked for.
        owned_bytes: what the view holds beside them; None before it was asked for.
    """

    checkpoint: str
    family: str
    vae: str | None
    prediction_type: str
    device: str
    dtype: str
    vae_dtype: str
    low_vram: bool = False
    loras: tuple[str, ...] = ()
    shared_bytes: int | None = None
    owned_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Components:
    """A checkpoint as diffusers and transformers modules, in evaluation mode and without gradients.

    The weights are the host's own: writing to them changes what the host draws. Adapters (peft) may
    be added; the base gets no gradient.

    Args:
        family: `sd1`, `sd2` or `sdxl`.
        unet: diffusers `UNet2DConditionModel`.
        vae: diffusers `AutoencoderKL`.
        text_encoder: transformers `CLIPTextModel`.
        tokenizer: transformers `CLIPTokenizer`.
        text_encoder_2: transformers `CLIPTextModelWithProjection` of SDXL.
        tokenizer_2: its tokenizer.
        scheduler: keyword arguments for a diffusers scheduler (betas, prediction type).
        device: the torch device to put inputs on.
        shared_bytes: weights shared with the host.
        owned_bytes: what these modules hold beside them.
        license: as the checkpoint's own file states it; empty where it does not.
    """

    family: str
    unet: Any
    vae: Any
    text_encoder: Any
    tokenizer: Any
    text_encoder_2: Any = None
    tokenizer_2: Any = None
    scheduler: dict[str, Any] = field(default_factory=dict)
    device: str = "cpu"
    shared_bytes: int = 0
    owned_bytes: int = 0
    license: str = ""


@dataclass(frozen=True, kw_only=True)
class HostCaptioner:
    """The host's own model that puts a picture into a sentence.

    Args:
        is_here: whether its weights are on this machine; if not, the first caption fetches them.
        caption: a sentence for each picture (uint8 [H, W, 3] RGB or [H, W]); called while the queue is held.
    """

    is_here: bool
    caption: Callable[[Sequence[Any]], list[str]]


class ModelCache(Protocol):
    """The models beside the checkpoint: loaded once, shared, and dropped when nobody uses them."""

    def borrow(self, key: str, load: Callable[[], T]) -> AbstractContextManager[T]:
        """Lend the model of this key for the length of a block; `load` is called when it is not there."""

    def listed(self) -> tuple[KeptModel, ...]:
        """What is in memory now."""

    def clear(self) -> None:
        """Drop everything that is not lent."""


class ModelHost(Protocol):
    """The part of a host that has models."""

    @property
    def model_cache(self) -> ModelCache:
        """The models beside the checkpoint; one model cache for the whole life of the host."""

    def device(self) -> str:
        """The torch device that models run on: `cuda`, `cuda:N`, `mps` or `cpu`."""

    def dtype(self) -> str:
        """The precision that models run in on that device: `float32`, `float16` or `bfloat16`."""

    def checkpoint(self) -> str | None:
        """The checkpoint the host draws with, or None when it has none; never loads it."""

    def model(self) -> ModelInfo | None:
        """Describe the checkpoint in memory, or None when there is none; waits for nothing, loads nothing."""

    def components(self) -> AbstractContextManager[Components]:
        """Lend the checkpoint's modules for the length of a block; loads it if need be.

        Takes the queue as `gpu` does, where the caller does not hold it.

        The modules are empty again after the block: nothing of the host's weights is kept alive.

        Raises:
            ModelError: there is no checkpoint, or one of a kind that has no such modules.
            MissingPackageError: diffusers is not installed.
        """

    def luminance(self) -> Any:
        """How bright the loaded VAE makes a latent pixel: `ml.diffusion.luminance.LuminanceFit`, measured once.

        Raises:
            ModelError: there is no checkpoint, or its VAE gives no numbers.
            MissingPackageError: torch is not installed.
        """

    def controlnet_models(self) -> dict[str, Path]:
        """The installed ControlNet models: the name that a unit is given, and the file."""

    def captioner(self) -> HostCaptioner | None:
        """The host's own captioner, or None where it has none; loads nothing."""
