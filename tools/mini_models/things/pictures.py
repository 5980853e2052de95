"""Pictures of things: icons rendered once, and scenes composed of them."""

from __future__ import annotations

import functools
import io
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from .scenes import Ground, Item, Scene
from .sets import STYLES, svg, things

ICON_PX = 224  # larger than any icon in a scene of 256 px that is not scaled up


def _render(style: str, icon: str, work: Path) -> NDArray[np.uint8]:
    """An icon as uint8 [ICON_PX, ICON_PX, 4], colors multiplied by alpha."""
    import resvg_py

    data = bytes(resvg_py.svg_to_bytes(svg_string=svg(style, icon, work), width=ICON_PX, height=ICON_PX))
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(np.uint16)
    if picture.shape[:2] != (ICON_PX, ICON_PX):  # not square: resvg keeps the ratio
        whole = np.zeros((ICON_PX, ICON_PX, 4), np.uint16)
        top, left = ((ICON_PX - side) // 2 for side in picture.shape[:2])
        whole[top : top + picture.shape[0], left : left + picture.shape[1]] = picture[:ICON_PX, :ICON_PX]
        picture = whole
    picture[..., :3] = (picture[..., :3] * picture[..., 3:] + 127) // 255
    return picture.astype(np.uint8)


@functools.cache
def icons_of(work: Path) -> tuple[dict[tuple[str, str], int], NDArray[np.uint8]]:
    """All icons: (thing, style) to its row, and uint8 [N, ICON_PX, ICON_PX, 4] as a memory map."""
    wanted = [(each, style) for each in things(work) for style in STYLES if style in each.icons]
    rows = {(each.name, style): row for row, (each, style) in enumerate(wanted)}
    file, listed = work / "icons.npy", work / "icons.json"
    names = [list(key) for key in rows]
    if not (file.exists() and listed.exists() and json.loads(listed.read_text(encoding="utf-8")) == names):
        part = work / "icons.part.npy"
        made = np.lib.format.open_memmap(part, "w+", np.uint8, (len(wanted), ICON_PX, ICON_PX, 4))
        for row, (each, style) in enumerate(tqdm(wanted, desc="icons", mininterval=5)):
            made[row] = _render(style, each.icons[style], work)
        made.flush()
        part.replace(file)
        listed.write_text(json.dumps(names), encoding="utf-8")
    return rows, np.load(file, mmap_mode="r")


def draw_scene(scene: Scene, side: int, work: Path) -> NDArray[np.uint8]:
    """A scene as uint8 [side, side, 3]."""
    canvas = _ground(scene.ground, side)
    rows, icons = icons_of(work)
    for item in scene.items:
        layer = _placed(icons[rows[item.thing, scene.style]], item, side).astype(np.float32)
        if scene.style == "one color":  # black strokes are not to be seen on dark ground
            dark = canvas.mean() < 90
            layer[..., :3] = layer[..., 3:] * float(dark) * 0.96
        canvas = canvas * (1 - layer[..., 3:] / 255) + layer[..., :3]
    return np.asarray(np.clip(np.rint(canvas), 0, 255), np.uint8)


def _ground(ground: Ground, side: int) -> Any:
    first, last = (np.array(each, np.float32) for each in ground.colors)
    if ground.angle is None:
        return np.broadcast_to(first, (side, side, 3)).copy()
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    along = axis[None, :] * np.cos(ground.angle) + axis[:, None] * np.sin(ground.angle)
    share = np.clip(along / (abs(np.cos(ground.angle)) + abs(np.sin(ground.angle))) + 0.5, 0, 1)[..., None]
    return first + (last - first) * share


def _placed(icon: NDArray[np.uint8], item: Item, side: int) -> NDArray[np.uint8]:
    """An icon scaled, turned and moved to its place: uint8 [side, side, 4]."""
    size = max(8, round(item.size * side))
    small = cv2.resize(icon, (size, size), interpolation=cv2.INTER_AREA)
    move = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), item.turn, 1.0)
    move[:, 2] += (item.x * side - size / 2, item.y * side - size / 2)
    return np.asarray(cv2.warpAffine(small, move, (side, side), flags=cv2.INTER_CUBIC), np.uint8)
