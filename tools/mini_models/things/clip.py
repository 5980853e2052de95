"""Train mini-clip 2: things, their styles and grounds, named apart by pictures and by words.

Beside the contrast of pictures and captions, two classifiers on the picture's features name the thing and the style.
They see the things and styles that the text tower never hears of, so that the features are good for those too; they are
kept in the work folder as the judge of what was kept out, and are no part of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy, normalize

from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from tools.mini_models.loop import Recipe, train
from tools.mini_models.shapes.clip import as_batch, build, encode_text, write_model

from .kept import begun
from .pictures import draw_scene
from .scenes import Caption, Scene, sample_ground, sample_scene, truth, write_caption
from .sets import STYLES, Thing, taught_pairs, things
from .vae import all_pairs

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 80, "heads": 5, "layers": 4}


def _config(side: int, width: int) -> dict[str, Any]:
    pictures = {"image_size": side, "layers": [1, 1, 1, 1], "width": width, "patch_size": None, "head_width": 64}
    return {"embed_dim": 96, "quick_gelu": True, "vision_cfg": pictures, "text_cfg": TEXT}


# The first tower of pictures is small: it is there to teach the words. In the second round the text tower stands still,
# so that the UNet can be trained on it meanwhile, and a larger tower of pictures learns to agree with it.
SMALL, CONFIG = _config(64, 20), _config(96, 32)
ROUNDS = ((2_600, 2e-3, SMALL), (5_000, 1e-3, CONFIG))
BATCH, UNTOLD, SEED = 160, 32, 31


_PICTURES = "clip.visual."


class Pupil(torch.nn.Module):
    """The model and the two classifiers that help it along."""

    def __init__(self, things: int, config: dict[str, Any]) -> None:
        super().__init__()
        self.clip = build(config)
        self.thing = torch.nn.Linear(config["embed_dim"], things)
        self.style = torch.nn.Linear(config["embed_dim"], len(STYLES))

    def take_words(self, values: dict[str, torch.Tensor]) -> None:
        """Take the text tower and the classifiers of another pupil, and learn no more of the text."""
        own = self.state_dict()
        self.load_state_dict(
            {name: own[name] if name.startswith(_PICTURES) else values[name] for name in own}  # the towers differ
        )
        for name, value in self.named_parameters():
            value.requires_grad = name.startswith((_PICTURES, "thing.", "style."))


def _batch(pairs: Sequence[tuple[Thing, str]], chance: np.random.Generator) -> list[Scene]:
    """Scenes of which many differ in one thing only: chance alone mixes them too seldom."""
    by_style: dict[str, list[int]] = {}
    by_thing: dict[str, list[int]] = {}
    for at, (thing, style) in enumerate(pairs):
        by_style.setdefault(style, []).append(at)
        by_thing.setdefault(thing.name, []).append(at)
    scenes: list[Scene] = []
    style, ground = str(chance.choice(list(by_style))), sample_ground(chance)
    for at in chance.choice(by_style[style], BATCH // 4, replace=False):
        scenes.append(replace(sample_scene(pairs, chance, two=0.1, at=int(at)), ground=ground))
    for name in chance.choice(list(by_thing), BATCH // 12, replace=False):
        scenes += [sample_scene(pairs, chance, two=0, at=int(at)) for at in chance.choice(by_thing[name], 3)]
    scenes += [sample_scene(pairs, chance, two=0.35) for _ in range(BATCH - len(scenes))]
    return scenes


def used_tokens(work: Path) -> set[int]:
    """The tokens that captions have."""
    import open_clip

    tokenizer, rng, pairs = open_clip.get_tokenizer("ViT-B-32"), np.random.default_rng(SEED), taught_pairs(work)
    scenes = [sample_scene(pairs, rng, at=at % len(pairs)) for at in range(12 * len(pairs))]
    return set(tokenizer([write_caption(each, rng).text for each in scenes]).flatten().tolist())


def _contrast(module: Any, features: torch.Tensor, scenes: list[Scene], captions: list[Caption], tokens: Any) -> Any:
    goal = torch.from_numpy(truth(scenes, captions)).float()
    text = normalize(encode_text(module.clip, tokens([each.text for each in captions])), dim=-1)
    likeness = module.clip.logit_scale.exp().clamp(max=100) * normalize(features, dim=-1) @ text.T
    by_picture = -(goal / goal.sum(1, keepdim=True) * likeness.log_softmax(1)).sum(1).mean()
    by_text = -(goal / goal.sum(0, keepdim=True) * likeness.log_softmax(0)).sum(0).mean()
    hit = goal[torch.arange(len(goal)), likeness.argmax(1)].mean().item()
    return (by_picture + by_text) / 2, hit


def main(work: Path, out: Path) -> None:
    """Train for all rounds; writes `out`/mini-clip after each."""
    import_torchvision()
    torch.manual_seed(SEED)
    names = {each.name: at for at, each in enumerate(things(work))}
    used, before = used_tokens(work), begun("clip", work)
    words: dict[str, torch.Tensor] = {}
    for number, (steps, rate, config) in enumerate(ROUNDS):
        module = Pupil(len(names), config)
        if before is not None and number <= before.number:
            words = before.values
            if number < before.number:
                continue
            module.load_state_dict(words)
        if number:
            module.take_words(words)
        recipe = Recipe(steps=steps, rate=rate, seed=SEED + 100 * number)
        step = before.step_of(number) if before is not None else 0
        lesson = _lesson(module, names, config["vision_cfg"]["image_size"], work)
        words = train(module, lesson, work / f"clip-{number}.pt", recipe, step)
        of_clip = {name[5:]: value for name, value in words.items() if name.startswith("clip.")}
        write_model(of_clip, used, out / "mini-clip", config)
        judge = {name: value for name, value in words.items() if not name.startswith("clip.")}
        torch.save(judge, work / "judge.pt")


def _lesson(module: Pupil, names: dict[str, int], side: int, work: Path) -> Callable[[np.random.Generator], Any]:
    import open_clip

    tokenizer, taught = open_clip.get_tokenizer("ViT-B-32"), taught_pairs(work)
    styles = {style: at for at, style in enumerate(STYLES)}
    heard = {(each.name, style) for each, style in taught}
    untold = [each for each in all_pairs(work) if (each[0].name, each[1]) not in heard]

    def loss_of(chance: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        scenes = _batch(taught, chance)
        captions = [write_caption(each, chance) for each in scenes]
        more = [sample_scene(untold, chance, two=0) for _ in range(UNTOLD)]
        batch = as_batch(np.stack([draw_scene(each, side, work) for each in (*scenes, *more)]))
        features = module.clip.encode_image(batch)
        loss, hit = _contrast(module, features[: len(scenes)], scenes, captions, tokenizer)
        alone = [at for at, each in enumerate((*scenes, *more)) if len(each.items) == 1]
        shown = [(*scenes, *more)[at] for at in alone]
        goals = torch.tensor([[names[each.items[0].thing], styles[each.style]] for each in shown])
        guess = module.thing(features[alone])
        loss = loss + 0.5 * cross_entropy(guess, goals[:, 0], label_smoothing=0.05)
        loss = loss + 0.2 * cross_entropy(module.style(features[alone]), goals[:, 1])
        return loss, {"hit": hit, "thing": (guess.argmax(1) == goals[:, 0]).float().mean().item()}

    return loss_of
