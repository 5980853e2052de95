"""torch's compiler (`torch._dynamo`), imported when something is compiled. Standard library only at import.

torchvision, timm, transformers and diffusers import it to mark functions for it, which costs 5 s of every command, and
nothing here compiles. So the standalone program lets a module stand for it that keeps the marks; whatever else is asked
of it imports the package and hands the marks on. Inside a WebUI nothing is put in its place.

Source: torchvision/ops/roi_align.py, timm/layers (torch.compiler.disable), diffusers/utils/torch_utils.py.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

PACKAGE = "torch._dynamo"
UTILS = f"{PACKAGE}.utils"
LIGHT = (f"{PACKAGE}._trace_wrapped_higher_order_op",)
"""Files of the package that import nothing else of it."""
_lock = threading.RLock()


class OptimizedModule:
    """What a compiled module is an instance of, asked by diffusers of each: none is before something is compiled."""


class _Unloaded(ModuleType):
    """Stands for the package, its `utils` or its `eval_frame`, until more is asked of it than a mark."""

    OptimizedModule = OptimizedModule

    @property
    def eval_frame(self) -> Any:
        """Its own stand-in; a program that never imported it reads an attribute of it."""
        return (
            _Unloaded(f"{PACKAGE}.eval_frame") if _FINDER in sys.meta_path else import_module(f"{PACKAGE}.eval_frame")
        )

    def allow_in_graph(self, made: Any) -> Any:
        """As the package's: remembered, and passed on to it when it is loaded."""
        _FINDER.allowed.append(made)
        return made

    def disable(self, made: Any = None, recursive: bool = True, **_: Any) -> Any:  # noqa: FBT001, FBT002 - torch's
        """As the package's: what it marks is read from the function itself."""
        if made is None:
            return lambda each: self.disable(each, recursive)
        with contextlib.suppress(AttributeError, TypeError):
            made._torchdynamo_disable = True
            made._torchdynamo_disable_recursive = recursive
        return made

    def assume_constant_result(self, made: Any) -> Any:
        """As the package's."""
        made._dynamo_marked_constant = True
        return made

    def is_compile_supported(self, device_type: str) -> Any:
        """As that of `utils`, which is called while something is compiled."""
        _load()
        return import_module(UTILS).is_compile_supported(device_type)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        _load()
        return getattr(import_module(self.__name__), name)


class _Given(Loader):
    """Loads by handing out a module that is there: this one, made or loaded elsewhere."""

    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module."""
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to run."""
        module.__spec__ = self._spec or module.__spec__


class _Finder(MetaPathFinder):
    def __init__(self) -> None:
        self.allowed: list[Any] = []

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """What stands for the package or for its `utils`; for other files of it the package is loaded first."""
        if name in LIGHT or not f"{name}.".startswith(f"{PACKAGE}."):
            return None
        if name in {PACKAGE, UTILS}:
            found = PathFinder.find_spec(name, path)
            if found is not None:
                found.loader = _Given(_Unloaded(name))
            return found
        _load()
        if name in sys.modules:
            module = sys.modules[name]
            # importlib takes a module's own spec where it has come meanwhile, and would run its file again
            module.__spec__ = ModuleSpec(name, _Given(module))
            return module.__spec__
        return PathFinder.find_spec(name, sys.modules[PACKAGE].__path__)


_FINDER = _Finder()


def defer_compiler() -> None:
    """From here on the first import of `torch._dynamo` costs nothing; for the standalone program, once at its start."""
    if PACKAGE not in sys.modules and _FINDER not in sys.meta_path:
        sys.meta_path.insert(0, _FINDER)


def _load() -> None:
    """Import the package in the place of what stands for it; nothing where that is done or under way."""
    with _lock:
        if _FINDER not in sys.meta_path:
            return
        sys.meta_path.remove(_FINDER)
        for name in (UTILS, PACKAGE):
            if isinstance(sys.modules.get(name), _Unloaded):
                del sys.modules[name]
        vars(sys.modules["torch"]).pop(PACKAGE.rpartition(".")[2], None)
        package = import_module(PACKAGE)
        allow: Callable[[Any], Any] = package.allow_in_graph if _FINDER.allowed else id
        while _FINDER.allowed:
            allow(_FINDER.allowed.pop())
