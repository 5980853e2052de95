"""What the site has beside the pages of docs/: the top's pages, the decisions, and a table of each declaration.

mkdocs calls these functions (mkdocs.yml).
"""

from __future__ import annotations

import re
import sys
from functools import partial
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from lib_bootcamp.catalog import OPERATIONS  # noqa: E402
from lib_bootcamp.params import Param  # noqa: E402

TOP = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "SECURITY.md": "security.md"}
TOP["CHANGELOG.md"] = "changelog.md"
DECISIONS = sorted(path.name for path in (ROOT / "docs" / "decisions").glob("*.md"))
_LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#]+)(#[^)]*)?\)")


def on_config(config: Any) -> Any:
    """Fill in the parts of the navigation that follow from folders and the catalog."""
    tables = {"Parameters": [f"parameters/{each.name}.md" for each in OPERATIONS]}
    nav = [{name: tables.get(name, pages) for name, pages in entry.items()} for entry in config["nav"]]
    for entry in nav:
        for name, pages in entry.items():
            if isinstance(pages, list) and "decisions/" in pages:
                at = pages.index("decisions/")
                entry[name] = [
                    *pages[:at],
                    {"Decisions": [f"decisions/{each}" for each in DECISIONS]},
                    *pages[at + 1 :],
                ]
    config["nav"] = nav
    return config


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that no file of docs/ holds."""
    for source, target in TOP.items():
        text = _LINK.sub(partial(_from_top, source), (ROOT / source).read_text(encoding="utf-8"))
        files.append(File.generated(config, target, content=text))
    for operation in OPERATIONS:
        files.append(File.generated(config, f"parameters/{operation.name}.md", content=parameters(operation)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Links of a page of docs/ that lead to the top lead to its page here, or are texts where there is none."""
    return _LINK.sub(lambda found: _to_top(found, page.file.src_uri), markdown)


def _from_top(source: str, found: re.Match[str]) -> str:
    target, anchor = found.group(1), found.group(2) or ""
    if not (ROOT / target).exists():
        raise FileNotFoundError(f"{source} links to {target}, which is not there")
    if target.startswith("docs/"):
        return f"]({target.removeprefix('docs/')}{anchor})"
    return f"]({TOP[target]}{anchor})" if target in TOP else "]()"


def _to_top(found: re.Match[str], page: str) -> str:
    target, anchor = found.group(1), found.group(2) or ""
    path = (ROOT / "docs" / page).parent.joinpath(target).resolve()
    if not target.startswith("../") or (ROOT / "docs") in path.parents:
        return found.group(0)
    if not path.exists():
        raise FileNotFoundError(f"{page} links to {target}, which is not there")
    name = path.relative_to(ROOT).as_posix()
    up = "../" * page.count("/")
    return f"]({up}{TOP[name]}{anchor})" if name in TOP else "]()"


def parameters(operation: Any) -> str:
    """The page of one declaration."""
    made = operation.as_job() if operation.is_job_command else operation
    rows = "\n".join(_row(each) for each in made.params.fields())
    command = " ".join(operation.words)
    presets = "".join(f"- {name}: {_values(values)}\n" for name, values in operation.presets.items())
    return (
        f"# {operation.title}\n\n{operation.summary}\n\n"
        f"`python -m lib_bootcamp {command}`, `POST /bootcamp/v1/{operation.path.strip('/')}`\n\n"
        f"| parameter | what it is | values | default |\n|---|---|---|---|\n{rows}\n"
        + (f"\n## Presets\n\n{presets}" if presets else "")
    )


def _row(param: Param) -> str:
    spec = param.spec
    unit = f" ({spec.unit})" if spec.unit else ""
    values = ", ".join(f"`{each}`" for each in param.choices) if param.kind == "choice" else param.expected()
    default = "" if param.required or param.default in (None, "", ()) else f"`{param.default}`"
    cells = (f"`{param.name}`", f"**{spec.title}**{unit}. {spec.help}".strip(), values or param.kind, default)
    return "| " + " | ".join(str(each).replace("|", "\\|").replace("\n", " ") for each in cells) + " |"


def _values(values: Any) -> str:
    return ", ".join(f"`{name}` {value}" for name, value in values.items())
