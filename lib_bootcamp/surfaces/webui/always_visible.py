"""The Bootcamp section of txt2img and img2img: components from the declarations, their order, their infotext."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr
from gradio.context import Context

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS, advice, find_preset, usable
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.fields import Form, component, quiet_event
from lib_bootcamp.surfaces.page.uploads import without_addresses
from lib_bootcamp.surfaces.page.values import choices_of, label_of, read, show

from .infotext import KEY, Pasted, pasted_values
from .ports import ControlNet, WebUi
from .section import (
    AUTOMATIC,
    CUSTOM,
    GUIDANCE_FIELDS,
    OFF,
    SECTION_STYLE,
    SIZE,
    component_param,
    control_maps,
    map_fields,
    positions,
    section_fields,
)
from .section_labels import section_labels

REFRESH = "\U0001f504"
NO_CONTROLNET = "ControlNet is needed for this map: install sd-webui-controlnet."
NO_CONTROLNET_GUIDED = "Without ControlNet this map is applied by luminance guidance."
NO_MODEL_GUIDED = "No ControlNet model for this map is installed: it is applied by luminance guidance."
Fields = dict[tuple[str, str], Any]


@dataclass(frozen=True)
class BuiltSection:
    """What the WebUI wants to know of a section.

    Args:
        inputs: the components in declared order: the script's positional arguments.
        infotext_fields: (component, key) pairs; a key reads pasted parameters.
        paste_field_names: the keys, for sending from tab to tab.
        fields: the components by (operation or "", field).
    """

    inputs: list[Any]
    infotext_fields: list[tuple[Any, Pasted]]
    paste_field_names: list[str]
    fields: Fields


class SectionUi:
    """Builds the section.

    Args:
        webui: the WebUI.
        controlnet: finds its ControlNet late.
    """

    def __init__(self, webui: WebUi, controlnet: Callable[[], ControlNet | None]) -> None:
        self.webui, self.controlnet = webui, controlnet

    def build(self, *, img2img: bool) -> BuiltSection:
        """Put the section where the caller stands; none of its components fetches what a request names."""
        page = Context.root_block
        before = set(page.blocks)
        built = self._build(img2img=img2img)
        for number, each in page.blocks.items():
            if number not in before:
                without_addresses(each)
        return built

    def _build(self, *, img2img: bool) -> BuiltSection:
        prefix = f"bootcamp_{'img2img' if img2img else 'txt2img'}"
        fields: Fields = {}
        own = {each.name: component_param(each) for each in section_fields()}
        labels = section_labels()

        def place(name: str) -> Any:
            fields["", name] = component(own[name], prefix=prefix, style=SECTION_STYLE)
            return fields["", name]

        with self.webui.accordion("Bootcamp", prefix, value=False) as enabled:
            fields["", "enabled"] = enabled
            with gr.Row():
                # dropdowns, because only they are asked again when ui-config.json changes their value
                control = fields["", "control"] = _dropdown(
                    own["control"], prefix, choices_of(own["control"], SECTION_STYLE)
                )
                titles, _ = self._offer(own["control"].default, AUTOMATIC, img2img=img2img)
                preset = fields["", "preset"] = _dropdown(own["preset"], prefix, titles)
                refresh = self.webui.tool_button(REFRESH, f"{prefix}_refresh", "Look for models again")
            place("apply_by")
            note = gr.HTML(value="", elem_id=f"{prefix}_note")
            with gr.Row(visible=False) as sliders:
                for name in ("weight", "guidance_start", "guidance_end"):
                    place(name)
            shown = own["control"].default
            areas = []
            for operation in control_maps():
                with gr.Column(visible=operation.name == shown, elem_id=f"{prefix}_{operation.name}") as area:
                    form = _form(operation, prefix, labels)
                areas.append(area)
                fields.update({(operation.name, name): made for name, made in form.components.items()})
            with gr.Row():
                place("scan")
                place("save_only_scanning")
                place("stop_at_first")
            with gr.Accordion("Luminance guidance", open=False), gr.Row():
                for name in GUIDANCE_FIELDS:
                    place(name)
            with gr.Accordion("ControlNet unit", open=False):
                place("model")
                place("control_mode")
        self._wire(fields, own, areas, refresh, note, sliders, img2img=img2img)
        control.init_field = lambda value: _show_area(value, areas, own["control"])
        preset.init_field = lambda value: _show_sliders(value, sliders, own["preset"])
        inputs = [fields[operation.name if operation else "", param.name] for operation, param in positions()]
        pasted = _pasted_fields(fields)
        return BuiltSection(inputs, pasted, [str(key) for _, key in pasted], fields)

    def _offer(self, control: str, chosen: str, *, img2img: bool) -> tuple[list[str], str]:
        """The presets' titles for a control, and what to say below them, as HTML."""
        param = next(each for each in section_fields() if each.name == "preset")
        net = self.controlnet()
        guided = any(each.name == control and each.luminance for each in control_maps())
        if net is None:
            line = NO_CONTROLNET_GUIDED if guided else NO_CONTROLNET
            return [show(param, AUTOMATIC, SECTION_STYLE)], notice(line, "")
        base, models = self.webui.checkpoint_base(), net.models()
        names = [each.name for each in usable(control, base, models, img2img=img2img)]
        if chosen not in {AUTOMATIC, CUSTOM, *names}:
            names.append(chosen)
        titles = [show(param, each, SECTION_STYLE) for each in (AUTOMATIC, *names, CUSTOM)]
        missing = "" if control == OFF else advice(control, base, models, net.folder(), img2img=img2img)
        line = find_preset(chosen).advice if chosen in names else ""
        if not names and guided:
            line = NO_MODEL_GUIDED
        return titles, notice(line, missing, urgent=not names and not guided)

    def _wire(  # noqa: PLR0913 - the parts that act on each other
        self,
        fields: Fields,
        own: Mapping[str, Param],
        areas: list[Any],
        refresh: Any,
        note: Any,
        sliders: Any,
        *,
        img2img: bool,
    ) -> None:
        control, preset = fields["", "control"], fields["", "preset"]

        def offered(control_value: str, preset_value: str) -> list[Any]:
            name, chosen = (
                read(own["control"], control_value, SECTION_STYLE),
                read(own["preset"], preset_value, SECTION_STYLE),
            )
            offer, line = self._offer(name, chosen, img2img=img2img)
            return [
                gr.update(choices=offer),
                line,
                gr.update(visible=chosen != AUTOMATIC),
                *[gr.update(visible=operation.name == name) for operation in control_maps()],
            ]

        asked, answered = [control, preset], [preset, note, sliders, *areas]
        for event in (control.change, preset.change, refresh.click, fields["", "enabled"].change):
            event(offered, asked, answered, **quiet_event(event))
        filled = _filled_by_presets()
        targets = [fields[key] for key in filled]

        def chosen_by_hand(preset_value: str) -> list[Any]:
            name = read(own["preset"], preset_value, SECTION_STYLE)
            values = _preset_values(name)
            return [
                gr.update(value=show(_param(key), values[key], SECTION_STYLE)) if key in values else gr.update()
                for key in filled
            ]

        preset.input(chosen_by_hand, [preset], targets, **quiet_event(preset.input))


def notice(advice_line: str, missing: str, *, urgent: bool = False) -> str:
    """The lines below the presets: a word on the chosen one, and which files would allow more."""
    line = f'<p class="bootcamp-note">{html.escape(advice_line)}</p>' if advice_line else ""
    if not missing:
        return line
    head = "No preset's model is installed" if urgent else "More presets need models that are not installed"
    files = "<br>".join(html.escape(each) for each in missing.splitlines())
    opened = " open" if urgent else ""
    return f'{line}<details class="bootcamp-note"{opened}><summary>{head}</summary>{files}</details>'


def _dropdown(param: Param, prefix: str, choices: list[str]) -> Any:
    return gr.Dropdown(
        choices=choices,
        value=show(param, param.default, SECTION_STYLE),
        label=label_of(param, SECTION_STYLE),
        info=param.spec.help,
        elem_id=f"{prefix}_{param.name}",
    )


def _form(operation: Operation[Any, Any], prefix: str, labels: Mapping[tuple[str, str], str]) -> Form:
    own = {name: label for (control, name), label in labels.items() if control == operation.name}
    form = Form(
        operation, f"{prefix}_{operation.name}", skip=SIZE, style=replace(SECTION_STYLE, labels=own, on_input=True)
    )
    for param in map_fields(operation):
        if param.spec.positional:
            form.place(param.name)
    form.render()
    return form


def _param(key: tuple[str, str]) -> Param:
    control, name = key
    return next(
        component_param(param) if operation is None else param
        for operation, param in positions()
        if (operation.name if operation else "", param.name) == (control, name)
    )


def _preset_values(name: str) -> dict[tuple[str, str], Any]:
    """What choosing a preset sets in the section."""
    if name in {AUTOMATIC, CUSTOM}:
        return {}
    preset = find_preset(name)
    first = preset.units[0]
    values: dict[tuple[str, str], Any] = {
        ("", "weight"): first.weight,
        ("", "guidance_start"): first.start,
        ("", "guidance_end"): first.end,
    }
    return {**values, **{(control, each): v for control, given in preset.values.items() for each, v in given.items()}}


def _filled_by_presets() -> list[tuple[str, str]]:
    known = {(operation.name if operation else "", param.name) for operation, param in positions()}
    return [
        key for key in dict.fromkeys(key for each in UNIT_PRESETS for key in _preset_values(each.name)) if key in known
    ]


def _show_area(value: str, areas: list[Any], param: Param) -> None:
    for operation, area in zip(control_maps(), areas, strict=True):
        area.visible = operation.name == read(param, value, SECTION_STYLE)


def _show_sliders(value: str, sliders: Any, param: Param) -> None:
    sliders.visible = read(param, value, SECTION_STYLE) != AUTOMATIC


def _pasted_fields(fields: Fields) -> list[tuple[Any, Pasted]]:
    pasted = []
    for operation, param in positions():
        if param.kind == "image" or param.spec.format == "secret":
            continue
        control = operation.name if operation else ""
        words = " ".join(filter(None, (KEY, control, param.name.replace("_", " "))))
        pasted.append((fields[control, param.name], Pasted(words, _reader(control, param))))
    return pasted


def _reader(control: str, param: Param) -> Callable[[Mapping[str, Any]], Any]:
    shown = component_param(param) if not control else param

    def reads(params: Mapping[str, Any]) -> Any:
        try:
            values = pasted_values(params)
        except BootcampError as error:
            gr.Warning(str(error))
            return None
        if values is None:
            return gr.update(value=False) if param.name == "enabled" and not control else None
        if control and control != values.get("control"):
            return None
        value = values.get(param.name, param.default)
        if value is None and not shown.optional:
            value = shown.default
        return gr.update(value=show(shown, value, SECTION_STYLE))

    return reads
