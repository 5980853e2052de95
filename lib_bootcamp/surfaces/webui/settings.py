"""The Bootcamp section of the WebUI's Settings tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.core.scan.decoders import without_package
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ml.runtime.model_cache import IDLE_S
from lib_bootcamp.ports import ALLOWED_FOLDERS

from .ports import WebUi

SECTION = ("bootcamp", "Bootcamp")
PREFIX = "bootcamp_"
OWNERS = {"restrict_api": True}
"""Of a setting that names files: a caller of the WebUI's API cannot change it, nor override it for one picture."""


@dataclass(frozen=True)
class ScanChoices:
    """How thoroughly and by whom codes can be read, as `scan` declares it.

    Args:
        depths: names of the depths.
        help: what they mean.
        readers: names of the readers.
    """

    depths: Sequence[str]
    help: str
    readers: Sequence[str]


def scan_choices() -> ScanChoices:
    """From the declaration."""
    from lib_bootcamp.operations.qr.scan import SCAN

    fields = {each.name: each for each in SCAN.params.fields()}
    depth, item = fields["depth"], fields["decoders"].item
    return ScanChoices(depth.choices, depth.spec.help.rstrip("."), item.choices if item is not None else ())


def settings(scan: ScanChoices) -> dict[str, dict[str, Any]]:
    """The settings by name: default, label, component and a word of help."""
    import gradio as gr

    return {
        "bootcamp_payload_in_infotext": {
            "default": True,
            "label": "Write the QR code's text into the picture's infotext",
            "info": "off: it is not in the PNG, and pasting the infotext leaves the text empty; passwords never are",
        },
        "bootcamp_save_maps": {"default": False, "label": "Save the control maps the section makes"},
        "bootcamp_maps_folder": {
            "default": "outputs/bootcamp-maps",
            "label": "Folder of the saved control maps",
            "info": "below the WebUI's data folder, or an absolute path",
            **OWNERS,
        },
        "bootcamp_allowed_folders": {
            "default": "",
            "label": ALLOWED_FOLDERS,
            "component": gr.Textbox,
            "component_args": {"lines": 3},
            "info": "one per line, besides those of --bootcamp-allow-dir: for callers of the API, and for visitors "
            "of a page that other machines reach",
            **OWNERS,
        },
        "bootcamp_clip": {
            "default": "",
            "label": "CLIP model",
            "info": "ViT-L-14/openai, hf-hub:owner/name, a folder or a .safetensors file; empty: the small one inside",
            **OWNERS,
        },
        "bootcamp_models_idle_s": {
            "default": int(IDLE_S),
            "label": "Seconds for which models beside the checkpoint stay in memory after their last use",
            "component": gr.Slider,
            "component_args": {"minimum": 0, "maximum": 3600, "step": 30},
            "info": "0: none is kept; with --medvram and --lowvram none is",
        },
        "bootcamp_scan_depth": {
            "default": "fast",
            "label": "How thoroughly the section scans each picture",
            "component": gr.Radio,
            "component_args": {"choices": list(scan.depths)},
            "info": scan.help,
        },
        "bootcamp_scan_decoders": {
            "default": [],
            "label": "Readers the section scans with",
            "component": gr.CheckboxGroup,
            "component_args": {"choices": _marked(scan.readers)},
            "info": "none chosen: all that are installed",
        },
    }


def add_settings(webui: WebUi, scan: ScanChoices, *, trusts_page: bool) -> None:
    """Add the section.

    Args:
        webui: the WebUI.
        scan: what `scan_choices` finds.
        trusts_page: whether visitors may name files of this machine; to others settings that do are not shown, and
            the WebUI sets none that is not. What is in its config.json counts.
    """
    made = settings(scan)
    for setting in made.values():
        if setting.get("restrict_api") and not trusts_page:
            setting["component_args"] = {**setting.get("component_args", {}), "visible": False}
    webui.add_settings(SECTION, made)


def check_overrides(overrides: Mapping[str, Any]) -> None:
    """Look at a request's `override_settings`, as far as they are this extension's.

    Raises:
        InvalidParamError: a name or a value that is not understood, or one that callers may not set.
    """
    from lib_bootcamp.params import unknown

    for name, value in overrides.items():
        if not isinstance(name, str) or not name.startswith(PREFIX):
            continue
        made = settings(scan_choices())
        setting = made.get(name)
        if setting is None:
            raise unknown(name, tuple(made), path="override_settings.")
        if setting.get("restrict_api"):
            raise InvalidParamError(f"override_settings.{name}", "is the owner's", hint="only the Settings tab sets it")
        _check_value(f"override_settings.{name}", value, setting)


def _check_value(name: str, value: Any, setting: Mapping[str, Any]) -> None:
    kind = type(setting["default"])
    fits = isinstance(value, (int, float)) if kind is int else isinstance(value, kind)
    if not fits or isinstance(value, bool) != (kind is bool):
        words = {bool: "true or false", int: "a number", str: "a text", list: "a list"}
        raise InvalidParamError(name, f"must be {words[kind]}")
    limits = setting.get("component_args") or {}
    choices = [each[1] if isinstance(each, tuple) else each for each in limits.get("choices") or ()]
    if choices and not all(each in choices for each in (value if isinstance(value, list) else [value])):
        raise InvalidParamError(name, f"must be among {', '.join(choices)}")
    if "maximum" in limits and not limits["minimum"] <= value <= limits["maximum"]:
        raise InvalidParamError(name, f"must be a number from {limits['minimum']} to {limits['maximum']}")


def _marked(readers: Sequence[str]) -> list[tuple[str, str]]:
    """(label, reader), those whose package is not here marked."""
    missing = without_package()
    return [(f"{each} (not installed: {missing[each]})" if each in missing else each, each) for each in readers]
