"""CLIP models: from every place they come from, the same vectors as open_clip's own."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

import torch  # noqa: E402, TID253

from lib_bootcamp.core.images.png import encode_png  # noqa: E402
from lib_bootcamp.errors import ImageError, InvalidParamError, ModelError  # noqa: E402
from lib_bootcamp.ml.clip import onnx as clip_onnx  # noqa: E402
from lib_bootcamp.ml.clip.model import ClipModel, lend_clip, load_clip  # noqa: E402
from tests.fakes import FakeHost  # noqa: E402
from tests.ml.clip import clips  # noqa: E402

TEXTS = ("a red circle", "two small blue squares on a yellow background, drawn with lines", "", "a dog")
PICTURES = [clips.photograph(120 + 30 * at, 200 - 20 * at, at) for at in range(7)]
needs_onnx = pytest.mark.skipif(not clip_onnx.is_installed(), reason="onnxruntime and onnx are not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clips.save(tmp_path_factory.mktemp("clip") / "small")


@pytest.fixture(scope="module")
def model(folder: Path) -> ClipModel:
    return load_clip(str(folder))


@pytest.fixture(scope="module")
def cache(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the exports of the model, made once for all tests that only read them."""
    made = tmp_path_factory.mktemp("cache")
    load_clip(str(folder), backend="onnx-int8", cache=made)
    return made


def own_pictures(model: ClipModel, pictures=PICTURES) -> np.ndarray:
    """open_clip's own road: Pillow, its transforms, one picture at a time."""
    from open_clip.transform import image_transform
    from PIL import Image

    transform = image_transform(model.preprocessing.size[0], False)
    with torch.no_grad():
        rows = [model.module.encode_image(transform(Image.fromarray(each))[None]) for each in pictures]
    return torch.nn.functional.normalize(torch.cat(rows), dim=-1).numpy()


def own_texts(model: ClipModel, texts=TEXTS) -> np.ndarray:
    with torch.no_grad():
        return torch.nn.functional.normalize(model.module.encode_text(model.tokenizer(list(texts))), dim=-1).numpy()


def test_pictures_are_where_open_clip_puts_them(model: ClipModel) -> None:
    cosines = (model.encode_images(PICTURES) * own_pictures(model)).sum(1)
    assert cosines.min() >= 0.9999


def test_texts_are_where_open_clip_puts_them(model: ClipModel) -> None:
    assert np.abs(model.encode_texts(TEXTS) - own_texts(model)).max() <= 1e-5


def test_a_text_longer_than_the_context_is_cut_as_open_clip_cuts_it(model: ClipModel) -> None:
    texts = ["word " * 200, "short"]
    assert np.abs(model.encode_texts(texts) - own_texts(model, texts)).max() <= 1e-5


def test_a_text_does_not_depend_on_those_beside_it(model: ClipModel) -> None:
    alone = np.concatenate([model.encode_texts([each]) for each in TEXTS])
    assert np.abs(model.encode_texts(TEXTS) - alone).max() <= 1e-5


def test_short_texts_are_computed_no_further_than_their_ends(model: ClipModel, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        model.module.transformer, "forward", lambda states, **_: seen.append(max(states.shape[:2])) or states
    )
    model.encode_texts(["a dog"])
    assert seen == [4]  # start, a, dog, end


def test_many_texts_keep_their_order(model: ClipModel) -> None:
    texts = [" ".join(["dog"] * (1 + at % 20)) + f" {at}" for at in range(150)]
    assert (
        np.abs(model.encode_texts(texts)[[0, 77, 149]] - own_texts(model, [texts[at] for at in (0, 77, 149)])).max()
        <= 1e-5
    )


@pytest.mark.parametrize("count", [0, 1, 3, 40])
def test_any_number_of_pictures_is_taken(model: ClipModel, count: int) -> None:
    made = model.encode_images([PICTURES[0]] * count)
    assert (made.shape, made.dtype) == ((count, 16), np.float32)
    assert np.abs(np.linalg.norm(made, axis=1) - 1).max(initial=0) <= 1e-5


def test_no_texts_are_no_rows(model: ClipModel) -> None:
    assert model.encode_texts([]).shape == (0, 16)


def test_many_pictures_keep_their_order(model: ClipModel) -> None:
    some = [PICTURES[at % 7] for at in range(50)]
    assert np.abs(model.encode_images(some) - own_pictures(model)[[at % 7 for at in range(50)]]).max() <= 2e-3


def test_prepared_pictures_are_the_same(model: ClipModel) -> None:
    made = model.encode_prepared([model.prepare(each) for each in PICTURES])
    assert np.abs(made - model.encode_images(PICTURES)).max() <= 1e-6


def test_a_files_bytes_are_the_picture(model: ClipModel) -> None:
    assert np.abs(model.encode_images([encode_png(PICTURES[0])]) - model.encode_images(PICTURES[:1])).max() <= 1e-6


def test_bytes_that_are_no_picture_are_a_persons_mistake(model: ClipModel) -> None:
    with pytest.raises(ImageError):
        model.encode_images([b"not a picture"] * 20)


def test_the_threads_of_torch_are_as_before(model: ClipModel) -> None:
    before = torch.get_num_threads()
    model.encode_images(PICTURES * 3)
    assert torch.get_num_threads() == before


def test_the_threads_of_torch_are_as_before_after_an_error(model: ClipModel) -> None:
    before = torch.get_num_threads()
    with pytest.raises(ImageError):
        model.encode_images([b"not a picture"] * 20)
    assert torch.get_num_threads() == before


def test_a_model_gives_its_scale(model: ClipModel) -> None:
    assert model.logit_scale == pytest.approx(1 / 0.07, rel=1e-4)


def test_a_model_of_softmax_has_no_bias(model: ClipModel) -> None:
    assert model.logit_bias is None


def test_a_model_counts_its_bytes(model: ClipModel) -> None:
    assert model.bytes == sum(4 * each.numel() for each in model.module.parameters())


def test_weights_need_no_gradient(model: ClipModel) -> None:
    assert not any(each.requires_grad for each in model.module.parameters())


@pytest.mark.parametrize(
    "kind",
    [
        clips.config(clips.RESNET),
        clips.config(custom_text=True),
        clips.config(quick_gelu=False),
    ],
    ids=["resnet", "custom text", "gelu"],
)
def test_every_kind_of_tower_is_where_open_clip_puts_it(tmp_path: Path, kind: dict) -> None:
    model = load_clip(str(clips.save(tmp_path, kind)))
    assert (model.encode_images(PICTURES) * own_pictures(model)).sum(1).min() >= 0.9999
    assert np.abs(model.encode_texts(TEXTS) - own_texts(model)).max() <= 1e-5


def test_a_tower_that_looks_both_ways_is_not_cut(tmp_path: Path) -> None:
    kind = clips.config(custom_text=True)
    kind["text_cfg"] |= {"no_causal_mask": True, "pool_type": "last"}
    from open_clip.transformer import TextTransformer

    if "no_causal_mask" not in inspect.signature(TextTransformer).parameters:
        pytest.skip("this open_clip has no such towers")
    model = load_clip(str(clips.save(tmp_path, kind)))
    assert np.abs(model.encode_texts(TEXTS) - own_texts(model)).max() <= 1e-5


def test_a_model_of_sigmoid_gives_its_bias(tmp_path: Path) -> None:
    from open_clip.model import CLIP

    if "init_logit_bias" not in inspect.signature(CLIP).parameters:
        pytest.skip("this open_clip has no such models")
    model = load_clip(str(clips.save(tmp_path, clips.config(init_logit_bias=-10.0))))
    assert model.logit_bias == -10.0


def test_a_folders_preprocessing_is_used(tmp_path: Path) -> None:
    folder = clips.save(tmp_path, preprocess={"resize_mode": "squash", "mean": [0.0, 0.5, 1.0]})
    read = load_clip(str(folder)).preprocessing
    assert (read.resize_mode, read.mean, read.size) == ("squash", (0.0, 0.5, 1.0), (64, 64))


def test_half_precision_is_near(folder: Path, model: ClipModel) -> None:
    low = load_clip(str(folder), dtype="bfloat16")
    assert (low.encode_images(PICTURES) * model.encode_images(PICTURES)).sum(1).min() >= 0.99
    assert (low.encode_texts(TEXTS) * model.encode_texts(TEXTS)).sum(1).min() >= 0.99


def test_a_file_finds_its_configuration_beside_it(folder: Path, model: ClipModel) -> None:
    other = load_clip(str(folder / "open_clip_model.safetensors"))
    assert np.array_equal(other.encode_texts(TEXTS), model.encode_texts(TEXTS))


def test_a_file_without_configuration_asks_for_one(folder: Path, tmp_path: Path) -> None:
    alone = tmp_path / "model.safetensors"
    alone.write_bytes((folder / "open_clip_model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"open_clip_config\.json beside it"):
        load_clip(str(alone))


def test_an_architecture_of_open_clip_may_be_named_with_a_file(
    folder: Path, model: ClipModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from open_clip import factory

    monkeypatch.setitem(factory._MODEL_CONFIGS, "Small-B-16", clips.config())
    alone = tmp_path / "model.safetensors"
    alone.write_bytes((folder / "open_clip_model.safetensors").read_bytes())
    other = load_clip(f"Small-B-16:{alone}")
    assert np.array_equal(other.encode_texts(TEXTS), model.encode_texts(TEXTS))


def test_a_folder_with_a_pickle_says_how_to_convert_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_bytes((folder / "open_clip_config.json").read_bytes())
    torch.save({}, tmp_path / "open_clip_pytorch_model.bin")
    with pytest.raises(ModelError, match=r"is a pickle.+save_file"):
        load_clip(str(tmp_path))


def test_a_pickle_is_not_read(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "model.pt")
    with pytest.raises(ModelError, match=r"not a \.safetensors file"):
        load_clip(str(tmp_path / "model.pt"))


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("ViT-B-23/openai", "ViT-B-32"),
        ("ViT-B-32/opnai", "openai"),
        ("/no/such/model.safetensors", "There is no file model.safetensors"),
        ("ViT-B-32:/no/such/model.safetensors", "There is no file model.safetensors"),
        ("Vit-X:/no/such/model.safetensors", "no architecture 'Vit-X'"),
        ("nonsense", "There is no CLIP model 'nonsense'"),
    ],
)
def test_a_name_that_means_nothing_is_refused_with_what_is_near(spec: str, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        load_clip(spec)
    assert says in str(caught.value)


def test_a_folder_without_weights_says_which_file_goes_there(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_bytes((folder / "open_clip_config.json").read_bytes())
    with pytest.raises(ModelError, match=r"open_clip_model\.safetensors"):
        load_clip(str(tmp_path))


def test_a_folder_without_configuration_says_which_file_goes_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no open_clip_config\.json"):
        load_clip(str(tmp_path))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model_cfg": {"embed_dim": 1}}', "\x00"])
def test_a_configuration_that_is_none_is_one_sentence(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "open_clip_config.json").write_text(text, encoding="utf-8")
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match="is not an open_clip configuration"):
        load_clip(str(tmp_path))


def test_a_damaged_file_of_weights_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_bytes((folder / "open_clip_config.json").read_bytes())
    (tmp_path / "open_clip_model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match=r"^open_clip_model\.safetensors is not a safetensors file: it has no header"):
        load_clip(str(tmp_path))


def test_weights_of_another_architecture_are_one_sentence(folder: Path, tmp_path: Path) -> None:
    other = clips.save(tmp_path, clips.config(clips.RESNET))
    (other / "open_clip_model.safetensors").write_bytes((folder / "open_clip_model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=r"\d+ are missing, \d+ are unknown"):
        load_clip(str(other))


def test_a_configuration_of_another_width_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["embed_dim"] = 24
    (tmp_path / "open_clip_config.json").write_text(json.dumps(config))
    (tmp_path / "open_clip_model.safetensors").write_bytes((folder / "open_clip_model.safetensors").read_bytes())
    with pytest.raises(ModelError, match="their shapes differ"):
        load_clip(str(tmp_path))


@pytest.mark.parametrize("spec", ["ViT-B-32/laion2b_s34b_b79k", "hf-hub:nobody/nothing"])
def test_without_a_network_the_sentence_says_which_files_go_where(spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import open_clip

    def offline(*_: object, **__: object) -> None:
        raise OSError("We couldn't connect to 'https://huggingface.co' to load the files.")

    monkeypatch.setattr(open_clip, "create_model", offline)
    with pytest.raises(ModelError, match=r"open_clip_config\.json and open_clip_model\.safetensors into a folder"):
        load_clip(spec)


def test_openais_weights_are_given_the_activation_they_were_trained_with(monkeypatch: pytest.MonkeyPatch) -> None:
    import open_clip

    asked = {}

    def create(name: str, **options: object) -> object:
        asked.update(options)
        return clips.build(clips.config())

    monkeypatch.setattr(open_clip, "create_model", create)
    load_clip("ViT-B-32-quickgelu/laion400m_e32")
    assert asked["force_quick_gelu"] is True


def test_a_host_lends_one_model_to_all(folder: Path) -> None:
    host = FakeHost()
    with lend_clip(host, str(folder)) as first, lend_clip(host, str(folder)) as second:
        assert first is second
        assert [(each.name, each.device, each.bytes) for each in host.info().models] == [
            (folder.name, "cpu", first.bytes)
        ]


@needs_onnx
def test_onnx_runtime_gives_the_same_vectors(folder: Path, model: ClipModel, cache: Path) -> None:
    other = load_clip(str(folder), backend="onnx", cache=cache)
    assert np.abs(other.encode_images(PICTURES) - model.encode_images(PICTURES)).max() <= 1e-4
    assert other.backend == "onnx"


@needs_onnx
def test_8_bits_report_what_they_cost(folder: Path, model: ClipModel, cache: Path) -> None:
    other = load_clip(str(folder), backend="onnx-int8", cache=cache)
    cosines = (other.encode_images(PICTURES) * model.encode_images(PICTURES)).sum(1)
    assert 0.9 < cosines.min() < 1
    assert (other.cost.mean, other.cost.least) == pytest.approx((cosines.mean(), cosines.min()), abs=1e-3)
    assert f"least {other.cost.least:.4f}, of 7 pictures" in other.backend


@needs_onnx
def test_an_export_is_made_once(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_onnx, "_export", lambda *_: pytest.fail("it was made again"))
    load_clip(str(folder), backend="onnx", cache=cache)


@needs_onnx
def test_other_weights_are_another_export(folder: Path, model: ClipModel, tmp_path: Path) -> None:
    other = load_clip(str(clips.save(tmp_path, seed=1)))
    assert clip_onnx.cached(other.module, tmp_path) != clip_onnx.cached(model.module, tmp_path)


@needs_onnx
def test_an_export_that_fails_leaves_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Unsupported: aten::strange")

    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(ModelError, match="aten::strange"):
        load_clip(str(folder), backend="onnx", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_onnx_is_for_the_processor_only(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidParamError, match="backend"):
        load_clip(str(folder), dtype="bfloat16", backend="onnx", cache=tmp_path)


@needs_onnx
@pytest.mark.parametrize(("onnx_s", "chosen"), [(0.5, "onnx"), (0.99, "torch"), (2.0, "torch")])
def test_auto_takes_the_faster_one(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, onnx_s: float, chosen: str
) -> None:
    from lib_bootcamp.ml.clip import model as clip_model

    monkeypatch.setattr(
        clip_model, "_seconds", lambda tower, _: onnx_s if isinstance(tower, clip_onnx.OnnxTower) else 1.0
    )
    model = load_clip(str(folder), cache=cache)
    model.encode_images(PICTURES * 3)
    assert model.backend == chosen


@needs_onnx
def test_auto_exports_nothing_for_little_work(folder: Path, tmp_path: Path) -> None:
    load_clip(str(folder), cache=tmp_path).encode_images(PICTURES * 3)
    assert list(tmp_path.iterdir()) == []


@needs_onnx
def test_auto_exports_where_much_work_was_done_already(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lib_bootcamp.ml.clip import model as clip_model

    monkeypatch.setattr(clip_model, "WORTH_AN_EXPORT_S", 0.0)
    load_clip(str(folder), cache=tmp_path).encode_images(PICTURES * 3)
    assert len(list(tmp_path.glob("*.onnx"))) == 1


def test_the_embedded_model_knows_a_red_circle_from_a_blue_square() -> None:
    from PIL import Image, ImageDraw

    circle, square = (Image.new("RGB", (256, 256), "white") for _ in range(2))
    ImageDraw.Draw(circle).ellipse((70, 70, 190, 190), fill="red")
    ImageDraw.Draw(square).rectangle((70, 70, 190, 190), fill="blue")
    mini = load_clip("mini")
    pictures = mini.encode_images([np.asarray(circle), np.asarray(square)])
    likeness = pictures @ mini.encode_texts(["a red circle", "a blue square"]).T
    assert likeness.argmax(1).tolist() == [0, 1]
