"""Modules without weights of their own: another model's weights are lent to them and taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from lib_bootcamp.errors import ModelError

Mover = Callable[[], None]


class BorrowedModule:
    """A module built on the meta device whose parameters are another model's, between `lend` and `give_back`.

    Where a parameter has the owner's shape, it *is* the owner's `Parameter`, so that the owner's
    moves between devices and types are seen at once. A part or transpose of an owner's parameter
    (an attention's fused projection, a 1x1 convolution used as a matrix) is a second `Parameter` over
    the same storage, tied anew when the owner's storage has moved.

    Args:
        module: every parameter on the meta device; buffers are its own.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self._empty = {name: _slot(module, name) for name, _ in module.named_parameters()}
        self._placeholders = {name: parent._parameters[key] for name, (parent, key) in self._empty.items()}
        self._structure = _structure(module)
        self._lent: dict[int, tuple[nn.Parameter, bool]] = {}
        self._parts: list[tuple[nn.Parameter, nn.Parameter, torch.Size, tuple[int, ...], int]] = []
        self._hooks: list[Any] = []
        self.shared_bytes = 0
        self.owned_bytes = 0

    def borrow(
        self,
        tensors: Mapping[str, torch.Tensor],
        owners: Iterable[nn.Parameter],
        movers: Mapping[int, Mover] | None = None,
    ) -> None:
        """Fill the module.

        Args:
            tensors: for each parameter's name here the owner's `Parameter`, or a view of one.
            owners: the owner's parameters.
            movers: for `id` of an owner's parameter, what brings it to the device before it is used.

        Raises:
            ModelError: names or shapes do not fit, or weights are not in memory.
        """
        owners = list(owners)
        self._check(tensors)
        known = {id(each) for each in owners}
        by_storage = {_storage(each): each for each in owners}
        brought: dict[str, Mover] = {}
        for name, (parent, key) in self._empty.items():
            tensor = tensors[name]
            owner = tensor if id(tensor) in known else by_storage.get(_storage(tensor))
            if not isinstance(owner, nn.Parameter):
                raise ModelError(f"The weight {name} is a copy", hint="this version of diffusers cannot share it.")
            self._lent[id(owner)] = (owner, owner.requires_grad)
            if owner is tensor:
                parent._parameters[key] = owner
            else:
                part = nn.Parameter(tensor.detach(), requires_grad=False)
                offset = part.storage_offset() - owner.storage_offset()
                self._parts.append((part, owner, part.shape, part.stride(), offset))
                parent._parameters[key] = part
            if movers and id(owner) in movers:
                brought[name] = movers[id(owner)]
        for owner, _ in self._lent.values():
            # Forge loads in inference mode; such weights can have no gradient and their flag cannot be set back.
            if owner.requires_grad and not owner.is_inference():
                owner.requires_grad = False
        self.module.eval()
        self._follow_buffers()
        self._install(brought)
        self._measure({_storage(each) for each in owners})

    def follow(self) -> None:
        """Tie the parts to their owners anew where those have moved."""
        for part, owner, size, stride, offset in self._parts:
            if _storage(part) != _storage(owner):
                part.data = torch.as_strided(owner.data, size, stride, owner.storage_offset() + offset)

    def until_given_back(self, hook: Any) -> None:
        """Remove this hook with the weights."""
        self._hooks.append(hook)

    def give_back(self) -> bool:
        """Empty the module, also of layers that were wrapped meanwhile, and put the owners' flags back.

        Returns:
            Whether the module is as it was built and can be lent to again.
        """
        for hook in self._hooks:
            hook.remove()
        lent = {*self._lent, *(id(part) for part, *_ in self._parts)}
        for module in self.module.modules():
            for key, parameter in module._parameters.items():
                if id(parameter) in lent and parameter is not None:
                    module._parameters[key] = nn.Parameter(
                        torch.empty_like(parameter, device="meta"), requires_grad=False
                    )
        for name, (parent, key) in self._empty.items():
            if key in parent._parameters:
                parent._parameters[key] = self._placeholders[name]
        for owner, required in self._lent.values():
            if required and not owner.is_inference():
                owner.grad, owner.requires_grad = None, True
        self._lent, self._parts, self._hooks = {}, [], []
        return _structure(self.module) == self._structure

    def _check(self, tensors: Mapping[str, torch.Tensor]) -> None:
        missing = [name for name in self._empty if name not in tensors]
        unknown = [name for name in tensors if name not in self._empty]
        if missing or unknown:
            raise ModelError(
                f"This checkpoint's layers are not those of its configuration: {len(missing)} are missing, "
                f"{len(unknown)} are unknown, the first {(missing or unknown)[0]}."
            )
        for name, placeholder in self._placeholders.items():
            tensor = tensors[name]
            if placeholder is not None and tensor.shape != placeholder.shape:
                shapes = f"{list(tensor.shape)}, its configuration says {list(placeholder.shape)}"
                raise ModelError(f"This checkpoint's weight {name} has the shape {shapes}.")
            if tensor.is_meta:
                raise ModelError("The checkpoint's weights are not in memory: load it again.")
            if tensor.is_floating_point() and tensor.element_size() < 2:
                raise ModelError(
                    "The weights are stored in 8 bits: switch FP8 weight off in Settings and load the checkpoint again."
                )

    def _follow_buffers(self) -> None:
        device = next((owner.device for owner, _ in self._lent.values()), None)
        for module in self.module.modules():
            for key, buffer in module._buffers.items():
                if buffer is not None and device is not None and buffer.device != device:
                    module._buffers[key] = buffer.to(device)

    def _install(self, brought: Mapping[str, Mover]) -> None:
        if not brought:
            return
        first = next(iter(brought.values()))
        here: dict[nn.Module, Mover] = {self._empty[name][0]: mover for name, mover in brought.items()}

        def start(*_: Any) -> None:
            first()
            self.follow()
            self._follow_buffers()

        def bring(module: nn.Module, _: Any) -> None:
            here[module]()
            self.follow()

        self._hooks = [self.module.register_forward_pre_hook(start)]
        self._hooks += [module.register_forward_pre_hook(bring) for module in here]

    def _measure(self, theirs: set[tuple[str, int]]) -> None:
        held = {id(each): each for each in (*self.module.parameters(), *self.module.buffers())}.values()
        sizes = [(_storage(each) in theirs, each.numel() * each.element_size()) for each in held]
        self.shared_bytes = sum(size for shared, size in sizes if shared)
        self.owned_bytes = sum(size for shared, size in sizes if not shared)


def _storage(tensor: torch.Tensor) -> tuple[str, int]:
    return str(tensor.device), tensor.untyped_storage().data_ptr()


def _slot(module: nn.Module, name: str) -> tuple[nn.Module, str]:
    parent, _, key = name.rpartition(".")
    return module.get_submodule(parent), key


def _structure(module: nn.Module) -> list[tuple[Any, ...]]:
    """What a user of the module may have changed: layers, attention processors, hooks, patched methods."""
    return [
        (
            name,
            type(each),
            type(getattr(each, "processor", None)),
            len(each._forward_hooks) + len(each._forward_pre_hooks) + len(each._backward_hooks),
            "forward" in vars(each),
            vars(each).get("gradient_checkpointing"),
            tuple(each._parameters),
        )
        for name, each in module.named_modules()
    ]
