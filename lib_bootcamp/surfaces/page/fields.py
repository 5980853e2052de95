"""Declared fields as Gradio components; with `events` the only file that knows Gradio 3 from 4 and later.

`Form` lays out a declaration: ungrouped fields first, then a section for each group, presets on top,
fields shown only while their `when` holds. A page or a tab of its own lays out the same fields.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from lib_bootcamp.core.images.codec import read_base64, read_file
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.shared.wording import split, worded

from .events import quiet_event, supported
from .mistakes import WrongValuesError
from .notice import notice
from .uploads import from_uploads
from .values import (
    DEFAULT_STYLE,
    FieldStyle,
    choices_of,
    is_typed_number,
    is_upload,
    label_of,
    placeholder_of,
    read,
    read_fields,
    show,
)

NO_PRESET = "Custom"
FILE_TYPE = "filepath" if int(gr.__version__.split(".")[0]) > 3 else "file"
_BUTTONS = ["download", "fullscreen"]


def picture_input(**settings: Any) -> Any:
    """A picture that reaches `read` as the file that was uploaded: its path, or its bytes where `type` is `numpy`.

    Gradio would decode it first, to 8 bits and without our limits, and answer a damaged file with an error of its own.
    The method is replaced on the instance, because Gradio writes a file beside every subclass of a component.
    """
    made = gr.Image(**settings)
    decode = made.preprocess

    def preprocess(payload: Any) -> Any:
        as_path, path = made.type == "filepath", getattr(payload, "path", None)
        if path:
            return path if as_path else read_file(Path(path))
        if isinstance(payload, str) and payload.startswith("data:"):  # Gradio 3
            return made.base64_to_temp_file_if_needed(payload, "picture") if as_path else read_base64(payload)
        return decode(payload)

    made.preprocess = preprocess
    return from_uploads(made)


def file_input(**settings: Any) -> Any:
    """One file or several, as they were uploaded."""
    return from_uploads(gr.File(**settings, **supported(gr.File, type=FILE_TYPE)))


def component(param: Param, *, prefix: str, style: FieldStyle = DEFAULT_STYLE) -> Any:
    """The component of one field; its `elem_id` is `<prefix>_<name>`."""
    made = _component(param, prefix, style)
    # The WebUI's ui-config.json knows a component by its tab and label, and gives what it keeps to the next one of the
    # same label too: a "Width" that is another operation's, with its bounds. This goes into its key.
    made.custom_script_source = made.elem_id
    if is_upload(param) or param.spec.format == "secret":
        made.do_not_save_to_config = True  # the WebUI's ui-config.json
    return made


def _component(param: Param, prefix: str, style: FieldStyle) -> Any:
    spec = param.spec
    common: dict[str, Any] = {"label": label_of(param, style), "elem_id": f"{prefix}_{param.name}"}
    common_info: dict[str, Any] = {**common, "info": spec.help or None}
    value = show(param, param.default, style)
    if param.kind == "boolean":
        return gr.Checkbox(value=bool(value), **common_info)
    if param.kind == "choice":
        return _choice(param, value, common_info, style)
    if param.kind in {"integer", "number"}:
        return _number(param, value, common_info)
    if param.kind == "image":
        return picture_input(
            type=style.image_type,
            **common,
            **supported(gr.Image, height=260 if param.required else 170, sources=["upload", "clipboard"]),
        )
    if is_upload(param):
        count = "multiple" if param.kind == "list" else "single"
        return file_input(file_count=count, **common, **supported(gr.File, height=140))
    if param.kind == "list" and param.item is not None and param.item.kind == "choice":
        return gr.CheckboxGroup(choices=list(param.item.choices), value=list(value or []), **common_info)
    if param.kind in {"list", "object", "mapping"}:
        return gr.Textbox(value=value, lines=4, max_lines=10, placeholder=placeholder_of(param), **common_info)
    if spec.format == "color":
        return gr.ColorPicker(value=value, **common_info)
    kinds: dict[str, dict[str, Any]] = {"secret": {"type": "password"}, "multiline": {"lines": 3}}
    placeholder = str(spec.example) if spec.example is not None else None
    return gr.Textbox(value=value, placeholder=placeholder, **kinds.get(spec.format, {}), **common_info)


def _choice(param: Param, value: Any, settings: dict[str, Any], style: FieldStyle) -> Any:
    choices = choices_of(param, style)
    if len(choices) <= 5:
        return gr.Radio(choices=choices, value=value, **settings)
    return gr.Dropdown(choices=choices, value=value, **settings)


def _number(param: Param, value: Any, settings: dict[str, Any]) -> Any:
    spec = param.spec
    low, high = spec.ge if spec.ge is not None else spec.gt, spec.le if spec.le is not None else spec.lt
    whole = param.kind == "integer"
    if is_typed_number(param):
        return gr.Textbox(value="" if value is None else str(value), placeholder=str(spec.example or ""), **settings)
    if low is None or high is None:
        return gr.Number(value=value, **({"precision": 0} if whole else {}), **settings)
    step = spec.multiple_of or spec.step or (1 if whole else round((high - low) / 200, 4))
    return gr.Slider(minimum=low, maximum=high, step=step, value=value, **settings)


class Form:
    """A declaration's fields on a page.

    Args:
        operation: whose parameters are shown.
        prefix: head of every `elem_id`, so that two forms on one page stay apart.
        skip: fields that have no component here.
        style: how the page wants its fields.
    """

    def __init__(
        self,
        operation: Operation[Any, Any],
        prefix: str,
        *,
        skip: Collection[str] = (),
        style: FieldStyle = DEFAULT_STYLE,
    ) -> None:
        self.operation = operation
        self.prefix = prefix
        self.style = style
        self.fields = tuple(each for each in operation.params.fields() if each.name not in skip)
        self.components: dict[str, Any] = {}
        self._groups: dict[str, Any] = {}
        self.preset: Any = None

    @property
    def inputs(self) -> list[Any]:
        """The components in declared order: what a handler is given."""
        return [self.components[param.name] for param in self.fields]

    def raw(self, values: Sequence[Any]) -> dict[str, Any]:
        """The components' values, in declared order, as raw values for `params_from`."""
        return read_fields(self.fields, values, self.style)

    def mistake(self, error: BootcampError) -> str:
        """The message about a mistake: parameters by their labels, and the field that it is about is marked."""
        names = {each.name: self.style.labels.get(each.name) or each.spec.title for each in self.fields}
        field, _ = split(error.param)
        about = f"{self.prefix}_{field}" if field in self.components else ""
        return notice(worded(error, names), kind="error", field=about)

    def place(self, name: str) -> Any:
        """Put one field where the caller stands; the form leaves it out."""
        param = next(each for each in self.fields if each.name == name)
        self.components[name] = component(param, prefix=self.prefix, style=self.style)
        return self.components[name]

    def render(self) -> None:
        """Lay out the presets, the ungrouped fields and a section for each group."""
        if self.operation.presets:
            choices = [NO_PRESET, *self.operation.presets]
            self.preset = gr.Dropdown(
                choices=choices, value=NO_PRESET, label="Preset", elem_id=f"{self.prefix}_preset", interactive=True
            )
            self.preset.do_not_save_to_config = True  # it fills in the fields, and they are saved
        rest = [param for param in self.fields if param.name not in self.components]
        for param in rest:
            if not param.spec.group:
                self._add(param)
        for index, group in enumerate(dict.fromkeys(param.spec.group for param in rest if param.spec.group)):
            members = [param for param in rest if param.spec.group == group]
            first = members[0].spec.when
            shared = {name: first[name] for name in first if all(e.spec.when.get(name) == first[name] for e in members)}
            shown = self._holds(shared, self._defaults())
            # the first section, and one that only appears when the person asks for it, stand open
            with gr.Accordion(group, open=not index or not shown, visible=shown) as section:
                self._groups[group] = (section, shared)
                for param in members:
                    self._add(param, inside=shared)
        self._wire()

    def _add(self, param: Param, inside: Mapping[str, Any] | None = None) -> None:
        made = component(param, prefix=self.prefix, style=self.style)
        if param.spec.when and param.spec.when != inside:
            made.visible = self._holds(param.spec.when, self._defaults())
        self.components[param.name] = made

    def _defaults(self) -> dict[str, Any]:
        return {param.name: param.default for param in self.fields}

    @staticmethod
    def _holds(when: Mapping[str, tuple[object, ...]], values: Mapping[str, Any]) -> bool:
        return all(values.get(name) in allowed for name, allowed in when.items())

    def _wire(self) -> None:
        conditional: list[tuple[Mapping[str, Any], Any]] = [
            (shared, section) for section, shared in self._groups.values() if shared
        ]
        for param in self.fields:
            group = self._groups.get(param.spec.group, (None, {}))
            if param.spec.when and param.spec.when != group[1] and param.name in self.components:
                conditional.append((param.spec.when, self.components[param.name]))
        for name in dict.fromkeys(each for when, _ in conditional for each in when):
            self._wire_condition([(when, target) for when, target in conditional if name in when])
        if self.preset is not None:
            event = self.preset.input if self.style.on_input else self.preset.change
            event(self._apply_preset, [self.preset], self.inputs, **quiet_event(event))

    def _wire_condition(self, conditional: Sequence[tuple[Mapping[str, Any], Any]]) -> None:
        controls = list(dict.fromkeys(each for when, _ in conditional for each in when))

        def changed(*values: Any) -> Any:
            declared = {param.name: param for param in self.fields}
            now = {name: read(declared[name], value, self.style) for name, value in zip(controls, values, strict=True)}
            updates = [gr.update(visible=self._holds(when, now)) for when, _ in conditional]
            return updates[0] if len(updates) == 1 else updates

        components = [self.components[each] for each in controls]
        for each in components:
            each.change(changed, components, [target for _, target in conditional], **quiet_event(each.change))

    def _apply_preset(self, name: str) -> Any:
        values = self.operation.presets.get(str(name))
        updates = [
            gr.update()
            if values is None or param.name not in values
            else gr.update(value=show(param, values[param.name], self.style))
            for param in self.fields
        ]
        return updates[0] if len(updates) == 1 else updates


def picture_output(label: str, elem_id: str) -> Any:
    """A picture that is shown and can be downloaded as it was written."""
    extras = supported(
        gr.Image, format="png", height=420, show_download_button=True, show_share_button=False, buttons=_BUTTONS
    )
    settings = {"label": label, "elem_id": elem_id, "elem_classes": ["bootcamp-picture"], "interactive": False}
    return from_uploads(gr.Image(type="filepath", **settings, **extras))


class Click(gr.EventData):  # type: ignore[misc] # Gradio is not there for it
    """What was clicked in a table or a gallery: a caller without the page may claim any click, or none.

    A select event's function takes it in place of `gradio.SelectData`, which fails where a caller names none.

    Args:
        target: the component.
        data: what the page says of the click.
    """

    def __init__(self, target: Any, data: Any) -> None:
        super().__init__(target, data)
        fields = data if isinstance(data, dict) else {}
        self.index, self.row_value = fields.get("index"), fields.get("row_value")


def filled_table(rows: list[list[Any]]) -> Any:
    """A table's rows; without any it is hidden, for Gradio shows a row of zeros in an empty one."""
    return gr.update(value=rows, visible=bool(rows))


def picked_row(event: Click, rows: Any) -> list[Any]:
    """The row of a table that was clicked.

    Later Gradios give the row, which a person may have sorted; Gradio 3 gives its number.

    Args:
        event: the click.
        rows: the table's values.
    Returns:
        the row, of one cell or more.
    Raises:
        WrongValuesError: there is no such row.
    """
    row = event.row_value
    if row is None:
        place = event.index
        if not (isinstance(place, (list, tuple)) and place and isinstance(rows, list)):
            raise WrongValuesError
        row = rows[_place(place[0], len(rows))]
    if not (isinstance(row, list) and row):
        raise WrongValuesError
    return row


def picked_number(event: Click, count: int) -> int:
    """The number of a gallery's picture that was clicked.

    Args:
        event: the click.
        count: of the pictures.
    Returns:
        the number, from 0 to below `count`.
    Raises:
        WrongValuesError: there is no such picture.
    """
    return _place(event.index, count)


def _place(value: Any, count: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < count:
        raise WrongValuesError
    return value
