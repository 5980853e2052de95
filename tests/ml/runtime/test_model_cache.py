"""Models beside the checkpoint: loaded once, counted, dropped when nobody uses them."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.ml.runtime.model_cache import ModelCache
from lib_bootcamp.ports import KeptModel
from tests.fakes import FakeHost
from tests.hosts.fakes_webui import FakeWebui, SimpleDevice


class Model:
    name, device, bytes = "mini", "cpu", 12


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def never() -> Model:
    raise AssertionError("it was loaded a second time")


def test_a_model_is_loaded_once() -> None:
    model_cache = ModelCache()
    with model_cache.borrow("a", Model) as first, model_cache.borrow("a", never) as second:
        assert first is second


def test_a_model_stays_for_the_next_one() -> None:
    model_cache = ModelCache()
    with model_cache.borrow("a", Model) as first:
        pass
    with model_cache.borrow("a", never) as second:
        assert second is first


def test_two_that_ask_at_once_share_one_loading() -> None:
    model_cache, loads, begun, go_on = ModelCache(), [], threading.Event(), threading.Event()
    got: list[Model] = []

    def load() -> Model:
        loads.append(1)
        begun.set()
        assert go_on.wait(10)
        return Model()

    def ask() -> None:
        with model_cache.borrow("a", load) as model:
            got.append(model)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    go_on.set()
    for each in threads:
        each.join(10)
    assert (len(loads), len(set(map(id, got)))) == (1, 1)


def test_a_loading_that_failed_is_tried_again() -> None:
    model_cache = ModelCache()

    def fail() -> Model:
        raise ValueError("no such file")

    with pytest.raises(ValueError, match="no such file"), model_cache.borrow("a", fail):
        pass
    with model_cache.borrow("a", Model) as model:
        assert isinstance(model, Model)


def test_a_loading_that_failed_is_not_listed() -> None:
    model_cache = ModelCache()
    with pytest.raises(ZeroDivisionError), model_cache.borrow("a", lambda: 1 // 0):
        pass
    assert model_cache.listed() == ()


def test_what_is_in_memory_is_listed_with_its_bytes() -> None:
    model_cache = ModelCache()
    with model_cache.borrow("a", Model):
        pass
    assert model_cache.listed() == (KeptModel(name="mini", device="cpu", bytes=12),)


def test_a_model_without_a_description_is_listed_by_its_key() -> None:
    model_cache = ModelCache()
    with model_cache.borrow("a", object):
        assert model_cache.listed() == (KeptModel(name="a", device="cpu", bytes=0),)


def test_a_model_is_kept_until_it_has_been_idle_long_enough() -> None:
    clock = Clock()
    model_cache = ModelCache(lambda: 60.0, clock)
    with model_cache.borrow("a", Model):
        pass
    clock.now = 59.0
    model_cache.drop_idle()
    assert len(model_cache.listed()) == 1
    clock.now = 60.0
    model_cache.drop_idle()
    assert model_cache.listed() == ()


def test_a_lent_model_is_not_dropped_however_long_it_is_lent() -> None:
    clock = Clock()
    model_cache = ModelCache(lambda: 60.0, clock)
    with model_cache.borrow("a", Model):
        clock.now = 1000.0
        model_cache.drop_idle()
        model_cache.clear()
        assert len(model_cache.listed()) == 1


def test_idle_time_counts_from_the_last_return() -> None:
    clock = Clock()
    model_cache = ModelCache(lambda: 60.0, clock)
    with model_cache.borrow("a", Model):
        clock.now = 1000.0
    model_cache.drop_idle()
    assert len(model_cache.listed()) == 1


def test_with_no_idle_time_a_model_goes_as_soon_as_it_comes_back() -> None:
    model_cache = ModelCache(lambda: 0.0)
    with model_cache.borrow("a", Model) as model:
        gone = weakref.ref(model)
    del model
    gc.collect()
    assert (model_cache.listed(), gone()) == ((), None)


def test_clear_drops_what_is_not_lent() -> None:
    model_cache = ModelCache()
    with model_cache.borrow("a", Model):
        pass
    model_cache.clear()
    assert model_cache.listed() == ()


def test_an_idle_model_goes_by_itself() -> None:
    model_cache, gone = ModelCache(lambda: 0.02), threading.Event()
    with model_cache.borrow("a", Model) as model:
        weakref.finalize(model, gone.set)
    del model
    assert gone.wait(10)


def test_a_model_that_is_lent_again_and_again_starts_no_timer_each_time() -> None:
    model_cache = ModelCache()
    seen = set()
    for _ in range(20):
        with model_cache.borrow("a", Model):
            pass
        seen.add(model_cache._timer)
    model_cache.clear()
    assert len(seen) == 1


def test_a_shorter_idle_time_that_is_set_later_counts() -> None:
    idle = [600.0]
    model_cache, gone = ModelCache(lambda: idle[0]), threading.Event()
    with model_cache.borrow("a", Model) as model:
        weakref.finalize(model, gone.set)
    del model
    idle[0] = 0.02
    with model_cache.borrow("b", Model):
        pass
    assert gone.wait(10)


def test_the_timer_does_not_keep_the_shelf_alive() -> None:
    model_cache = ModelCache()
    with model_cache.borrow("a", Model):
        pass
    gone = weakref.ref(model_cache)
    del model_cache
    gc.collect()
    assert gone() is None


def test_the_timer_ends_with_the_shelf() -> None:
    before = threading.active_count()
    model_cache = ModelCache()
    with model_cache.borrow("a", Model):
        pass
    waiting = [each for each in threading.enumerate() if isinstance(each, threading.Timer)]
    del model_cache
    gc.collect()
    for each in waiting:
        each.join(10)
    assert threading.active_count() <= before


def test_info_lists_the_models() -> None:
    host = FakeHost()
    with host.model_cache.borrow("a", Model):
        assert host.info().models == (KeptModel(name="mini", device="cpu", bytes=12),)


def webui(tmp_path, **options) -> tuple[A1111Host, FakeWebui]:
    fake = FakeWebui(tmp_path)
    for name, value in options.items():
        setattr(fake.cmd_opts, name, value)
    return A1111Host(fake.module), fake


@pytest.mark.parametrize("option", ["lowvram", "medvram"])
def test_a_webui_that_saves_video_memory_keeps_no_model(tmp_path, option: str) -> None:
    host, _ = webui(tmp_path, bootcamp_device="cuda", **{option: True})
    with host.model_cache.borrow("a", Model):
        pass
    assert host.info().models == ()


def test_a_webui_that_does_not_keeps_it(tmp_path) -> None:
    host, _ = webui(tmp_path, bootcamp_device="cuda")
    with host.model_cache.borrow("a", Model):
        pass
    assert len(host.info().models) == 1


def test_the_idle_time_is_a_setting_of_the_webui(tmp_path) -> None:
    host, fake = webui(tmp_path)
    fake.opts.data["bootcamp_models_idle_s"] = 0
    with host.model_cache.borrow("a", Model):
        pass
    assert host.info().models == ()


def test_a_webui_on_the_processor_runs_models_in_single_precision(tmp_path) -> None:
    host, _ = webui(tmp_path, bootcamp_device="cpu")
    assert host.dtype() == "float32"


def test_a_webui_on_a_device_runs_models_in_its_own_precision(tmp_path) -> None:
    fake = FakeWebui(tmp_path)
    devices = fake.module("devices")
    devices.device, devices.dtype = SimpleDevice("cuda"), "torch.float16"
    host = A1111Host(lambda name: devices if name == "devices" else fake.module(name))
    assert host.dtype() == "float16"
