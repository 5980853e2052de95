"""Train mini-clip: an open_clip model on drawn scenes, whose captions are true of more than one picture."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from lib_bootcamp.ml.clip.pictures import MEAN, STD
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from tools.mini_models.loop import Recipe, train
from tools.mini_models.shapes.scenes import Scene, draw_scene, sample_scene, truth, write_caption


@dataclass(frozen=True, kw_only=True)
class Round:
    """A part of the training.

    Args:
        steps: in it.
        rate: the highest learning rate.
        moving: whether pictures are turned and shifted.
        pictures_only: whether only the image tower learns.
        plain: the share of scenes with one flat, evenly lit object.
    """

    steps: int
    rate: float
    moving: bool = False
    pictures_only: bool = False
    plain: float = 0.5


CONFIG: dict[str, Any] = {
    "embed_dim": 64,
    "quick_gelu": True,
    "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 12, "patch_size": None, "head_width": 64},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 48, "heads": 3, "layers": 4},
}
SIDE = CONFIG["vision_cfg"]["image_size"]
SCENES, BATCH, SEED = 24_000, 256, 1
# Each round has scenes of its own. In the last one the text tower stands still: mini-sd can be trained on it meanwhile.
ROUNDS = (
    Round(steps=800, rate=2e-3),
    Round(steps=1_000, rate=1.5e-3, moving=True),
    Round(steps=800, rate=1e-3, moving=True, pictures_only=True, plain=0.3),
)


def build(model: dict[str, Any] = CONFIG) -> torch.nn.Module:
    """An untrained open_clip model of this configuration."""
    import_torchvision()
    from open_clip.model import CLIP

    config = {name: dict(value) if isinstance(value, dict) else value for name, value in model.items()}
    module: torch.nn.Module = CLIP(config["embed_dim"], config["vision_cfg"], config["text_cfg"], quick_gelu=True)
    return module


def as_batch(pictures: np.ndarray[Any, Any]) -> torch.Tensor:
    """uint8 [N, H, W, 3] to what the image tower takes: float [N, 3, H, W], normalized."""
    mean, deviation = (torch.tensor(value).view(1, 3, 1, 1) for value in (MEAN, STD))
    return (torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255 - mean) / deviation


def encode_text(module: Any, tokens: torch.Tensor) -> torch.Tensor:
    """As the model's own `encode_text`, without the positions after the longest text: attention is causal."""
    length = int(tokens.argmax(1).max()) + 1
    states = module.token_embedding(tokens[:, :length]) + module.positional_embedding[:length]
    states = module.ln_final(module.transformer(states, attn_mask=module.attn_mask[:length, :length]))
    return states[torch.arange(len(tokens)), tokens.argmax(1)] @ module.text_projection  # type: ignore[no-any-return]


def hard_batches(scenes: Sequence[Scene]) -> Callable[[np.random.Generator], list[int]]:
    """A source of batches in which a picture meets others that differ from it in one thing only.

    Half of the batch are groups of all shapes in one color on one background: chance mixes them so seldom that
    the colors alone would answer nearly all. A quarter are groups of one shape on one background in all colors.
    """
    by_shape: dict[tuple[str, str], dict[str, list[int]]] = {}
    by_color: dict[tuple[str, str], dict[str, list[int]]] = {}
    for at, scene in enumerate(scenes):
        by_shape.setdefault((scene.color, scene.background), {}).setdefault(scene.shape, []).append(at)
        by_color.setdefault((scene.shape, scene.background), {}).setdefault(scene.color, []).append(at)
    tables = [list(by_shape.values()), list(by_color.values())]

    def draw(chance: np.random.Generator) -> list[int]:
        chosen: list[int] = []
        for groups, size in ((tables[0], BATCH // 2), (tables[1], BATCH * 3 // 4)):
            while len(chosen) < size:
                chosen += [int(chance.choice(each)) for each in groups[chance.integers(len(groups))].values()]
            del chosen[size:]
        return [*chosen, *chance.choice(len(scenes), BATCH - len(chosen)).tolist()]

    return draw


def moved(batch: torch.Tensor) -> torch.Tensor:
    """Turn, stretch and shift each picture a little: what a caption tells stays true. float [N, 3, H, W]."""
    turn = (torch.rand(len(batch)) - 0.5) * 0.35
    across, down = 1 + (torch.rand(2, len(batch)) - 0.5) * 0.3
    shift = (torch.rand(2, len(batch)) - 0.5) * 0.16
    rows = (
        torch.stack([across * turn.cos(), -turn.sin(), shift[0]], 1),
        torch.stack([turn.sin(), down * turn.cos(), shift[1]], 1),
    )
    grid = torch.nn.functional.affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
    return torch.nn.functional.grid_sample(batch, grid, padding_mode="border", align_corners=False)


def main(work: Path, out: Path) -> None:
    """Train for all rounds, then write the model into `out`/mini-clip."""
    torch.manual_seed(SEED)
    module = build()
    used: set[int] = set()
    for number, each in enumerate(ROUNDS):
        for name, value in module.named_parameters():
            value.requires_grad = not each.pictures_only or name.startswith("visual.")
        recipe = Recipe(steps=each.steps, rate=each.rate, seed=SEED + 100 * number)
        values = _run(module, recipe, each, work / f"mini-clip-{number}.pt", used)
        module.load_state_dict(values)
    write_model(values, used, out / "mini-clip", CONFIG)


def _run(module: Any, recipe: Recipe, part: Round, state: Path, used: set[int]) -> dict[str, torch.Tensor]:
    import open_clip

    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    rng = np.random.default_rng(recipe.seed)
    scenes = [sample_scene(rng, plain=part.plain) for _ in range(SCENES)]
    pictures = np.stack([draw_scene(each, SIDE) for each in tqdm(scenes, desc="scenes", mininterval=5)])
    used |= {token for each in scenes for token in tokenizer(write_caption(each, rng).text)[0].tolist()}

    draw_batch = hard_batches(scenes)

    def loss_of(chance: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        chosen = draw_batch(chance)
        seen = [scenes[at] for at in chosen]
        captions = [write_caption(each, chance) for each in seen]
        goal = torch.from_numpy(truth(seen, captions)).float()
        batch = as_batch(pictures[chosen])
        mean = torch.nn.functional.normalize(module.encode_image(moved(batch) if part.moving else batch), dim=-1)
        text = torch.nn.functional.normalize(encode_text(module, tokenizer([each.text for each in captions])), dim=-1)
        likeness = module.logit_scale.exp().clamp(max=100) * mean @ text.T
        by_picture = -(goal / goal.sum(1, keepdim=True) * likeness.log_softmax(1)).sum(1).mean()
        by_text = -(goal / goal.sum(0, keepdim=True) * likeness.log_softmax(0)).sum(0).mean()
        hit = goal[torch.arange(BATCH), likeness.argmax(1)].mean().item()
        return (by_picture + by_text) / 2, {"hit": hit}

    return train(module, loss_of, state, recipe)


def write_model(values: dict[str, torch.Tensor], used: set[int], folder: Path, config: dict[str, Any]) -> None:
    """Write an open_clip folder in half precision.

    Args:
        values: the model's parameters.
        used: the tokens that captions had; all others' embeddings become zero.
        folder: where to.
        config: open_clip's `model_cfg`.
    """
    from safetensors.torch import save_file

    unused = [token for token in range(config["text_cfg"]["vocab_size"]) if token not in used]
    values["token_embedding.weight"][unused] = 0  # they were never learned, and so say nothing
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.half().contiguous() if value.is_floating_point() else value
        for name, value in values.items()
        if name != "attn_mask"
    }
    save_file(weights, folder / "open_clip_model.safetensors")
    preprocess = {"mean": MEAN, "std": STD, "interpolation": "bicubic", "resize_mode": "shortest"}
    text = json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}, indent=2)
    (folder / "open_clip_config.json").write_text(text + "\n", encoding="utf-8")
