"""Interrogation on the embedded model: what it says, what it computes and how often, the cache, stopping, memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ml.needs import skip_without_models

skip_without_models()
torch = pytest.importorskip("torch")

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.text.label_tables import LabelTables, folder_tables  # noqa: E402
from lib_bootcamp.errors import BootcampError, CancelledError, ImageError, InvalidParamError  # noqa: E402
from lib_bootcamp.ml.clip import label_features  # noqa: E402
from lib_bootcamp.ml.clip.interrogator import InterrogateOptions, Interrogation, Interrogator, Mode  # noqa: E402
from lib_bootcamp.ml.clip.label_features import load_label_features, read_features  # noqa: E402
from lib_bootcamp.ml.clip.model import ClipModel, load_clip  # noqa: E402
from lib_bootcamp.ml.clip.prompt_encoder import PromptEncoder, text_digest  # noqa: E402
from lib_bootcamp.ml.clip.text_tower import TextTower  # noqa: E402
from tests.fakes import FakeHost, FakeProgress  # noqa: E402
from tests.ml.clip.clips import config, photograph, save  # noqa: E402
from tests.ml.clip.interrogations import COLORS, SHAPES, WORDS, Ours, write_tables  # noqa: E402
from tools.mini_models.shapes.scenes import Scene, draw_scene  # noqa: E402

MODES: tuple[Mode, ...] = ("best", "fast", "classic", "negative")


@pytest.fixture(scope="module")
def mini() -> ClipModel:
    return load_clip("mini")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tables(tmp_path_factory.mktemp("tables"), WORDS)


@pytest.fixture(scope="module")
def cache(mini: ClipModel, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the vectors of these tables."""
    folder = tmp_path_factory.mktemp("cache")
    Ours(mini, tables, folder)
    return folder


@pytest.fixture
def ours(mini: ClipModel, tables: Path, cache: Path) -> Ours:
    return Ours(mini, tables, cache)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[list[tuple[int, ...]]]:
    """The texts that the text tower computes from now on, as tokens from their start, by call."""
    calls: list[list[tuple[int, ...]]] = []
    real = TextTower.encode

    def encode(self: TextTower, rows: Sequence[Any], prefix: Any = None) -> Any:
        head = prefix.tokens if prefix is not None else ()
        calls.append([(*head, *row) for row in rows])
        return real(self, rows, prefix)

    monkeypatch.setattr(TextTower, "encode", encode)
    return calls


def scene(**values: str) -> Any:
    """A plain scene as the training draws it, 150 px."""
    given = {"background": "white", "count": "one", "size": "large", "position": "center"}
    rest = {"texture": "plain", "lighting": "even", "style": "flat"}
    return draw_scene(Scene({**given, **rest, **values}, 1), 150)


# --- meaning


@pytest.mark.parametrize("mode", ["best", "fast", "classic"])
def test_the_prompt_names_the_drawn_shape_and_color(
    mini: ClipModel, mode: Mode, tmp_path_factory: pytest.TempPathFactory
) -> None:
    labels = LabelTables(flavors=tuple(f"a {color} {shape}" for color in COLORS for shape in SHAPES))
    ours = Ours(mini, labels, tmp_path_factory.getbasetemp() / "shapes")
    drawn = [(color, shape) for color in COLORS[:7] for shape in SHAPES]
    options = InterrogateOptions(mode=mode, min_flavors=0, max_flavors=1)
    prompts = [ours.text(options, scene(color=color, shape=shape)) for color, shape in drawn]
    named = [color in text and shape in text for text, (color, shape) in zip(prompts, drawn, strict=True)]
    assert sum(named) >= 0.9 * len(drawn), [each for each in zip(drawn, prompts, named, strict=True) if not each[2]]


def test_the_negative_prompt_names_other_colors(ours: Ours) -> None:
    text = ours.text(
        InterrogateOptions(mode="negative", min_flavors=2, max_flavors=3), scene(color="red", shape="circle")
    )
    assert text
    assert "red" not in text


def test_the_analysis_has_the_best_labels_of_each_table(ours: Ours) -> None:
    made = ours.answer(InterrogateOptions(mode="fast", top=3), scene(color="red", shape="circle"))
    assert list(made.analysis) == ["mediums", "artists", "movements", "trendings", "flavors"]
    assert made.analysis["flavors"][0][0] == "a red circle"
    for each in made.analysis.values():
        values = [value for _, value in each]
        assert len(each) == 3
        assert values == sorted(values, reverse=True)


# --- order and chance


@pytest.mark.parametrize("mode", MODES)
def test_the_text_does_not_hang_on_how_python_orders_a_set(ours: Ours, mode: Mode) -> None:
    options, picture = InterrogateOptions(mode=mode, min_flavors=2, max_flavors=3), scene(color="pink", shape="heart")
    assert ours.text(options, picture, "", dict.fromkeys) == ours.text(options, picture, "", lambda texts: tuple(texts))


def test_of_labels_with_the_same_tokens_the_better_ranked_one_is_taken(mini: ClipModel, tmp_path: Path) -> None:
    data = write_tables(tmp_path / "tables", {"flavors": ("A RED CIRCLE", "a red circle", "a blue square")})
    made = Ours(mini, data, tmp_path / "cache")
    options, picture = InterrogateOptions(mode="best", min_flavors=1, max_flavors=1), scene(color="red", shape="circle")
    ranked = made.text(InterrogateOptions(mode="fast", max_flavors=1), picture, "a picture")
    assert ranked.lower() == "a picture, a red circle"
    assert made.text(options, picture, "a picture", dict.fromkeys) == ranked


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("chunk", [4, 100])
def test_labels_that_fit_equally_well_are_ranked_in_the_order_of_their_table(
    count: int, chunk: int, reverse: bool
) -> None:
    labels = tuple(f"label {number}" for number in range(10))
    tables = LabelTables(flavors=labels)
    features = {name: torch.ones(len(each), 3) for name, each in tables.named().items()}
    table = label_features.LabelFeatures("", tables, features)
    (places,) = table.rank("flavors", torch.full((1, 10), 0.5), count, chunk=chunk, reverse=reverse)
    ranked = [table.labels[at] for at in places]
    expected = [each for each in labels if chunk > 10 or labels.index(each) % chunk < chunk // 3]
    assert ranked == expected[:count]
    assert [label for label, _ in table.best("flavors", torch.full((10,), 0.5), count)] == list(labels[:count])


# --- without captions and without tables


def test_without_a_caption_a_chain_begins_with_the_best_label(ours: Ours) -> None:
    text = ours.text(InterrogateOptions(mode="best", min_flavors=0, max_flavors=1), scene(color="red", shape="circle"))
    assert text.startswith(("a red circle", "a picture", "a photo", "by ", "inspired by "))


def test_without_labels_a_prompt_is_the_caption(mini: ClipModel, tmp_path: Path) -> None:
    made = Ours(mini, LabelTables(), tmp_path)
    for mode in ("best", "fast", "classic"):
        assert made.text(InterrogateOptions(mode=mode), scene(color="red", shape="circle"), "a caption").startswith(
            "a caption"
        )
    assert made.text(InterrogateOptions(mode="negative"), scene(color="red", shape="circle")) == ""


def test_when_no_label_is_left_a_chain_ends(mini: ClipModel, tmp_path: Path) -> None:
    made = Ours(mini, LabelTables(flavors=("red", "blue")), tmp_path)
    options = InterrogateOptions(mode="best", min_flavors=8)
    assert made.text(options, scene(color="red", shape="circle"), "a circle")


def test_chunks_of_which_nothing_is_kept_are_refused(mini: ClipModel, tmp_path: Path) -> None:
    made = Ours(mini, LabelTables(flavors=tuple(f"{n} red circles" for n in range(300))), tmp_path)
    with pytest.raises(InvalidParamError, match="chunk_size is too small for a table of 300 labels; give 18 or more"):
        made.text(InterrogateOptions(mode="fast", chunk=16), scene(color="red", shape="circle"))


# --- many pictures


def test_many_pictures_are_answered_in_order_and_a_bad_one_is_its_mistake(ours: Ours) -> None:
    drawn = [scene(color=color, shape="circle") for color in COLORS for _ in range(4)]

    def read(at: int) -> Any:
        if at == 5:
            raise ImageError("broken")
        return drawn[at]

    made = list(ours.asked(InterrogateOptions(mode="fast", max_flavors=1)).answers(range(len(drawn)), read))
    assert [at for at, each in enumerate(made) if isinstance(each, BootcampError)] == [5]
    alone = [ours.text(InterrogateOptions(mode="fast", max_flavors=1), picture) for picture in drawn]
    assert [each.prompt for each in made if isinstance(each, Interrogation)] == [*alone[:5], *alone[6:]]


def test_many_pictures_are_weighed_in_one_product(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    real = label_features.LabelFeatures.similarities

    def similarities(self: Any, images: Any) -> Any:
        counts.append(len(images))
        return real(self, images)

    monkeypatch.setattr(label_features.LabelFeatures, "similarities", similarities)
    picture = scene(color="red", shape="circle")
    list(ours.asked(InterrogateOptions(mode="classic")).answers(range(40), lambda _: picture))
    assert counts == [32, 8]


class Sentences:
    """A captioner that counts."""

    name, at_once = "sentences", 4

    def __init__(self) -> None:
        self.given: list[int] = []

    def caption(self, pictures: Sequence[Any]) -> list[str]:
        self.given.append(len(pictures))
        return [f"a picture of {each.shape[1]} px" for each in pictures]


def test_a_captioner_is_given_few_pictures_at_a_time_under_the_queue(ours: Ours) -> None:
    captioner = Sentences()
    pictures = [np.zeros((10, 10 + at, 3), np.uint8) for at in range(6)]
    asked = ours.asked(InterrogateOptions(mode="caption"), captioner=captioner)
    made = list(asked.answers(pictures, lambda each: each))
    assert captioner.given == [4, 2]
    assert [each.prompt for each in made if isinstance(each, Interrogation)] == [
        f"a picture of {10 + at} px" for at in range(6)
    ]


def test_a_person_s_own_caption_is_used_for_all_and_no_captioner_asked(ours: Ours) -> None:
    captioner = Sentences()
    asked = ours.asked(InterrogateOptions(mode="fast", max_flavors=1), caption="my own", captioner=captioner)
    made = list(asked.answers([photograph(60, 50), photograph(50, 60)], lambda each: each))
    assert all(isinstance(each, Interrogation) and each.prompt.startswith("my own, ") for each in made)
    assert captioner.given == []


# --- what is computed


@pytest.mark.parametrize("mode", MODES)
def test_no_text_is_computed_twice(ours: Ours, encoded: list[list[tuple[int, ...]]], mode: Mode) -> None:
    ours.text(
        InterrogateOptions(mode=mode, min_flavors=4, max_flavors=5), scene(color="red", shape="circle"), "a picture"
    )
    texts = [row for call in encoded for row in call]
    assert len(texts) == len(set(texts))
    assert bool(texts) == (mode in ("best", "negative"))


def test_labels_with_the_same_tokens_are_computed_once(
    mini: ClipModel, tmp_path: Path, encoded: list[list[tuple[int, ...]]]
) -> None:
    Ours(mini, LabelTables(flavors=("8k", "8 k", "8K", "a star")), tmp_path)
    assert sum(map(len, encoded)) == 2


# --- prefixes

PIECES = ["red", "circle", ",", ", ", " ", "!", "!!", "...", "&amp", "&amp;", "&lt", "é", "Ã©", "naïve", "ﬁ", "'s"]
PIECES += ["'", "<end_of_text>", "<b>", "8k", "\u200b", "“x”", "Σ", "日本", "-", "\n", "&", "a" * 30, "\x1b[0m", ""]
TEXTS = st.lists(st.sampled_from(PIECES), min_size=0, max_size=6).map("".join) | st.text(max_size=12)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> PromptEncoder:
    """A model with random weights, to which all words are different."""
    model = load_clip(str(save(tmp_path_factory.mktemp("random"))))
    return PromptEncoder(model, Context.of_terminal(FakeHost(), FakeProgress()))


@settings(max_examples=150, deadline=None)
@given(prompt=TEXTS, additions=st.lists(TEXTS, min_size=1, max_size=5), repeats=st.integers(1, 12))
def test_continued_prompts_are_what_whole_texts_are(
    encoder: PromptEncoder, prompt: str, additions: list[str], repeats: int
) -> None:
    prompt = ", ".join([prompt] * repeats)
    whole = [f"{prompt}, {each}" for each in additions]
    found = encoder.continued(prompt, encoder.additions(additions), range(len(additions)), FakeProgress())
    plain = own_way(encoder.model, whole)
    assert np.abs(found - plain).max() <= 1e-5
    weighed = plain @ plain[0]
    assert weighed[int(np.argmax(found @ plain[0]))] >= weighed.max() - 1e-5


def own_way(model: ClipModel, texts: list[str]) -> Any:
    """Vectors as open_clip computes them, all places of the context."""
    with torch.inference_mode():
        found = model.module.encode_text(model.tokenizer(texts))
        return torch.nn.functional.normalize(found, dim=-1).numpy()


@pytest.mark.parametrize(
    ("prompt", "addition"),
    [("a red circle", "a blue square"), ("wow!", "great"), ("a, b", "c"), ("it's 8k", "4k"), ("a", "...dots first")],
)
def test_plain_texts_are_split(encoder: PromptEncoder, prompt: str, addition: str) -> None:
    head, (tail,) = encoder._split(prompt, encoder.additions([addition]), [0])
    assert head is not None
    assert tail is not None
    assert [head + tail] == encoder.rows([f"{prompt}, {addition}"])


@pytest.mark.parametrize(("prompt", "addition"), [("a <end_of_text> b", "c"), ("a &lt", "b <c"), ("word " * 90, "c")])
def test_texts_that_cannot_be_split_stay_whole(encoder: PromptEncoder, prompt: str, addition: str) -> None:
    head, (tail,) = encoder._split(prompt, encoder.additions([addition]), [0])
    assert tail is None or head + tail == encoder.rows([f"{prompt}, {addition}"])[0]  # type: ignore[operator]


@pytest.mark.parametrize("kind", [{"custom_text": True}, {}])
def test_every_causal_tower_of_open_clip_is_computed_as_a_trie(tmp_path: Path, kind: dict[str, Any]) -> None:
    model = load_clip(str(save(tmp_path / "clip", config(**kind))))
    made = PromptEncoder(model, Context.of_terminal(FakeHost(), FakeProgress()))
    texts = ["a", "a red", "a red circle", "b", "a red", ""]
    assert model.text_tower is not None
    assert np.abs(made.features(texts, FakeProgress()) - own_way(model, texts)).max() <= 1e-5


def test_a_tower_of_another_kind_is_computed_its_own_way(mini: ClipModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mini, "text_tower", None)
    made = PromptEncoder(mini, Context.of_terminal(FakeHost(), FakeProgress()))
    found = made.continued("a", made.additions(["red circle", "blue star"]), [0, 1], FakeProgress())
    assert np.abs(found - mini.encode_texts(["a, red circle", "a, blue star"])).max() <= 1e-5


# --- the cache


def test_the_tables_are_read_from_the_cache_and_nothing_is_computed(
    ours: Ours, encoded: list[list[tuple[int, ...]]], mini: ClipModel, tables: Path, cache: Path
) -> None:
    again = Ours(mini, tables, cache)
    assert encoded == []
    assert torch.equal(again.labels._features, ours.labels._features)


def test_another_label_makes_only_its_table_anew(
    mini: ClipModel, tables: Path, cache: Path, encoded: list[list[tuple[int, ...]]], tmp_path: Path
) -> None:
    own = folder_tables(write_tables(tmp_path, {**WORDS, "mediums": ("a picture", "a ring")}))
    Ours(mini, own, cache)
    assert sum(map(len, encoded)) == 2


def test_other_weights_have_another_name(mini: ClipModel, tmp_path: Path) -> None:
    one, two, again = (load_clip(str(save(tmp_path / str(at), seed=seed))) for at, seed in enumerate((1, 2, 1)))
    assert len({text_digest(one), text_digest(two), text_digest(mini)}) == 3
    assert text_digest(one) == text_digest(again)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _garbage(path: Path) -> None:
    path.write_bytes(b"\xff" * 500)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _other_shape(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"features": torch.nn.functional.normalize(torch.ones(3, 64), dim=-1).half()}, path)


def _zeroed(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))


def _other_name(path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"weights": torch.ones(3)}, path)


@pytest.mark.parametrize("damage", [_cut, _garbage, _empty, _other_shape, _zeroed, _other_name])
def test_a_damaged_cache_is_made_anew(mini: ClipModel, tables: Path, tmp_path: Path, damage: Any) -> None:
    before = Ours(mini, tables, tmp_path)
    (path,) = tmp_path.glob("flavors-*.safetensors")
    good = path.read_bytes()
    damage(path)
    assert torch.equal(Ours(mini, tables, tmp_path).labels._features, before.labels._features)
    assert path.read_bytes() == good


def test_a_cache_that_cannot_be_written_costs_no_more_than_the_time(mini: ClipModel, tables: Path) -> None:
    assert Ours(mini, tables, Path("/dev/null/cache")).labels.table("mediums") == list(WORDS["mediums"])


class StopsAfter(FakeProgress):
    """Cancels once the host's queue was held so many times."""

    def __init__(self, host: FakeHost, batches: int) -> None:
        super().__init__()
        self._host, self._batches = host, batches

    def cancelled(self) -> bool:
        return len(self._host.jobs) >= self._batches


def test_what_was_finished_of_a_stopped_table_is_kept(
    mini: ClipModel, tmp_path: Path, encoded: list[list[tuple[int, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lib_bootcamp.ml.clip.prompt_encoder.TEXTS_ON_THE_PROCESSOR", 10)
    own = LabelTables(flavors=tuple(WORDS["flavors"]))
    host = FakeHost()
    encoder = PromptEncoder(mini, Context.of_terminal(host, FakeProgress()))
    with pytest.raises(CancelledError):
        load_label_features(encoder, own, tmp_path, StopsAfter(host, 3))
    assert [len(each) for each in encoded] == [10, 10, 10]
    stopped = load_label_features(encoder, own, tmp_path, FakeProgress())
    assert sum(map(len, encoded)) == len(own.flavors)
    whole = load_label_features(encoder, own, tmp_path / "other", FakeProgress())
    assert torch.equal(stopped._features, whole._features)
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


def test_a_table_in_a_file_is_mapped_and_not_read(ours: Ours, cache: Path, mini: ClipModel) -> None:
    (path,) = [
        each for each in cache.glob("flavors-*") if read_features(each, len(WORDS["flavors"]), mini.width) is not None
    ]
    features = read_features(path, len(WORDS["flavors"]), mini.width)
    assert features is not None
    assert features.dtype == torch.float16
    assert bool((features.float() == ours.labels.vectors("flavors")).all())


# --- stopping, memory, the queue


def test_a_stop_ends_a_chain_within_one_batch(
    ours: Ours, encoded: list[list[tuple[int, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours.encoder, "_size", 20)
    ours.host.jobs.clear()
    context = Context.of_terminal(ours.host, StopsAfter(ours.host, 5))
    asked = Interrogator(ours.encoder, ours.labels, context, InterrogateOptions(mode="best"), caption="a picture")
    with pytest.raises(CancelledError, match="Stopped after 0 finished"):
        list(asked.answers([scene(color="red", shape="circle")], lambda each: each))
    assert len(ours.host.jobs) == 5
    assert len(encoded) == 4  # and the picture


def test_a_stop_between_pictures_keeps_those_that_are_finished(ours: Ours) -> None:
    made: list[Any] = []
    progress = FakeProgress()
    asked = Interrogator(
        ours.encoder,
        ours.labels,
        Context.of_terminal(ours.host, progress),
        InterrogateOptions(mode="negative", max_flavors=2),
    )
    answers: Iterator[Any] = asked.answers([scene(color="red", shape="circle")] * 3, lambda each: each)
    made.append(next(answers))
    progress.cancel()
    with pytest.raises(CancelledError, match="Stopped after 1 finished"):
        made.extend(answers)
    assert len(made) == 1


def test_what_does_not_fit_into_memory_is_halved_and_stays_so(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    options, picture = InterrogateOptions(mode="best", min_flavors=3, max_flavors=4), scene(color="red", shape="circle")
    expected = ours.text(options, picture, "a picture")
    tried: list[int] = []
    real = TextTower.encode

    def encode(self: TextTower, rows: Sequence[Any], prefix: Any = None) -> Any:
        tried.append(len(rows))
        if len(rows) > 30:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return real(self, rows, prefix)

    monkeypatch.setattr(TextTower, "encode", encode)
    monkeypatch.setattr(ours.encoder, "_size", 100)
    assert ours.text(options, picture, "a picture") == expected
    assert [each for each in tried if each > 30] == [100, 50]


def test_the_queue_is_given_back_between_batches(ours: Ours, encoded: list[list[tuple[int, ...]]]) -> None:
    ours.host.jobs.clear()
    ours.text(
        InterrogateOptions(mode="best", min_flavors=2, max_flavors=2), scene(color="red", shape="circle"), "a picture"
    )
    assert len(ours.host.jobs) == len(encoded) + 1


def test_the_bar_ends_at_its_end(ours: Ours) -> None:
    ours.progress.started.clear()
    ours.progress.steps.clear()
    pictures = [scene(color="red", shape="circle")] * 2
    list(
        ours.asked(InterrogateOptions(mode="best", max_flavors=3, with_negative=True)).answers(
            pictures, lambda each: each
        )
    )
    ((_, total, _),) = ours.progress.started
    done = [each for each, _ in ours.progress.steps]
    assert done == sorted(done)
    assert done[-1] == total


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_a_model_in_half_precision_is_computed_as_its_own_way_would(dtype: str) -> None:
    model = load_clip("mini", dtype=dtype)
    made = PromptEncoder(model, Context.of_terminal(FakeHost(), FakeProgress()))
    texts = ["a picture, a red circle", "a picture, two blue stars", "a picture"]
    assert model.text_tower is not None
    found = made.features(texts, FakeProgress())
    assert (found * model.encode_texts(texts)).sum(1).min() >= 0.999
    continued = made.continued("a picture", made.additions(["a red circle"]), [0], FakeProgress())
    assert float((continued[0] * found[0]).sum()) >= 0.999
