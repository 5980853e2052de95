"""The facts that a LoRA file's metadata state, whoever wrote it: nothing in them is taken on trust."""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Mapping
from typing import Any, get_args

from .metadata import ARCHITECTURES, PLAIN, LoraBase, LoraFacts

_MAX_TEXT = 4 * 1024 * 1024
_MAX_ITEMS = 100_000
_WHOLE = {"rank", "clip_skip", "seed", "session", "steps", "max_steps", "epoch", "epochs", "images", "reg_images"}
_WHOLE |= {"batch_size", "accumulation"}
_NUMBERS = {"alpha", "started", "finished", "unet_rate", "text_rate", "min_snr", "noise_offset"}
_RESOLUTION = re.compile(r"\D*(\d{1,6})\D+(\d{1,6})\D*")
_READ = {"ss_v2", "ss_resolution", "ss_network_args", "ss_bucket_info", "ss_dataset_dirs", "ss_tag_frequency"}
_READ |= {"sshs_model_hash", "sshs_legacy_hash", "format"}
_SPEC = ("sai_model_spec", "architecture", "implementation", "title", "prediction_type", "hash_sha256", "date")
_READ |= {f"modelspec.{each}" for each in (*_SPEC, "resolution", "merged_from")}


def parse_metadata(metadata: Mapping[str, str], name: str = "") -> LoraFacts:
    """Read what `metadata_of` and sd-scripts write.

    Args:
        metadata: of a file's header.
        name: what the file is called, for one that states no name of its own.
    Returns:
        the facts; a value of the wrong kind is left out, a key that has no field is in `more`.
    """
    texts = {key: value for key, value in metadata.items() if isinstance(value, str) and len(value) <= _MAX_TEXT}
    values: dict[str, Any] = {}
    for key, field in PLAIN.items():
        value = _value(field, texts.get(key, "None"))
        if value is not None:
            values[field] = value
    values.setdefault("output_name", name)
    if values.get("base") not in get_args(LoraBase):
        values["base"] = _base(texts)
    size = _RESOLUTION.fullmatch(texts.get("ss_resolution", ""))
    if size:
        values["resolution"] = (int(size[1]), int(size[2]))
    title = texts.get("modelspec.title", "")
    values["title"] = "" if title == values["output_name"] else title
    architecture = texts.get("modelspec.architecture", "")
    if architecture.endswith("/textual-inversion"):
        values["kind"] = "textual-inversion"
    elif architecture in ARCHITECTURES.values():
        values["kind"] = "checkpoint"
    merged = texts.get("modelspec.merged_from", "")
    values["merged_from"] = tuple(each.strip() for each in merged.split(",") if each.strip())
    values |= _objects(texts)
    values["more"] = {key: value for key, value in texts.items() if key not in PLAIN and key not in _READ}
    known = {each.name for each in dataclasses.fields(LoraFacts)}
    return LoraFacts(**{key: value for key, value in values.items() if key in known})


def _base(texts: Mapping[str, str]) -> str:
    """As A1111 finds it: what begins with `sdxl_`, what says `ss_v2`, else Stable Diffusion 1."""
    stated = texts.get("ss_base_model_version", "")
    if stated.startswith("sdxl_") or "-xl-" in texts.get("modelspec.architecture", ""):
        return "sdxl_base_v1-0"
    if texts.get("ss_v2") == "True":
        return "sd_v2_v" if stated.endswith("_v") else "sd_v2"
    return "sd_v1"


def _value(field: str, text: str) -> Any:
    if text == "None":
        return None
    if field not in _WHOLE | _NUMBERS:
        return text
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    if field in _NUMBERS:
        return number
    return int(number) if number == int(number) and abs(number) < 2**63 else None


def _objects(texts: Mapping[str, str]) -> dict[str, Any]:
    args = _object(texts, "ss_network_args")
    buckets: dict[str, int] = {}
    held = _object(texts, "ss_bucket_info").get("buckets")
    for each in (held if isinstance(held, dict) else {}).values():
        size, count = (each.get("resolution"), each.get("count")) if isinstance(each, dict) else (None, None)
        if isinstance(size, list) and len(size) == 2 and all(map(_is_count, [*size, count])):
            buckets[f"{size[0]}x{size[1]}"] = int(count)  # type: ignore[arg-type]
    folders = {}
    for name, each in _object(texts, "ss_dataset_dirs").items():
        found = (each.get("n_repeats"), each.get("img_count")) if isinstance(each, dict) else (None, None)
        if all(map(_is_count, found)):
            folders[name] = found
    tags = {
        name: {tag: count for tag, count in each.items() if _is_count(count)}
        for name, each in _object(texts, "ss_tag_frequency").items()
        if isinstance(each, dict)
    }
    texts_of = {name: each if isinstance(each, str) else json.dumps(each) for name, each in args.items()}
    return {"network_args": texts_of, "buckets": buckets, "dataset_dirs": folders, "tags": tags}


def _object(texts: Mapping[str, str], key: str) -> dict[str, Any]:
    try:
        found = json.loads(texts.get(key, "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and len(found) <= _MAX_ITEMS else {}


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 2**63
