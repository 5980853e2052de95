"""ComfyUI's prompt graph: from the picture that was saved back to sampler, prompts, LoRAs, checkpoint and size.

A graph is `{id: {"class_type": ..., "inputs": {name: value or [id, output]}}}`; everything in it is hostile. Each walk
visits a node once and ends after MAX_NODES, so that circles and large graphs end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .generation import Generation, Lora, file_name, make, number, text
from .limits import read_object

MAX_NODES = 5000
MAX_TEXTS = 50
_OUTPUTS = ("SaveImage", "Image Save", "PreviewImage", "ImageSave", "SaveAnimated", "SaveImageWebsocket")
_TEXTS = (
    "text",
    "text_g",
    "text_l",
    "clip_l",
    "t5xxl",
    "prompt",
    "string",
    "value",
    "positive_prompt",
    "populated_text",
)
_NUMBERS = ("value", "seed", "noise_seed", "int", "float", "number", "Value", "Number", "steps")
_NOT_CONDITIONING = frozenset(
    {
        "clip",
        "model",
        "vae",
        "control_net",
        "image",
        "pixels",
        "mask",
        "style_model",
        "clip_vision",
        "clip_vision_output",
    }
)
_EMPTY = "ConditioningZeroOut"


class Node:
    """One node; `inputs` are values or links."""

    def __init__(self, key: str, given: Mapping[str, Any]) -> None:
        inputs = given.get("inputs")
        self.key = key
        self.kind = text(given.get("class_type"))[:200]
        self.inputs: Mapping[str, Any] = inputs if isinstance(inputs, Mapping) else {}


def link(value: Any) -> tuple[str, int] | None:
    """The node and output that an input comes from; None where it is a value of its own."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)) and isinstance(value[1], int):
        return str(value[0]), value[1]
    return None


class Graph:
    """A prompt graph that may be anything."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.nodes = {
            str(key): Node(str(key), node)
            for key, node in list(given.items())[:MAX_NODES]
            if isinstance(node, Mapping) and "class_type" in node
        }
        self.cut = len(given) > MAX_NODES

    def source(self, value: Any) -> Node | None:
        """The node that an input comes from."""
        found = link(value)
        return self.nodes.get(found[0]) if found else None

    def back(self, start: Node, wanted: Callable[[Node, int], Iterator[str]] | None = None) -> Iterator[Node]:
        """The nodes that lead to one, itself first, the near ones before the far ones, each once.

        Args:
            start: where the walk begins.
            wanted: names the inputs to follow of a node, of which this output is asked for; None: all.
        """
        queue: deque[tuple[Node, int]] = deque([(start, 0)])
        seen = {start.key}
        while queue:
            node, output = queue.popleft()
            yield node
            names = node.inputs if wanted is None else wanted(node, output)
            for name in names:
                found = link(node.inputs.get(name))
                if found and found[0] in self.nodes and found[0] not in seen:
                    seen.add(found[0])
                    queue.append((self.nodes[found[0]], found[1]))

    def value(self, given: Any, names: tuple[str, ...] = _NUMBERS) -> Any:
        """A value, followed through nodes that only hold or pass it on."""
        seen: set[str] = set()
        while (node := self.source(given)) is not None:
            if node.key in seen:
                return None
            seen.add(node.key)
            given = next((node.inputs[name] for name in names if name in node.inputs), None)
        return None if isinstance(given, (list, dict)) else given


def read_comfy(texts: Mapping[str, str]) -> Generation | None:
    """The record of a `prompt` graph; of a `workflow` alone only that there is one. None where there is neither."""
    given = read_object(texts.get("prompt"))
    graph = Graph(given)
    if not graph.nodes:
        workflow = read_object(texts.get("workflow"))
        if not isinstance(workflow.get("nodes"), list):
            return None
        return make("ComfyUI", {}, {"Workflow nodes": len(workflow["nodes"])})
    samplers = _samplers(graph)
    values: dict[str, Any] = {}
    extras: dict[str, Any] = {"Nodes": len(given)}
    if samplers:
        first = samplers[0]
        values = _sampling(graph, first) | _prompts(graph, first, extras) | _models(graph, first)
        values |= _size(graph, first)
        if len(samplers) > 1:
            values |= _second_pass(graph, samplers[-1], values)
    else:
        extras["Note"] = "No sampler node was found."
    values.setdefault("vae", _first_of(graph, "vae_name"))
    if graph.cut:
        extras["Note"] = f"Only the first {MAX_NODES} nodes were read."
    return make("ComfyUI", values, extras)


def _is_sampler(node: Node) -> bool:
    names = node.inputs.keys()
    known = node.kind.startswith(("KSampler", "SamplerCustom", "WanVideoSampler")) and node.kind != "KSamplerSelect"
    return known or {"sampler_name", "steps", "cfg"} <= names or {"seed", "steps", "cfg"} <= names


def _samplers(graph: Graph) -> list[Node]:
    """The samplers on the way to a saved picture, the first pass first; all of them where none is saved."""
    ends = [each for each in graph.nodes.values() if each.kind.startswith(_OUTPUTS)]
    found: dict[str, Node] = {}
    for end in ends[:8]:
        for node in graph.back(end):
            if _is_sampler(node):
                found.setdefault(node.key, node)
        if found:
            break
    if not found:
        found = {key: node for key, node in graph.nodes.items() if _is_sampler(node)}
    # what was met last lies farthest back: it is the first pass
    return list(found.values())[:20][::-1]


def _sampling(graph: Graph, node: Node) -> dict[str, Any]:
    values = {
        "steps": graph.value(node.inputs.get("steps")),
        "cfg_scale": graph.value(node.inputs.get("cfg")),
        "seed": graph.value(node.inputs.get("seed", node.inputs.get("noise_seed"))),
        "sampler": graph.value(node.inputs.get("sampler_name"), ("sampler_name", "value")),
        "scheduler": graph.value(node.inputs.get("scheduler"), ("scheduler", "value")),
    }
    denoise = number(graph.value(node.inputs.get("denoise")), whole=False)
    # custom samplers have their parts in nodes of their own
    for name in ("noise", "sampler", "sigmas", "guider"):
        part = graph.source(node.inputs.get(name))
        if part is None:
            continue
        for field, key in (("seed", "noise_seed"), ("sampler", "sampler_name"), ("scheduler", "scheduler")):
            values[field] = values[field] or graph.value(part.inputs.get(key), (key, "value", "seed"))
        values["steps"] = values["steps"] or graph.value(part.inputs.get("steps"))
        values["cfg_scale"] = values["cfg_scale"] or graph.value(part.inputs.get("cfg"))
        denoise = denoise or number(graph.value(part.inputs.get("denoise")), whole=False)
    if denoise is not None and denoise != 1:
        values["denoising_strength"] = denoise
    return values


def _guided(graph: Graph, node: Node) -> Node:
    """Where conditioning and model are joined: the guider, where there is one."""
    return graph.source(node.inputs.get("guider")) or node


def _conditioning(node: Node, output: int) -> Iterator[str]:
    """The inputs that conditioning comes from; of a pair the one whose output is asked for."""
    if node.kind == _EMPTY:
        return
    if {"positive", "negative"} <= node.inputs.keys():
        yield "positive" if output == 0 else "negative"
        return
    yield from (name for name in node.inputs if name not in _NOT_CONDITIONING)


def _prompts(graph: Graph, node: Node, extras: dict[str, Any]) -> dict[str, Any]:
    joint = _guided(graph, node)
    values: dict[str, Any] = {}
    for field, names in (("prompt", ("positive", "conditioning", "text_embeds")), ("negative_prompt", ("negative",))):
        given = next((joint.inputs[name] for name in names if name in joint.inputs), None)
        start = graph.source(given)
        found = link(given)
        if start is None or found is None:
            continue
        texts: list[str] = []
        output = found[1]

        def wanted(each: Node, asked: int, start: Node = start, output: int = output) -> Iterator[str]:
            return _conditioning(each, output if each is start else asked)

        for each in graph.back(start, wanted):
            if each.kind == _EMPTY:
                continue
            if "guidance" in each.inputs:
                extras.setdefault("Distilled CFG Scale", graph.value(each.inputs["guidance"]))
            texts += [text for text in _own_texts(each) if text not in texts][: MAX_TEXTS - len(texts)]
        values[field] = "\n".join(texts)
    return values


def _own_texts(node: Node) -> list[str]:
    names = [name for name in _TEXTS if isinstance(node.inputs.get(name), str)]
    # nodes that join texts call them string_a, text1, ...
    names += [
        name
        for name, value in node.inputs.items()
        if isinstance(value, str) and name not in names and name.startswith(("string_", "text_", "text1", "text2"))
    ]
    return [node.inputs[name].strip() for name in names if node.inputs[name].strip()]


def _models(graph: Graph, node: Node) -> dict[str, Any]:
    values: dict[str, Any] = {}
    loras: list[Lora] = []
    start = graph.source(_guided(graph, node).inputs.get("model")) or graph.source(node.inputs.get("model"))
    if start is not None:
        for each in graph.back(start, lambda node, _: iter([name for name in node.inputs if name != "clip"])):
            loras += _loras_of(graph, each)
            for key in ("ckpt_name", "unet_name", "model_name", "base_ckpt_name"):
                name = graph.value(each.inputs.get(key), (key, "value", "string"))
                if isinstance(name, str) and "lora_name" not in each.inputs:
                    values.setdefault("model", file_name(name))
    values["loras"] = loras[:100]
    layer = number(_first_of(graph, "stop_at_clip_layer"), whole=True)
    if layer is not None and layer < 0:
        values["clip_skip"] = -layer
    return values


def _loras_of(graph: Graph, node: Node) -> list[Lora]:
    name = graph.value(node.inputs.get("lora_name"), ("lora_name", "value", "string"))
    if isinstance(name, str) and name not in {"", "None"}:
        weight = graph.value(node.inputs.get("strength_model", node.inputs.get("strength")))
        return [Lora(name=file_name(name), weight=number(weight, whole=False))]
    # rgthree's Power Lora Loader: an object for each
    several = [each for each in node.inputs.values() if isinstance(each, Mapping) and isinstance(each.get("lora"), str)]
    return [
        Lora(name=file_name(each["lora"]), weight=number(each.get("strength"), whole=False))
        for each in several
        if each.get("on", True) is True
    ]


def _size(graph: Graph, node: Node) -> dict[str, Any]:
    start = graph.source(node.inputs.get("latent_image", node.inputs.get("samples")))
    for each in graph.back(start) if start is not None else ():
        width, height = (graph.value(each.inputs.get(name), (name, *_NUMBERS)) for name in ("width", "height"))
        if number(width, whole=True) and number(height, whole=True):
            return {"width": width, "height": height}
    return {}


def _second_pass(graph: Graph, node: Node, first: Mapping[str, Any]) -> dict[str, Any]:
    """A sampler after the first one that denoises in part: what the WebUI calls hires fix."""
    second = _sampling(graph, node)
    strength = second.get("denoising_strength")
    if strength is None:
        return {}
    values: dict[str, Any] = {"denoising_strength": strength, "hires_steps": second["steps"]}
    start = graph.source(node.inputs.get("latent_image"))
    for each in graph.back(start) if start is not None else ():
        if _is_sampler(each):
            break
        scale = graph.value(each.inputs.get("scale_by", each.inputs.get("upscale_by")))
        if number(scale, whole=False):
            values.setdefault("hires_upscale", scale)
        width, height = (graph.value(each.inputs.get(name)) for name in ("width", "height"))
        if (
            number(width, whole=True)
            and number(height, whole=True)
            and (width, height)
            != (
                first.get("width"),
                first.get("height"),
            )
        ):
            values.setdefault("hires_width", width)
            values.setdefault("hires_height", height)
        for name in ("upscale_method", "model_name"):
            if isinstance(each.inputs.get(name), str):
                values["hires_upscaler"] = file_name(each.inputs[name])
    return values


def _first_of(graph: Graph, name: str) -> Any:
    return next((graph.value(node.inputs[name]) for node in graph.nodes.values() if name in node.inputs), None)
