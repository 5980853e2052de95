"""The WebUI's own BLIP lent as a captioner: the shape of `modules.interrogate` of WebUI 1.10.1 and of Forge."""

from __future__ import annotations

import sys
import urllib.error
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.errors import ModelError
from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.hosts.forge import ForgeHost

PICTURES = [np.zeros((4, 6, 3), np.uint8), np.zeros((5, 7), np.uint8)]


class Blip:
    """A module that remembers where it was sent."""

    def __init__(self) -> None:
        self.moves: list[Any] = []

    def half(self) -> Blip:
        """As torch's."""
        self.moves.append("half")
        return self

    def to(self, device: Any = None, dtype: Any = None) -> Blip:
        """As torch's."""
        self.moves.append(device)
        return self

    def parameters(self) -> Any:
        """One, of some type."""
        return iter([SimpleNamespace(dtype="its dtype")])


class Interrogator:
    """As `InterrogateModels`, without weights."""

    running_on_cpu = False
    load_device, offload_device = "gpu", "ram"

    def __init__(self, *, error: Exception | None = None) -> None:
        self.blip_model: Any = None
        self.dtype: Any = None
        self.loads, self.sent, self.error = 0, 0, error

    def load_blip_model(self) -> Blip:
        """What fetches the weights where they are not here."""
        self.loads += 1
        if self.error:
            raise self.error
        return Blip()

    def generate_caption(self, picture: Any) -> str:
        """A sentence that tells what was given."""
        assert self.blip_model is not None
        return f"{picture.mode} {picture.size}"

    def send_blip_to_ram(self) -> None:
        """What the WebUI does after a caption."""
        self.sent += 1


def webui(folder: Path, interrogator: Interrogator) -> dict[str, Any]:
    """The modules that are asked, by name below `modules`, and what they were asked."""
    reported: list[str] = []
    options = SimpleNamespace(no_half=False)
    return {
        "reported": reported,
        "shared": SimpleNamespace(interrogator=interrogator, cmd_opts=options),
        "paths_internal": SimpleNamespace(models_path=str(folder)),
        "lowvram": SimpleNamespace(send_everything_to_cpu=lambda: reported.append("away")),
        "devices": SimpleNamespace(device_interrogate="gpu", torch_gc=lambda: reported.append("gc")),
    }


def test_the_webuis_blip_is_loaded_once_and_sent_back_after_each_use(tmp_path: Path) -> None:
    interrogator = Interrogator()
    modules = webui(tmp_path, interrogator)
    own = A1111Host(modules.__getitem__).captioner()
    assert own is not None
    assert own.caption(PICTURES) == ["RGB (6, 4)", "RGB (7, 5)"]
    own.caption(PICTURES)
    assert (interrogator.loads, interrogator.sent) == (1, 2)
    assert interrogator.blip_model.moves == ["half", "gpu", "gpu"]
    assert interrogator.dtype == "its dtype"
    assert modules["reported"][0] == "away"


def test_without_half_precision_it_stays_single(tmp_path: Path) -> None:
    interrogator = Interrogator()
    modules = webui(tmp_path, interrogator)
    modules["shared"].cmd_opts.no_half = True
    own = A1111Host(modules.__getitem__).captioner()
    assert own is not None
    own.caption(PICTURES)
    assert "half" not in interrogator.blip_model.moves


def test_it_is_here_when_its_file_is_or_when_it_is_loaded(tmp_path: Path) -> None:
    interrogator = Interrogator()
    host = A1111Host(webui(tmp_path, interrogator).__getitem__)

    def is_here() -> bool:
        own = host.captioner()
        return own is not None and own.is_here

    assert not is_here()
    interrogator.blip_model = Blip()
    assert is_here()
    interrogator.blip_model = None
    (tmp_path / "BLIP").mkdir()
    (tmp_path / "BLIP" / "model_base_caption_capfilt_large.pth").write_bytes(b"")
    assert is_here()
    assert interrogator.loads == 0


def test_a_blip_that_cannot_be_fetched_says_where_to_put_it(tmp_path: Path) -> None:
    interrogator = Interrogator(error=urllib.error.URLError("no route to host"))
    own = A1111Host(webui(tmp_path, interrogator).__getitem__).captioner()
    assert own is not None
    with pytest.raises(
        ModelError, match=r"no route to host.*put model_base_caption_capfilt_large\.pth into models/BLIP"
    ):
        own.caption(PICTURES)
    assert interrogator.blip_model is None


def test_forges_blip_is_brought_by_its_own_memory_management(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Any] = []
    base, memory = ModuleType("backend.patcher.base"), ModuleType("backend.memory_management")
    base.ModelPatcher = lambda model, load_device, offload_device: (model, load_device, offload_device)  # type: ignore[attr-defined]
    memory.load_models_gpu = loaded.extend  # type: ignore[attr-defined]
    for name, module in {"backend.patcher.base": base, "backend.memory_management": memory}.items():
        monkeypatch.setitem(sys.modules, name, module)
    interrogator = Interrogator()
    own = ForgeHost(webui(tmp_path, interrogator).__getitem__).captioner()
    assert own is not None
    assert own.caption(PICTURES) == ["RGB (6, 4)", "RGB (7, 5)"]
    assert loaded == [(interrogator.blip_model, "gpu", "ram")]
    assert interrogator.blip_model.moves == ["ram"]
