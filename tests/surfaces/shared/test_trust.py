"""Callers and visitors name no folder and no model file that the owner did not allow, in whatever field."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import itertools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib_bootcamp.catalog import OPERATIONS, find
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.errors import BootcampError, ModelError
from lib_bootcamp.jobs.opened import jobs_of
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.describe import clip_choice, interrogate
from lib_bootcamp.params import Param
from lib_bootcamp.ports import SilentProgress
from lib_bootcamp.surfaces.webui.section import control_maps
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from lib_bootcamp.surfaces.webui.settings import scan_choices, settings
from tests.fake_clip import RED, flat
from tests.jobs.closing import close_jobs
from tests.ml.needs import missing
from tests.surfaces.webui.generations import MONSTER, FakeControlNet, FakeWebUi, Generation

from .strangers import Machine, asked_for, conditions, is_text, touching

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """No model is loaded: what would be is reported."""

    def lend_captioner(host: Any, name: str, *_: Any) -> Any:
        asked_for(name)
        raise ModelError("There is no such model here.")

    def lend_clip(params: Any, context: Any) -> Any:
        return lend_captioner(context.host, params.clip)

    monkeypatch.setattr(clip_choice, "lend_model", lend_clip)
    monkeypatch.setattr(interrogate, "lend_captioner", lend_captioner)
    if not missing():  # without torch no detector is reached
        monkeypatch.setattr("lib_bootcamp.ml.detectors.registry.lent", lend_captioner)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine.made(tmp_path / "machine")
    yield made
    close_jobs(made.root / "data")


def cases(operation: Operation[Any, Any]) -> Iterator[tuple[Param, dict[str, Any]]]:
    """Every text parameter of an operation, with the values of others under which it counts."""
    params = {each.name: each for each in operation.params.fields()}
    for param in filter(is_text, params.values()):
        yield param, conditions(param, params)


def base_values(operation: Operation[Any, Any], machine: Machine) -> dict[str, Any]:
    """Values with which an operation runs, in the folder that the owner allowed."""
    given: dict[str, Any] = {}
    for each in operation.params.fields():
        if each.kind == "image" and each.required:
            given[each.name] = encode_base64(flat(RED, 64))
        elif each.kind == "list" and each.required and each.item is not None and each.item.kind in {"image", "file"}:
            given[each.name] = [encode_base64(flat(RED, 64))]
        elif each.spec.format == "folder" and (each.required or each.name == "folder"):
            given[each.name] = str(machine.open)
        elif each.required or each.name == "labels":
            given[each.name] = ["red"] if each.kind == "list" else "red"
    return given


def written(param: Param, text: str) -> Any:
    return [text] if param.kind == "list" else text


def bodies(operation: Operation[Any, Any], machine: Machine) -> Iterator[tuple[str, dict[str, Any]]]:
    for param, others in cases(operation):
        for text in machine.spellings(param):
            yield (
                f"{param.name}={text}",
                {**base_values(operation, machine), **others, param.name: written(param, text)},
            )


# --- the API


@pytest.mark.thorough
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_no_route_reads_what_a_caller_may_not_name(operation: Operation[Any, Any], machine: Machine) -> None:
    pytest.importorskip("fastapi")
    from fastapi import FastAPI

    from lib_bootcamp.surfaces.http.routes import build_router
    from tests.contract.http_client import WITHOUT_CHECKPOINT, Client

    app = FastAPI()
    app.include_router(build_router(machine.host(), operations=WITHOUT_CHECKPOINT))
    client, failed = Client(app), {}
    for given, body in bodies(operation, machine):
        with touching(machine.secret) as touched:
            answer = client.post(f"/bootcamp/v1/{operation.path.strip('/')}", json=body)
        if touched or answer.status_code == 500:
            failed[given] = touched or answer.text
    assert failed == {}


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.job], ids=lambda each: each.name)
def test_no_job_reads_what_its_caller_may_not_name(operation: Operation[Any, Any], machine: Machine) -> None:
    jobs, failed = jobs_of(machine.host(), find), {}
    for given, body in bodies(operation.as_job(), machine):
        with touching(machine.secret) as touched, contextlib.suppress(BootcampError):
            jobs.wait(jobs.start(operation.name, body, trusted=False).id, 30)
        if touched:
            failed[given] = touched
    assert failed == {}


# --- the page


def events(host: Any) -> list[tuple[str, Any, list[Any]]]:
    """Every function that the page calls: its name, itself, the components that it is given."""
    gr = pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.page.tabs.page import build_tabs

    with gr.Blocks() as page:
        build_tabs(host)
    if isinstance(page.fns, dict):
        return [(str(each.api_name or each.name), each.fn, list(each.inputs)) for each in page.fns.values() if each.fn]
    return [
        (str(reported["api_name"]), function.fn, [page.blocks[number] for number in reported["inputs"]])
        for function, reported in zip(page.fns, page.dependencies, strict=True)
        if function.fn
    ]


def component_values(components: list[Any], machine: Machine) -> list[Any]:
    """What the components hold on a page where a picture and the allowed folder were given."""
    picture = machine.open / "a.png"
    held = []
    for each in components:
        kind = type(each).__name__
        if kind == "Image":
            held.append(str(picture))
        elif kind == "File":
            held.append([SimpleNamespace(name=str(picture), orig_name="a.png")] if is_old(each) else [str(picture)])
        elif kind == "Textbox" and "folder" in str(each.elem_id):
            held.append(str(machine.open))
        elif kind == "Textbox" and str(each.elem_id).endswith("_labels"):
            held.append("red")
        elif kind == "Dataframe":
            held.append([[1, 1]])
        else:
            held.append(each.value)
    return held


def is_old(component: Any) -> bool:
    return getattr(component, "type", "") == "file"


def called(function: Any, values: list[Any]) -> None:
    """Call an event's function as Gradio does; a page's function says its mistakes in components and raises none."""
    given: list[Any] = []
    rest = iter(values)
    for each in inspect.signature(function).parameters.values():
        annotation = str(each.annotation)
        if "Request" in annotation:
            given.append(SimpleNamespace(session_hash="s", client=SimpleNamespace(host="1.2.3.4"), headers={}))
        elif "Click" in annotation:
            given.append(SimpleNamespace(index=[0, 0], value="1", row_value=None))
        elif "Progress" in annotation or type(each.default).__name__ == "Progress":
            given.append(lambda *_, **__: None)
        elif each.kind is inspect.Parameter.VAR_POSITIONAL:
            given += rest
        else:
            given += itertools.islice(rest, 1)
    made = function(*given)
    if inspect.isawaitable(made):
        asyncio.run(_waited(made))


async def _waited(made: Any) -> Any:
    return await made


@pytest.mark.thorough
def test_no_function_of_the_page_reads_what_a_visitor_may_not_name(machine: Machine) -> None:
    """Each text field of each function, one after the other; conditions are left as the page shows them at first."""
    host = machine.host()
    found = events(host)
    assert len(found) > 50
    failed = {}
    for name, function, components in found:
        base = component_values(components, machine)
        for at, each in enumerate(components):
            if type(each).__name__ not in {"Textbox", "Dataframe"}:
                continue
            for text in (str(machine.secret),):
                value: Any = [[text, text]] if type(each).__name__ == "Dataframe" else text
                # a component's value that no page sends may be any mistake
                nonsense = contextlib.suppress(ValueError, KeyError, TypeError, IndexError)
                with touching(machine.secret) as touched, nonsense:
                    called(function, [*base[:at], value, *base[at + 1 :]])
                if touched:
                    failed[f"{name} {each.elem_id}={text}"] = touched
        jobs = jobs_of(host, find)
        for info in jobs.listed(trusted=True):
            jobs.wait(info.id, 30)
    assert failed == {}


@pytest.mark.thorough
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_no_run_of_a_visitor_reads_what_they_may_not_name(operation: Operation[Any, Any], machine: Machine) -> None:
    """As the page's functions run it, with every condition under which a field counts."""
    refused(operation, machine, Context.of_page(machine.host(), SilentProgress()))


# --- the section


@pytest.mark.parametrize("operation", control_maps(), ids=lambda each: each.name)
def test_no_generation_reads_what_a_caller_may_not_name(operation: Operation[Any, Any], machine: Machine) -> None:
    def section(values: dict[str, Any]) -> dict[str, Any]:
        return {"enabled": True, "control": operation.name, **values}

    runner = SectionRunner(machine.host(trusts_page=True), FakeWebUi(), lambda: FakeControlNet(MONSTER))
    base = {name: value for name, value in base_values(operation, machine).items() if name != "labels"}
    failed = {}
    own = [(f"model={machine.secret}", {**base, "model": str(machine.secret)})]
    for given, body in [*bodies(operation, machine), *own]:
        p = Generation()
        with touching(machine.secret) as touched:
            runner.before_process(p, (section(body),))
        if touched:
            failed[given] = touched
    assert failed == {}


def test_a_generation_is_never_trusted(machine: Machine) -> None:
    assert not Context.of_generation(machine.host(trusts_page=True), SilentProgress()).trusted


def test_a_caller_of_the_webui_cannot_override_a_setting_that_is_a_text() -> None:
    """Folders, files and models are texts or lists of them; the WebUI lets callers override all other settings."""
    pytest.importorskip("gradio")
    free = [
        name
        for name, each in settings(scan_choices()).items()
        if isinstance(each["default"], (str, list))
        and not (each.get("component_args") or {}).get("choices")
        and not each.get("restrict_api")
    ]
    assert free == []


# --- the kind


def refused(operation: Operation[Any, Any], machine: Machine, context: Context) -> None:
    failed = {}
    for given, body in bodies(operation, machine):
        pictures = {each.name for each in operation.params.fields() if each.kind == "image"}
        values = {name: flat(RED, 64) if name in pictures else value for name, value in body.items()}
        if "images" in values:
            values["images"] = [flat(RED, 64)]
        # refused, or there is no model: both read nothing
        with touching(machine.secret) as touched, contextlib.suppress(BootcampError):
            operation.run(operation.params_from(values), context)
        if touched:
            failed[given] = touched
    assert failed == {}


def test_the_ear_hears_a_trusted_person_name_the_folder(machine: Machine) -> None:
    """Else the tests above would hold of anything."""
    operation = find("dataset-report")
    with touching(machine.secret) as touched:
        operation.run(
            operation.params_from({"folder": str(machine.secret)}),
            Context.of_terminal(machine.host(), SilentProgress()),
        )
    assert touched


@pytest.mark.thorough
def test_every_context_is_made_by_the_constructor_of_its_surface() -> None:
    made = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "lib_bootcamp").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Context"
    ]
    assert made == []


def test_who_asks_has_no_default(machine: Machine) -> None:
    with pytest.raises(TypeError):
        Context(machine.host(), SilentProgress())  # type: ignore[call-arg]


def test_only_the_owner_names_models_that_are_not_public(machine: Machine) -> None:
    """Fields of the format `model` are distinct from texts, so that a surface can treat them as such."""
    named = {
        (each.name, param.name) for each in OPERATIONS for param in each.params.fields() if param.spec.format == "model"
    }
    assert named >= {("classify", "clip"), ("interrogate", "clip"), ("interrogate", "captioner"), ("caption", "clip")}
    assert {("caption", "captioner"), ("dataset-report", "clip")} <= named
