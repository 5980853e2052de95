"""How captions are made and worded: the declaration that pictures that are sent and folders share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from lib_bootcamp.core.datasets.caption_edit import arrows
from lib_bootcamp.core.datasets.caption_wording import Order, Wording
from lib_bootcamp.core.text.zero_shot import Scoring
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ml.captioners.registry import AUTO
from lib_bootcamp.params import Params, Spec

from . import clip_choice
from .classify_settings import ClassifySettings
from .interrogate_settings import InterrogateSettings

_WAYS = {
    "tags": "CLIP tags: those of your lists that fit",
    "interrogate": "Interrogation: a prompt, as clip-interrogator makes it",
    "captioner": "Captioner: a sentence, by BLIP or another model",
}
_MODES = {
    "fast": "Fast: a sentence and the best of all labels",
    "best": "Best: a chain of what fits best (slow)",
    "classic": "Classic: sentence, medium, artist, site, movement, flavors",
    "negative": "Negative: what the picture is least like",
}
_ORDER = {"score": "Best first", "alphabetical": "Alphabetical", "listed": "As they are listed"}
_WEIGHING = "How tags are weighed"
_TAGS: dict[str, tuple[object, ...]] = {"method": ("tags",)}
_PROMPTS: dict[str, tuple[object, ...]] = {"method": ("interrogate",)}
_CHAINS: dict[str, tuple[object, ...]] = {**_PROMPTS, "mode": ("best", "negative")}


def _as(declaration: type[Params], name: str, **changes: Any) -> Spec:
    """A field's own description, with another group and condition: what it means is written where it is declared."""
    spec = next(each.spec for each in declaration.fields() if each.name == name)
    return dataclasses.replace(spec, **changes)


@dataclass(frozen=True, kw_only=True)
class CaptionSettings(Params):
    """How captions are made and worded; without pictures."""

    method: Annotated[
        Literal["tags", "interrogate", "captioner"],
        Spec("Caption method", titles=_WAYS, renamed=("way",), renamed_titles=("Captions by",)),
    ] = "tags"
    labels: Annotated[
        tuple[str, ...],
        _as(
            ClassifySettings,
            "labels",
            help="Tags that a picture may have: one per line, or separated by commas.",
            example=("red circle", "blue square"),
            group="Tags",
            when=_TAGS,
        ),
    ] = ()
    groups: Annotated[
        dict[str, Any],
        _as(
            ClassifySettings,
            "groups",
            help="Several lists, one per line: a name, a colon and its tags. Each is weighed by itself.",
            group="Tags",
            when=_TAGS,
        ),
    ] = field(default_factory=dict)
    threshold: Annotated[
        float,
        Spec(
            "Threshold",
            "Tags with a lower score are left out.",
            ge=0,
            le=1,
            step=0.01,
            unit="0 to 1",
            group="Tags",
            when=_TAGS,
        ),
    ] = 0.25
    max_tags: Annotated[
        int | None,
        Spec(
            "Maximum tags",
            "Of each list. Empty: all above the threshold.",
            ge=1,
            le=1000,
            group="Tags",
            when=_TAGS,
            renamed=("most_tags",),
            renamed_titles=("Tags at most",),
        ),
    ] = None
    per_list: Annotated[
        dict[str, Any],
        Spec(
            "Per-list settings",
            "A list's own threshold and, after a comma, its own number of tags, one list a line.",
            example={"color": [0.4, 1]},
            group=_WEIGHING,
            when=_TAGS,
            renamed_titles=("For single lists",),
        ),
    ] = field(default_factory=dict)
    negative_labels: Annotated[
        tuple[str, ...],
        _as(
            ClassifySettings,
            "negative_labels",
            help="They compete with the tags of each list and are never written.",
            group=_WEIGHING,
            when=_TAGS,
        ),
    ] = ()
    templates: Annotated[
        Literal["none", "short", "openai", "custom"], _as(ClassifySettings, "templates", group=_WEIGHING, when=_TAGS)
    ] = "none"
    template: Annotated[
        tuple[str, ...],
        _as(ClassifySettings, "template", group=_WEIGHING, when={**_TAGS, "templates": ("custom",)}),
    ] = ()
    scoring: Annotated[Scoring, _as(ClassifySettings, "scoring", group=_WEIGHING, when=_TAGS)] = "softmax"
    backend: Annotated[Literal["auto", "torch", "onnx", "onnx-int8"], _as(ClassifySettings, "backend", when=_TAGS)] = (
        "auto"
    )
    mode: Annotated[
        Literal["fast", "best", "classic", "negative"],
        _as(InterrogateSettings, "mode", titles=_MODES, group="Interrogation", when=_PROMPTS),
    ] = "fast"
    captioner: Annotated[
        str,
        _as(
            InterrogateSettings,
            "captioner",
            group="Captioner",
            when={"method": ("interrogate", "captioner"), "mode": ("fast", "best", "classic")},
        ),
    ] = AUTO
    tables: Annotated[str | None, _as(InterrogateSettings, "tables", group="Interrogation", when=_PROMPTS)] = None
    min_flavors: Annotated[int, _as(InterrogateSettings, "min_flavors", group="Interrogation", when=_CHAINS)] = 8
    max_flavors: Annotated[
        int | None, _as(InterrogateSettings, "max_flavors", group="Interrogation", when=_PROMPTS)
    ] = None
    flavor_intermediate_count: Annotated[
        int, _as(InterrogateSettings, "flavor_intermediate_count", group="Interrogation", when=_CHAINS)
    ] = 2048
    trigger: Annotated[
        str, Spec("Trigger word", "Comes first in every caption, once.", max_length=200, example="ohwx", group="Words")
    ] = ""
    prefix: Annotated[
        str,
        Spec(
            "Prefix",
            "Put before what was found, as it is.",
            max_length=1000,
            example="a photo of ",
            group="Words",
            renamed_titles=("Before",),
        ),
    ] = ""
    suffix: Annotated[
        str,
        Spec(
            "Suffix", "Put after what was found, as it is.", max_length=1000, group="Words", renamed_titles=("After",)
        ),
    ] = ""
    always: Annotated[
        tuple[str, ...],
        Spec("Always add", "Tags that every caption gets.", group="Words", max_length=200, renamed_titles=("Always",)),
    ] = ()
    never: Annotated[
        tuple[str, ...],
        Spec(
            "Never add",
            "Tags that no caption gets; * matches anything: *hair.",
            group="Words",
            max_length=1000,
            renamed_titles=("Never",),
        ),
    ] = ()
    rename: Annotated[
        tuple[str, ...],
        Spec("Rename tags", "old => new, one per line; whole tags only.", group="Words", max_length=200),
    ] = ()
    replace_text: Annotated[
        tuple[str, ...],
        Spec("Replace words", "old => new, one per line; wherever they appear.", group="Words", max_length=200),
    ] = ()
    order: Annotated[
        Order,
        Spec(
            "Order",
            "Of the tags.",
            titles=_ORDER,
            group="Words",
            renamed_choices={"By the alphabet": "alphabetical", "alphabet": "alphabetical"},
        ),
    ] = "score"
    separator: Annotated[
        str, Spec("Separator", "Between tags; a space follows it.", min_length=1, max_length=8, group="Words")
    ] = ","
    spaces: Annotated[bool, Spec("Underscores to spaces", "long_hair to long hair; ^_^ stays.", group="Words")] = False
    dedupe: Annotated[bool, Spec("Remove repeated tags", group="Words")] = True
    escape_parentheses: Annotated[
        bool, Spec("Escape parentheses", r"As A1111's prompts need it: \( and \).", group="Words")
    ] = False
    clip: clip_choice.ClipName = None

    def check(self) -> None:
        """What the chosen way needs is there, and rules can be read."""
        self.wording()
        if self.method == "tags":
            lists = self.tag_settings().label_sets()
            checked = _checked_limits(self.per_list, [name for name in lists if name])
            object.__setattr__(self, "per_list", checked)

    def wording(self) -> Wording:
        """How captions are worded."""
        return Wording(
            order=self.order,
            spaces=self.spaces,
            replace_text=arrows("replace_text", self.replace_text),
            rename=arrows("rename", self.rename),
            never=self.never,
            always=self.always,
            dedupe=self.dedupe,
            escape=self.escape_parentheses,
            separator=self.separator,
            prefix=self.prefix,
            suffix=self.suffix,
            trigger=self.trigger,
        )

    def tag_settings(self) -> ClassifySettings:
        """The question that is asked about tags."""
        return ClassifySettings(**_shared(self, ClassifySettings))

    def prompt_settings(self) -> InterrogateSettings:
        """The question that is asked about prompts and sentences."""
        shared = _shared(self, InterrogateSettings)
        return InterrogateSettings(
            **{**shared, "top_k": 0, **({"mode": "caption"} if self.method == "captioner" else {})}
        )

    def limits(self, name: str) -> tuple[float, int | None]:
        """Threshold and number of tags of a list."""
        own = self.per_list.get(name, [])
        return (own[0] if own else self.threshold), (own[1] if len(own) > 1 else self.max_tags)


def _shared(params: Params, declaration: type[Params]) -> dict[str, Any]:
    """The values of the fields that another declaration has too."""
    own = {each.name for each in params.fields()}
    return {each.name: getattr(params, each.name) for each in declaration.fields() if each.name in own}


def _checked_limits(given: Mapping[str, Any], lists: Sequence[str]) -> dict[str, list[Any]]:
    checked: dict[str, list[Any]] = {}
    for name, values in given.items():
        path = f"per_list.{str(name)[:60]}"
        if name not in lists:
            raise InvalidParamError(
                path, "is not a list; name one of " + (", ".join(lists)[:200] or "your label groups")
            )
        parts = list(values) if isinstance(values, Sequence) and not isinstance(values, str) else [values]
        try:
            least = float(parts[0])
            most = [int(each) for each in parts[1:]]
        except (IndexError, TypeError, ValueError, OverflowError):
            least, most = -1.0, []
        if not 0 <= least <= 1 or len(parts) > 2 or any(not 1 <= each <= 1000 for each in most):
            raise InvalidParamError(path, "must be a threshold from 0 to 1 and, if wanted, a number of tags from 1")
        checked[name] = [least, *most]
    return checked
