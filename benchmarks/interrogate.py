"""Interrogation against clip-interrogator 0.6.0: ViT-B-32 (random weights cost what others do), its tables, a caption.

Both sides say the same text, which is asserted in the run. clip-interrogator's chain takes minutes a picture on a
processor and its tables more than an hour, so of its tables a part is timed, in labels a second; it is given
our vectors of the rest as its own cache. On CUDA it computes in half precision and rounds differently, so both run on
the processor.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.core.text.label_tables import LabelTables, package_tables
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost

from .clip import _photographs

NEEDS = ("torch", "open_clip", "clip_interrogator", "transformers")
CAPTION = "a lighthouse on a hill above the sea"
PEER = "clip-interrogator 0.6.0"


def _model(device: str) -> Any:
    import torch

    from lib_bootcamp.ml.clip.load import Loaded
    from lib_bootcamp.ml.clip.model import ClipModel
    from lib_bootcamp.ml.clip.pictures import Preprocessing
    from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

    import_torchvision()
    import open_clip

    torch.manual_seed(0)
    module = open_clip.create_model("ViT-B-32", precision="fp32", device=device)
    loaded = Loaded(
        module=module.eval().requires_grad_(requires_grad=False),
        tokenizer=open_clip.get_tokenizer("ViT-B-32"),
        preprocessing=Preprocessing.from_config({}, module.visual.image_size),
    )
    return ClipModel("ViT-B-32", loaded, device=device)


def _tables(quick: bool) -> LabelTables:  # noqa: FBT001
    whole = package_tables()
    if not quick:
        return whole
    artists = whole.artists[: len(whole.artists) // 2 : 40]
    both = (*artists, *(each.replace("by ", "inspired by ", 1) for each in artists))
    return LabelTables(**{**whole.named(), "artists": both, "flavors": whole.flavors[::40]})


def _data(folder: Path, tables: LabelTables) -> Path:
    """The tables as clip-interrogator reads them."""
    folder.mkdir()
    named = tables.named()
    artists = [each.removeprefix("by ") for each in named["artists"] if each.startswith("by ")]
    for name, labels in {**named, "artists": artists}.items():
        if name != "trendings":
            (folder / f"{name}.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    return folder


def _seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    made = call()
    return time.perf_counter() - start, made


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """The tables' vectors, reading their cache, `best` of a picture, `fast` over a folder."""
    from lib_bootcamp.ml.clip.interrogator import InterrogateOptions
    from lib_bootcamp.ml.clip.label_features import load_label_features
    from lib_bootcamp.ml.clip.prompt_encoder import PromptEncoder
    from tests.ml.clip.interrogations import peer, write_peers_cache

    host = StandaloneHost(device="cpu")
    context = Context.of_terminal(host, SilentProgress())
    model, tables = _model(host.device()), _tables(quick)
    encoder = PromptEncoder(model, context)
    # few links, because each costs clip-interrogator minutes; fewer favor it
    options = (
        InterrogateOptions(mode="best", min_flavors=2, max_flavors=2, intermediate=48)
        if quick
        else InterrogateOptions(min_flavors=4, max_flavors=4)
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built, labels = _seconds(lambda: load_label_features(encoder, tables, folder / "ours", SilentProgress()))
        ours_read = statistics.median(
            _seconds(lambda: load_label_features(encoder, tables, folder / "ours", SilentProgress()))[0]
            for _ in range(3)
        )
        cache = write_peers_cache(folder / "theirs", labels)
        data = _data(folder / "data", tables)

        def made() -> Any:
            return peer(model, data, cache=cache, device=model.device, flavor_intermediate_count=options.intermediate)

        theirs_read, theirs = _seconds(made)
        assert [*theirs.artists.labels, *theirs.flavors.labels] == [*tables.artists, *tables.flavors]
        result = {
            "device": host.device(),
            "table": _table(theirs, labels, tables, 64 if quick else 2048) | {"our_seconds": round(built, 2)},
            "cache": {"theirs_ms": round(1000 * theirs_read, 1), "ours_ms": round(1000 * ours_read, 1)},
            "best": _best(theirs, encoder, labels, context, options),
            "fast": _fast(
                theirs, encoder, labels, context, _photographs(folder, 4 if quick else 32), 1 if quick else 3
            ),
        }
    result["table"]["our_per_second"] = round(result["table"]["labels"] / built, 1)
    result["table"]["times"] = round(result["table"]["our_per_second"] / result["table"]["their_per_second"], 1)
    return result


def _table(theirs: Any, labels: Any, tables: LabelTables, count: int) -> dict[str, Any]:
    """A part of the flavors through clip-interrogator's `LabelTable`; ours were computed whole."""
    from clip_interrogator.clip_interrogator import LabelTable

    at = np.random.default_rng(0).permutation(len(tables.flavors))[:count]
    some = [tables.flavors[each] for each in at]
    seconds, made = _seconds(lambda: LabelTable(some, None, theirs))
    own = labels.vectors("flavors")[at.tolist()].numpy()
    cosines = (np.stack(made.embeds).astype(np.float32) * own).sum(1)
    assert cosines.min() > 0.9995, cosines.min()
    total = sum(map(len, tables.named().values()))
    return {"labels": total, "timed_of_theirs": count, "their_per_second": round(count / seconds, 2)}


def _best(theirs: Any, encoder: Any, labels: Any, context: Context, options: Any) -> dict[str, Any]:
    from tests.ml.clip.clips import photograph

    picture = photograph(640, 480, 3)
    opened = Pil.fromarray(picture)

    def ours() -> str:
        return _ours(encoder, labels, context, options, [picture])[0]

    before, prompts = _seconds(ours)
    seconds, text = _seconds(
        lambda: theirs.interrogate(opened, options.min_flavors, options.longest("best"), caption=CAPTION)
    )
    after, again = _seconds(ours)
    assert prompts == again == text, (prompts, again, text)
    mine = (before + after) / 2
    any_vector = encoder.features([CAPTION], SilentProgress())
    (candidates,) = labels.rank("merged", labels.similarities(any_vector), options.intermediate)
    return {
        "links": options.max_flavors,
        "candidates": len(candidates),
        "theirs_s": round(seconds, 2),
        "ours_s": round(mine, 2),
        "times": round(seconds / mine, 1),
        "text": text,
    }


def _fast(  # noqa: PLR0913
    theirs: Any, encoder: Any, labels: Any, context: Context, paths: Sequence[Path], rounds: int
) -> dict[str, Any]:
    from lib_bootcamp.ml.clip.interrogator import InterrogateOptions

    def plain() -> list[str]:
        return [theirs.interrogate_fast(Pil.open(path).convert("RGB"), caption=CAPTION) for path in paths]

    def mine() -> list[str]:
        return _ours(
            encoder, labels, context, InterrogateOptions(mode="fast", top=0), [path.read_bytes() for path in paths]
        )

    times: dict[str, list[float]] = {"theirs": [], "ours": []}
    for number in range(rounds + 1):
        (seconds, text), (own, prompts) = _seconds(plain), _seconds(mine)
        assert text == prompts, [pair for pair in zip(text, prompts, strict=True) if pair[0] != pair[1]]
        if number:
            times["theirs"].append(seconds)
            times["ours"].append(own)
    seconds, own = (statistics.median(each) for each in times.values())
    return {
        "pictures": len(paths),
        "theirs_per_second": round(len(paths) / seconds, 2),
        "ours_per_second": round(len(paths) / own, 2),
        "times": round(seconds / own, 1),
    }


def _ours(encoder: Any, labels: Any, context: Context, options: Any, pictures: Sequence[Any]) -> list[str]:
    from lib_bootcamp.ml.clip.interrogator import Interrogator

    # equals in the order of a set, as clip-interrogator goes through them in this process
    asked = Interrogator(encoder, labels, context, options, caption=CAPTION, order=set)
    prompts = []
    for made in asked.answers(pictures, lambda each: each):
        if isinstance(made, BootcampError):
            raise made
        prompts.append(made.prompt)
    return prompts


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    tables, cache, best, fast = (result[name] for name in ("table", "cache", "best", "fast"))
    rows = [
        (
            f"tables' vectors, {tables['labels']:,} labels (theirs: {tables['timed_of_theirs']:,} of them), labels/s",
            tables["their_per_second"],
            tables["our_per_second"],
            tables["times"],
        ),
        (
            "tables read from the cache, ms",
            cache["theirs_ms"],
            cache["ours_ms"],
            round(cache["theirs_ms"] / cache["ours_ms"], 1),
        ),
        (
            f"`best`, a chain of {best['links']} links among {best['candidates']:,}, s",
            best["theirs_s"],
            best["ours_s"],
            best["times"],
        ),
        (
            f"`fast` over {fast['pictures']} JPEGs, pictures/s",
            fast["theirs_per_second"],
            fast["ours_per_second"],
            fast["times"],
        ),
    ]
    lines = [
        f"| ViT-B-32, {result['device']}, the same texts out | {PEER} | ours | times as fast |",
        "|---|---|---|---|",
        *(f"| {what} | {theirs:g} | {ours:g} | {times:g} |" for what, theirs, ours, times in rows),
    ]
    return "\n".join(lines)
