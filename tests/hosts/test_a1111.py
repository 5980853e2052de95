"""The WebUI's adapter, against fakes in the shape of the WebUI's modules."""

from __future__ import annotations

import base64
import importlib.util
import os
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.errors import CancelledError, ModelError, NotAllowedError, TooLargeError
from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.hosts.detect import current_host, detect
from lib_bootcamp.ports import track

from .fakes_webui import FakeWebui, install, networks, sd_model


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeWebui:
    return install(monkeypatch, tmp_path)


@pytest.fixture
def host(webui: FakeWebui) -> A1111Host:
    return A1111Host()


# Which host


def test_without_a_webui_the_host_is_standalone():
    assert detect() == "standalone"


def test_a_foreign_package_called_modules_is_no_webui(monkeypatch):
    monkeypatch.setitem(sys.modules, "modules.shared", SimpleNamespace())
    assert detect() == "standalone"


@pytest.mark.usefixtures("webui")
def test_inside_the_webui_the_host_is_a1111():
    assert type(current_host()) is A1111Host


@pytest.mark.usefixtures("webui")
def test_forge_is_known_by_its_own_package(monkeypatch, tmp_path):
    (tmp_path / "modules_forge").mkdir()
    (tmp_path / "modules_forge" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert current_host().name == "forge"


# What it tells


def test_info_reports_the_version_and_the_device(host):
    info = host.info()
    assert (info.name, info.version, info.device) == ("a1111", "1.10.1", "cpu")


def test_info_loads_no_checkpoint(host, webui):
    webui.loadable = sd_model()
    host.info()
    assert webui.loads == 0


def test_the_checkpoint_is_the_loaded_one(host, webui):
    webui.model_data.sd_model = sd_model("other [1]")
    webui.opts.data["sd_model_checkpoint"] = "chosen [2]"
    assert host.checkpoint() == "other [1]"


def test_before_it_is_loaded_the_checkpoint_is_the_chosen_one(host, webui):
    webui.opts.data["sd_model_checkpoint"] = "chosen [2]"
    assert host.checkpoint() == "chosen [2]"


def test_without_any_checkpoint_there_is_none(host):
    assert host.checkpoint() is None


def test_the_device_can_be_chosen_by_flag(host, webui):
    webui.cmd_opts.bootcamp_device = "cuda:1"
    assert host.device() == "cuda:1"


def test_data_lies_below_the_webuis_data_folder(host, tmp_path):
    assert host.data_dir() == tmp_path / "bootcamp"


def test_the_data_folder_is_made(host):
    assert host.data_dir().is_dir()


def test_the_flag_wins_over_the_setting_of_the_data_folder(host, webui, tmp_path):
    webui.opts.data["bootcamp_data_dir"] = str(tmp_path / "set")
    webui.cmd_opts.bootcamp_data_dir = str(tmp_path / "flag")
    assert host.data_dir() == tmp_path / "flag"


def test_a_setting_is_read_from_the_settings_page(host, webui):
    webui.opts.data["bootcamp_decoder"] = "zxing"
    assert host.setting("bootcamp_decoder", "auto") == "zxing"


def test_an_unknown_setting_is_its_default(host):
    assert host.setting("bootcamp_decoder", "auto") == "auto"


# Queue and state


def test_gpu_takes_the_queue(host, webui):
    with host.gpu("job"):
        assert webui.queue_lock.locked()


def test_gpu_gives_the_queue_back(host, webui):
    with host.gpu("job"):
        pass
    assert not webui.queue_lock.locked()


def test_gpu_names_the_job(host, webui):
    with host.gpu("Captions"):
        assert webui.state.job == "Captions"


def test_gpu_ends_the_job_when_it_fails(host, webui):
    with pytest.raises(ZeroDivisionError), host.gpu("job"):
        1 / 0  # noqa: B018
    assert (webui.state.job, webui.queue_lock.locked()) == ("", False)


def test_gpu_inside_gpu_does_not_wait_for_itself(host):
    with host.gpu("outer"), host.gpu("inner"):
        assert host.holds_queue()


def test_gpu_inside_a_hook_leaves_the_generations_state(host, webui):
    webui.state.begin("txt2img")
    with webui.queue_lock, host.queue_held(bar=False), host.gpu("ours"):
        assert webui.state.job == "txt2img"


def test_gpu_waits_while_the_first_checkpoint_is_loaded_beside_the_queue(host, webui):
    webui.model_data.lock, entered = threading.Lock(), threading.Event()

    def work():
        with host.gpu("job"):
            entered.set()

    with webui.model_data.lock:
        thread = threading.Thread(target=work)
        thread.start()
        assert not entered.wait(0.2)
        assert webui.state.job == ""
    thread.join(60)
    assert entered.is_set()
    assert not webui.model_data.lock.locked()


def test_another_thread_does_not_hold_the_queue(host):
    seen = []
    with host.gpu("job"):
        thread = threading.Thread(target=lambda: seen.append(host.holds_queue()))
        thread.start()
        thread.join()
    assert seen == [False]


# Progress


def test_progress_moves_the_webuis_bar(host, webui):
    with host.gpu("job"):
        progress = host.progress()
        progress.start("Captions", 8, "images")
        progress.step(2)
        assert (webui.state.job_count, webui.state.sampling_step, webui.state.sampling_steps) == (1, 2, 8)


def test_progress_says_what_is_done(host, webui):
    with host.gpu("job"):
        progress = host.progress()
        progress.start("Captions", 8, "images")
        progress.step(2, "a cat")
        assert webui.state.textinfo == "Captions: 2/8 images - a cat"


def test_progress_outside_the_queue_leaves_another_persons_bar(host, webui):
    webui.state.begin("txt2img")
    progress = host.progress()
    progress.start("Scan", 3, "images")
    progress.step(1)
    assert (webui.state.sampling_step, webui.state.textinfo) == (0, None)


def test_progress_inside_a_hook_leaves_the_generations_bar(host, webui):
    webui.state.begin("txt2img")
    with host.queue_held(bar=False):
        host.progress().start("Scan", 3, "images")
    assert webui.state.textinfo is None


@pytest.mark.parametrize("button", ["interrupted", "skipped", "stopping_generation"])
def test_the_webuis_buttons_stop_the_work_within_one_item(host, webui, button):
    def work() -> None:
        for number in track(host.progress(), range(10), title="t", total=10, unit="u"):
            setattr(webui.state, button, number == 1)

    with host.gpu("job"), pytest.raises(CancelledError, match="2"):
        work()


def cancelled_in_a_batch(host, progress) -> bool:
    with host.gpu("batch"):
        return progress.cancelled()


@pytest.mark.parametrize("button", ["interrupted", "skipped", "stopping_generation"])
def test_what_is_pressed_between_two_batches_stops_the_run(host, webui, button):
    progress = host.progress()
    assert not cancelled_in_a_batch(host, progress)
    setattr(webui.state, button, True)
    assert cancelled_in_a_batch(host, progress)


def test_a_run_that_goes_on_never_clears_what_is_pressed_meanwhile(host, webui, monkeypatch):
    progress = host.progress()
    assert not cancelled_in_a_batch(host, progress)
    monkeypatch.setattr(webui.state, "begin", lambda job: pytest.fail(f"{job} began anew"))
    assert not cancelled_in_a_batch(host, progress)


def test_what_was_pressed_for_another_persons_picture_between_two_batches_does_not_stop_this(host, webui):
    progress = host.progress()
    assert not cancelled_in_a_batch(host, progress)
    webui.state.begin("txt2img")
    webui.state.interrupted = True
    webui.state.end()
    assert not cancelled_in_a_batch(host, progress)


def test_interrupting_another_persons_picture_does_not_stop_this(host, webui):
    webui.state.interrupted = True
    assert not host.progress().cancelled()


# Models


def test_a_folder_given_by_flag_comes_before_the_webuis_own(host, webui, tmp_path):
    webui.cmd_opts.ckpt_dir = "/elsewhere"
    assert host.model_folders()["checkpoint"] == (Path("/elsewhere"), tmp_path / "models" / "Stable-diffusion")


def test_controlnet_models_are_the_extensions_own_list(host, monkeypatch):
    listed = {"None": None, "qr [12345678]": "/cn/qr.safetensors"}
    monkeypatch.setitem(
        sys.modules, "scripts.global_state", SimpleNamespace(cn_models=listed, cn_models_dir_old="/ext/models")
    )
    assert host.controlnet_models() == {"qr [12345678]": Path("/cn/qr.safetensors")}


def test_an_empty_list_of_controlnet_models_is_read_first(host, monkeypatch):
    models: dict[str, str] = {}
    state = SimpleNamespace(
        cn_models=models, cn_models_dir_old="/ext/models", update_cn_models=lambda: models.update(a="/a.pth")
    )
    monkeypatch.setitem(sys.modules, "scripts.global_state", state)
    assert host.controlnet_models() == {"a": Path("/a.pth")}


def test_without_the_extension_the_folders_are_read(host, tmp_path):
    file = tmp_path / "models" / "ControlNet" / "sub" / "qr.safetensors"
    file.parent.mkdir(parents=True)
    file.touch()
    (file.parent / "qr.yaml").touch()
    assert host.controlnet_models() == {"qr": file}


def test_no_model_in_memory_is_none(host, webui):
    webui.loadable = sd_model()
    assert (host.model(), webui.loads) == (None, 0)


def test_the_model_is_described(host, webui):
    webui.model_data.sd_model = sd_model("x [1]", "sdxl", parameterization="v", lowvram=True)
    raised = host.model()
    assert (
        raised.checkpoint,
        raised.family,
        raised.prediction_type,
        raised.dtype,
        raised.vae_dtype,
        raised.low_vram,
    ) == (
        "x [1]",
        "sdxl",
        "v_prediction",
        "float16",
        "float32",
        True,
    )


def test_the_vae_is_named_by_its_file(host, webui):
    webui.model_data.sd_model = sd_model()
    sys.modules["modules.sd_vae"].loaded_vae_file = "/models/VAE/kl-f8.safetensors"
    assert host.model().vae == "kl-f8.safetensors"


def test_bytes_are_unknown_before_the_view_was_asked_for(host, webui):
    webui.model_data.sd_model = sd_model()
    assert (host.model().shared_bytes, host.model().owned_bytes) == (None, None)


def test_loras_merged_into_the_weights_are_named(host, webui):
    layer = SimpleNamespace(network_current_names=(("style", 1.0, 1.0, None),))
    webui.model_data.sd_model = sd_model(network_layer_mapping={"a": layer, "b": SimpleNamespace()})
    assert host.model().loras == ("style",)


needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is not installed")


def test_components_without_a_checkpoint_say_so(host):
    with pytest.raises(ModelError, match="no checkpoint"), host.components():
        pass


def test_components_load_the_checkpoint(host, webui):
    webui.loadable = sd_model(family="sd3")
    with pytest.raises(ModelError, match="sd3"), host.components():
        pass
    assert webui.loads == 1


def test_components_give_the_queue_back(host, webui):
    with pytest.raises(ModelError), host.components():
        pass
    assert not webui.queue_lock.locked()


@pytest.mark.thorough
@needs_torch
def test_a_merged_lora_is_taken_out_and_the_webui_knows(host, webui, monkeypatch):
    networks(monkeypatch)
    layer = SimpleNamespace(network_current_names=(("a", 1, 1, None),), network_weights_backup="plain", weight="merged")
    host._take_out_loras(sd_model(network_layer_mapping={"layer": layer}))
    assert (layer.weight, layer.network_current_names) == ("plain", ())


# Folders

OPENERS = {"listen": True, "share": True, "server_name": "0.0.0.0", "ngrok": "token", "hide_ui_dir_config": True}


def test_a_page_for_this_machine_alone_may_name_its_folders(host, monkeypatch):
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    assert host.trusts_page()


@pytest.mark.parametrize("flag", OPENERS)
def test_a_page_that_others_reach_or_whose_folders_are_hidden_may_not(host, webui, flag):
    setattr(webui.cmd_opts, flag, OPENERS[flag])
    assert not host.trusts_page()


def test_a_page_that_gradios_own_variable_opens_may_not(host, monkeypatch):
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert not host.trusts_page()


def test_callers_may_use_the_folders_of_the_flag_and_of_settings(host, webui, tmp_path):
    webui.cmd_opts.bootcamp_allow_dir = [str(tmp_path / "flag")]
    webui.opts.data["bootcamp_allowed_folders"] = f"{tmp_path / 'set'}\n\n  below  \n"
    assert host.allowed_folders() == (tmp_path / "flag", tmp_path / "set", webui.folder / "below")


def test_settings_that_are_empty_allow_nothing(host, webui):
    webui.opts.data["bootcamp_allowed_folders"] = " \n"
    assert host.allowed_folders() == ()


def test_who_is_refused_learns_what_this_host_has(host, webui, tmp_path):
    with pytest.raises(NotAllowedError, match=r"--bootcamp-allow-dir FOLDER .*Settings, Bootcamp") as raised:
        Context(host, host.progress(), trusted=False).folder(str(tmp_path), "folder")
    assert " --allow-dir" not in str(raised.value)
    webui.cmd_opts.listen = True
    with pytest.raises(NotAllowedError) as raised:
        Context(host, host.progress(), trusted=False).folder(str(tmp_path), "folder")
    assert "Settings" not in str(raised.value)


# Log-in


def _answer(host: A1111Host, user: str | None = None, cookie: str | None = None, tokens: dict[str, str] | None = None):
    pytest.importorskip("httpx")
    from fastapi import APIRouter, FastAPI
    from fastapi.testclient import TestClient

    from lib_bootcamp.surfaces.http.errors import BootcampRoute

    app = FastAPI()
    app.tokens = tokens or {}
    router = APIRouter(route_class=BootcampRoute, dependencies=host.auth_dependencies())
    router.add_api_route("/x", lambda: "ok", methods=["GET"])
    app.include_router(router)
    headers = {"Authorization": "Basic " + base64.b64encode(user.encode()).decode()} if user else {}
    if cookie:
        headers["Cookie"] = cookie
    return TestClient(app).get("/x", headers=headers)


def test_an_open_webui_asks_nobody(host):
    assert host.auth_dependencies() == []


def test_a_stranger_is_answered_401(host, webui):
    webui.cmd_opts.api_auth = "ann:secret"
    answer = _answer(host)
    assert (answer.status_code, set(answer.json())) == (401, {"error", "detail"})


def test_401_asks_for_basic_authentication(host, webui):
    webui.cmd_opts.api_auth = "ann:secret"
    assert _answer(host).headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("given", "status"),
    [("ann:secret", 200), ("bob:x", 200), ("ann:x", 401), ("bob:secret", 401), ("ann:", 401), ("ann", 401)],
)
def test_every_user_of_api_auth_passes_with_their_own_password(host, webui, given, status):
    webui.cmd_opts.api_auth = "ann:secret,bob:x"
    assert _answer(host, given).status_code == status


def test_a_password_may_contain_a_colon(host, webui):
    webui.cmd_opts.api_auth = "ann:a:b"
    assert _answer(host, "ann:a:b").status_code == 200


def test_users_outside_ascii_pass(host, webui):
    webui.cmd_opts.api_auth = "jürgen:schlüssel"
    assert _answer(host, "jürgen:schlüssel").status_code == 200


def test_gradio_auth_guards_where_api_auth_is_not_set(host, webui):
    webui.cmd_opts.gradio_auth = "ann:secret"
    assert (_answer(host).status_code, _answer(host, "ann:secret").status_code) == (401, 200)


def test_gradio_auth_does_not_count_beside_api_auth(host, webui):
    webui.cmd_opts.api_auth, webui.cmd_opts.gradio_auth = "ann:secret", "bob:x"
    assert _answer(host, "bob:x").status_code == 401


def test_the_file_of_gradio_auth_is_read(host, webui, tmp_path):
    (tmp_path / "users").write_text("ann:1,bob:2\ncem:3\n", encoding="utf-8")
    webui.cmd_opts.gradio_auth_path = str(tmp_path / "users")
    assert [_answer(host, user).status_code for user in ("ann:1", "bob:2", "cem:3", "cem:2")] == [200, 200, 200, 401]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_the_file_of_gradio_auth_is_a_regular_one(host, webui, tmp_path):
    os.mkfifo(tmp_path / "users")
    webui.cmd_opts.gradio_auth_path = str(tmp_path / "users")
    with pytest.raises(OSError, match="only regular files"):
        host.auth_dependencies()


def test_a_file_of_gradio_auth_without_end_is_not_read(host, webui, tmp_path):
    with (tmp_path / "users").open("wb") as file:
        file.truncate(1 << 30)
    webui.cmd_opts.gradio_auth_path = str(tmp_path / "users")
    with pytest.raises(TooLargeError):
        host.auth_dependencies()


def test_who_is_logged_in_on_the_page_passes(host, webui):
    webui.cmd_opts.gradio_auth = "ann:secret"
    assert _answer(host, cookie="access-token=t1", tokens={"t1": "ann"}).status_code == 200


def test_an_invented_session_does_not_pass(host, webui):
    webui.cmd_opts.gradio_auth = "ann:secret"
    assert _answer(host, cookie="access-token=t2", tokens={"t1": "ann"}).status_code == 401


def test_the_pages_session_does_not_open_the_api_of_api_auth(host, webui):
    webui.cmd_opts.api_auth = "ann:secret"
    assert _answer(host, cookie="access-token=t1", tokens={"t1": "ann"}).status_code == 401


def test_the_page_needs_its_own_log_in_and_no_password_of_api_auth(host, webui):
    webui.cmd_opts.api_auth = "ann:secret"
    assert host.page_auth_dependencies() == []
    webui.cmd_opts.gradio_auth = "bob:x"
    assert len(host.page_auth_dependencies()) == 1


def test_a_flag_that_is_not_user_and_password_is_refused(host, webui):
    webui.cmd_opts.api_auth = "ann"
    with pytest.raises(ValueError, match="user:password"):
        host.auth_dependencies()


def test_files_of_detectors_are_looked_for_where_controlnet_keeps_them(host, webui, tmp_path, monkeypatch):
    monkeypatch.setitem(
        sys.modules, "scripts.global_state", SimpleNamespace(cn_models={}, cn_models_dir_old="/ext/models")
    )
    webui.cmd_opts.controlnet_annotator_models_path = "/named"
    assert host.model_folders()["annotator"] == (
        Path("/named"),
        tmp_path / "models" / "ControlNetPreprocessor",
        Path("/ext/annotator/downloads"),
    )


def _sees_page(host: A1111Host, cookie: str = "", user: str = "") -> bool:
    """Whether somebody gets the page in the Bootcamp tab's frame; a websocket, which has no other log-in."""
    from starlette.requests import HTTPConnection

    headers = [(b"cookie", cookie.encode())]
    if user:
        headers.append((b"authorization", b"Basic " + base64.b64encode(user.encode())))
    app = SimpleNamespace(tokens={"t1": "ann"})
    return bool(host.page_login()(HTTPConnection({"type": "websocket", "headers": headers, "app": app})))


def test_an_open_webui_shows_its_page_to_all(host, webui):
    webui.cmd_opts.api_auth = "bob:x"  # of the API alone
    assert _sees_page(host)


def test_the_log_in_of_the_page_opens_the_frame_and_its_websockets(host, webui):
    webui.cmd_opts.api_auth, webui.cmd_opts.gradio_auth = "bob:x", "ann:secret"
    for cookie in ("access-token=t1", "access-token-unsecure=t1", "access-token-unsecure-abc=t1"):
        assert _sees_page(host, cookie)
    assert _sees_page(host, user="ann:secret")
    assert not any((_sees_page(host), _sees_page(host, "access-token=t2"), _sees_page(host, user="bob:x")))
