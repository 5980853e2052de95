"""The WebUI's ControlNet: Mikubill's sd-webui-controlnet under AUTOMATIC1111, its own under Forge.

Their modules are found among those that are loaded already; nothing is imported that the WebUI has not.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lib_bootcamp.errors import BootcampError


class NoUnitsError(BootcampError):
    """This generation does not run ControlNet's script."""

    status = 422


class _Units:
    """What both have in common: a script called ControlNet whose arguments are its units."""

    module_none = "none"
    dict_enabled_by_default = False

    def _script(self, p: Any) -> Any:
        for script in getattr(getattr(p, "scripts", None), "alwayson_scripts", None) or ():
            if str(script.title()).lower() == "controlnet":
                return script
        raise NoUnitsError("The Bootcamp section needs ControlNet, and this generation runs without it.")

    def free_units(self, p: Any) -> list[int]:
        """The numbers of the units that are not enabled."""
        script = self._script(p)
        return [n for n, unit in enumerate(p.script_args[script.args_from : script.args_to]) if not self._enabled(unit)]

    def _enabled(self, unit: Any) -> bool:
        if isinstance(unit, Mapping):
            return bool(unit.get("enabled", self.dict_enabled_by_default))
        return bool(getattr(unit, "enabled", False))

    def fill(self, p: Any, units: Mapping[int, Any]) -> None:
        """Give the generation new arguments with these units in them; the old ones may be another's too."""
        script = self._script(p)
        args = list(p.script_args)
        for number, unit in units.items():
            args[script.args_from + number] = self.unit_dict(unit)
        p.script_args = tuple(args) if isinstance(p.script_args, tuple) else args

    def unit_dict(self, unit: Any) -> dict[str, Any]:
        """A unit as ControlNet's own API takes it: the map as it is, at its size."""
        return {
            "enabled": True,
            "module": self.module_none,
            "model": unit.model,
            "weight": unit.weight,
            "image": unit.image,
            "resize_mode": "Just Resize",
            "guidance_start": unit.start,
            "guidance_end": unit.end,
            "pixel_perfect": False,
            "control_mode": unit.control_mode,
            "hr_option": unit.hires,
        }


class A1111ControlNet(_Units):
    """sd-webui-controlnet 1.1.4xx."""

    def models(self) -> dict[str, Path | None]:
        """Installed models, `name [hash]` to file."""
        known = sys.modules["scripts.global_state"].cn_models
        return {name: Path(file) for name, file in known.items() if file}

    def folder(self) -> Path:
        """`models/ControlNet`."""
        return Path(sys.modules["scripts.global_state"].cn_models_dir)

    def unit_dict(self, unit: Any) -> dict[str, Any]:
        """As its `ControlNetUnit`; the map has the size that is drawn, so inpainting must not crop it."""
        return {**super().unit_dict(unit), "inpaint_crop_input_image": False}


class ForgeControlNet(_Units):
    """Forge's sd_forge_controlnet."""

    module_none = "None"
    dict_enabled_by_default = True

    def unit_dict(self, unit: Any) -> dict[str, Any]:
        """As its `ControlNetUnit`, with an empty drawing layer: it looks for one above a map that is all black."""
        height, width = unit.image.shape[:2]
        return {**super().unit_dict(unit), "image_fg": np.zeros((height, width, 4), np.uint8)}

    def models(self) -> dict[str, Path | None]:
        """Installed models, name to file."""
        known = sys.modules["lib_controlnet.global_state"].controlnet_filename_dict
        return {name: Path(file) for name, file in known.items() if name != "None"}

    def folder(self) -> Path:
        """`models/ControlNet`."""
        return Path(sys.modules["modules_forge.shared"].controlnet_dir)


def find_controlnet() -> A1111ControlNet | ForgeControlNet | None:
    """The ControlNet that is loaded, or None."""
    if "lib_controlnet.global_state" in sys.modules:
        return ForgeControlNet()
    if "internal_controlnet.external_code" in sys.modules and "scripts.global_state" in sys.modules:
        return A1111ControlNet()
    return None
