"""Fakes in the shape of the WebUI's generation object and of its ControlNet, for the section."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from lib_bootcamp.hosts.controlnet import A1111ControlNet
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.webui.ports import REFUSAL
from lib_bootcamp.surfaces.webui.section_run import SectionRunner

QR = {"control": "qr", "content": "https://example.com", "grid_px": 1}


class Refusal(Exception):
    """What a WebUI answers a request with."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class FakeWebUi:
    """The parts of the WebUI the runner asks."""

    def __init__(self, base: str | None = "sd15", **options: Any) -> None:
        self.base, self.options, self.maps, self.stopped = base, options, [], False

    def option(self, name: str, default: Any) -> Any:
        return self.options.get(name, default)

    def checkpoint_base(self, p: Any = None) -> Any:
        return self.base

    def checkpoint_file(self, p: Any = None) -> Any:
        return None

    def refuse(self, p: Any, sentence: str, status: int) -> None:
        def setup_prompts() -> None:
            raise RuntimeError(sentence)

        setattr(setup_prompts, REFUSAL, True)
        p.setup_prompts = setup_prompts
        p.refused = (sentence, status)

    def refuse_sampling(self, p: Any, sentence: str, status: int) -> None:
        p.refused = (sentence, status)

    def mistake(self, sentence: str, status: int) -> Exception:
        return Refusal(sentence, status)

    def is_mistake(self, error: Exception) -> bool:
        return isinstance(error, Refusal)

    def stop_generation(self) -> None:
        self.stopped = True

    def save_map(self, picture: Any, folder: str) -> None:
        self.maps.append((picture, folder))


class FakeControlNet(A1111ControlNet):
    """Three units, and models by name."""

    def __init__(self, *models: str) -> None:
        self.names = models

    def models(self) -> Mapping[str, Path | None]:
        return {f"{name} [hash]": Path(f"/models/{name}.safetensors") for name in self.names}

    def folder(self) -> Path:
        return Path("/home/me/webui/models/ControlNet")


class FakeScript:
    args_from, args_to = 1, 4

    def title(self) -> str:
        return "ControlNet"


class Generation:
    """A1111's StableDiffusionProcessing, as far as the section looks at it."""

    def __init__(self, **values: Any) -> None:
        self.width = self.height = 256
        self.iteration = self.batch_index = 0
        self.n_iter = self.batch_size = 1
        self.extra_generation_params: dict[str, Any] = {}
        self.scripts = SimpleNamespace(alwayson_scripts=[FakeScript()])
        self.script_args: Any = (0, *(SimpleNamespace(enabled=False) for _ in range(3)), "rest")
        vars(self).update(values)

    def save_samples(self) -> bool:
        return True

    def units(self) -> list[dict[str, Any]]:
        return [each for each in self.script_args if isinstance(each, dict)]


MONSTER = "control_v1p_sd15_qrcode_monster_v2"


def runner(*models: str, **webui: Any) -> SectionRunner:
    net = FakeControlNet(*(models or (MONSTER, "control_v1p_sd15_brightness", "control_v1p_sd15_illumination")))
    return SectionRunner(StandaloneHost(), FakeWebUi(**webui), lambda: net)


def run(p: Generation, section: Any, *models: str, **webui: Any) -> Generation:
    args = (section,) if isinstance(section, dict) else section
    runner(*models, **webui).before_process(p, args)
    return p


def from_page(**keyed: Any) -> tuple[Any, ...]:
    """The section's arguments as the page gives them: on, and the text of its form (`qr.content` is the map's)."""
    return (True, json.dumps(keyed), "")
