"""Control maps against a memory copy of the same bytes and against OpenCV's own calls."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lib_bootcamp.catalog import find
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import decode_image, read_file
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from lib_bootcamp.operations.maps.brightness import BRIGHTNESS
from lib_bootcamp.operations.maps.edges import EDGES
from lib_bootcamp.operations.maps.lighting import LIGHTING
from lib_bootcamp.operations.maps.recolor import RECOLOR
from lib_bootcamp.surfaces.cli.runs.runner import Runner, Settings

from .timing import medians

PHOTO = Path(__file__).resolve().parents[1] / "examples" / "photo.jpg"


def _photograph(side: int) -> Any:
    rng = np.random.default_rng(1)
    small = rng.integers(0, 256, (max(2, side // 32), max(2, side // 32), 3), dtype=np.uint8)
    noise = rng.integers(0, 24, (side, side, 3), dtype=np.uint8)
    return cv2.add(cv2.resize(small, (side, side), interpolation=cv2.INTER_CUBIC), noise)


def _calls(side: int) -> dict[str, Callable[[], Any]]:
    photograph = _photograph(side)
    context = Context.of_terminal(StandaloneHost(device="cpu"), SilentProgress())
    size = {"width": side, "height": side}

    def brightness(**values: Any) -> Callable[[], Any]:
        return lambda: BRIGHTNESS.run(BRIGHTNESS.params_from({"image": photograph, **values}), context)

    def lighting(**values: Any) -> Callable[[], Any]:
        return lambda: LIGHTING.run(LIGHTING.params_from(values), context)

    def recolor(**values: Any) -> Callable[[], Any]:
        return lambda: RECOLOR.run(RECOLOR.params_from({"image": photograph, **values}), context)

    def edges(**values: Any) -> Callable[[], Any]:
        return lambda: EDGES.run(EDGES.params_from({"image": photograph, **values}), context)

    point = {"kind": "point", "x": 0.3, "y": 0.3}
    return {
        "copy": photograph.copy,
        "cv2 L*": lambda: cv2.cvtColor(photograph, cv2.COLOR_RGB2LAB)[:, :, 0],
        "brightness L*": brightness(),
        "brightness Rec. 709 linear light": brightness(luminance="linear"),
        "brightness max": brightness(luminance="max"),
        "brightness L*, tone, posterize": brightness(gamma=1.4, black_point=0.1, posterize=6, invert=True),
        "lighting gradient": lighting(gradient="left", **size),
        "lighting point": lighting(lights=[point], **size),
        "lighting 3 lights on the picture": lighting(preset="three_point", image=photograph),
        "illumination": lighting(mode="estimate", image=photograph),
        "illumination, edges kept": lighting(mode="estimate", image=photograph, edge_preserving=True),
        "recolor, luminance": recolor(),
        "recolor, intensity": recolor(conditioning="intensity"),
        "recolor, with a palette preview": recolor(reference=photograph),
        **{f"edges, {preset}": edges(preset=preset) for preset in EDGES.presets},
        "edges, distance to a color": edges(channel="distance", color="#804020"),
    }


def _pairs(side: int) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    """The same filter as a whole map and as a person would call OpenCV for it, on the same values, to the same RGB map.

    Edges are taken in the green channel, so that what is compared is the filter; the other channels' own cost is in the
    table above.
    """
    photograph = _photograph(side)
    context = Context.of_terminal(StandaloneHost(device="cpu"), SilentProgress())

    def edges(**values: Any) -> Callable[[], Any]:
        values = {"image": photograph, "channel": "green", "sigma": 0.0, "normalize": False, **values}
        return lambda: EDGES.run(EDGES.params_from(values), context)

    def opencv(work: Callable[[Any], Any]) -> Callable[[], Any]:
        return lambda: cv2.cvtColor(cv2.convertScaleAbs(work(cv2.extractChannel(photograph, 1))), cv2.COLOR_GRAY2RGB)

    def gradient(function: Any) -> Callable[[Any], Any]:
        return lambda gray: cv2.magnitude(function(gray, cv2.CV_32F, 1, 0), function(gray, cv2.CV_32F, 0, 1))

    def log(gray: Any) -> Any:
        return cv2.Laplacian(cv2.GaussianBlur(gray.astype(np.float32), (0, 0), 1.0), cv2.CV_32F)

    def dog(gray: Any) -> Any:
        values = gray.astype(np.float32)
        near, far = (cv2.GaussianBlur(values, (0, 0), sigma) for sigma in (1.0, 1.6))
        return 255 * np.tanh(np.maximum(4 * (0.3 - (21 * near - 20 * far) / 255), 0))

    def deviation(gray: Any) -> Any:
        mean, square = cv2.boxFilter(gray, cv2.CV_32F, (5, 5)), cv2.sqrBoxFilter(gray, cv2.CV_32F, (5, 5))
        return 2 * cv2.sqrt(cv2.subtract(square, cv2.multiply(mean, mean)))

    def lightness() -> Any:
        lab = cv2.cvtColor(photograph, cv2.COLOR_RGB2LAB)
        return cv2.cvtColor(cv2.extractChannel(lab, 0), cv2.COLOR_GRAY2RGB)

    def value() -> Any:
        hsv = cv2.cvtColor(photograph, cv2.COLOR_RGB2HSV)
        return cv2.cvtColor(cv2.extractChannel(hsv, 2), cv2.COLOR_GRAY2RGB)

    def recolor(**values: Any) -> Callable[[], Any]:
        return lambda: RECOLOR.run(RECOLOR.params_from({"image": photograph, **values}), context)

    return {
        "recolor, luminance": (recolor(), lightness),
        "recolor, intensity": (recolor(conditioning="intensity"), value),
        "edges, Canny": (edges(), opencv(lambda gray: cv2.Canny(gray, 100, 200))),
        "edges, Sobel": (edges(method="sobel", style="soft"), opencv(gradient(cv2.Sobel))),
        "edges, Scharr": (edges(method="scharr", style="soft"), opencv(gradient(cv2.Scharr))),
        "edges, Laplacian of Gaussian": (edges(method="log", style="soft", sigma=1.0), opencv(log)),
        "edges, XDoG": (edges(method="xdog", style="soft", sigma=1.0), opencv(dog)),
        "edges, contrast": (edges(method="contrast", style="soft"), opencv(deviation)),
    }


def _against_opencv(side: int, rounds: int) -> dict[str, dict[str, float]]:
    pairs = _pairs(side)
    calls = {
        f"{name}|{which}": call
        for name, pair in pairs.items()
        for which, call in zip(("map", "cv2"), pair, strict=True)
    }
    found = medians(calls, rounds=rounds)
    return {
        name: {"map_ms": round(found[f"{name}|map"], 3), "cv2_ms": round(found[f"{name}|cv2"], 3)} for name in pairs
    }


def _gaussian(side: int) -> float:
    """One run of what a person would write: OpenCV's Gaussian blur over the brightness; it is far too slow for more."""
    gray = cv2.cvtColor(_photograph(side), cv2.COLOR_RGB2GRAY)
    return medians({"blur": lambda: cv2.GaussianBlur(gray, (0, 0), side / 16)}, rounds=3, warm_up=0)["blur"]


def _folder(count: int) -> dict[str, float]:
    """Pictures a second over a folder of JPEGs of 1024 px: decoded alone, by a loop with OpenCV, by the command line's
    runner, and as jobs.
    """
    photograph = cv2.resize(cv2.imread(str(PHOTO)), (1024, 1024), interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", photograph, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    found = {}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "photos"
        root.mkdir()
        for number in range(count):
            (root / f"{number:04}.jpg").write_bytes(data)
        paths = sorted(root.iterdir())

        def timed(title: str, work: Callable[[], Any]) -> None:
            start = time.perf_counter()
            work()
            found[title] = round(count / (time.perf_counter() - start), 1)

        def loop(make: Callable[[Any], Any], flags: int, suffix: str) -> None:
            out = Path(name) / f"loop{len(found)}"
            out.mkdir()
            for path in paths:
                cv2.imwrite(str(out / f"{path.stem}{suffix}"), make(cv2.imread(str(path), flags)))

        def lightness(picture: Any) -> Any:
            return cv2.cvtColor(picture, cv2.COLOR_BGR2LAB)[:, :, 0]

        def decode(some: list[Path]) -> None:
            for path in some:
                decode_image(read_file(path))

        decode(paths[: count // 4])  # to warm up
        timed("decoded alone", lambda: decode(paths))
        timed("Canny|loop", lambda: loop(lambda gray: cv2.Canny(gray, 100, 200), 0, ".png"))
        timed("brightness|loop", lambda: loop(lightness, 1, ".png"))
        timed("brightness, JPEG|loop", lambda: loop(lightness, 1, ".jpg"))
        for title, operation, values in (
            ("Canny", "edges", {"preset": "canny"}),
            ("brightness", "brightness", {}),
            ("brightness, JPEG", "brightness", {"file_format": "jpg"}),
        ):
            jobs = Jobs(StandaloneHost(device="cpu", data_dir=Path(name)), find, Path(name) / "data")
            number = jobs.create(
                operation, {"folder": str(root), "subfolder": f"maps{len(found)}", **values}, trusted=True
            )
            timed(f"{title}|job", partial(jobs.run_here, number, SilentProgress(), Stop()))
            jobs.close()
            shutil.rmtree(root / f"maps{len(found) - 1}")
            out = Path(name) / f"out{len(found)}"
            if "file_format" not in values:  # the command line writes PNGs over a folder
                runner = Runner(find(operation), StandaloneHost(device="cpu"), Settings(out=str(out), quiet=True))
                timed(f"{title}|command", partial(runner.run, {"image": [str(root)], **values}))
                shutil.rmtree(out)
    return found


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """For each side: milliseconds of each map and how many memory copies of the picture it costs."""
    sides = {}
    for side in (512, 1024) if quick else (512, 1024, 2048, 4096):
        found = medians(_calls(side), rounds=5 if side > 2048 else 15)
        blur = _gaussian(side) if side <= 2048 else None
        sides[str(side)] = {
            "ms": {name: round(value, 3) for name, value in found.items()},
            "copies": {name: round(value / found["copy"], 1) for name, value in found.items()},
            "gaussian_blur_ms": blur and round(blur, 1),
            "illumination_times_faster_than_blur": blur and round(blur / found["illumination"], 1),
        }
    return {
        "sides": sides,
        "against_opencv": _against_opencv(1024, 9 if quick else 25),
        "folder": {"pictures": 100 if quick else 1000, **_folder(100 if quick else 1000)},
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown: milliseconds and, in brackets, memory copies."""
    sides = result["sides"]
    names = next(iter(sides.values()))["ms"]
    lines = [
        "| ms (memory copies) | " + " | ".join(f"{side} px" for side in sides) + " |",
        "|---" * (len(sides) + 1) + "|",
    ]
    for name in names:
        cells = [f"{each['ms'][name]:.2f} ({each['copies'][name]:g})" for each in sides.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    blurs = [f"{each['gaussian_blur_ms']:g}" if each["gaussian_blur_ms"] else "-" for each in sides.values()]
    lines.append("| `cv2.GaussianBlur`, sigma = side / 16 | " + " | ".join(blurs) + " |")
    times = [each["illumination_times_faster_than_blur"] for each in sides.values()]
    lines.append(
        "| illumination against that blur | " + " | ".join(f"{t:g} x faster" if t else "-" for t in times) + " |"
    )
    lines += ["", "| the same filter at 1024 px, ms | map | OpenCV's calls | ratio |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {each['map_ms']:.2f} | {each['cv2_ms']:.2f} | {each['map_ms'] / each['cv2_ms']:.2f} |"
        for name, each in result.get("against_opencv", {}).items()
    ]
    folder = result.get("folder")
    if folder:
        alone = folder["decoded alone"]
        titles = dict.fromkeys(name.split("|")[0] for name in folder if "|" in name)
        head = f"{folder['pictures']:,} JPEGs of 1024 px, pictures a second"
        lines += ["", f"| {head} | a loop with OpenCV | job | command line |"]
        lines += ["|---|---|---|---|", f"| decoded alone, one thread: {alone:.0f} | | | |"]
        for each in titles:
            cells = [folder.get(f"{each}|{which}") for which in ("loop", "job", "command")]
            lines.append(f"| {each} | " + " | ".join("-" if cell is None else f"{cell:.0f}" for cell in cells) + " |")
    return "\n".join(lines)
