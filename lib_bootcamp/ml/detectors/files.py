"""The files of detectors: found where they lie, else fetched once from the hub, held against its hash.

Imports no torch.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lib_bootcamp.core.controlnet.detectors import Weights
from lib_bootcamp.errors import CancelledError, MissingPackageError, ModelError, first_line
from lib_bootcamp.ports import Host, Progress

KIND = "annotator"
CHUNK = 1 << 20
TIMEOUT_S = 30
DEEPEST = 3  # folders inside ControlNet's: one for each detector, and one more for models of several files


def folders(host: Host) -> tuple[Path, ...]:
    """Where files are looked for; the first is where new ones go."""
    return host.model_folders().get(KIND) or (host.data_dir() / "detectors",)


def locate(weights: Weights, places: Sequence[Path]) -> Path | None:
    """The file, where it lies below one of these folders or in the hub's cache; None where it does not."""
    for place in places:
        for name in (weights.file, *weights.also):
            if weights.folder:
                found = [place / weights.folder / name]
            else:
                found = [place / name, *(each for deep in range(1, DEEPEST) for each in place.glob("*/" * deep + name))]
            for path in found:
                if path.is_file():
                    return path
    return _cached(weights)


def _cached(weights: Weights) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return None
    found = try_to_load_from_cache(weights.repo, weights.file)
    return Path(found) if isinstance(found, str) else None


def provide(
    wanted: Sequence[Weights], places: Sequence[Path], progress: Progress, endpoint: str | None = None
) -> dict[Weights, Path]:
    """Every file's path; those that are missing are fetched, one after another.

    Args:
        wanted: the files.
        places: where they are looked for; the first is where they go.
        progress: shows the bytes, and stops.
        endpoint: another hub; by default the one that huggingface_hub is set to (`HF_ENDPOINT`).
    Raises:
        ModelError: one is missing and the hub cannot be reached, or what came is not what the hub has.
        CancelledError: the person stopped it; what was fetched whole is kept.
    """
    found: dict[Weights, Path] = {}
    for each in wanted:
        path = locate(each, places)
        found[each] = path if path is not None else _fetch(each, _target(each, places[0]), progress, endpoint)
    return found


def _target(weights: Weights, place: Path) -> Path:
    return place / weights.folder / weights.file if weights.folder else place / weights.file


def _fetch(weights: Weights, target: Path, progress: Progress, endpoint: str | None) -> Path:
    try:
        url, facts = _asked(weights, endpoint)
        target.parent.mkdir(parents=True, exist_ok=True)
        request = urllib.request.Request(facts.location, headers=_headers(url, facts.location))
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            return _save(weights, answer, facts, target, progress)
    except (OSError, ValueError, ModelError) as error:
        size = f"about {weights.mb:g} MB" if weights.mb >= 1 else "small"
        raise ModelError(
            f"{weights.file} ({size}) is not here and cannot be fetched ({first_line(error)}): download it from "
            f"https://huggingface.co/{weights.repo} and put it into the folder {target.parent.name}",
            place=target.parent,
        ) from error


def _asked(weights: Weights, endpoint: str | None) -> tuple[str, Any]:
    """A file's address on the hub, and what the hub says of it: where its bytes are, their number and hash.

    Raises:
        ModelError: the hub is not to be asked, does not answer, or does not have it.
    """
    try:
        from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    except ImportError as error:
        raise MissingPackageError("huggingface_hub", "Fetching a detector's files") from error
    if constants.HF_HUB_OFFLINE:
        raise ModelError("HF_HUB_OFFLINE is set")
    url = hf_hub_url(weights.repo, weights.file, endpoint=endpoint)
    try:
        return url, get_hf_file_metadata(url, timeout=TIMEOUT_S)
    except Exception as error:  # of requests, httpx or httpx2, whichever its version uses, without a common root
        raise ModelError(first_line(error)) from error


def _headers(url: str, location: str) -> dict[str, str]:
    """The person's token goes to the hub and to no other host that it sends us to."""
    from huggingface_hub import get_token

    token = get_token() if urlsplit(url).netloc == urlsplit(location).netloc else None
    return {"user-agent": "sd-webui-bootcamp", **({"authorization": f"Bearer {token}"} if token else {})}


def _save(weights: Weights, answer: Any, facts: Any, target: Path, progress: Progress) -> Path:
    total = int(facts.size or answer.headers.get("Content-Length") or 0)
    progress.start(f"Fetching {weights.file}", max(1, total >> 20), "MB")
    sha256 = hashlib.sha256()
    blob = hashlib.sha1(f"blob {total}\0".encode(), usedforsecurity=False)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    done = 0
    try:
        with os.fdopen(handle, "wb") as out:
            while chunk := answer.read(CHUNK):
                if progress.cancelled():
                    raise CancelledError(done >> 20)
                out.write(chunk)
                sha256.update(chunk)
                blob.update(chunk)
                done += len(chunk)
                progress.step(done >> 20)
        _check(weights, facts, (done, total), (sha256.hexdigest(), blob.hexdigest()))
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
    return target


def _check(weights: Weights, facts: Any, sizes: tuple[int, int], hashes: tuple[str, str]) -> None:
    """The hub gives the SHA-256 of a large file and git's hash of a small one.

    Raises:
        ModelError: cut off, or another file.
    """
    done, total = sizes
    sha256, blob = hashes
    if total and done != total:
        raise ModelError(f"it was cut off after {done} of {total} bytes")
    etag = str(facts.etag or "").strip('"')
    if len(etag) in (40, 64) and etag != (sha256 if len(etag) == 64 else blob):
        raise ModelError(f"its hash is {sha256[:12]}…, and the hub has another")
    if not sha256.startswith(weights.starts):
        raise ModelError(f"its hash is {sha256[:12]}…, which should begin with {weights.starts}")
