"""A folder of 1024 px JPEGs through ViT-B-32 (random weights cost what others do): open_clip's own road and ours.

All alternatives take the same few files in turn, so that whatever else the machine does hits them alike.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost

NEEDS = ("torch", "open_clip")
SIDE, AT_ONCE = 1024, 32
PLAIN = "open_clip, one by one"
TITLES = {
    "plain": PLAIN,
    "plain_batches": f"open_clip, {AT_ONCE} at once",
    "bare": "the bare model on tensors that are there",
    "torch": "ours",
    "onnx": "ours, ONNX Runtime",
    "onnx-int8": "ours, ONNX Runtime in 8 bits",
}


def _photographs(folder: Path, count: int) -> list[Path]:
    rng = np.random.default_rng(1)
    paths = []
    for number in range(count):
        soft = Pil.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).resize(
            (SIDE, SIDE), Pil.Resampling.BICUBIC
        )
        noisy = (np.asarray(soft) + rng.normal(0, 5, (SIDE, SIDE, 3))).clip(0, 255).astype(np.uint8)
        paths.append(folder / f"{number:03}.jpg")
        Pil.fromarray(noisy).save(paths[-1], quality=90)
    return paths


def _models(device: str, cache: Path) -> tuple[Any, dict[str, Any]]:
    """open_clip's model and its preprocessing; ours by backend, with the same weights."""
    import torch

    from lib_bootcamp.ml.clip import onnx as clip_onnx
    from lib_bootcamp.ml.clip.load import Loaded
    from lib_bootcamp.ml.clip.model import ClipModel
    from lib_bootcamp.ml.clip.pictures import Preprocessing
    from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

    import_torchvision()
    import open_clip

    torch.manual_seed(0)
    precision, dtype = ("fp32", "float32") if device == "cpu" else ("fp16", "float16")
    module, _, transform = open_clip.create_model_and_transforms("ViT-B-32", precision=precision, device=device)
    loaded = Loaded(
        module=module.eval().requires_grad_(requires_grad=False),
        tokenizer=open_clip.get_tokenizer("ViT-B-32"),
        preprocessing=Preprocessing.from_config({}, module.visual.image_size),
    )
    backends = ["torch", *(("onnx", "onnx-int8") if device == "cpu" and clip_onnx.is_installed() else ())]
    ours = {
        each: ClipModel("ViT-B-32", loaded, device=device, dtype=dtype, backend=each, cache=cache)  # type: ignore[arg-type]
        for each in backends
    }
    return transform, ours


def _plain(model: Any, transform: Any, paths: Sequence[Path], at_once: int) -> Floats:
    """What a person would write with open_clip."""
    import torch

    rows = []
    with torch.no_grad():
        for at in range(0, len(paths), at_once):
            pictures = [transform(Pil.open(path)) for path in paths[at : at + at_once]]
            batch = torch.stack(pictures).to(model.device, getattr(torch, model.dtype))
            rows.append(torch.nn.functional.normalize(model.module.encode_image(batch).float(), dim=-1).cpu())
    return np.asarray(torch.cat(rows))


def _bare(model: Any, count: int) -> Callable[[], Any]:
    import torch

    batch = torch.zeros((min(AT_ONCE, count), 3, 224, 224), device=model.device, dtype=getattr(torch, model.dtype))

    def run() -> None:
        with torch.inference_mode():
            for _ in range(-(-count // AT_ONCE)):
                found = model.module.encode_image(batch)
            found.cpu()

    return run


def _ours(context: Context, model: Any, paths: Sequence[Path]) -> Iterator[Floats]:
    """As `classify` does it."""
    from lib_bootcamp.ml.runtime.batches import prepared_in_batches

    return prepared_in_batches(  # type: ignore[return-value]
        context,
        paths,
        lambda path: model.prepare(path.read_bytes()),
        lambda batch: list(model.encode_prepared(batch)),
        size=AT_ONCE,
        title="CLIP",
        unit="picture",
    )


def _memory(context: Context, model: Any, paths: Sequence[Path], count: int) -> dict[str, Any]:
    """Resident memory a quarter through a long folder and at its end."""
    folder = [paths[at % len(paths)] for at in range(count)]
    quarter = 0.0
    for done, _ in enumerate(_ours(context, model, folder), 1):
        if done == count // 4:
            quarter = _resident()
    return {"pictures": count, "quarter_mib": round(quarter), "end_mib": round(_resident())}


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Pictures a second of each road, the cosine of its vectors to open_clip's, and the memory of a long folder."""
    host = StandaloneHost()
    context = Context.of_terminal(host, SilentProgress())
    rounds, count = (2, 16) if quick else (8, 32)
    with tempfile.TemporaryDirectory() as name:
        paths = _photographs(Path(name), count)
        transform, ours = _models(host.device(), Path(name) / "cache")
        model = ours["torch"]
        calls: dict[str, Callable[[], Any]] = {
            "plain": lambda: _plain(model, transform, paths, 1),
            "plain_batches": lambda: _plain(model, transform, paths, AT_ONCE),
            "bare": _bare(model, count),
        }
        calls |= {name: lambda each=each: np.stack(list(_ours(context, each, paths))) for name, each in ours.items()}
        times: dict[str, list[float]] = {each: [] for each in calls}
        vectors: dict[str, Any] = {}
        for number in range(rounds + 1):
            for each, call in calls.items():
                start = time.perf_counter()
                vectors[each] = call()
                if number:
                    times[each].append(time.perf_counter() - start)
        memory = _memory(context, model, paths, 64 if quick else 10_000)
    seconds = {each: statistics.median(found) for each, found in times.items()}
    rows = {}
    for each, taken in seconds.items():
        cosines = None if each == "bare" else (vectors[each] * vectors["plain"]).sum(1)
        rows[each] = {
            "per_second": round(count / taken, 2),
            "times": round(seconds["plain"] / taken, 2),
            "cosine_mean": None if cosines is None else round(float(cosines.mean()), 6),
            "cosine_least": None if cosines is None else round(float(cosines.min()), 6),
        }
    return {"device": host.device(), "rows": rows, "memory": memory}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        f"| {SIDE} px JPEGs, ViT-B-32, {result['device']} | pictures/s | times {PLAIN} | cosine to it, mean (least) |",
        "|---|---|---|---|",
    ]
    for name, row in result["rows"].items():
        cosine = "-" if row["cosine_mean"] is None else f"{row['cosine_mean']:.6f} ({row['cosine_least']:.6f})"
        lines.append(f"| {TITLES[name]} | {row['per_second']:g} | {row['times']:g} | {cosine} |")
    memory = result["memory"]
    growth = f"{memory['quarter_mib']} MiB a quarter through a folder of {memory['pictures']:,} pictures"
    return "\n".join([*lines, "", f"Resident memory: {growth}, {memory['end_mib']} MiB at its end."])
