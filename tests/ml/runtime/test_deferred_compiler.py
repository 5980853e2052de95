"""torch's compiler: not imported to mark functions for it, and whole for whoever asks more of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "torch/__init__.py": "",
    "torch/_dynamo/__init__.py": (
        "print('loaded')\nfrom . import eval_frame, config\nallowed = []\n"
        "def allow_in_graph(made):\n    allowed.append(made.__name__)\n    return made\n"
    ),
    "torch/_dynamo/utils.py": (
        "import torch._dynamo\nprint('utils')\ndef is_compile_supported(kind):\n    return kind == 'cpu'\n"
    ),
    "torch/_dynamo/eval_frame.py": "class OptimizedModule: pass\n",
    "torch/_dynamo/config.py": "print('config')\nlimit = 8\n",
    "torch/_dynamo/_trace_wrapped_higher_order_op.py": "class TransformGetItemToIndex: pass\n",
}
START = "from lib_bootcamp.ml.runtime.deferred_compiler import defer_compiler; defer_compiler()"
MARK = "from torch._dynamo import allow_in_graph\n@allow_in_graph\ndef marked(): return 1"


@pytest.fixture(scope="module")
def torch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("torch")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def printed(torch: Path, *lines: str) -> list[str]:
    code = "\n".join((f"import sys; sys.path[:0] = [{str(torch)!r}, {str(ROOT)!r}]", START, *lines))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize(
    "line",
    [
        MARK,
        "import torch._dynamo; torch._dynamo.disable(lambda: 1, recursive=False, reason='x')",
        "import torch._dynamo\n@torch._dynamo.disable()\ndef left(): pass",
        "import torch._dynamo; torch._dynamo.assume_constant_result(lambda: 1)",
        "from torch._dynamo.utils import is_compile_supported",
        "from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex",
        "import torch._dynamo; assert not isinstance(1, torch._dynamo.eval_frame.OptimizedModule)",
    ],
)
def test_a_mark_does_not_load_it(torch: Path, line: str) -> None:
    assert printed(torch, line) == []


def test_what_is_marked_stays_what_it_is(torch: Path) -> None:
    assert printed(torch, MARK, "print(marked())") == ["1"]


def test_what_is_disabled_says_so_itself(torch: Path) -> None:
    line = "import torch._dynamo; made = torch._dynamo.disable(lambda: 1)"
    assert printed(torch, line, "print(made._torchdynamo_disable)") == ["True"]


@pytest.mark.parametrize(
    "line",
    [
        "import torch._dynamo; print(torch._dynamo.config.limit)",
        "from torch._dynamo.config import limit; print(limit)",
        "import torch._dynamo as kept; print(kept.config.limit)",
        "import torch._dynamo.config as config; print(config.limit)",
    ],
)
def test_more_than_a_mark_loads_it_once(torch: Path, line: str) -> None:
    assert printed(torch, MARK, line) == ["loaded", "config", "8"]


def test_marks_are_handed_on_when_it_is_loaded(torch: Path) -> None:
    assert printed(torch, MARK, "import torch._dynamo; print(*torch._dynamo.allowed)") == ["loaded", "config", "marked"]


def test_a_function_of_its_utils_that_was_taken_early_is_the_real_one_when_called(torch: Path) -> None:
    line = "from torch._dynamo.utils import is_compile_supported"
    assert printed(torch, line, "print(is_compile_supported('cpu'))") == ["loaded", "config", "utils", "True"]


def test_a_program_that_has_loaded_it_keeps_it(torch: Path) -> None:
    code = f"import sys; sys.path[:0] = [{str(torch)!r}, {str(ROOT)!r}]; import torch._dynamo as real; {START}; "
    code += "import torch._dynamo as now; print(real is now)"
    reported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert reported.split() == ["loaded", "config", "True"]
