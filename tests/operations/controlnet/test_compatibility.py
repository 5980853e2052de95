from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi import FastAPI

from lib_bootcamp.context import Context
from lib_bootcamp.errors import InvalidParamError, NotAllowedError
from lib_bootcamp.operations.controlnet.compatibility import COMPATIBILITY
from lib_bootcamp.surfaces.http.routes import build_router
from lib_bootcamp.surfaces.page.tabs.controlnet.compatibility import models_table
from tests.contract.http_client import Client
from tests.fakes import FakeHost, FakeProgress
from tests.model_headers import SHAPES, write_header

MODELS = ("control_v11f1e_sd15_tile", "diffusers_xl_canny_full", "control_v11p_sd21_canny")


class Host(FakeHost):
    """With models, and a checkpoint whose family is known once it is in memory."""

    def __init__(self, folder: Path, family: str | None = None, **options) -> None:
        super().__init__(**options)
        self.folder, self.family = folder, family

    def controlnet_models(self) -> dict[str, Path]:
        return {path.stem: path for path in sorted(self.folder.glob("*.safetensors"))}

    def model(self):
        return SimpleNamespace(family=self.family) if self.family else None


@pytest.fixture
def folder(tmp_path):
    for name in MODELS:
        write_header(tmp_path / f"{name}.safetensors", SHAPES[name][2])
    return tmp_path


def tell(host, *, trusted=True, **values):
    return COMPATIBILITY.run(COMPATIBILITY.params_from(values), Context.of_job(host, FakeProgress(), trusted=trusted))


def test_the_checkpoint_in_memory_decides(folder):
    found = tell(Host(folder, "sdxl", checkpoint="x.safetensors"))
    assert [(each.name, each.fits) for each in found.models] == [
        ("diffusers_xl_canny_full", True), ("control_v11f1e_sd15_tile", False), ("control_v11p_sd21_canny", False),
    ]  # fmt: skip
    assert found.summary() == "1 of 3 ControlNet models fit SDXL"
    assert "no    control_v11f1e_sd15_tile needs an SD1.5 checkpoint; the loaded one is SDXL." in found.lines()


def test_a_checkpoint_that_is_not_loaded_is_read_from_its_file(folder, tmp_path):
    checkpoints = tmp_path / "checkpoints"
    checkpoints.mkdir()
    write_header(checkpoints / "a.safetensors", SHAPES["juggernaut"][2])
    host = Host(folder, checkpoint="a.safetensors [0123456789]", model_folders={"checkpoint": (checkpoints,)})
    assert tell(host).base == "sdxl"


def test_without_a_checkpoint_nothing_is_claimed(folder):
    found = tell(Host(folder))
    assert {each.fits for each in found.models} == {None}
    assert found.summary() == "0 of 3 ControlNet models fit a checkpoint of unknown base"


def test_another_base_can_be_asked_for(folder):
    assert tell(Host(folder, "sdxl"), base="sd2").models[0].name == "control_v11p_sd21_canny"


def test_one_map_leaves_the_other_models_out(folder):
    found = tell(Host(folder, "sd15"), map="canny")
    assert {each.name for each in found.models} == set(MODELS[1:])
    assert {row.map for row in found.families} == {"canny"}
    assert [row.installed for row in found.families if row.base == "sdxl"] == [("diffusers_xl_canny_full",)]


def test_a_folder_takes_the_place_of_the_hosts_models(folder, tmp_path):
    assert len(tell(Host(tmp_path / "none", "sd15"), folder=str(folder)).models) == 3


def test_links_are_followed_for_the_owner_and_what_is_left_out_is_named(folder, tmp_path):
    linked, there = tmp_path / "linked", sorted(folder.glob("*.safetensors"))[0]
    linked.mkdir()
    (linked / "canny.safetensors").symlink_to(there)
    (linked / "more").symlink_to(folder)
    (linked / "endless.safetensors").symlink_to("/dev/zero")
    host = Host(folder, "sd15")
    host.allowed_folders = lambda: (linked,)
    own = tell(host, folder=str(linked))
    assert len(own.models) == 4
    assert "endless.safetensors is not a regular file." in own.advice
    visitors = tell(host, trusted=False, folder=str(linked))
    assert visitors.models == ()
    assert {"canny.safetensors is outside the folder.", "more is outside the folder."} <= set(visitors.advice)


def test_a_caller_over_the_network_may_not_name_any_folder(folder):
    with pytest.raises(NotAllowedError):
        tell(Host(folder, "sd15"), trusted=False, folder=str(folder))
    with pytest.raises(InvalidParamError, match="folder not found"):
        tell(Host(folder, "sd15"), folder=str(folder / "missing"))


def test_get_answers_for_the_hosts_models(folder):
    app = FastAPI()
    app.include_router(build_router(Host(folder, "sdxl", checkpoint="x"), operations=[COMPATIBILITY]))
    answer = Client(app).get("/bootcamp/v1/compatibility")
    assert answer.status_code == 200
    body = answer.json()
    assert body["base"] == "sdxl"
    assert [each["fits"] for each in body["models"]] == [True, False, False]
    assert "needs an SD1.5 checkpoint" in body["models"][1]["reason"]
    assert {"map", "base", "file", "source", "weight"} <= set(body["families"][0])


def test_the_table_escapes_what_files_are_called(tmp_path):
    write_header(tmp_path / "<b>canny.safetensors", SHAPES["diffusers_xl_canny_full"][2])
    table = models_table(tell(Host(tmp_path, "sdxl")))
    assert "<b>" not in table
    assert "&lt;b&gt;canny" in table


def test_where_no_model_is_for_the_map_that_is_the_answer(folder):
    found = tell(Host(folder, "sd1"), map="openpose")
    assert (
        found.summary() == "None of the 3 installed ControlNet models is for this map (Pose); the checkpoint is SD1.5"
    )


def test_a_union_answers_for_the_maps_it_was_trained_on(tmp_path):
    write_header(tmp_path / "mine.safetensors", SHAPES["controlnet-union-sdxl-1.0"][2])
    assert len(tell(Host(tmp_path, "sdxl"), map="canny").models) == 1
    assert not tell(Host(tmp_path, "sdxl"), map="qr").models


def test_damaged_files_are_counted(folder):
    (folder / "control_v11p_sd15_mlsd.safetensors").write_bytes(b"")
    found = tell(Host(folder, "sdxl"))
    assert found.summary() == "1 of 4 ControlNet models fit SDXL; 1 is damaged"
    assert [each.name for each in found.models if each.damaged] == ["control_v11p_sd15_mlsd"]


def test_a_model_of_several_files_is_one(tmp_path):
    inside = tmp_path / "models" / "FLUX.1-canny"
    inside.mkdir(parents=True)
    for number in (1, 2):
        name = f"diffusion_pytorch_model-0000{number}-of-00002.safetensors"
        write_header(inside / name, SHAPES["FLUX.1-dev-Controlnet-Canny"][2])
    assert len(tell(Host(tmp_path), base="flux", folder=str(tmp_path / "models")).models) == 1
