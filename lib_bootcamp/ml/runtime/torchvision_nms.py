"""Non-maximum suppression where torchvision's compiled operators do not load (a CPU-only torch beside PyPI's)."""

from __future__ import annotations

from typing import Any

import torch

_kept: list[Any] = []


def provide_nms() -> None:
    """Give the operator `torchvision::nms` a CPU kernel where it has none; import torchvision before."""
    if _kept or torch._C._dispatch_has_kernel_for_dispatch_key("torchvision::nms", "CPU"):
        return
    library = torch.library.Library("torchvision", "IMPL")
    library.impl("nms", nms, "CPU")
    _kept.append(library)


def nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """The boxes to keep, the surest first.

    Args:
        boxes: [N, 4], left, top, right, bottom.
        scores: [N].
        iou_threshold: a box that shares more than this with a surer one is dropped.
    Returns:
        int64 [K], indices.
    """
    order = scores.argsort(descending=True, stable=True)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept = []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(int(best))
        left_top = torch.maximum(boxes[best, :2], boxes[rest, :2])
        right_bottom = torch.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = (right_bottom - left_top).clamp(min=0).prod(dim=1)
        order = rest[shared / (areas[best] + areas[rest] - shared) <= iou_threshold]
    return torch.tensor(kept, dtype=torch.int64)
