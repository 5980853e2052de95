"""`scripts/bootcamp.py` as the WebUI loads it: by path, with `modules` beside it, and again on "Reload UI"."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.files import load_file

ROOT = Path(__file__).resolve().parents[2]
CATEGORIES = ("app_started", "before_ui", "ui_settings", "ui_tabs", "cfg_denoiser", "cfg_after_cfg")


class Callbacks(types.ModuleType):
    """`modules.script_callbacks`; `registered` is (category, file) of each callback."""

    def __init__(self, *, takes_filename: bool) -> None:
        super().__init__("modules.script_callbacks")
        self.registered: list[tuple[str, str | None]] = []
        self.callback_map: dict[str, list[Any]] = {f"callbacks_{each}": [] for each in CATEGORIES}
        for each in CATEGORIES:
            setattr(self, f"on_{each}", lambda callback, each=each: self.registered.append((each, None)))
        self.add_callback = self._add if takes_filename else self._add_before_1_9

    def _add(self, callbacks: list[Any], fun: Any, *, category: str, filename: str | None = None) -> None:
        callbacks.append(fun)
        self.registered.append((category, filename))

    def _add_before_1_9(self, callbacks: list[Any], fun: Any) -> None:
        raise AssertionError("called without the stack's file name")


def loaded(monkeypatch: pytest.MonkeyPatch, *, takes_filename: bool = True) -> tuple[Any, Callbacks]:
    """The file's module, run anew, and what it registered."""
    scripts = types.ModuleType("modules.scripts")
    scripts.Script, scripts.AlwaysVisible = object, object()  # type: ignore[attr-defined]
    callbacks, package = Callbacks(takes_filename=takes_filename), types.ModuleType("modules")
    package.scripts, package.script_callbacks = scripts, callbacks  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "modules", package)
    return load_file(ROOT / "scripts" / "bootcamp.py"), callbacks


def test_callbacks_are_registered_under_the_files_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made, callbacks = loaded(monkeypatch)
    assert callbacks.registered == [(each, made.__file__) for each in CATEGORIES]


def test_a_webui_that_takes_no_file_name_is_asked_the_usual_way(monkeypatch: pytest.MonkeyPatch) -> None:
    _, callbacks = loaded(monkeypatch, takes_filename=False)
    assert callbacks.registered == [(each, None) for each in CATEGORIES]


def test_two_threads_get_the_same_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = loaded(monkeypatch)
    both, joined = threading.Barrier(2, timeout=60), made._join

    def join() -> Any:
        both.wait()
        return joined()

    monkeypatch.setattr(made, "_join", join)
    got: list[Any] = []
    threads = [threading.Thread(target=lambda: got.append(made.parts())) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert got[0] is got[1]


def test_a_reloaded_page_has_parts_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = loaded(monkeypatch)
    second, _ = loaded(monkeypatch)
    assert first.parts().sections is not second.parts().sections


def test_hooks_of_a_generation_run_under_the_queue_that_the_webui_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = loaded(monkeypatch)
    held: list[bool] = []

    class Held:
        inside = False

        @contextmanager
        def queue_held(self, *, bar: bool) -> Iterator[None]:
            assert not bar
            self.inside = True
            yield
            self.inside = False

    parts = made.parts()._replace(host=Held())
    monkeypatch.setattr(made, "parts", lambda: parts)
    drawing = made.runner()
    for name in ("before_process", "before_sampling"):
        monkeypatch.setattr(drawing, name, lambda *_: held.append(parts.host.inside))
    made.Bootcamp().before_process(object())
    made.Bootcamp().process_before_every_sampling(object())
    assert held == [True, True]
    assert not parts.host.inside


def test_the_finished_picture_is_the_one_that_the_section_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = loaded(monkeypatch)
    monkeypatch.setattr(made.runner(), "after_picture", lambda p, picture: f"{picture}, touched up")
    shown = types.SimpleNamespace(image="a picture")
    made.Bootcamp().postprocess_image_after_composite(object(), shown)
    assert shown.image == "a picture, touched up"


def test_the_xyz_plots_axes_are_checked_by_the_section(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _ = loaded(monkeypatch)
    options: list[Any] = []

    def option(label: str, kind: Any, apply: Any, **more: Any) -> Any:
        return types.SimpleNamespace(label=label, type=kind, apply=apply, **more)

    webui = types.SimpleNamespace(xyz=lambda: (option, options))
    parts = made.parts()._replace(webui=webui)
    monkeypatch.setattr(made, "parts", lambda: parts)
    made.add_axes()
    asked: list[Any] = []
    monkeypatch.setattr(made.runner(), "check_axis", lambda p, name, value, *, alone: asked.append((name, value)))
    next(each for each in options if each.label == "[Bootcamp] Control weight").confirm(None, [0.5])
    assert asked == [("weight", 0.5)]


def test_the_dropdowns_scripts_are_those_that_are_declared_and_each_is_a_class_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lib_bootcamp.surfaces.webui.scripts.declared import FORMS

    made, _ = loaded(monkeypatch)
    selectable = [each for each in (made.UntilItScans(), made.CompareControl()) if each.show(False) is True]
    assert [(each.form_name, each.title()) for each in selectable] == [(each.name, each.title) for each in FORMS]


def loaded_alone(data: Path) -> list[str]:
    """What is imported in a process that loads the file, whose registering of callbacks is seen to be whole."""
    code = f"""
import sys, types
sys.path.insert(0, {str(ROOT)!r})
registered = []
scripts = types.SimpleNamespace(Script=object, AlwaysVisible=None)
callbacks = types.SimpleNamespace(callback_map=dict.fromkeys({[f"callbacks_{each}" for each in CATEGORIES]}, []),
                                  add_callback=lambda *_, category, **more: registered.append(category))
sys.modules["modules"] = types.SimpleNamespace(scripts=scripts, script_callbacks=callbacks)
path = {str(ROOT / "scripts" / "bootcamp.py")!r}
exec(compile(open(path).read(), path, "exec"), {{"__name__": "bootcamp.py", "__file__": path}})
assert registered == {list(CATEGORIES)}
print("\\n".join(sys.modules))
"""
    env = {**os.environ, "BOOTCAMP_DATA": str(data)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_loading_reads_what_the_page_is_made_from_and_no_declarations(tmp_path: Path) -> None:
    """Later the WebUI loads its checkpoint beside it, and each import takes three times as long."""
    loaded_alone(tmp_path)  # keeps what the declarations say
    found = loaded_alone(tmp_path)
    assert {"lib_bootcamp.surfaces.webui.tab", "lib_bootcamp.surfaces.webui.xyz"} <= {*found}
    heavy = ("torch", "cv2", "transformers", "diffusers", "lib_bootcamp.operations", "lib_bootcamp.catalog")
    assert [each for each in found if each.startswith(heavy)] == []


def test_what_cannot_be_read_at_loading_is_left_for_the_page(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    loaded_alone(tmp_path / "a file")
