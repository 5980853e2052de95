"""The Bootcamp section of the WebUI's Settings tab."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.ml.shelf import IDLE_S
from lib_bootcamp.params import Param

from .webui_ports import WebUi

SECTION = ("bootcamp", "Bootcamp")
OWNERS = {"restrict_api": True}
"""Of a setting that names files: a caller of the WebUI's API cannot change it, nor override it for one picture."""


def settings() -> dict[str, dict[str, Any]]:
    """The settings by name: default, label, component and a word of help."""
    import gradio as gr

    made: dict[str, dict[str, Any]] = {
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
        "bootcamp_clip": {
            "default": "",
            "label": "CLIP model",
            "info": "ViT-L-14/openai, hf-hub:owner/name, a folder or a .safetensors file; empty: the small one inside",
            **OWNERS,
        },
        "bootcamp_models_idle_s": {
            "default": int(IDLE_S),
            "label": "Keep models beside the checkpoint in memory for so many seconds after their last use",
            "component": gr.Slider,
            "component_args": {"minimum": 0, "maximum": 3600, "step": 30},
            "info": "0: none is kept; with --medvram and --lowvram none is",
        },
    }
    depth, decoders = _scan_param("depth"), _scan_param("decoders")
    if depth is not None:
        made["bootcamp_scan_depth"] = {
            "default": "full" if "full" in depth.choices else depth.default,
            "label": "How thoroughly the section scans each picture",
            "component": gr.Radio,
            "component_args": {"choices": list(depth.choices)},
            "info": depth.spec.help.rstrip("."),
        }
    if decoders is not None and decoders.item is not None:
        made["bootcamp_scan_decoders"] = {
            "default": [],
            "label": "Readers the section scans with",
            "component": gr.CheckboxGroup,
            "component_args": {"choices": list(decoders.item.choices)},
            "info": "none chosen: all that are installed",
        }
    return made


def add_settings(webui: WebUi) -> None:
    """Add the section."""
    made: Mapping[str, Mapping[str, Any]] = settings()
    webui.add_settings(SECTION, made)


def _scan_param(name: str) -> Param | None:
    scan = next((each for each in OPERATIONS if each.name == "scan"), None)
    return None if scan is None else next((each for each in scan.params.fields() if each.name == name), None)
