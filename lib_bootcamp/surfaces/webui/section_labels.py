"""What the fields of the section are called in mistakes, and what they were called as components of their own."""

from __future__ import annotations

from collections.abc import Callable

from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.values import label_of

from .section import positions, section_fields

Labels = dict[tuple[str, str], str]
"""Labels by control and field; the section's own fields are under the control ``."""


def titles() -> dict[str, str]:
    """What each parameter is called in a mistake on the page."""
    return {param.name: param.spec.title for _, param in reversed(positions())} | {"init_images": "img2img"}


def section_labels(label: Callable[[Param], str] = label_of, name: Callable[[Param], str] | None = None) -> Labels:
    """The labels under which ui-config.json holds the section's fields of the versions that had a component for each.

    Args:
        label: what a field is called by itself.
        name: its name, which tells two of one label apart; None: the declared one.
    """
    own = {("", each.name): label(each) for each in section_fields()}
    taken, labels = set(own.values()), dict(own)
    for operation, param in positions():
        if operation is None:
            continue
        found, words = label(param), (name(param) if name else param.name).replace("_", " ")
        for more in (f"{found} ({operation.title})", f"{found} ({words})"):
            if found not in taken:
                break
            found = more
        taken.add(found)
        labels[operation.name, param.name] = found
    return labels
