"""The weights of a part of a checkpoint as a copy that learns: DreamBooth, arXiv 2208.12242. Those that are lent stay.

The copy stands in the lent module for the length of a block, in single precision where it learns, as the module has its
own where it is drawn with. The text encoders' tables of tokens and positions are not taught: words that no caption has
would only decay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import nn

from lib_bootcamp.ml.checkpoints.ldm_names import to_ldm
from lib_bootcamp.ports import Components

from .adapters import Shape, is_taught

PARTS = ("unet", "vae", "text_encoder", "text_encoder_2")
_TABLES = ("token_embedding.", "position_embedding.")


class Whole(nn.Module):  # type: ignore[misc] # torch is not there for it
    """The copy of one part; without values until `fill`, so that a plan costs no memory.

    Args:
        part: `unet`, `text_encoder` or `text_encoder_2`.
        module: the lent module.
        shape: which blocks and layers of the UNet are taught.
    """

    def __init__(self, part: str, module: nn.Module, shape: Shape) -> None:
        super().__init__()
        self.part = part
        named = {name: value for name, value in module.named_parameters() if _learns(part, name, shape)}
        self.paths: Sequence[str] = tuple(named)
        self.values = nn.ParameterList(
            nn.Parameter(torch.empty(value.shape, dtype=torch.float32, device="meta")) for value in named.values()
        )

    def fill(self, module: nn.Module, device: torch.device | str) -> None:
        """Take a copy of the lent weights, in single precision.

        Args:
            module: the lent module.
            device: that is trained on.
        """
        with torch.inference_mode(mode=False), torch.no_grad():
            for at, path in enumerate(self.paths):
                lent = module.get_parameter(path)
                self.values[at] = nn.Parameter(torch.empty(lent.shape, device=device).copy_(lent))

    @contextmanager
    def attached(self, module: nn.Module) -> Iterator[None]:
        """The copy stands in the module, and learns, for the length of a block.

        Args:
            module: lent anew each time, of the same layers.
        """
        with _in_place_of(module, dict(zip(self.paths, self.values, strict=True))):
            yield

    @contextmanager
    def drawn_with(self, module: nn.Module) -> Iterator[None]:
        """The copy stands in the module in the precision that this has, without gradients, for the length of a block.

        Args:
            module: lent anew each time, of the same layers.
        """
        with torch.inference_mode(mode=False):
            made = {
                path: nn.Parameter(value.detach().to(module.get_parameter(path).dtype), requires_grad=False)
                for path, value in zip(self.paths, self.values, strict=True)
            }
        with _in_place_of(module, made):
            yield


def _learns(part: str, name: str, shape: Shape) -> bool:
    return is_taught(name, shape) if part == "unet" else not any(each in name for each in _TABLES)


@contextmanager
def _in_place_of(module: nn.Module, values: Mapping[str, nn.Parameter]) -> Iterator[None]:
    """Other parameters stand in a module for the length of a block."""
    kept: list[tuple[nn.Module, str, nn.Parameter | None]] = []
    layers = dict(module.named_modules())
    try:
        for path, value in values.items():
            parent, _, name = path.rpartition(".")
            owner = layers[parent]
            kept.append((owner, name, owner._parameters[name]))
            owner._parameters[name] = value
        yield
    finally:
        for owner, name, lent in kept:
            owner._parameters[name] = lent


def ldm_tensors(components: Components) -> dict[str, torch.Tensor]:
    """A checkpoint's weights, as they stand in its modules, by their names in LDM's layout.

    Args:
        components: the checkpoint.
    Raises:
        ModelError: one has no place there.
    """
    parts = (getattr(components, part) for part in PARTS)
    with torch.no_grad():
        return to_ldm(*parts, family=components.family)


def weights_in(components: Components) -> int:
    """How many numbers a checkpoint has: the UNet's, the VAE's and the text encoders'.

    Args:
        components: the checkpoint.
    """
    modules = [getattr(components, part) for part in PARTS]
    return sum(each.numel() for module in modules if module is not None for each in module.parameters())
