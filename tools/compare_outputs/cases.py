"""What is asked for: command lines and requests, with the names that the base commit knows.

A newer checkout reads these names too for one version (`renamed` in the declarations): that is tested on the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .inputs import A1111, LABELS

IN = "../inputs"
URL = "https://example.com/a"
DRAWN = ("--width", "64", "--height", "64", "--steps", "3", "--seed", "7")


@dataclass(frozen=True)
class Case:
    """One command line, or one request: pictures in `files` are sent, the rest is JSON."""

    name: str
    argv: tuple[str, ...] = ()
    path: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def cases() -> list[Case]:
    """All of them, in the order they are run in: some read what one before wrote."""
    lines = (*_qr(), *_maps(), *_edges(), *_lighting(), *_models(), *_files(), *_mistakes())
    made = [Case(f"cli-{number:03d}-{argv[0]}", argv=argv) for number, argv in enumerate(lines)]
    asked = [
        Case(f"http-{number:03d}-{path.strip('/').replace('/', '-')}", path=path, body=body, files=files)
        for number, (path, body, files) in enumerate(_requests())
    ]
    return [*made, *asked]


def _qr() -> Iterator[tuple[str, ...]]:
    base = ("qr", URL, "--width", "384", "--height", "384", "--out", "map.png", "--json")
    options = {
        "--error-correction": "LMQH", "--mask": "01234567", "--quiet-zone": "04",
        "--style": ("dots", "rounded", "gapped"), "--finder": ("rounded", "circle"), "--grid-px": ("1", "4"),
        "--position": ("centre", "top-left", "top-right", "bottom-left", "bottom-right"),
        "--surround": ("white", "black", "grey"), "--module-px": ("8",), "--version": ("5",), "--offset-x-px": ("16",),
    }  # fmt: skip
    for name, values in options.items():
        for value in values:
            yield (*base, name, value)
    yield (*base, "--invert")
    yield (*base, "--function-layer")
    yield (*base, "--no-boost", "--foreground", "#102040", "--background", "#f0e0d0")
    yield (*base, "--logo", f"{IN}/palette.png", "--logo-share", "0.2")
    yield (*base, "--style", "dots", "--module-fill", "0.7", "--width", "512", "--height", "320")
    yield ("qr", "--payload", "wifi", "--wifi-ssid", "Cafe", "--wifi-password", "longenough", "--json")
    yield ("qr", "--payload", "geo", "--geo-latitude", "52.5", "--geo-longitude", "13.4", "--json")
    yield ("qr", "--payload", "vcard", "--vcard-first-name", "Ada", "--vcard-organisation", "Engines", "--json")
    for preset in ("QR Code Monster (SD1.5)", "SDXL", "Free use"):
        yield ("qr", URL, "--preset", preset, "--json")
    yield ("scan", "map.png", "--depth", "fast", "--expected", URL, "--json")
    for name, value in (
        ("--depth", "full"),
        ("--least-score", "0.9"),
        ("--decoders", "opencv"),
        ("--preset", "how well"),
    ):
        yield ("scan", f"{IN}/../work/map.png", name, value, "--json")
    yield (*base, "--out", "plain.png")
    yield ("scan", "plain.png", "--layout", "@plain.png", "--depth", "fast", "--json", "--out", "errors.png")
    yield ("scan", f"{IN}/scene.png", "--json", "--depth", "fast")


def _map(name: str, *options: str) -> tuple[str, ...]:
    return (name, f"{IN}/scene.png", *options, "--out", "map.png", "--json")


def _maps() -> Iterator[tuple[str, ...]]:
    for preset in ("s_curve", "local_contrast", "auto_levels", "soft", "poster", "negative"):
        yield _map("brightness", "--preset", preset)
    for luminance in ("lstar", "linear", "luma", "max"):
        yield _map("brightness", "--luminance", luminance)
    for mode in ("just_resize", "crop_and_resize", "resize_and_fill"):
        yield _map("brightness", "--width", "128", "--height", "128", "--resize-mode", mode)
        yield _map("recolor", "--width", "128", "--height", "128", "--resize-mode", mode)
        yield _map("edges", "--width", "128", "--height", "128", "--resize-mode", mode)
    for options in ("--posterise 4", "--gamma 1.8", "--blur 3", "--blur 2 --blur-unit percent", "--auto-levels",
                    "--black-point 0.1 --white-point 0.8", "--curve 0,0;0.5,0.8;1,1", "--clahe --clahe-clip 4",
                    "--clahe --clahe-tiles 4", "--invert"):  # fmt: skip
        yield _map("brightness", *options.split())
    for preset in ("luminance", "intensity", "histogram_palette"):
        yield _map("recolor", "--preset", preset, "--reference", f"{IN}/palette.png")
    for options in ("--conditioning hsi", "--gamma 0.6", "--transfer reinhard --transfer-strength 0.5",
                    "--transfer histogram --no-keep-luminance"):  # fmt: skip
        yield _map("recolor", *options.split(), "--reference", f"{IN}/palette.png")
    yield _map("maps")
    yield _map("maps", "--map-side", "96", "--cell", "80", "--columns", "3")


def _edges() -> Iterator[tuple[str, ...]]:
    for preset in ("canny", "lineart", "softedge", "scribble", "canny_otsu", "ink", "hue", "contrast"):
        yield _map("edges", "--preset", preset)
    for channel in ("lstar", "a", "b", "hue", "saturation", "red", "green", "blue", "distance"):
        for method in ("canny", "sobel", "xdog"):
            yield _map("edges", "--channel", channel, "--method", method)
    for method in ("scharr", "log", "contrast"):
        for style in ("lines", "soft"):
            yield _map("edges", "--method", method, "--style", style)
    for options in ("--channel distance --colour #e63c28", "--thresholds otsu", "--thresholds median", "--thinning",
                    "--thickness 3", "--min-length 20", "--invert", "--no-normalise --style soft --method sobel",
                    "--sigma 2.5", "--low-threshold 40 --high-threshold 90"):  # fmt: skip
        yield _map("edges", *options.split())


def _lighting() -> Iterator[tuple[str, ...]]:
    flat = ("lighting", "--width", "128", "--height", "96", "--out", "light.png", "--json")
    for preset in ("left", "right", "top", "bottom", "top_left", "top_right", "bottom_left", "bottom_right",
                   "centre_glow", "spotlight", "window", "three_point", "sunset", "neon"):  # fmt: skip
        yield (*flat, "--preset", preset)
    for preset in ("estimate", "estimate_edges"):
        yield ("lighting", f"{IN}/photo.png", "--preset", preset, "--json", "--out", "light.png")
    for kind in ("point", "spot", "directional", "gradient", "ambient"):
        yield (*flat, "--lights", json.dumps([{"kind": kind, "colour": "#ffb060", "x": 0.3, "azimuth": 200}]))
    for falloff in ("inverse_square", "linear", "smooth", "none"):
        yield (*flat, "--lights", json.dumps([{"kind": "point", "falloff": falloff, "radius": 0.6}]))
    for blend in ("multiply", "screen", "overlay", "add", "mix"):
        yield ("lighting", f"{IN}/scene.png", *flat[1:], "--preset", "left", "--blend", blend)
    yield ("lighting", f"{IN}/scene.png", *flat[1:], "--preset", "left", "--no-colour")
    for tone in ("fit", "soft", "clip"):
        yield (*flat, "--preset", "neon", "--exposure", "1", "--tone", tone)
    for convention in ("opengl", "directx", "controlnet"):
        yield (*flat, "--preset", "left", "--normal-map", f"{IN}/normal.png", "--normal-convention", convention)
    for near in ("white", "black"):
        yield (*flat, "--preset", "top", "--depth-map", f"{IN}/depth.png", "--depth-near", near, "--relief", "0.4")
    yield (*flat, "--gradient", "left", "--normalise")


def _models() -> Iterator[tuple[str, ...]]:
    pictures = (f"{IN}/scene.png", f"{IN}/palette.png", f"{IN}/photo.png")
    classify = ("classify", *pictures, "--clip", "mini", "--json")
    for options in (("--labels", LABELS), ("--preset", "drawn shapes (mini)"), ("--labels", LABELS, "--top-k", "2"),
                    ("--labels", LABELS, "--scoring", "sigmoid"), ("--labels", LABELS, "--unknown-below", "0.9"),
                    ("--labels", LABELS, "--templates", "short"), ("--groups", "shape: circle, square; color: red, blue"),
                    ("--labels", LABELS, "--templates", "own", "--template", "a drawing of a {}"),
                    ("--labels", LABELS, "--negative-labels", "noise, a photo")):  # fmt: skip
        yield (*classify, *options)
    asked = (
        "interrogate",
        f"{IN}/scene.png",
        "--clip",
        "mini",
        "--captioner",
        "none",
        "--tables",
        f"{IN}/tables",
        "--json",
    )
    for mode in ("best", "fast", "classic", "negative"):
        yield (*asked, "--mode", mode)
    yield (*asked, "--with-negative", "--mode", "fast", "--caption", "a red circle", "--top-k", "2")
    yield (*asked, "--mode", "best", "--min-flavors", "2", "--max-flavors", "4", "--flavor-intermediate-count", "16")
    drawn = ("txt2img", "a red circle", *DRAWN, "--out", "drawn.png", "--json")
    yield drawn
    yield (*drawn, "--sampler", "Euler a", "--cfg-scale", "3")
    yield (*drawn, "--guide-map", f"{IN}/depth.png", "--guide-strength", "0.8", "--guide-end", "0.9")
    art = ("qr-art", "HI", "a blue square", "--error-correction", "L", "--module-px", "8", "--steps", "3",
           "--seed", "3", "--max-tries", "2", "--width", "256", "--height", "256", "--out", "art.png", "--json")  # fmt: skip
    yield art
    yield (*art, "--preset", "sure")
    yield (*art, "--keep-colour", "0.5", "--position", "centre", "--touch-up", "0")


def _files() -> Iterator[tuple[str, ...]]:
    for name in ("a1111", "comfy", "invoke", "other", "scene", "broken"):
        yield ("png-info", f"{IN}/{name}.png", "--json")
    yield ("png-info", f"{IN}/a1111.png", f"{IN}/comfy.png", "--json")
    yield ("png-info-edit", f"{IN}/a1111.png", "--changes", '{"seed": 1}', "--out", "copy.png", "--json")
    yield ("png-info-edit", f"{IN}/a1111.png", "--out", "bare.png", "--json")
    yield ("dataset", "report", f"{IN}/set", "--json", "--html", "report.html")
    yield ("dataset", "report", f"{IN}/set", "--json", "--purpose", "style", "--min-words", "3", "--sharp-from", "50")
    yield ("dataset", "report", f"{IN}/set", "--json", "--preset", "SDXL", "--clip", "mini")
    captions = ("dataset", "captions", f"{IN}/set", "--json")
    for options in (("--where", "fox"), ("--add", "animal", "--at", "first", "--dry-run"), ("--add", "animal", "--no-dry-run"),
                    ("--undo",), ("--order", "alphabet", "--dry-run"), ("--where", "<missing>", "--text", "new"),
                    ("--rename", "fox => wolf", "--no-dry-run"), ("--undo",)):  # fmt: skip
        yield (*captions, *options)
    caption = (
        "caption",
        f"{IN}/set",
        "--clip",
        "mini",
        "--labels",
        LABELS,
        "--threshold",
        "0.1",
        "--json",
        "--recursive",
    )
    yield (*caption, "--most-tags", "2", "--trigger", "xyz")
    yield (*caption, "--existing", "append", "--order", "alphabet")
    yield (*caption, "--existing", "overwrite", "--output", "metadata.jsonl", "--way", "tags")
    yield ("brightness", f"{IN}/set", "--out", "maps-of-set", "--json", "--posterise", "3")
    yield ("jobs", "--json")
    yield ("compatibility", "--base", "sd15", "--map", "qr", "--json")
    yield ("compatibility", "--json")


def _mistakes() -> Iterator[tuple[str, ...]]:
    yield ("qr", "--json")
    yield ("qr", URL, "--quiet-zone", "99", "--json")
    yield ("qr", URL, "--module-px", "90", "--width", "256", "--height", "256", "--json")
    yield ("brightness", "missing.png", "--json")
    yield ("brightness", f"{IN}/broken.png", "--json")
    yield ("brightness", f"{IN}/scene.png", "--gamma", "x", "--json")
    yield ("lighting", "--lights", '[{"kind": "point", "size": 1}]', "--json")
    yield ("classify", f"{IN}/scene.png", "--json")
    yield ("dataset", "report", "missing", "--json")
    yield ("edges", f"{IN}/scene.png", "--out", "map.bmp1", "--json")


def _requests() -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    scene = {"image": "scene.png"}
    yield "/control-maps/qr", {"content": URL, "width": 384, "height": 384, "position": "centre"}, {}
    yield "/control-maps/qr", {"content": URL, "function_layer": True, "surround": "grey"}, {}
    yield "/control-maps/qr", {"payload": "vcard", "vcard_last_name": "L", "vcard_organisation": "Engines"}, {}
    for style in ("dots", "rounded", "gapped"):
        yield "/control-maps/qr", {"content": "HTTP", "style": style, "mask": "2", "invert": style == "dots"}, {}
    for preset in ("s_curve", "local_contrast", "auto_levels", "poster", "negative"):
        yield "/control-maps/brightness", {"preset": preset}, scene
    for preset in ("canny", "lineart", "scribble", "ink", "hue", "contrast"):
        yield "/control-maps/edges", {"preset": preset}, scene
    for preset in ("sunset", "neon", "window"):
        yield "/control-maps/lighting", {"preset": preset, "width": 96, "height": 64}, {}
    for values in ({}, {"posterise": 4}, {"preset": "soft"}, {"gamma": 2.0, "invert": True}):
        yield "/control-maps/brightness", values, scene
    for values in ({"gradient": "left", "colour": False}, {"preset": "centre_glow"}, {"lights": [{"colour": "#ff0000"}]},
                   {"mode": "estimate", "normalise": False}):  # fmt: skip
        yield "/control-maps/lighting", values, scene
    for values in ({}, {"gamma": 0.5}, {"conditioning": "intensity"}):
        yield "/control-maps/recolor", values, scene
    for values in (
        {"colour": "#00ff00", "channel": "distance"},
        {"method": "xdog"},
        {"preset": "softedge", "normalise": True},
    ):
        yield "/control-maps/edges", values, scene
    yield "/control-maps/all", {"map_side": 64, "cell": 64}, scene
    yield "/qr/scan", {"least_score": 0.5, "depth": "fast"}, scene
    yield "/qr/scan", {"depth": "fast"}, {"image": "../work/plain.png"}
    yield "/classify", {"labels": LABELS.split(", "), "clip": "mini"}, {"images": "scene.png"}
    yield (
        "/classify",
        {"groups": {"shape": ["circle", "square"], "ink": ["red", "blue"]}, "clip": "mini"},
        {"images": "photo.png"},
    )
    yield (
        "/classify",
        {"labels": ["a", "b"], "templates": "own", "template": ["the {}"], "clip": "mini"},
        {"images": "scene.png"},
    )
    yield "/interrogate", {"mode": "fast", "captioner": "none", "clip": "mini", "caption": "a shape"}, scene
    yield (
        "/caption",
        {"labels": LABELS.split(", "), "clip": "mini", "way": "tags", "most_tags": 3},
        {"images": "scene.png"},
    )
    yield (
        "/caption",
        {"labels": LABELS.split(", "), "clip": "mini", "order": "alphabet", "threshold": 0},
        {"images": "photo.png"},
    )
    for name in ("a1111", "comfy", "invoke", "other"):
        yield "/png-info", {}, {"files": f"{name}.png"}
    yield "/png-info/edit", {"infotext": A1111}, {"file": "scene.png"}
    yield "/txt2img", {"prompt": "a star", "width": 64, "height": 64, "steps": 2, "seed": 1}, {}
    yield "/qr/art", {"content": "HI", "prompt": "a star", "width": 256, "height": 256, "steps": 2, "seed": 1,
                      "error_correction": "L", "module_px": 8, "max_tries": 1, "keep_colour": 0.2}, {}  # fmt: skip
    yield "/compatibility", {"base": "sdxl"}, {}
    yield "/operations", {}, {}
    yield "/info", {}, {}
    yield "/jobs", {}, {}
    yield "/dataset/report", {"folder": f"{IN}/set"}, {}
    yield "/control-maps/brightness", {"gamma": 99}, scene
    yield "/control-maps/brightness", {"gama": 1}, scene
    yield "/control-maps/brightness", {}, {"image": "broken.png"}
    yield "/control-maps/qr", {}, {}
    yield "/jobs/999", {}, {}
