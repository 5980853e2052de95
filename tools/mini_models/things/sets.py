"""The emoji sets that things come from: which packages, which licenses, which things, which of them are kept out.

Names and groups are emojibase's; pictures are Iconify's copies of the sets, as SVG.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Package:
    """A package of the npm registry, pinned to one file.

    Args:
        name: its name.
        version: its version.
        sha512: of the file, in base64.
        license: SPDX.
        authors: who made what is in it.
        members: what is taken out of it.
    """

    name: str
    version: str
    sha512: str
    license: str
    authors: str
    members: tuple[str, ...] = ("icons.json", "chars.json")


NAMES = Package(
    "emojibase-data",
    "17.0.0",
    "Yvgb5AWoHViHV/gq1qr5ZAarcBip+B27/ZLRsUJkbgAEaLlZ/fof9g882LTpmEpyhBNEC0m2SEmItljHsTygjA==",
    "MIT",
    "Miles Johnson",
    ("en/data.json", "en/messages.json"),
)
STYLES: dict[str, Package] = {
    "flat": Package(
        "@iconify-json/fluent-emoji-flat",
        "1.2.6",
        "RY47RgPb47fYUiyrA64sIOL0+UU02s29sXpNBbIQRBUlPlfNFTKUmZDERGuxDs/7yNGWqQYvuaSYM1M4fRXlUw==",
        "MIT",
        "Microsoft Corporation (Fluent Emoji)",
    ),
    "noto": Package(
        "@iconify-json/noto",
        "1.2.9",
        "DQiuXENbun41ch+XPSV55H9FaWKpHTyz46YIKtSaKYD4fIDDzL1tR6H4np/T38jfrTAeI3rcKF0mqHYeZVAuaw==",
        "Apache-2.0",
        "Google Inc (Noto Emoji)",
    ),
    "noto v1": Package(
        "@iconify-json/noto-v1",
        "1.2.5",
        "/DsVMius69Q0fRS53z7QK1TROSuar606jiIx+laXtdsYGMXpf6LtHBx6CGfoo3UHHb/XpBsw+1L1x3eyPqMuVA==",
        "Apache-2.0",
        "Google Inc (Noto Emoji)",
        ("icons.json",),
    ),
    "shaded": Package(
        "@iconify-json/fluent-emoji",
        "1.2.7",
        "D8G6bKAyIsyxP1rzZtIWr/gg/fO4Rg1+DyCWlfqKK4h8W+4Em/Y0P6QYgJUQTlUcagzJvSyg+9OBv4hz4Hc/QA==",
        "MIT",
        "Microsoft Corporation (Fluent Emoji)",
        ("icons.json",),
    ),
    "one color": Package(
        "@iconify-json/fluent-emoji-high-contrast",
        "1.2.6",
        "esqhZPpkrF7sNX3NsLoh8KW64okEr/bzko7WNnFP+qTJGAqDPDYjp0925yxuivXy3HtVQB8xhIKu3+Nq1byX5w==",
        "MIT",
        "Microsoft Corporation (Fluent Emoji)",
    ),
}
TAUGHT_STYLES = ("flat", "noto", "noto v1")
GROUPS = (3, 4, 5, 6, 7)  # animals and plants, food, travel and places, activities, objects
# one face of a clock or one phase of the moon is named from the next by two strokes of a few pixels
LEFT_OUT = ("o'clock", "-thirty", " moon", "waxing", "waning")
KEPT_OUT_THINGS, KEPT_OUT_PAIRS, SEED = 60, 0.08, 17


@dataclass(frozen=True)
class Thing:
    """Something that can be drawn.

    Args:
        name: what a caption calls it.
        kind: emojibase's subgroup, like `animal-mammal`.
        icons: style to the icon's name in that set; at least one of the taught styles.
        taught: whether the UNet and the text tower may see it.
    """

    name: str
    kind: str
    icons: dict[str, str]
    taught: bool = True


def fetch(package: Package, work: Path) -> Path:
    """The folder with a package's members, fetched with npm where it is not there yet.

    Raises:
        RuntimeError: npm failed, or the file is not the pinned one.
    """
    folder = work / "sets" / package.name.replace("/", "-").lstrip("@")
    if all((folder / member).exists() for member in package.members):
        return folder
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeError("npm is needed to fetch the emoji sets: install Node.js.")
    folder.mkdir(parents=True, exist_ok=True)
    named = subprocess.run(
        [npm, "pack", f"{package.name}@{package.version}", "--silent"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    file = folder / named.stdout.strip().splitlines()[-1]
    if base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode() != package.sha512:
        raise RuntimeError(f"{package.name} {package.version} is not the file that was pinned.")
    with tarfile.open(file) as archive:
        for member in package.members:
            source = archive.extractfile(f"package/{member}")
            if source is None:
                raise RuntimeError(f"{package.name} has no {member}.")
            path = folder / member
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.read())
    file.unlink()
    return folder


@functools.cache
def icons(style: str, work: Path) -> dict[str, Any]:
    """A set's `icons.json`, with aliases as icons of their own."""
    found: dict[str, Any] = json.loads((fetch(STYLES[style], work) / "icons.json").read_text(encoding="utf-8"))
    for name, alias in found.get("aliases", {}).items():
        if set(alias) == {"parent"} and alias["parent"] in found["icons"]:
            found["icons"].setdefault(name, found["icons"][alias["parent"]])
    return found


def svg(style: str, icon: str, work: Path) -> str:
    """An icon as an SVG document."""
    whole = icons(style, work)
    found = whole["icons"][icon]
    width, height = (found.get(side, whole.get(side, 16)) for side in ("width", "height"))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}">{found["body"]}</svg>'
    )


@functools.cache
def things(work: Path) -> tuple[Thing, ...]:
    """All things, in emojibase's order; the same ones are kept out every time."""
    folder = fetch(NAMES, work)
    named = json.loads((folder / "en/data.json").read_text(encoding="utf-8"))
    groups = json.loads((folder / "en/messages.json").read_text(encoding="utf-8"))["subgroups"]
    kinds = {each["order"]: each["key"] for each in groups}
    # noto v1 and the shaded set name icons as the sets that they belong to
    tables = {style: json.loads((fetch(STYLES[style], work) / "chars.json").read_text()) for style in ("flat", "noto")}
    tables |= {"noto v1": tables["noto"], "shaded": tables["flat"], "one color": tables["flat"]}
    found: dict[str, Thing] = {}
    for each in sorted((each for each in named if each.get("group") in GROUPS), key=lambda each: each["order"]):
        name = each["label"].lower().replace("’", "'").replace("“", "").replace("”", "")
        if any(part in name for part in LEFT_OUT) or name in found:
            continue
        code = each["hexcode"].lower()
        of_style = {}
        for style, table in tables.items():
            icon = table.get(code) or table.get(code.replace("-fe0f", ""))
            if icon in icons(style, work)["icons"]:
                of_style[style] = icon
        if "flat" in of_style and "noto" in of_style:
            found[name] = Thing(name, kinds[each["subgroup"]], of_style)
    rng = np.random.default_rng(SEED)
    kept_out = set(rng.choice(sorted(found), KEPT_OUT_THINGS, replace=False).tolist())
    return tuple(Thing(each.name, each.kind, each.icons, each.name not in kept_out) for each in found.values())


@functools.cache
def taught_pairs(work: Path) -> tuple[tuple[Thing, str], ...]:
    """Each thing with each style that may be taught; a few pairs are kept out, and never all of a thing's."""
    rng = np.random.default_rng(SEED + 1)
    found = []
    for thing in things(work):
        styles = [style for style in TAUGHT_STYLES if style in thing.icons]
        if not thing.taught:
            continue
        if len(styles) == len(TAUGHT_STYLES) and rng.random() < KEPT_OUT_PAIRS * len(TAUGHT_STYLES):
            styles.pop(int(rng.integers(len(styles))))
        found += [(thing, style) for style in styles]
    return tuple(found)
