"""Modules with the weights' names and shapes of LDM, and nothing else of it: no forward.

Source of the names: CompVis' latent-diffusion, `openaimodel.UNetModel`, `diffusionmodules.model`, and
open_clip's `TextTransformer`; that diffusers' forward equals LDM's is checked by ldm_forward.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

Shape = tuple[int, ...]


def config(*, width: int = 32, context: int = 32, linear: bool = False) -> dict[str, Any]:
    """A .yaml as the WebUI keeps it, for the smallest UNet and VAE that diffusers' norms allow."""
    unet = {
        "in_channels": 4,
        "out_channels": 4,
        "model_channels": width,
        "attention_resolutions": [2, 1],
        "num_res_blocks": 1,
        "channel_mult": [1, 2],
        "transformer_depth": 1,
        "context_dim": context,
        **({"num_head_channels": width, "use_linear_in_transformer": True} if linear else {"num_heads": 2}),
    }
    vae = {"ch": 32, "ch_mult": [1, 2], "num_res_blocks": 1, "in_channels": 3, "out_ch": 3, "z_channels": 4}
    return {
        "model": {
            "params": {
                "linear_start": 0.00085,
                "linear_end": 0.012,
                "timesteps": 1000,
                "scale_factor": 0.18215,
                "unet_config": {"params": unet},
                "first_stage_config": {"params": {"embed_dim": 4, "ddconfig": vae}},
            }
        }
    }


def module(weights: Iterator[tuple[str, Shape]] | dict[str, Shape], seed: int = 0) -> nn.Module:
    """A module of random weights under these dotted names."""
    generator = torch.Generator().manual_seed(seed)
    root = nn.Module()
    for name, shape in dict(weights).items():
        *path, leaf = name.split(".")
        here = root
        for step in path:
            if step not in here._modules:
                here.add_module(step, nn.Module())
            here = here._modules[step]
        here.register_parameter(leaf, nn.Parameter(torch.randn(shape, generator=generator) * 0.05))
    return root


def unet(made: dict[str, Any], seed: int = 0) -> nn.Module:
    """The UNet's weights."""
    return module(_unet(made["model"]["params"]["unet_config"]["params"]), seed)


def vae(made: dict[str, Any], seed: int = 1) -> nn.Module:
    """The VAE's weights."""
    return module(_vae(made["model"]["params"]["first_stage_config"]["params"]["ddconfig"]), seed)


def _layer(name: str, *shape: int, bias: bool = True) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", shape
    if bias:
        yield f"{name}.bias", (shape[0],)


def _unet(p: dict[str, Any]) -> Iterator[tuple[str, Shape]]:
    width, mult, blocks = p["model_channels"], p["channel_mult"], p["num_res_blocks"]
    linear = p.get("use_linear_in_transformer", False)

    def res(name: str, inner: int, out: int) -> Iterator[tuple[str, Shape]]:
        yield from _layer(f"{name}.in_layers.0", inner)
        yield from _layer(f"{name}.in_layers.2", out, inner, 3, 3)
        yield from _layer(f"{name}.emb_layers.1", out, 4 * width)
        yield from _layer(f"{name}.out_layers.0", out)
        yield from _layer(f"{name}.out_layers.3", out, out, 3, 3)
        if inner != out:
            yield from _layer(f"{name}.skip_connection", out, inner, 1, 1)

    def attention(name: str, size: int) -> Iterator[tuple[str, Shape]]:
        one = () if linear else (1, 1)
        yield from _layer(f"{name}.norm", size)
        yield from _layer(f"{name}.proj_in", size, size, *one)
        block = f"{name}.transformer_blocks.0"
        for number, inner in ((1, size), (2, p["context_dim"])):
            yield from _layer(f"{block}.attn{number}.to_q", size, size, bias=False)
            yield from _layer(f"{block}.attn{number}.to_k", size, inner, bias=False)
            yield from _layer(f"{block}.attn{number}.to_v", size, inner, bias=False)
            yield from _layer(f"{block}.attn{number}.to_out.0", size, size)
        yield from _layer(f"{block}.ff.net.0.proj", 8 * size, size)
        yield from _layer(f"{block}.ff.net.2", size, 4 * size)
        for number in (1, 2, 3):
            yield from _layer(f"{block}.norm{number}", size)
        yield from _layer(f"{name}.proj_out", size, size, *one)

    yield from _layer("time_embed.0", 4 * width, width)
    yield from _layer("time_embed.2", 4 * width, 4 * width)
    yield from _layer("input_blocks.0.0", width, p["in_channels"], 3, 3)
    size, number, passed = width, 1, [width]
    for level, factor in enumerate(mult):
        for _ in range(blocks):
            yield from res(f"input_blocks.{number}.0", size, factor * width)
            size = factor * width
            yield from attention(f"input_blocks.{number}.1", size)
            passed.append(size)
            number += 1
        if level < len(mult) - 1:
            yield from _layer(f"input_blocks.{number}.0.op", size, size, 3, 3)
            passed.append(size)
            number += 1
    yield from res("middle_block.0", size, size)
    yield from attention("middle_block.1", size)
    yield from res("middle_block.2", size, size)
    number = 0
    for level, factor in reversed(list(enumerate(mult))):
        for block in range(blocks + 1):
            yield from res(f"output_blocks.{number}.0", size + passed.pop(), factor * width)
            size = factor * width
            yield from attention(f"output_blocks.{number}.1", size)
            if level and block == blocks:
                yield from _layer(f"output_blocks.{number}.2.conv", size, size, 3, 3)
            number += 1
    yield from _layer("out.0", size)
    yield from _layer("out.2", p["out_channels"], size, 3, 3)


def _vae(p: dict[str, Any]) -> Iterator[tuple[str, Shape]]:
    width, mult, blocks, latent = p["ch"], p["ch_mult"], p["num_res_blocks"], p["z_channels"]

    def res(name: str, inner: int, out: int) -> Iterator[tuple[str, Shape]]:
        yield from _layer(f"{name}.norm1", inner)
        yield from _layer(f"{name}.conv1", out, inner, 3, 3)
        yield from _layer(f"{name}.norm2", out)
        yield from _layer(f"{name}.conv2", out, out, 3, 3)
        if inner != out:
            yield from _layer(f"{name}.nin_shortcut", out, inner, 1, 1)

    def middle(name: str, size: int) -> Iterator[tuple[str, Shape]]:
        yield from res(f"{name}.mid.block_1", size, size)
        yield from _layer(f"{name}.mid.attn_1.norm", size)
        for each in ("q", "k", "v", "proj_out"):
            yield from _layer(f"{name}.mid.attn_1.{each}", size, size, 1, 1)
        yield from res(f"{name}.mid.block_2", size, size)

    yield from _layer("encoder.conv_in", width, p["in_channels"], 3, 3)
    size = width
    for level, factor in enumerate(mult):
        for block in range(blocks):
            yield from res(f"encoder.down.{level}.block.{block}", size, factor * width)
            size = factor * width
        if level < len(mult) - 1:
            yield from _layer(f"encoder.down.{level}.downsample.conv", size, size, 3, 3)
    yield from middle("encoder", size)
    yield from _layer("encoder.norm_out", size)
    yield from _layer("encoder.conv_out", 2 * latent, size, 3, 3)
    yield from _layer("decoder.conv_in", size, latent, 3, 3)
    yield from middle("decoder", size)
    for level, factor in reversed(list(enumerate(mult))):
        for block in range(blocks + 1):
            yield from res(f"decoder.up.{level}.block.{block}", size, factor * width)
            size = factor * width
        if level:
            yield from _layer(f"decoder.up.{level}.upsample.conv", size, size, 3, 3)
    yield from _layer("decoder.norm_out", size)
    yield from _layer("decoder.conv_out", p["out_ch"], size, 3, 3)
    yield from _layer("quant_conv", 2 * latent, 2 * latent, 1, 1)
    yield from _layer("post_quant_conv", latent, latent, 1, 1)


class OpenClipTower(nn.Module):
    """open_clip's text tower: fused projections, pre-norm, a transposed text projection."""

    def __init__(self, width: int = 16, layers: int = 3, heads: int = 2, words: int = 20, length: int = 6) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(words, width)
        self.positional_embedding = nn.Parameter(torch.randn(length, width))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.ModuleList(_Block(width, heads) for _ in range(layers))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, width))
        self.logit_scale = nn.Parameter(torch.ones([]))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(torch.randn(parameter.shape) * 0.3)

    def states(self, tokens: torch.Tensor) -> list[torch.Tensor]:
        """What goes into each layer, and what comes out of the last."""
        mask = torch.full((tokens.shape[1], tokens.shape[1]), float("-inf")).triu(1)
        found = [self.token_embedding(tokens) + self.positional_embedding]
        for block in self.transformer.resblocks:
            found.append(block(found[-1], mask))
        return found


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, 4 * width))
        self.mlp.add_module("gelu", nn.GELU())
        self.mlp.add_module("c_proj", nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        inner = self.ln_1(x)
        x = x + self.attn(inner, inner, inner, need_weights=False, attn_mask=mask)[0]
        return x + self.mlp(self.ln_2(x))
