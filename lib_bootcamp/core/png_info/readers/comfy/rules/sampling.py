"""Samplers, and what works on parts of a finished picture, as rules."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .graph import Node
from .rule import Answer, Of, given, names_of
from .values import MAX_PASSES, Pass, Value, Want

WORDS = {"positive": Want("words", "+"), "negative": Want("words", "-")}
GIVEN = {
    "model": "optional_model|opt_model|model|model_c",
    "positive": "optional_positive|opt_positive|positive|pos|conditioning|cond1|cond_positive|positive_cond",
    "negative": "optional_negative|opt_negative|negative|neg|cond_negative|negative_cond|negative_text_embeds",
    "latent": "optional_latent|latent_image|latent|samples|latents|init_latent|latent_c|x0_output",
    "vae": "optional_vae|opt_vae|vae",
    "seed": "seed|noise_seed|main_seed|seed_num|random_seed",
    "steps": "steps|base_steps|num_inference_steps|steps_total",
    "cfg": "cfg|cfg_scale|guidance_scale|cfg_conds|cfg1",
    "sampler": "sampler_name|sampler",
    "scheduler": "scheduler|scheduler_name|schedule",
    "denoise": "denoise|denoise_strength|denoising_strength",
}
BUNDLES = (
    "pipe|basic_pipe|detailer_pipe|sdxl_pipe|sdxl_tuple|noise|guider|sampler|sigmas|text_embeds|image_embeds|script|"
    "options|context|ctx|params|pipe_opt|kdiffusion_pipe|base_ctx|bus|settings|advanced|base_sampler"
)
# a sampler with one of these may go on where another ended
_PARTIAL = "sigmas|start_at_step|end_at_step|start_step|end_step|add_noise|advanced"
# known of latents or a picture between two samplings, and no further
BETWEEN = frozenset(
    {"scale_by", "up_width", "up_height", "upscaler", "upscale_model", "scaled", "masked", "width", "height"}
)


@dataclass(frozen=True)
class Sample:
    """What a sampler makes of its own inputs, and of pipes, guiders and the like where it has none.

    Args:
        own: field: the inputs, where they are not those of `GIVEN`.
        image: it begins from a picture.
        detail: it works on parts of that picture, which stays what it is.
    """

    own: Mapping[str, str] = field(default_factory=dict)
    image: str = ""
    detail: bool = False
    kind: str = ""

    def find(self, node: Node, want: Want) -> Answer:
        pipes: list[Mapping[str, Value]] = []
        for name in names_of(node, BUNDLES):
            pipe = yield from given(node, name, Want("pipe"))
            if pipe is not None and pipe.fields:
                pipes.append(pipe.fields)
        values: dict[str, Any] = {}
        for name in ("steps", "cfg", "seed", "sampler", "scheduler", "denoise"):
            value = yield from self._one(node, name, pipes)
            if value is not None and isinstance(value.plain, (str, int, float)):
                values[name] = value.plain
        model = yield from self._one(node, "model", pipes)
        positive = yield from self._one(node, "positive", pipes)
        negative = yield from self._one(node, "negative", pipes)
        vae = yield from self._one(node, "vae", pipes)
        start = yield from self._start(node, pipes)
        begun = start or Value()
        if positive is not None and positive.passes and not begun.passes:
            # what was sampled before is among the conditioning (Stable Cascade)
            begun = Value(passes=positive.passes, facts=begun.facts)
        done = Pass(
            kind=node.kind,
            values=values,
            positive=positive,
            negative=negative,
            model=model,
            before={name: each for name, each in begun.facts.items() if name in BETWEEN},
            detail=self.detail,
            fresh=values.get("denoise") == 1 and "denoise" in node.inputs and not names_of(node, _PARTIAL),
        )
        passes = (*begun.passes, done, *_script(pipes, done))
        if self.detail:
            return Value(passes=_cut(passes), facts=begun.facts)
        facts = {name: each for name, each in begun.facts.items() if name not in BETWEEN}
        facts |= {} if vae is None else {name: each for name, each in vae.facts.items() if name == "vae"}
        return Value(passes=_cut(passes), facts=facts)

    def _start(self, node: Node, pipes: list[Mapping[str, Value]]) -> Answer:
        if self.image:
            found = yield from Of(self.image, "image").find(node, Want("image"))
            return found if found is not None else _in(pipes, "image")
        found = yield from self._one(node, "latent", pipes)
        width = yield from Of("width|empty_latent_width", "width").find(node, Want("width"))
        height = yield from Of("height|empty_latent_height", "height").find(node, Want("height"))
        if found is None and width is not None and height is not None:
            return Value(facts={"width": width.plain, "height": height.plain})
        return found

    def _one(self, node: Node, name: str, pipes: list[Mapping[str, Value]]) -> Answer:
        names = self.own.get(name, GIVEN[name])
        plain = name in {"steps", "cfg", "seed", "sampler", "scheduler", "denoise"}
        found = yield from Of(names).find(node, WORDS.get(name, Want(name)))
        if found is not None and (not plain or found.plain is not None):
            return found
        return _in(pipes, name)


def _in(pipes: list[Mapping[str, Value]], name: str) -> Value | None:
    return next((each[name] for each in pipes if name in each), None)


def _script(pipes: list[Mapping[str, Value]], done: Pass) -> Generator[Pass, None, None]:
    """The second pass that Efficiency's HighRes-Fix script adds to a sampler."""
    for pipe in pipes:
        if "hires_steps" in pipe:
            settings = {
                name.removeprefix("hires_"): each.plain for name, each in pipe.items() if name.startswith("hires_")
            }
            before: dict[str, Any] = {name: settings[name] for name in ("scale_by", "upscaler") if name in settings}
            values = dict(done.values) | {name: settings[name] for name in ("steps", "denoise") if name in settings}
            yield Pass(kind="HighRes-Fix Script", values=values, before=before, model=done.model)


def _cut(passes: tuple[Pass, ...]) -> tuple[Pass, ...]:
    half = MAX_PASSES // 2
    return passes if len(passes) <= MAX_PASSES else (*passes[:half], *passes[-half:])
