"""Runs inside one checkout, in its Python: makes every output and writes down what came of it.

python -m tools.compare_outputs.make CHECKOUT FOLDER
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import io
import json
import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .cases import Case, cases
from .inputs import make_inputs

SEVERAL = {"images", "files"}
GETS = ("/operations", "/info", "/jobs", "/jobs/999")


def main(checkout: Path, folder: Path) -> None:
    """Make the outputs of a checkout in a new folder, with `results.json` and `renamed.json`."""
    sys.path.insert(0, str(checkout))
    shutil.rmtree(folder, ignore_errors=True)
    make_inputs(checkout, folder / "inputs")
    work = folder / "work"
    work.mkdir()
    os.environ |= {"BOOTCAMP_DATA": str(folder / "data"), "BOOTCAMP_VENV": "off", "HF_HUB_OFFLINE": "1"}
    os.chdir(work)
    results = {}
    seen: dict[Path, int] = {}
    for case in cases():
        results[case.name] = _run(case, folder / "inputs")
        results[case.name]["files"] = dict(_written(work, seen))
    text = json.dumps({"results": results, "renamed": renamed()}, indent=1, ensure_ascii=False)
    (folder / "outputs.json").write_text(text.replace(str(folder), "FOLDER"), "utf-8")


def _run(case: Case, inputs: Path) -> dict[str, Any]:
    try:
        return _command(case.argv) if case.argv else _request(case, inputs)
    except Exception:  # noqa: BLE001 - the comparison shows it
        return {"crash": traceback.format_exc()}


def _command(argv: tuple[str, ...]) -> dict[str, Any]:
    from lib_bootcamp.app import main as run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = run(list(argv))
        except SystemExit as end:
            code = end.code
    return {"argv": argv, "exit": code, "answer": _parsed(out.getvalue()), "stderr": err.getvalue()}


def _request(case: Case, inputs: Path) -> dict[str, Any]:
    from starlette.testclient import TestClient

    with TestClient(_app(), base_url="http://127.0.0.1") as client:
        if case.path in GETS:
            answer = client.get(f"/bootcamp/v1{case.path}")
        else:
            sent = {
                name: _encoded(inputs / file, several=name in {"images", "files"}) for name, file in case.files.items()
            }
            answer = client.post(f"/bootcamp/v1{case.path}", json={**case.body, **sent})
    return {"asked": case.body, "status": answer.status_code, "answer": _parsed(answer.text)}


def _app() -> Any:
    from lib_bootcamp.hosts.standalone import StandaloneHost
    from lib_bootcamp.surfaces.server import create_app

    return create_app(StandaloneHost(allowed=[Path("../inputs").resolve()]))


def _encoded(path: Path, *, several: bool) -> Any:
    text = base64.b64encode(path.read_bytes()).decode("ascii")
    return [text] if several else text


def _parsed(text: str) -> Any:
    with contextlib.suppress(ValueError):
        return _pictures_as_digests(json.loads(text))
    return text


def _pictures_as_digests(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pictures_as_digests(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_pictures_as_digests(each) for each in value]
    if isinstance(value, str) and len(value) > 60:
        with contextlib.suppress(ValueError, OSError):
            return _digest(base64.b64decode(value, validate=True))
    return value


def _digest(data: bytes) -> Any:
    """A picture by its pixels and its texts; another file by its bytes."""
    try:
        picture = Image.open(io.BytesIO(data))
        pixels = np.asarray(picture)
    except OSError:
        return {"sha256": hashlib.sha256(data).hexdigest(), "text": data[:4000].decode("utf-8", "replace")}
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    texts = {key: _parsed(text) for key, text in picture.info.items() if isinstance(text, str)}
    return {"pixels": digest, "size": picture.size, "mode": picture.mode, "texts": texts}


def _written(work: Path, seen: dict[Path, int]) -> Any:
    """What a case wrote: files whose time of writing is new."""
    for path in sorted(each for each in work.rglob("*") if each.is_file()):
        stamp = path.stat().st_mtime_ns
        if seen.get(path) != stamp:
            seen[path] = stamp
            yield str(path.relative_to(work)), _digest(path.read_bytes())


def renamed() -> dict[str, list[str]]:
    """Old names and old choices with what stands in their place, out of every declaration that the program loaded."""
    found: dict[str, set[str]] = {}
    for module in [each for name, each in sys.modules.items() if name.startswith("lib_bootcamp")]:
        for declaration in vars(module).values():
            if isinstance(declaration, type) and dataclasses.is_dataclass(declaration):
                _add_names(declaration, found)
            presets = getattr(declaration, "renamed_presets", None)
            for old, new in presets.items() if isinstance(presets, dict) else ():
                found.setdefault(old, set()).add(new)
    return {old: sorted(new) for old, new in sorted(found.items())}


def _add_names(declaration: type[Any], found: dict[str, set[str]]) -> None:
    from lib_bootcamp.params import fields_of

    try:
        params = fields_of(declaration)
    except (TypeError, NameError):  # a dataclass that declares nothing
        return
    for param in params:
        for old in getattr(param.spec, "renamed", ()):
            found.setdefault(old, set()).add(param.name)
        for old, new in getattr(param.spec, "renamed_choices", {}).items():
            found.setdefault(old, set()).add(new)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
