"""What every host keeps, whichever program is around it. A new adapter joins with one line in HOSTS."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lib_bootcamp.errors import CancelledError, ModelError
from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.ports import Host, HostInfo, ModelInfo, Progress, track
from tests.fakes import FakeHost, FakeProgress
from tests.hosts.fakes_webui import FakeWebui

ROOT = Path(__file__).resolve().parents[2]
HOSTS: dict[str, Callable[[Path], Host]] = {
    "standalone": lambda folder: StandaloneHost(device="cpu", data_dir=folder / "data"),
    "a1111": lambda folder: A1111Host(FakeWebui(folder).module),
    "fake": lambda folder: FakeHost(data_dir=folder / "data"),
}
PORT = [name for name, each in vars(Host).items() if inspect.isfunction(each) and not name.startswith("_")]


@pytest.fixture(params=HOSTS)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return HOSTS[request.param](tmp_path)


@pytest.mark.parametrize("method", PORT)
def test_a_method_takes_what_the_port_says(host: Host, method: str) -> None:
    asked = list(inspect.signature(getattr(Host, method)).parameters)[1:]
    assert list(inspect.signature(getattr(host, method)).parameters) == asked


@pytest.mark.parametrize("method", ["start", "step", "cancelled"])
def test_a_progress_method_takes_what_the_port_says(host: Host, method: str) -> None:
    asked = list(inspect.signature(getattr(Progress, method)).parameters.values())[1:]
    given = list(inspect.signature(getattr(host.progress(), method)).parameters.values())
    assert [(each.name, each.default) for each in given] == [(each.name, each.default) for each in asked]


def test_info_names_the_host(host: Host) -> None:
    info = host.info()
    assert isinstance(info, HostInfo)
    assert info.name == host.name != ""


def test_info_reports_a_version_and_versions_of_packages(host: Host) -> None:
    info = host.info()
    assert info.version
    assert all(isinstance(name, str) and isinstance(version, str) for name, version in info.packages.items())


def test_info_and_host_agree_on_device_and_checkpoint(host: Host) -> None:
    assert (host.info().device, host.info().checkpoint) == (host.device(), host.checkpoint())


def test_device_is_one_that_torch_knows(host: Host) -> None:
    assert re.fullmatch(r"cuda(:\d+)?|mps|cpu", host.device())


def test_data_dir_is_there_once_asked_for(host: Host) -> None:
    assert host.data_dir().is_dir()


def test_data_dir_can_be_written(host: Host) -> None:
    file = host.data_dir() / "probe"
    file.write_text("x", encoding="utf-8")
    assert file.read_text(encoding="utf-8") == "x"


def test_data_dir_stays_the_same(host: Host) -> None:
    assert host.data_dir() == host.data_dir()


def test_checkpoint_is_a_name_or_none(host: Host) -> None:
    assert host.checkpoint() is None or host.checkpoint()


def test_model_is_described_or_none(host: Host) -> None:
    assert host.model() is None or isinstance(host.model(), ModelInfo)


def test_without_a_checkpoint_components_say_what_to_do(host: Host) -> None:
    if host.checkpoint() is not None:
        pytest.skip("this host always has one")
    with pytest.raises(ModelError, match=r"^There is no checkpoint here: .+\.$"), host.components():
        pass


def test_model_folders_are_of_known_kinds(host: Host) -> None:
    assert set(host.model_folders()) <= {"checkpoint", "vae", "lora", "embedding", "controlnet", "annotator"}


def test_dtype_is_one_that_torch_knows(host: Host) -> None:
    assert host.dtype() in {"float32", "float16", "bfloat16"}


def test_a_host_has_one_shelf(host: Host) -> None:
    with host.model_cache.borrow("key", object) as first, host.model_cache.borrow("key", object) as second:
        assert first is second


def test_info_lists_the_models_on_the_shelf(host: Host) -> None:
    assert host.info().models == ()
    with host.model_cache.borrow("key", object):
        assert [each.name for each in host.info().models] == ["key"]


def test_a_setting_nobody_has_is_its_default(host: Host) -> None:
    default = object()
    assert host.setting("bootcamp_no_such_setting", default) is default


def test_gpu_lets_one_in_at_a_time(host: Host) -> None:
    entered = threading.Event()

    def second() -> None:
        with host.gpu("second"):
            entered.set()

    thread = threading.Thread(target=second, daemon=True)
    with host.gpu("first"):
        thread.start()
        assert not entered.wait(0.1)
    assert entered.wait(10)
    thread.join(10)


def test_gpu_is_free_again_after_an_error(host: Host) -> None:
    with pytest.raises(ZeroDivisionError), host.gpu("fails"):
        raise ZeroDivisionError
    with host.gpu("next"):
        pass


def test_gpu_passes_an_error_on_as_it_is(host: Host) -> None:
    error = RuntimeError("out of memory")
    with pytest.raises(RuntimeError) as caught, host.gpu("fails"):
        raise error
    assert caught.value is error


def test_a_new_progress_is_not_cancelled(host: Host) -> None:
    assert host.progress().cancelled() is False


def test_a_progress_may_be_stepped_before_it_is_started(host: Host) -> None:
    host.progress().step(1)


def test_a_progress_may_be_started_twice(host: Host) -> None:
    progress = host.progress()
    for title in ("first piece", "second piece"):
        progress.start(title, 2, "images")
        progress.step(2, "done")
    assert not progress.cancelled()


def test_track_yields_every_item(host: Host) -> None:
    assert list(track(host.progress(), "abc", title="Letters", total=3, unit="letters")) == ["a", "b", "c"]


def test_standalone_info_does_not_load_torch() -> None:
    code = (
        "import sys; from lib_bootcamp.hosts.standalone import StandaloneHost; StandaloneHost().info(); "
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "BOOTCAMP_VENV": "off"}, check=True)


def test_standalone_info_waits_for_nobodys_import_of_torch() -> None:
    """As long as another thread imports it, which takes seconds, it is there by name alone."""
    code = (
        "import sys, threading, types; from lib_bootcamp.hosts.standalone import StandaloneHost\n"
        "half = types.ModuleType('torch'); half.__getattr__ = lambda name: threading.Event().wait()\n"
        "sys.modules['torch'] = half; StandaloneHost().info()"
    )
    env = {**os.environ, "BOOTCAMP_VENV": "off"}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=60)


def test_standalone_data_dir_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path / "elsewhere"))
    assert StandaloneHost().data_dir() == tmp_path / "elsewhere"


def test_standalone_takes_the_named_device() -> None:
    assert StandaloneHost(device="cuda:1").device() == "cuda:1"


def test_cancelled_work_stops_within_one_item() -> None:
    progress = SilentProgress()
    numbers = track(progress, range(10), title="Numbers", total=10, unit="numbers")
    assert next(numbers) == 0
    progress.cancel()
    with pytest.raises(CancelledError, match="after 1"):
        next(numbers)


def test_a_cancelled_error_reports_how_many_were_finished() -> None:
    with pytest.raises(CancelledError, match="after 3"):
        list(track(FakeProgress(stop_after=3), range(10), title="Numbers", total=10, unit="numbers"))


def test_the_fake_remembers_what_was_shown() -> None:
    progress = FakeProgress()
    list(track(progress, "ab", title="Letters", total=2, unit="letters"))
    assert (progress.started, progress.steps) == ([("Letters", 2, "letters")], [(1, ""), (2, "")])


def test_the_fake_remembers_its_jobs() -> None:
    host = FakeHost()
    with host.gpu("clip"):
        pass
    assert host.jobs == ["clip"]
