"""Which module and factor each key of a LoRA file is, whatever tool wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .ldm_unet import UNetShape, ldm_path
from .names import Factor, Module

_FACTORS: tuple[tuple[str, Factor], ...] = (
    (r"lora_down\.weight|lora_A(?:\.\w+)?\.weight|lora(?:_linear_layer)?\.down\.weight", "down"),
    (r"lora_up\.weight|lora_B(?:\.\w+)?\.weight|lora(?:_linear_layer)?\.up\.weight", "up"),
    (r"lora_mid\.weight", "mid"),
    (r"dora_scale|lora_magnitude_vector(?:\.\w+){0,2}", "dora_scale"),
    (r"alpha", "alpha"),
    (r"scale", "scale"),
    (r"diff", "diff"),
)
_ENDING = re.compile(r"\.(?:" + "|".join(f"({pattern})" for pattern, _ in _FACTORS) + r")$")
_PROCESSOR = re.compile(r"\.processor\.(to_[qkv]|to_out)_lora\.(down|up)\.weight$")
"""How diffusers below 0.20 named what its attention processors held."""
_OTHER_KINDS = (
    (r"\.hada_[wt]", "LoHa"),
    (r"\.lokr_[wt]", "LoKr"),
    (r"\.oft_(?:blocks|diag)$|^oft_unet", "OFT"),
    (r"\.[ab][12]\.weight$", "GLoRA"),
    (r"\.on_input$", "IA3"),
    (r"\.string_to_param\.|^emb_params$|^clip_[lg]$", "textual inversion embedding"),
)


@dataclass(frozen=True)
class KeyMatch:
    """What a file's keys are.

    Args:
        modules: for each module that is met, the key of each of its factors.
        unmatched: the keys that belong to none.
    """

    modules: dict[Module, dict[Factor, str]]
    unmatched: tuple[str, ...]

    @property
    def matched(self) -> int:
        """How many keys belong to a module."""
        return sum(len(each) for each in self.modules.values())

    @property
    def total(self) -> int:
        """How many keys there are."""
        return self.matched + len(self.unmatched)

    def sentence(self) -> str:
        """`210 of 216 keys matched, the first of the others is lora_te_…`."""
        others = f", the first of the others is {self.unmatched[0][:100]}" if self.unmatched else ""
        return f"{self.matched} of {self.total} keys matched{others}."


def match_keys(keys: Iterable[str], config: Mapping[str, Any], modules: Iterable[Module]) -> KeyMatch:
    """Find the module and the factor of each key.

    Args:
        keys: the names of a file's tensors: kohya's, LDM's, diffusers', peft's, OneTrainer's or SimpleTuner's.
        config: the UNet's, as diffusers has it.
        modules: those of the checkpoint that may be met.
    """
    known = _stems(UNetShape.of(config), modules)
    found: dict[Module, dict[Factor, str]] = {}
    unmatched: list[str] = []
    for key in keys:
        stem, factor = split_key(key)
        module = known.get(stem)
        if module is None or factor is None or factor in found.get(module, {}):
            unmatched.append(key)
        else:
            found.setdefault(module, {})[factor] = key
    return KeyMatch(found, tuple(unmatched))


def split_key(key: str) -> tuple[str, Factor | None]:
    """A key's module part and its factor; the whole key and None where it names no factor of a LoRA."""
    old = _PROCESSOR.search(key)
    if old is not None:
        layer = "to_out.0" if old[1] == "to_out" else old[1]
        return f"{key[: old.start()]}.{layer}", "down" if old[2] == "down" else "up"
    ending = _ENDING.search(key)
    if ending is None or ending.lastindex is None:
        return key, None
    return key[: ending.start()], _FACTORS[ending.lastindex - 1][1]


def other_kind(keys: Iterable[str]) -> str:
    """What a file is that is no LoRA, LoCon or DoRA; empty where no key says so."""
    for key in keys:
        for pattern, kind in _OTHER_KINDS:
            if re.search(pattern, key):
                return kind
    return ""


def _stems(shape: UNetShape, modules: Iterable[Module]) -> dict[str, Module]:
    """Every way in which a file may begin the keys of a module; what comes first wins."""
    known: dict[str, Module] = {}
    for module in modules:
        for stem in _of_unet(shape, module.path) if module.part == "unet" else _of_text(module):
            known.setdefault(stem, module)
    return known


def _of_unet(shape: UNetShape, path: str) -> list[str]:
    joined, ldm = path.replace(".", "_"), ldm_path(shape, path)
    stems = [f"lora_unet_{joined}", f"lycoris_{joined}", f"lycoris_unet_{joined}"]
    stems += [f"unet.{path}", f"base_model.model.{path}", f"base_model.model.unet.{path}", f"diffusion_model.{path}"]
    if ldm is not None:
        below = ldm.replace(".", "_")
        stems += [f"lora_unet_{below}", f"lycoris_{below}", f"unet.{ldm}", f"diffusion_model.{ldm}"]
    return stems


def _of_text(module: Module) -> list[str]:
    path, joined = module.path, module.path.replace(".", "_")
    second = module.part == "text_encoder_2"
    prefixes = ("lora_te2_", "lycoris_te2_") if second else ("lora_te_", "lora_te1_", "lycoris_te_", "lycoris_te1_")
    dotted = [f"{module.part}.", f"base_model.model.{module.part}.", "te2." if second else "te1."]
    stems = [f"{prefix}{joined}" for prefix in prefixes]
    for below in {path, path.removeprefix("text_model.")}:
        stems += [prefix + below for prefix in (*dotted, *(() if second else ("base_model.model.", "te.")))]
    return stems
