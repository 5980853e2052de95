"""A training's settings from a file: our own fields, and kohya's `dataset_config`.

Source: kohya-ss/sd-scripts, library/config_util.py (`ConfigSanitizer`, and the defaults of `BaseSubsetParams` and
`DreamBoothDatasetParams`); what a subset does not state stands in its dataset, else in `[general]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import unknown
from lib_bootcamp.params.mistakes import shown

SAME: dict[str, tuple[str, object]] = {
    "batch_size": ("batch", 1),
    "caption_dropout_rate": ("dropout", 0.0),
    "caption_tag_dropout_rate": ("tag_dropout", 0.0),
    "flip_aug": ("flip", False),
    "keep_tokens": ("keep_tokens", 0),
    "shuffle_caption": ("shuffle", False),
    "validation_split": ("validation_split", 0.0),
    "prior_loss_weight": ("prior_weight", 1.0),
    "resolution": ("resolution", None),
    "bucket_no_upscale": ("enlarge", False),
    "caption_prefix": ("template", ""),
    "caption_suffix": ("template", ""),
}
"""Kohya's names with ours and with kohya's defaults, where one value goes for all concepts here."""
NEUTRAL: dict[str, tuple[object, ...]] = {
    "alpha_mask": (False,),
    "bucket_reso_steps": (),
    "cache_info": (False, True),
    "caption_dropout_every_n_epochs": (0,),
    "caption_extension": (".txt", ".caption"),
    "caption_separator": (",",),
    "color_aug": (False,),
    "custom_attributes": ({},),
    "debug_dataset": (False,),
    "enable_bucket": (True,),
    "enable_wildcard": (True,),
    "face_crop_aug_range": (),
    "keep_tokens_separator": ("", "|||"),
    "max_bucket_reso": (),
    "max_token_length": (),
    "min_bucket_reso": (),
    "network_multiplier": (1.0,),
    "random_crop": (False,),
    "resize_interpolation": (),
    "secondary_separator": ("",),
    "skip_image_resolution": (),
    "token_warmup_min": (1,),
    "token_warmup_step": (0,),
    "validation_seed": (),
}
"""Kohya's names that are not understood here, with the values at which they change nothing."""
_OTHER_KINDS = ("metadata_file", "conditioning_data_dir")
_OF_CONCEPT = ("class_tokens", "num_repeats")
_OF_SUBSET = (*_OF_CONCEPT, "image_dir", "is_reg")
_EVERYWHERE = (*SAME, *NEUTRAL)


@dataclass(frozen=True)
class Stated:
    """What a file states: raw values by our names, and a sentence about what is left out."""

    values: dict[str, Any]
    notes: tuple[str, ...] = ()


def stated_in(document: Mapping[str, Any]) -> Stated:
    """The values of a file.

    Args:
        document: as it was read.
    Raises:
        InvalidParamError: it is of the wrong form, names what kohya does not know either, or states one of the
            settings that go for all concepts here with several values.
    """
    own = {name: value for name, value in document.items() if name not in {"general", "datasets"}}
    if len(own) == len(document):
        return Stated(own)
    subsets = list(_subsets(document))
    concepts = _concepts(subsets)
    values = _for_all(subsets)
    if concepts:
        values["concepts"] = concepts
    for name in values.keys() & own.keys() | ({"concepts"} if "folder" in own and concepts else set()):
        raise InvalidParamError(name, "is stated twice, among kohya's settings too", hint="state it once")
    return Stated({**values, **own}, _notes(subsets))


@dataclass(frozen=True)
class _Subset:
    """A subset, with what stands in its dataset and in `[general]`."""

    path: str
    own: Mapping[str, Any]
    outer: tuple[Mapping[str, Any], ...]

    def get(self, name: str, default: object = None) -> Any:
        return next((each[name] for each in (self.own, *self.outer) if name in each), default)

    @property
    def dataset(self) -> str:
        return self.path.partition(".")[0]

    def states(self, name: str) -> bool:
        return any(name in each for each in (self.own, *self.outer))


def _subsets(document: Mapping[str, Any]) -> Iterator[_Subset]:
    general = _table(document.get("general", {}), "general")
    _refuse_unknown(general, (*_EVERYWHERE, *_OF_CONCEPT), "general.")
    datasets = _tables(document.get("datasets", []), "datasets")
    if not datasets:
        raise InvalidParamError("datasets", "is missing", hint="[general] goes for its subsets alone")
    for at, given in enumerate(datasets):
        path = f"datasets[{at}]"
        dataset = _table(given, path)
        _refuse_unknown(dataset, (*_EVERYWHERE, *_OF_CONCEPT, "subsets"), f"{path}.")
        subsets = _tables(dataset.get("subsets", []), f"{path}.subsets")
        if not subsets:
            raise InvalidParamError(f"{path}.subsets", "is missing", hint="give one with image_dir")
        for inner, each in enumerate(subsets):
            place = f"{path}.subsets[{inner}]"
            subset = _table(each, place)
            for kind in _OTHER_KINDS:
                if kind in subset:
                    raise InvalidParamError(
                        f"{place}.{kind}", "is not read here", hint="captions lie beside the pictures"
                    )
            _refuse_unknown(subset, (*_EVERYWHERE, *_OF_SUBSET), f"{place}.")
            if "image_dir" not in subset:
                raise InvalidParamError(f"{place}.image_dir", "is missing", hint="give a folder of pictures")
            yield _Subset(place, subset, (dataset, general))


def _tables(value: object, path: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise InvalidParamError(path, f"must be a list of tables, not {shown(value)}")
    return value


def _table(value: object, path: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidParamError(path, f"must be a table, not {shown(value)}")
    return value


def _refuse_unknown(table: Mapping[str, Any], known: Sequence[str], path: str) -> None:
    for name in table:
        if name not in known:
            raise unknown(name, known, path=path)


def _for_all(subsets: Sequence[_Subset]) -> dict[str, Any]:
    """The settings that go for all concepts here."""
    made: dict[str, Any] = {}
    for name, (own, default) in SAME.items():
        if any(each.states(name) for each in subsets):
            made[own] = _converted(name, _one(name, subsets, default), made.get("template", "[filewords]"))
    return made


def _one(name: str, subsets: Sequence[_Subset], default: object) -> Any:
    values: list[Any] = []
    for each in subsets:
        if _is_reg(each) and name not in each.own and len(subsets) > 1:
            continue
        value = each.get(name, default)
        if value not in values:
            values.append(value)
    if len(values) > 1:
        listed = ", ".join(map(shown, values[:3]))
        raise InvalidParamError(
            f"{subsets[0].path}.{name}", f"is not the same everywhere ({listed}), and goes for all concepts here"
        )
    return values[0]


def _converted(name: str, value: Any, template: str) -> Any:
    if name == "resolution" and isinstance(value, list):
        if len(value) == 2 and value[0] == value[1]:
            return value[0]
        raise InvalidParamError("resolution", f"must be one number or two equal ones here, not {shown(value)}")
    if name == "bucket_no_upscale" and isinstance(value, bool):
        return not value
    if name in {"caption_prefix", "caption_suffix"}:
        if not isinstance(value, str):
            raise InvalidParamError(name, f"must be a text, not {shown(value)}")
        parts = (value, template) if name == "caption_prefix" else (template, value)
        return " ".join(filter(None, parts))
    return value


def _concepts(subsets: Sequence[_Subset]) -> list[dict[str, Any]]:
    """Each subset as a concept; those with `is_reg` are the class pictures of the concepts in their dataset."""
    own = [each for each in subsets if not _is_reg(each)]
    made = [_concept(each) for each in own]
    for reg in subsets:
        if _is_reg(reg):
            _add_class(reg, [row for row, each in zip(made, own, strict=True) if each.dataset == reg.dataset])
    return made


def _is_reg(subset: _Subset) -> bool:
    value = subset.own.get("is_reg", False)
    if not isinstance(value, bool):
        raise InvalidParamError(f"{subset.path}.is_reg", f"must be true or false, not {shown(value)}")
    return value


def _add_class(reg: _Subset, concepts: Sequence[dict[str, Any]]) -> None:
    """Class pictures go with the concept whose words end in the class's, else with all of their dataset."""
    words = reg.own.get("class_tokens", "")
    matching = [each for each in concepts if words and str(each.get("caption", "")).endswith(str(words))] or concepts
    if not matching:
        raise InvalidParamError(f"{reg.path}.is_reg", "has no concept in its dataset", hint="add a subset without it")
    for each in matching:
        if "class_folder" in each:
            raise InvalidParamError(
                f"{reg.path}.image_dir", "is a second class folder of a concept", hint="one folder is taken"
            )
        each["class_folder"] = reg.own["image_dir"]
        if words:  # kohya's trainer draws none: one that is there is enough
            each |= {"class_prompt": words, "class_count": 1}


def _concept(subset: _Subset) -> dict[str, Any]:
    made = {"folder": subset.own["image_dir"], "repeats": subset.get("num_repeats", 1)}
    caption = subset.get("class_tokens")
    return made if caption is None else {**made, "caption": caption}


def _notes(subsets: Sequence[_Subset]) -> tuple[str, ...]:
    reg = [f"{each.path}.num_repeats" for each in subsets if _is_reg(each) and each.own.get("num_repeats", 1) != 1]
    left = reg + [
        name
        for name, fine in NEUTRAL.items()
        if any(each.states(name) and each.get(name) not in fine for each in subsets)
    ]
    if not left:
        return ()
    verb = "is" if len(left) == 1 else "are"
    return (f"Of kohya's settings {', '.join(left)} {verb} not understood here and left out.",)
