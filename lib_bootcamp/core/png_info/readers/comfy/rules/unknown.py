"""A node class that the table does not know: what is asked for comes of the one input that it can come of, or none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .graph import Node, link
from .rule import Answer, Bundle, Of, Pick, Rule, given, names_of
from .sampling import GIVEN, Sample
from .text_rules import Drawn, Join, Says
from .values import MADE, Value, Want, as_text
from .with_facts import WithFacts

PIPES = (
    "pipe|context|ctx|base_ctx|basic_pipe|detailer_pipe|bus|pipe_line|pipeline|guider|sigmas|noise|sampler|"
    "sdxl_pipe|in_pipe|pipe_in|any_pipe|text_embeds"
)
STANDARD = Bundle(
    {
        **{name: names for name, names in GIVEN.items() if name != "sampler"},
        "sampler": "sampler_name",
        "image": "images|image|pixels",
        "clip": "clip",
    },
    base=PIPES,
)
_PLAIN = frozenset({"seed", "steps", "cfg", "sampler", "scheduler", "denoise", "width", "height", "number"})
_TYPES = {"MODEL": "model", "CONDITIONING": "words", "LATENT": "latent", "IMAGE": "image", "VAE": "vae", "CLIP": "clip"}
_NAMES = {
    "model": "model|model1|base_model|model_opt|opt_model|unet|MODEL",
    "clip": "clip|clip1|base_clip|opt_clip|CLIP",
    "vae": "vae|VAE|opt_vae|base_vae",
    "latent": "samples|latent|latent_image|latents|samples_to|destination|samples1|LATENT|optional_latent",
    "image": "images|image|pixels|input_image|destination|base_image|original_image|image1|image_1|image_a|frames",
}
_TEXTS = "text|prompt|string|value|populated_text|text_input|input_text|caption|String|Text|wildcard_text|STRING"
_POSITIVE = "positive|pos|positive_prompt|text_positive|positive_text|prompt_positive|pos_prompt|base_positive|POSITIVE"
_NEGATIVE = "negative|neg|negative_prompt|text_negative|negative_text|prompt_negative|neg_prompt|base_negative|NEGATIVE"
_WORDS = "conditioning|cond|CONDITIONING|conditioning_to|conditioning_in|base_conditioning"
_HOLDERS = "value|Value|int|float|number|Number|INT|FLOAT|num|integer|any"
_ASKING = (
    "image|images|pixels|model|llm|llm_model|api_key|max_tokens|max_new_tokens|max_length|temperature|system_prompt"
)
_CHANGES = re.compile(
    r"llm|gpt|ollama|gemini|claude|qwen|llama|deepseek|florence|joycaption|caption|interrogat|tagger|translat|enhanc|"
    r"expand|upsampl|magic|replac|regex|split|slice|substr|trunc|extract|remov|filter|format|dict|json|shuffle|sort|file|"
    r"line|load|csv|list",
    re.IGNORECASE,
)
_DRAWS = re.compile(r"random|wildcard|dynamic ?prompt", re.IGNORECASE)
_JOINS = re.compile(r"concat|join|combine|append", re.IGNORECASE)
_WORKS_OUT = re.compile(
    r"math|calc|operat|expres|arith|divid|multipl|round|ratio|scale|convert|random (?!seed)", re.IGNORECASE
)
_PART = re.compile(r"(?:text|string|prompt|str|part)_?(?:\d{1,3}|[a-h])", re.IGNORECASE)
_LOADED = {
    "model": "ckpt_name|unet_name|model_name|base_ckpt_name|checkpoint|diffusion_model|ckpt|unet|model_path|model_file",
    "vae": "vae_name",
}


@dataclass(frozen=True)
class Unknown:
    """The rules of a class that nobody knows."""

    def at(self, node: Node, slot: int) -> Rule:
        """The rule of an output."""
        if slot == MADE or self._samples(node, slot):
            detail = bool(names_of(node, "image|images|upscaled_image") and not names_of(node, GIVEN["latent"]))
            if names_of(node, "steps|seed|noise_seed") and (slot == MADE or detail or self._samples(node, slot)):
                return Sample(image="image|images|upscaled_image" if detail else "", detail=detail)
        return _Guess(slot)

    def _samples(self, node: Node, slot: int) -> bool:
        """Whether an output gives what the node sampled: it has a sampler's settings and hands nothing on."""
        settings = len(names_of(node, "steps|cfg|sampler_name|scheduler|denoise"))
        seeded = bool(names_of(node, "seed|noise_seed|noise"))
        fed = bool(names_of(node, "model|pipe|basic_pipe|guider|optional_model"))
        kind = node.output(slot)[1]
        return settings >= 2 and seeded and fed and kind in {"", "LATENT", "IMAGE"}


@dataclass(frozen=True)
class _Guess:
    """What an output of an unknown class gives.

    Args:
        slot: the output.
    """

    slot: int

    def find(self, node: Node, want: Want) -> Answer:
        name, kind = node.output(self.slot)
        # the workflow gives the output's name and type: the input of that name and type, or the only one of the type
        typed = node.typed_inputs(kind)
        same = [each for each in typed if each.lower() == name.lower()]
        if same or (len(typed) == 1 and kind in _TYPES):
            return (yield from self._passed(node, (same or typed)[0], want))
        if want.kind == "pipe":
            return (yield from STANDARD.find(node, want))
        if want.kind == "words":
            return (yield from self._words(node, want))
        if want.kind in {"text", "strength", "switch"} or want.kind in _PLAIN:
            return (yield from self._plain(node, want))
        return (yield from self._made(node, want))

    def _passed(self, node: Node, name: str, want: Want) -> Answer:
        return (yield from WithFacts(Of(name), loras=_spelled(node) if want.kind == "model" else "").find(node, want))

    def _words(self, node: Node, want: Want) -> Answer:
        sided = names_of(node, _NEGATIVE if want.side == "-" else _POSITIVE)
        linked = [each for each in names_of(node, _WORDS) if link(node.inputs[each])]
        names = sided[:1] or (linked if len(linked) == 1 else [])
        if names:
            value = yield from given(node, names[0], want)
            if as_text(value) is not None:  # a loader that has the prompts itself
                return (yield from Says(names[0]).find(node, want))
            return value
        if linked or names_of(node, f"{_POSITIVE}|{_NEGATIVE}"):
            return None
        texts = names_of(node, _TEXTS)
        if len(texts) == 1:
            return (yield from Says(texts[0]).find(node, want))
        return (yield from Pick("negative" if want.side == "-" else "positive", PIPES).find(node, want))

    def _plain(self, node: Node, want: Want) -> Answer:
        name = node.output(self.slot)[0]
        if want.kind == "text":
            return (yield from self._text(node, want))
        if _WORKS_OUT.search(node.kind) or names_of(node, "min|max|minimum|maximum|min_value|max_value|expression"):
            return None
        same = [each for each in node.inputs if each == want.kind or (name and each.lower() == name.lower())]
        own = names_of(node, GIVEN.get(want.kind, ""))[:1]
        names = same[:1] or own or names_of(node, _HOLDERS)
        if len(names) == 1:
            return (yield from given(node, names[0], want))
        return (yield from Pick(want.kind, PIPES).find(node, want)) if not names else None

    def _text(self, node: Node, want: Want) -> Answer:
        sided = names_of(node, _NEGATIVE if want.side == "-" else _POSITIVE)
        names = sided[:1] or names_of(node, _TEXTS)
        if names_of(node, _ASKING) or _CHANGES.search(node.kind):
            # a language model, a picture, a search: what comes out is not what went in
            return (yield from Of("populated_text").find(node, want))
        if _DRAWS.search(node.kind):
            return (yield from Drawn("populated_text|text|prompt|wildcard_text").find(node, want))
        parts = [] if sided else _parts(node)
        if len(parts) > 1 and _JOINS.search(node.kind):
            return (yield from Join("|".join(parts), "@delimiter|separator|join_with|connector").find(node, want))
        return (yield from given(node, names[0], want)) if len(names) == 1 and len(parts) < 2 else None

    def _made(self, node: Node, want: Want) -> Answer:
        names = [each for each in names_of(node, _NAMES.get(want.kind, want.kind)) if link(node.inputs[each])]
        if names:
            return (yield from self._passed(node, names[0], want))
        if want.kind in {"model", "clip", "vae"}:
            pick = yield from Pick(want.kind, PIPES).find(node, want)
            if pick is not None:
                return pick
            facts = {want.kind: _LOADED[want.kind]} if want.kind in _LOADED else {}
            return (
                yield from WithFacts(None, facts, loras=_spelled(node) if want.kind == "model" else "").find(node, want)
            )
        if want.kind == "lora":
            return (
                yield from WithFacts(None, loras="stack:lora_stack|optional_lora_stack|prev_lora names objects").find(
                    node, want
                )
            )
        if want.kind == "image":
            decoded = WithFacts(Of("samples|latent|latents|latent_image", "latent"), vae="vae")
            return (yield from decoded.find(node, want)) if names_of(node, "samples|latent|latents") else None
        if want.kind == "latent":
            return (yield from self._latent(node, want))
        return (yield from Of(want.kind).find(node, want))

    def _latent(self, node: Node, want: Want) -> Answer:
        pictures = [each for each in names_of(node, "pixels|image|images") if link(node.inputs[each])]
        if pictures:
            return (yield from Of(pictures[0], "image").find(node, want))
        width = yield from Of("width|empty_latent_width", "width").find(node, want)
        height = yield from Of("height|empty_latent_height", "height").find(node, want)
        if width is not None and height is not None:
            return Value(facts={"width": width.plain, "height": height.plain})
        return (yield from Pick("latent", PIPES).find(node, want))


def _spelled(node: Node) -> str:
    """How an unknown class may spell LoRAs: only where its name or its inputs speak of them."""
    speaks = "lora" in node.kind.lower() or any("lora" in str(name).lower() for name in node.inputs)
    return "stack:lora_stack|optional_lora_stack|prev_lora|lora names objects" if speaks else ""


def _parts(node: Node) -> list[str]:
    """The numbered or lettered texts of an unknown class, in their order."""
    return sorted((name for name in node.inputs if _PART.fullmatch(name)), key=lambda name: (len(name), name))
