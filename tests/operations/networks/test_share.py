"""A LoRA or an embedding is shared: its card, its files, what is pushed, and what stays at home."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

pytest.importorskip("huggingface_hub")
yaml = pytest.importorskip("yaml")

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.codec import decode_image  # noqa: E402
from lib_bootcamp.core.images.png import encode_png  # noqa: E402
from lib_bootcamp.errors import (  # noqa: E402
    BootcampError,
    HubError,
    ImageError,
    InvalidParamError,
    ModelError,
    NotAllowedError,
    OutputError,
)
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.networks.share import SHARE_LORA, ShareLoraResult  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.networks.hub_server import TOKEN, HubServer, logged_in  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]
STATED = {
    "ss_base_model_version": "sd_v1",
    "ss_network_dim": "4",
    "ss_sd_model_name": "v1-5-pruned-emaonly.safetensors",
    "ss_steps": "4",
    "modelspec.trigger_phrase": "a zorb",
    "bootcamp.train": json.dumps({"sample_prompt": "a zorb\n\n a red zorb"}),
}


def safetensors(shapes: Mapping[str, tuple[int, ...]], metadata: Mapping[str, str]) -> bytes:
    """A file of zeros in float32."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * int(np.prod(shape))
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(end)


LORA = {"lora_unet_x.lora_up.weight": (4, 2), "lora_unet_x.lora_down.weight": (2, 4)}


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """The output folder of a training: files after steps 2 and 4, samples of two prompts."""
    out = tmp_path / "out"
    (out / "zorb-samples").mkdir(parents=True)
    for name in ("zorb", "zorb-000002"):
        (out / f"{name}.safetensors").write_bytes(safetensors(LORA, STATED))
    for step in (0, 2, 4):
        for number in (1, 2):
            picture = np.full((8, 8, 3), 10 * step + number, np.uint8)
            (out / "zorb-samples" / f"{step:06}-{number}.png").write_bytes(encode_png(picture))
    return out


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with logged_in(monkeypatch) as server:
        yield server


def share(folder: Path, lora: str = "zorb", context: Context | None = None, **given: Any) -> ShareLoraResult:
    params = SHARE_LORA.params_from({"folder": str(folder), "lora": lora, **given})
    return SHARE_LORA.run(params, context or Context.of_terminal(StandaloneHost(device="cpu"), SilentProgress()))


def front(card: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(card.split("---\n")[1])
    return found


def test_without_a_place_the_card_is_shown(trained: Path) -> None:
    before = sorted(trained.rglob("*"))
    made = share(trained)
    assert not made.written
    assert made.url == ""
    assert made.lines()[1] == "---"
    assert sorted(trained.rglob("*")) == before
    assert front(made.card)["widget"] == [
        {"text": "a zorb", "output": {"url": "samples/000004-1.png"}},
        {"text": "a red zorb", "output": {"url": "samples/000004-2.png"}},
    ]


def test_its_base_and_the_license_of_that_are_carried_on(trained: Path) -> None:
    made = share(trained)
    assert front(made.card)["base_model"] == "stable-diffusion-v1-5/stable-diffusion-v1-5"
    assert front(made.card)["license"] == "creativeml-openrail-m"
    assert made.warnings == ()


def test_a_license_that_contradicts_the_bases_is_named(trained: Path) -> None:
    made = share(trained, license="mit")
    assert front(made.card)["license"] == "mit"
    assert len(made.warnings) == 1
    assert made.warnings[0].startswith("The licenses disagree: mit by who shares it, creativeml-openrail-m by its base")
    assert made.lines()[0] == made.warnings[0]
    assert made.summary() == f"The card of zorb; nothing was written or pushed. {made.warnings[0]}"


def test_a_folder_is_written_as_the_hub_has_it(trained: Path, tmp_path: Path) -> None:
    made = share(trained, "zorb-000002", output_folder=str(tmp_path / "shared"), samples=1)
    place = tmp_path / "shared" / "zorb-000002"
    found = {each.relative_to(place).as_posix() for each in place.rglob("*") if each.is_file()}
    assert found == set(made.contents) == {"README.md", "zorb-000002.safetensors", "samples/000002-1.png"}
    assert (place / "README.md").read_text(encoding="utf-8") == made.card
    data = (trained / "zorb-000002.safetensors").read_bytes()
    assert (place / "zorb-000002.safetensors").read_bytes() == data
    assert int(decode_image((place / "samples" / "000002-1.png").read_bytes())[0, 0, 0]) == 21


def test_what_is_there_stays_unless_it_may_be_replaced(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "zorb").mkdir()
    (tmp_path / "zorb" / "README.md").write_bytes(b"mine")
    with pytest.raises(InvalidParamError, match=r"output_folder has zorb/README\.md already"):
        share(trained, output_folder=str(tmp_path))
    assert [each.name for each in (tmp_path / "zorb").iterdir()] == ["README.md"]
    share(trained, output_folder=str(tmp_path), replace=True)
    assert (tmp_path / "zorb" / "README.md").read_bytes() != b"mine"


def test_it_is_pushed_privately_with_its_samples_and_no_picture_of_the_owners(hub: HubServer, trained: Path) -> None:
    made = share(trained, push_to="me/zorb")
    assert (made.url, made.private) == (f"{hub.url}/me/zorb", True)
    assert hub.private == {"me/zorb": True}
    files = hub.files["me/zorb"]
    assert set(files) == {"README.md", "zorb.safetensors", "samples/000004-1.png", "samples/000004-2.png"}
    assert files["zorb.safetensors"] == (trained / "zorb.safetensors").read_bytes()
    assert b"load_lora_weights('me/zorb', weight_name='zorb.safetensors')" in files["README.md"]
    assert TOKEN not in repr(made) + json.dumps(made.to_json())
    assert "which only you see" in made.summary()


def test_training_pictures_come_along_where_asked_for_without_what_cameras_write(
    hub: HubServer, trained: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    exif = Pil.Exif()
    exif[0x010F] = "a camera of mine"
    Pil.new("RGB", (8, 6), (200, 10, 10)).save(own / "anna.png", exif=exif)
    (own / "broken.png").write_bytes(b"\x89PNG")
    share(trained, push_to="me/zorb", pictures=str(own))
    pictures = {path: data for path, data in hub.files["me/zorb"].items() if path.startswith("concept_images/")}
    assert list(pictures) == ["concept_images/0.png"]
    assert b"camera" not in pictures["concept_images/0.png"]
    assert decode_image(pictures["concept_images/0.png"]).shape == (6, 8, 3)
    (tmp_path / "none").mkdir()
    with pytest.raises(ImageError, match="no pictures are in there"):
        share(trained, pictures=str(tmp_path / "none"))


def test_an_embedding_is_a_concept(hub: HubServer, trained: Path) -> None:
    (trained / "zorb.safetensors").write_bytes(safetensors({"emb_params": (2, 768)}, STATED))
    share(trained, push_to="me/zorb")
    files = hub.files["me/zorb"]
    assert files["token_identifier.txt"] == b"zorb"
    assert files["zorb.safetensors"] == (trained / "zorb.safetensors").read_bytes()
    concept = files["learned_embeds.safetensors"]
    length = int.from_bytes(concept[:8], "little")
    header = json.loads(concept[8 : 8 + length])
    assert header.keys() == {"__metadata__", "zorb"}
    assert len(concept) == 8 + length + 2 * 768 * 4
    assert "textual_inversion" in front(files["README.md"].decode())["tags"]


def test_an_embedding_of_sdxl_has_no_such_file(trained: Path) -> None:
    (trained / "zorb.safetensors").write_bytes(safetensors({"clip_l": (1, 768), "clip_g": (1, 1280)}, STATED))
    made = share(trained)
    assert "learned_embeds.safetensors" not in made.contents
    assert 'vectors["clip_l"]' in made.card


def test_diffusers_loads_the_concept_as_its_card_says(trained: Path, tmp_path: Path) -> None:
    diffusers = pytest.importorskip("diffusers")
    pytest.importorskip("torch")
    from lib_bootcamp.ml.checkpoints.load import MINI_SD
    from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

    import_torchvision()
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(str(MINI_SD), safety_checker=None)
    width = pipe.text_encoder.config.hidden_size
    (trained / "zorb.safetensors").write_bytes(safetensors({"emb_params": (2, width)}, STATED))
    share(trained, output_folder=str(tmp_path))
    pipe.load_textual_inversion(str(tmp_path / "zorb"))
    assert {"zorb", "zorb_1"} <= pipe.tokenizer.get_added_vocab().keys()


def test_what_forbids_sharing_is_not_made_public(hub: HubServer, trained: Path) -> None:
    stated = {**STATED, "modelspec.license": "No redistribution of derivatives"}
    (trained / "zorb.safetensors").write_bytes(safetensors(LORA, stated))
    with pytest.raises(InvalidParamError, match=r"private has to stay: the license by the file \(No redistribution"):
        share(trained, push_to="me/zorb", private=False)
    assert hub.asked == []
    assert any("forbids sharing" in each for each in share(trained, push_to="me/zorb").warnings)


@pytest.mark.parametrize("length", [600, 5_000_000])
def test_a_license_of_a_long_text_is_read_by_a_person_before_it_is_public(
    hub: HubServer, trained: Path, length: int
) -> None:
    stated = {**STATED, "modelspec.license": "x" * length + " Do not share."}
    (trained / "zorb.safetensors").write_bytes(safetensors(LORA, stated))
    with pytest.raises(InvalidParamError, match="private has to stay: the license by the file is a long text"):
        share(trained, push_to="me/zorb", private=False)
    assert hub.asked == []
    assert any("is not judged here" in each for each in share(trained).warnings)
    assert share(trained, push_to="me/zorb", private=False, license="mit").url


@pytest.mark.skipif(os.name != "posix", reason="a person may not make links on Windows")
def test_where_one_file_cannot_be_written_nothing_is(trained: Path, tmp_path: Path) -> None:
    outside, place = tmp_path / "outside", tmp_path / "shared" / "zorb-000002"
    outside.mkdir()
    place.mkdir(parents=True)
    (place / "README.md").write_bytes(b"mine")
    (place / "samples").symlink_to(outside)
    with pytest.raises(OutputError):
        share(trained, "zorb-000002", output_folder=str(tmp_path / "shared"), replace=True)
    assert {each.name for each in place.iterdir()} == {"README.md", "samples"}
    assert (place / "README.md").read_bytes() == b"mine"
    assert list(outside.iterdir()) == []


def test_over_the_network_nobody_pushes(hub: HubServer, trained: Path, tmp_path: Path) -> None:
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(trained,))
    stranger = Context.of_api(host, SilentProgress())
    with pytest.raises(NotAllowedError, match="push_to: is for the owner of this machine alone"):
        share(trained, context=stranger, push_to="me/zorb")
    assert hub.asked == []
    assert share(trained, context=stranger).name == "zorb"


def test_over_the_network_every_folder_has_to_be_allowed(trained: Path, tmp_path: Path) -> None:
    for allowed, given in (
        ((), {}),
        ((trained,), {"output_folder": str(tmp_path)}),
        ((trained,), {"pictures": str(tmp_path)}),
    ):
        host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=allowed)
        with pytest.raises(NotAllowedError):
            share(trained, context=Context.of_api(host, SilentProgress()), **given)


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"lora": "zork"}, InvalidParamError, "which is not in the folder; there is zorb"),
        ({"lora": "cut"}, ModelError, r"cut\.safetensors is cut off"),
        ({"lora": "other"}, ModelError, r"other\.safetensors is no LoRA and no embedding"),
        ({"lora": "half"}, ModelError, r"half\.safetensors has a header .* \(its text is not Unicode\)"),
        ({"push_to": "zorb"}, InvalidParamError, "push_to must be a text like USER/NAME"),
        ({"push_to": "me/zo..rb"}, InvalidParamError, "push_to must be a name that the hub takes"),
        ({"base_model": "../x"}, InvalidParamError, "base_model must be"),
    ],
)
def test_what_cannot_be_shared_is_one_sentence(
    trained: Path, given: dict[str, Any], kind: type[BootcampError], words: str
) -> None:
    (trained / "cut.safetensors").write_bytes((trained / "zorb.safetensors").read_bytes()[:-8])
    (trained / "other.safetensors").write_bytes(safetensors({"a": (1, 2, 3), "b": (2,)}, {}))
    (trained / "half.safetensors").write_bytes(safetensors(LORA, {"ss_output_name": "\ud800"}))
    with pytest.raises(kind, match=words):
        share(trained, **given)


def test_metadata_of_any_kind_make_a_card(trained: Path) -> None:
    evil = '"\n---\nlicense: mit\n<script>{x}</script> !!python/object \x00\x1b[2J'
    stated = {**dict.fromkeys(STATED, evil), "modelspec.license": evil, "bootcamp.train": "[" * 9000}
    (trained / "zorb.safetensors").write_bytes(safetensors(LORA, stated))
    made = share(trained)
    assert front(made.card)["license"] == "other"
    assert "\x1b" not in made.card + "".join(made.lines())
    assert front(made.card)["instance_prompt"].startswith('" --- license: mit <script>')
    made.card.encode("utf-8")


def test_the_command_pushes_to_the_hub_of_the_environment(hub: HubServer, trained: Path, tmp_path: Path) -> None:
    settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
    own = {"BOOTCAMP_VENV": "off", "PYTHONPATH": str(ROOT), "BOOTCAMP_DATA": str(tmp_path / "data")}
    command = [sys.executable, "-m", "lib_bootcamp", "share-lora", str(trained), "zorb", "--push-to", "me/zorb"]

    def ran(*more: str, **changed: str) -> Any:
        environment = {**os.environ, **settings, **own, **changed}
        return subprocess.run([*command, *more], env=environment, capture_output=True, text=True, check=False)

    done = ran("--no-private", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["url"] == f"{hub.url}/me/zorb"
    assert hub.private == {"me/zorb": False}
    refused = ran()
    assert refused.returncode == 2
    assert refused.stderr.startswith("error: --push-to names me/zorb, which everybody sees; ")
    offline = ran(HF_HUB_OFFLINE="1")
    assert offline.returncode == 3
    assert offline.stderr == "error: HF_HUB_OFFLINE is set, so that nothing can be pushed; unset it and try again.\n"
    everything = "".join(each.stdout + each.stderr for each in (done, refused, offline))
    assert TOKEN not in everything
    assert not [each for each in tmp_path.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()]


def test_a_hub_that_fails_leaves_what_was_written(hub: HubServer, trained: Path, tmp_path: Path) -> None:
    hub.refuses["GET /api/models"] = 503
    with pytest.raises(HubError, match=r"fails at the moment \(503\)"):
        share(trained, push_to="me/zorb", output_folder=str(tmp_path / "shared"))
    assert (tmp_path / "shared" / "zorb" / "README.md").is_file()
