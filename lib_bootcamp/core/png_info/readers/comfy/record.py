"""From a graph to a record: the picture that was saved, the samplings behind it, and what they were given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.png_info.generation import Generation, file_name, make, number
from lib_bootcamp.core.png_info.limits import read_object

from .rules.graph import Graph, Node
from .rules.rule import names_of
from .rules.values import Pass, Value
from .tables import PREVIEWING, SAVING
from .walk import Walk
from .workflow import as_prompt

MAX_ENDS = 20
_PICTURES = "images|image|frames|video|pixels|samples|audio|any|image_a"
MAX_GRAPH_VALUES = 300_000
"""Of a graph with thousands of nodes, each of which has dozens."""
_UNKNOWN = "A part of the prompt is made by a node whose result the file does not hold."


def read_comfy(texts: Mapping[str, str], size: tuple[int, int] = (0, 0)) -> Generation | None:
    """The record of a `prompt` graph, else of a `workflow`; None where there is neither.

    Args:
        texts: by name.
        size: the picture's width and height; 0 where they are not known.
    """
    given = read_object(texts.get("prompt"), MAX_GRAPH_VALUES)
    workflow = read_object(texts.get("workflow"), MAX_GRAPH_VALUES)
    graph = Graph(given, workflow)
    extras: dict[str, Any] = {"Nodes": len(given)}
    if not graph.nodes:
        if not isinstance(workflow.get("nodes"), list):
            return None
        given = as_prompt(workflow)
        graph = Graph(given)
        extras = {"Workflow nodes": len(workflow["nodes"])}
    walk = Walk(graph)
    made = _saved(walk, graph, size)
    values: dict[str, Any] = {}
    if made is not None and made.passes:
        values = _values(made, extras)
    else:
        extras["Note"] = "No sampler node was found."
    if graph.cut or walk.cut:
        extras["Note"] = "The graph is too large; only a part of it was read."
    return make("ComfyUI", values, extras)


def _saved(walk: Walk, graph: Graph, size: tuple[int, int]) -> Value | None:
    """The picture that was saved, else shown, else what a sampler made of which nothing is used further on."""
    for kinds in (SAVING, PREVIEWING):
        ends = [node for node in graph.nodes.values() if node.kind in kinds or (kinds is SAVING and _saves(node))]
        found = _best([_picture(walk, node) for node in ends[:MAX_ENDS]], size)
        if found is not None:
            return found
    sinks = graph.sinks()[:MAX_ENDS]
    found = _best([_picture(walk, node) or walk.made_by(node) for node in sinks], size)
    if found is not None:
        return found
    return _best([walk.made_by(node) for node in _likely(graph)], size)


def _saves(node: Node) -> bool:
    kind = node.kind.lower()
    return "save" in kind and ("image" in kind or "video" in kind or "picture" in kind) and "load" not in kind


def _likely(graph: Graph) -> list[Node]:
    settings = ("steps", "seed", "noise_seed", "cfg", "sampler_name", "guider")
    found = [node for node in graph.nodes.values() if sum(name in node.inputs for name in settings) >= 2]
    return found[-MAX_ENDS:]


def _picture(walk: Walk, node: Node) -> Value | None:
    for name in names_of(node, _PICTURES):
        found = walk.of(node, name)
        if found is not None and found.passes:
            return found
    return None


def _best(found: list[Value | None], size: tuple[int, int]) -> Value | None:
    """Of several pictures the one that has this size; else the one with the most samplings, the first of those."""

    def rank(made: Value) -> tuple[bool, bool, int]:
        whole = sum(not each.detail for each in made.passes)
        final = _final_size([*(each.before for each in made.passes if not each.detail), made.facts])
        return whole > 0, final == size if final is not None else False, whole

    there = [each for each in found if each is not None and each.passes]
    return max(there, key=rank, default=None)


def _final_size(steps: list[Mapping[str, Any]]) -> tuple[int, int] | None:
    """The size after all steps, where each of them gives it."""
    size: tuple[int, int] | None = None
    for at, before in enumerate(steps):
        upscaled_size = [number(before.get(name), whole=True) for name in ("up_width", "up_height")]
        scale = number(before.get("scale_by"), whole=False)
        start = _size(before) if at == 0 else {}
        if all(upscaled_size):
            size = (upscaled_size[0], upscaled_size[1])
        elif start:
            size = (start["width"], start["height"])
        elif scale and size:
            size = (round(size[0] * scale), round(size[1] * scale))
        elif before.get("scaled") or size is None:
            return None
    return size


def _values(made: Value, extras: dict[str, Any]) -> dict[str, Any]:
    whole = [each for each in made.passes if not each.detail]
    details = [each for each in made.passes if each.detail]
    begun = max((at for at, each in enumerate(whole) if each.fresh), default=0)
    size = _final_size([each.before for each in whole[:begun]])
    whole = whole[begun:]
    first = whole[0] if whole else details.pop(0)
    values = _sampling(first)
    for field, given in (
        ("prompt", _words(first.positive, whole, "positive")),
        ("negative_prompt", _words(first.negative, whole, "negative")),
    ):
        values[field] = "\n".join(given.words or ()) if given is not None else ""
        if given is not None and given.partial:
            extras["Note"] = _UNKNOWN
    model = next((each.model for each in (first, *whole) if each.model is not None), None)
    if model is not None:
        values["model"] = file_name(model.facts.get("model")) or None
        values["loras"] = model.loras
        _add(extras, "Shift", model.facts.get("shift"))
    for side in (first.positive, first.negative):
        if side is not None:
            _add(extras, "Distilled CFG Scale", side.facts.get("guidance"))
            values.setdefault("clip_skip", _skipped(side.facts.get("clip_skip")))
    values["vae"] = file_name(made.facts.get("vae")) or None
    values |= _size(first.before) or (
        {} if size is None or first.before.get("scaled") else {"width": size[0], "height": size[1]}
    )
    values |= _hires(first, whole, values)
    for each in details:
        extras[each.kind] = dict(each.values)
    if made.facts.get("scaled") and len(whole) == 1:
        _add(extras, "Postprocess upscaler", made.facts.get("upscale_model", made.facts.get("upscaler")))
        _add(extras, "Postprocess upscale by", made.facts.get("scale_by"))
    return {name: value for name, value in values.items() if value is not None}


def _words(own: Value | None, whole: list[Pass], side: str) -> Value | None:
    """A pass's conditioning; where it has none that is known, that of a later pass."""
    if own is not None and own.words is not None:
        return own
    later = (getattr(each, side) for each in whole[1:])
    return next((each for each in later if each is not None and each.words), own)


def _sampling(made: Pass) -> dict[str, Any]:
    given = made.values
    values = {
        "steps": given.get("steps"),
        "cfg_scale": given.get("cfg"),
        "seed": given.get("seed"),
        "sampler": given.get("sampler"),
        "scheduler": given.get("scheduler"),
    }
    denoise = number(given.get("denoise"), whole=False)
    if denoise is not None and denoise != 1:
        values["denoising_strength"] = denoise
    return values


def _size(before: Mapping[str, Any]) -> dict[str, Any]:
    """The size that a sampling began with: of a picture that was scaled only where the scaling says it."""
    scaled = before.get("scaled") or "scale_by" in before
    names = ("up_width", "up_height") if scaled else ("width", "height")
    size = [number(before.get(name), whole=True) for name in names]
    return {"width": size[0], "height": size[1]} if all(size) else {}


def _hires(first: Pass, whole: list[Pass], values: Mapping[str, Any]) -> dict[str, Any]:
    """A sampling after the first, of the whole picture made larger and in part: what the WebUI calls hires fix."""
    for each in reversed(whole):
        strength = number(each.values.get("denoise"), whole=False)
        larger = each.before.get("scaled") or "scale_by" in each.before
        if each is first or strength is None or strength == 1 or not larger or each.before.get("masked"):
            continue
        found: dict[str, Any] = {"denoising_strength": strength, "hires_steps": each.values.get("steps")}
        scale = number(each.before.get("scale_by"), whole=False)
        size = [number(each.before.get(name), whole=True) for name in ("up_width", "up_height")]
        if scale:
            found["hires_upscale"] = scale
        elif all(size) and size != [values.get("width"), values.get("height")]:
            found["hires_width"], found["hires_height"] = size
        found["hires_upscaler"] = file_name(each.before.get("upscale_model", each.before.get("upscaler"))) or None
        return found
    return {}


def _skipped(layer: Any) -> int | None:
    """The last layers left out of the text encoder, counted as the WebUI does."""
    stop = number(layer, whole=True)
    return -stop if stop is not None and stop < 0 else None


def _add(extras: dict[str, Any], name: str, value: Any) -> None:
    if value is not None:
        extras.setdefault(name, value)
