"""One generation with the section on: make the map, fill ControlNet's units, scan what comes out.

All state of a run lies on the generation object itself, so that two people, interrupted runs and scripts that
generate many times with copies of one object cannot meet; nothing here takes a lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.context import Context
from lib_bootcamp.core.controlnet.unit_presets import UnitPreset, advice, find_preset, usable
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.pixels import WHITE, flatten
from lib_bootcamp.core.models.files import BASE_TITLES
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.touch_up import least_touch
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.ladder import is_read
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.ports import STEER, Host, SilentProgress
from lib_bootcamp.results import ControlMap

from . import infotext
from .ports import REFUSAL, ControlNet, Pass, Unit, WebUi
from .section import AUTOMATIC, BOTH, CONTROLNET, CUSTOM, GUIDANCE, ApplyBy, Asked, is_off, map_fields, parse
from .section_guidance import SectionSteer

LOG = logging.getLogger(__name__)
RUN = "bootcamp_run"
AXES = "bootcamp_axes"
LATENT_PX = 8
WENT_WRONG = "Something went wrong in the Bootcamp section; the log has the details."


class NoControlNetError(BootcampError):
    """The section is on and there is nothing to apply its map with."""

    status = 422

    def __init__(self) -> None:
        super().__init__(
            "The Bootcamp section needs ControlNet for this: install and enable sd-webui-controlnet, or apply the map "
            "by luminance guidance where it is a map of brightness."
        )


class NoFreeUnitError(BootcampError):
    """All of ControlNet's units are the person's own."""

    status = 422

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(
            f"The Bootcamp section needs {needed} free ControlNet unit{'s' if needed > 1 else ''} and {free or 'none'} "
            "is: disable one in the ControlNet section, or raise their number in Settings, ControlNet."
        )


class NoModelError(BootcampError):
    """No installed ControlNet model fits."""

    status = 422


@dataclass
class Run:
    """What one generation must remember, kept on the generation object.

    Args:
        original: the script arguments before the units were filled in.
        filled: the script arguments after.
        expected: the text the code must give, or None where there is nothing to scan.
        scans: text for the infotext by (batch, picture in it).
        passed: the pictures that do not scan are False here.
        stop_at_first: whether a picture that scans is the last.
        touch_up: grey levels at most by which weak modules of a picture that does not scan are made lighter or darker.
        layout: of the code; None where there is none.
        steer: what guides the steps; None where ControlNet alone does.
    """

    original: Sequence[Any]
    filled: Sequence[Any] = ()
    expected: str | None = None
    only_scanning: bool = False
    stop_at_first: bool = False
    touch_up: int = 0
    layout: QrLayout | None = None
    steer: SectionSteer | None = None
    scans: dict[tuple[int, int], str] = field(default_factory=dict)
    passed: dict[tuple[int, int], bool] = field(default_factory=dict)


class Saving:
    """What the WebUI asks before each picture of a batch is written: yes, unless this one was found not to scan.

    The WebUI calls `p.save_samples()` once for a batch and tests the answer for each picture, after the hooks of
    that picture; an answer that is decided when it is tested works for any batch count and size.
    """

    def __init__(self, p: Any, run: Run, *, otherwise: bool) -> None:
        self._p, self._run, self._otherwise = p, run, otherwise

    def __bool__(self) -> bool:
        return bool(self._otherwise) and self._run.passed.get(picture_key(self._p), True)


def picture_key(p: Any) -> tuple[int, int]:
    """(batch, picture in the batch) the WebUI is at."""
    return (int(getattr(p, "iteration", 0)), int(getattr(p, "batch_index", 0)))


class SectionRunner:
    """The section's hooks. Holds no state: it is shared by all generations.

    Args:
        host: what operations run on.
        webui: the WebUI.
        controlnet: finds the WebUI's ControlNet late, or None.
    """

    def __init__(self, host: Host, webui: WebUi, controlnet: Callable[[], ControlNet | None]) -> None:
        self.host, self.webui, self.controlnet = host, webui, controlnet

    def before_process(self, p: Any, args: Sequence[Any]) -> None:
        """Fill ControlNet's units; a mistake makes the generation fail with one sentence."""
        axes = getattr(p, AXES, None)
        original = _forget(p)
        if is_off(args):
            if axes:
                self.webui.refuse(p, "The Bootcamp section is off; enable it to use its XYZ axes.", 422)
            return
        try:
            asked = parse(args, axes)
            if asked is not None:
                self._prepare(p, asked, original)
        except BootcampError as error:
            self.webui.refuse(p, str(error), error.status)
        except Exception:
            LOG.exception("the Bootcamp section failed")
            self.webui.refuse(p, WENT_WRONG, 500)

    def _prepare(self, p: Any, asked: Asked, original: Sequence[Any]) -> None:
        net = self.controlnet()
        way = self._way(p, asked, net)
        free: Sequence[int] = ()
        units: list[Unit] = []
        preset = None
        if way != GUIDANCE:
            if net is None:
                raise NoControlNetError
            free = net.free_units(p)
            units, preset = self._units(p, asked, net)
            if len(free) < len(units):
                raise NoFreeUnitError(len(units), len(free))
        values = asked.map_values(preset.values.get(asked.operation.name, {}) if preset else {})
        values = _with_source(asked, values, p)
        sizes = target_sizes(p)
        maps = [self._map(asked, values, sizes[0])]
        if len(sizes) > 1:
            maps.append(self._hires_map(asked, values, sizes[1], maps[0]))
        section = asked.section
        run = Run(
            original=original,
            only_scanning=section.save_only_scanning,
            stop_at_first=section.stop_at_first,
            touch_up=section.touch_up,
            layout=getattr(maps[0], "layout", None),
        )
        if net is not None and units:
            net.fill(p, _placed(units, maps, free))
            run.filled = p.script_args
        if way != CONTROLNET:
            pictures = [to_rgb(each.image) for each in maps]
            run.steer = SectionSteer(section, pictures, run.layout, self.host.luminance)
            setattr(p, STEER, run.steer)
        self._remember(p, run, _with_way(asked, way), values, preset, maps, units)

    def _way(self, p: Any, asked: Asked, net: ControlNet | None) -> ApplyBy:
        """How the map is applied: as asked, else by guidance where nothing else can."""
        section, operation = asked.section, asked.operation
        if section.apply_by in {GUIDANCE, BOTH} and not operation.luminance:
            raise InvalidParamError(
                "apply_by", f"must be controlnet: guidance follows brightness, and {operation.title} has none"
            )
        if section.apply_by != AUTOMATIC:
            return section.apply_by
        if not operation.luminance or section.preset != AUTOMATIC or section.model:
            return CONTROLNET
        if net is None:
            return GUIDANCE
        ready = usable(section.control, self.webui.checkpoint_base(p), net.models(), img2img=_is_img2img(p))
        return CONTROLNET if ready else GUIDANCE

    def before_sampling(self, p: Any) -> None:
        """Measure the VAE of the checkpoint, which is loaded by now; a mistake makes the generation fail."""
        run = getattr(p, RUN, None)
        if not isinstance(run, Run) or run.steer is None:
            return
        try:
            run.steer.prepare()
        except BootcampError as error:
            self.webui.refuse_sampling(p, str(error), error.status)
        except Exception:
            LOG.exception("the VAE could not be measured")
            self.webui.refuse_sampling(p, WENT_WRONG, 500)

    def _remember(  # noqa: PLR0913 - what a run is known by
        self,
        p: Any,
        run: Run,
        asked: Asked,
        values: Mapping[str, Any],
        preset: UnitPreset | None,
        maps: Sequence[ControlMap],
        units: Sequence[Unit],
    ) -> None:
        section = asked.section
        if not asked.by_hand and preset is not None:
            unit = units[0]
            section = replace(
                section, preset=preset.name, weight=unit.weight, guidance_start=unit.start, guidance_end=unit.end
            )
        written = asked.values if asked.by_hand and section.preset == AUTOMATIC else values
        with_payload = bool(self.webui.option("bootcamp_payload_in_infotext", default=True))
        p.extra_generation_params[infotext.KEY] = infotext.write(
            section, asked.operation, written, with_payload=with_payload
        )
        payload = getattr(maps[0], "payload", None)
        if section.scan and isinstance(payload, str) and _scan_operation() is not None:
            run.expected = payload
            p.extra_generation_params[infotext.SCAN_KEY] = _Scans(run)
            if run.only_scanning:
                otherwise = type(p).save_samples
                p.save_samples = lambda: Saving(p, run, otherwise=otherwise(p))
        setattr(p, RUN, run)
        if self.webui.option("bootcamp_save_maps", default=False):
            folder = str(self.webui.option("bootcamp_maps_folder", default="outputs/bootcamp-maps"))
            self.webui.save_map(to_rgb(maps[-1].image), folder)

    def _units(self, p: Any, asked: Asked, net: ControlNet) -> tuple[list[Unit], UnitPreset | None]:
        """The units to fill, without their maps yet, and the preset they are from."""
        section, models, blank = asked.section, net.models(), np.zeros((1, 1, 3), np.uint8)
        preset = None if section.preset == CUSTOM else self._preset(p, asked, net, models)
        if preset is None:
            made = [Unit(blank, section.model, 1.0, 0.0, 1.0)]
        else:
            made = [
                Unit(blank, found, each.weight, each.start, each.end)
                for each in preset.units
                if (found := each.family.find(models)) is not None
            ]
        first = made[0]
        model = _match_model(section.model, models) if section.model else first.model
        start = first.start if section.guidance_start is None else section.guidance_start
        end = first.end if section.guidance_end is None else section.guidance_end
        if start >= end:
            raise InvalidParamError("guidance_start", f"must be below guidance_end, {end:g}")
        weight = first.weight if section.weight is None else section.weight
        made[0] = replace(first, model=model, weight=weight, start=start, end=end)
        return [replace(each, control_mode=section.control_mode) for each in made], preset

    def _preset(self, p: Any, asked: Asked, net: ControlNet, models: Mapping[str, Any]) -> UnitPreset | None:
        section, base, img2img = asked.section, self.webui.checkpoint_base(p), _is_img2img(p)
        given = asked.map_values({})
        values = {**{each.name: each.default for each in map_fields(asked.operation)}, **given}
        automatic = section.preset == AUTOMATIC
        ready = usable(section.control, base, models, img2img=img2img, given=values if automatic else None)
        if automatic:
            if ready:
                return min(ready, key=lambda each: each.disagreements(section.control, given))
            if section.model:
                return None
            lines = advice(section.control, base, models, net.folder(), img2img=img2img, given=values)
            raise NoModelError(f"No ControlNet model that fits is installed. {lines}".strip())
        preset = find_preset(section.preset)
        if preset in ready:
            return preset
        if base is not None and preset.base != base:
            raise NoModelError(
                f"preset {preset.title} is for {BASE_TITLES[preset.base]}, and the checkpoint is {BASE_TITLES[base]}."
            )
        missing = [] if section.model else preset.missing(models)
        if missing:
            files = "; ".join(f"put {each.file} into {net.folder()} ({each.source})" for each in missing)
            raise NoModelError(f"preset {preset.title} needs a model that is not installed: {files}.")
        if section.control not in preset.controls:
            raise InvalidParamError("preset", f"{section.preset} is not for control {section.control}")
        if preset.img2img_only and not img2img:
            raise InvalidParamError("preset", f"{section.preset} works in img2img only")
        return preset

    def _map(self, asked: Asked, values: Mapping[str, Any], size: tuple[int, int]) -> ControlMap:
        names = {each.name for each in asked.operation.params.fields()}
        sized = {name: side for name, side in zip(("width", "height"), size, strict=True) if name in names}
        params = asked.operation.params_from({**values, **sized})
        made: ControlMap = asked.operation.run(params, Context.of_generation(self.host, self.host.progress()))
        if made.image.shape[:2] != (size[1], size[0]):
            return replace(made, image=_nearest(to_rgb(made.image), size))
        return made

    def _hires_map(
        self, asked: Asked, values: Mapping[str, Any], size: tuple[int, int], base: ControlMap
    ) -> ControlMap:
        """The same map, larger. A code keeps its place: drawn anew on the larger canvas it might take another."""
        if getattr(base, "layout", None) is None:
            return self._map(asked, values, size)
        return replace(base, image=_nearest(to_rgb(base.image), size))

    def after_picture(self, p: Any, picture: Any) -> Any:
        """Scan one finished picture (Pillow); its infotext is written after this.

        Returns:
            the picture, touched up where that alone was missing.
        """
        run = getattr(p, RUN, None)
        if not isinstance(run, Run) or run.expected is None:
            return picture
        shown = picture
        try:
            pixels = np.asarray(picture.convert("RGB"), dtype=np.uint8)
            touched = self._touched(p, run, pixels)
            text, passed = self._scan(run, pixels if touched is None else touched[0])
            if touched is not None:
                shown, text = Pil.fromarray(touched[0]), f"{text}, touched up by {touched[1]}"
        except BootcampError as error:
            text, passed = f"not done: {error}", False
        except Exception:
            LOG.exception("scanning a picture failed")
            text, passed = "not done", True
        run.scans[picture_key(p)], run.passed[picture_key(p)] = text, passed
        if passed and run.stop_at_first:
            self.webui.stop_generation()
        return shown

    def _decoders(self) -> list[str]:
        return list(self.webui.option("bootcamp_scan_decoders", default=()))

    def _touched(self, p: Any, run: Run, image: Image) -> tuple[Image, int] | None:
        """The picture and by how many grey levels it was touched up; None where it scans, or cannot be made to.

        What lies outside of an inpainting's mask is the person's own and stays as it is. Interrupt, pressed meanwhile,
        leaves the picture as it was drawn.
        """
        names = self._decoders()
        readers = scan_decoders.installed(names) if names else scan_decoders.usual()
        if run.layout is None or not run.touch_up or not readers or getattr(p, "image_mask", None) is not None:
            return None
        text, progress = run.layout.content, self.host.progress()
        was_stopped = progress.cancelled()  # by Interrupt at a step, or at the first picture that scans

        def scans(picture: Image) -> bool:
            return is_read(picture, readers, text)

        def stopped() -> bool:
            return not was_stopped and progress.cancelled()

        try:
            return None if scans(image) else least_touch(image, run.layout, scans, run.touch_up, stopped)
        except InvalidParamError:  # another script made something else of the picture: the code lies elsewhere
            return None

    def _scan(self, run: Run, image: Image) -> tuple[str, bool]:
        operation = _scan_operation()
        if operation is None:
            return "not done", True
        known = {each.name for each in operation.params.fields()}
        asked = {
            "image": image,
            "expected": run.expected,
            "depth": str(self.webui.option("bootcamp_scan_depth", default="full")),
            "decoders": self._decoders() or None,
        }
        given = {name: value for name, value in asked.items() if name in known and value is not None}
        result = operation.run(operation.params_from(given), Context.of_generation(self.host, SilentProgress()))
        return scan_text(result), result.succeeded()

    def after_all(self, p: Any) -> None:
        """Leave the scans as plain texts, one for each picture, in what the API answers."""
        run = getattr(p, RUN, None)
        if isinstance(run, Run) and run.steer is not None and not run.steer.calls:
            LOG.warning("luminance guidance had no step to act in: was the picture drawn at another size?")
        if isinstance(run, Run) and run.expected is not None:
            count = int(getattr(p, "n_iter", 1)) * int(getattr(p, "batch_size", 1))
            size = max(1, int(getattr(p, "batch_size", 1)))
            p.extra_generation_params[infotext.SCAN_KEY] = [run.scans.get(divmod(at, size)) for at in range(count)]


class _Scans:
    """The infotext's value: the WebUI calls it while it writes one picture's text.

    Not a list, because v1.10.1 indexes lists with the picture's place in its batch, whatever the batch.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, *, p: Any = None, index: int = 0, use_main_prompt: bool = False, **_: Any) -> str | None:
        if use_main_prompt:
            return None
        return self._run.scans.get((int(getattr(p, "iteration", 0)), index))


def scan_text(result: Any) -> str:
    """`0.83 (zxing-cpp, wechat)`: the score and the readers that got the text."""
    readers = [each.name for each in getattr(result, "decoders", ()) if each.passed]
    return f"{result.score:.2f} ({', '.join(readers) if readers else 'no reader'})"


def _scan_operation() -> Any:
    return next((each for each in OPERATIONS if each.name == "scan"), None)


def _nearest(image: Image, size: tuple[int, int]) -> Image:
    """Scale without mixing colours; size is (width, height)."""
    rows = (np.arange(size[1]) * image.shape[0] // size[1]).clip(0, image.shape[0] - 1)
    columns = (np.arange(size[0]) * image.shape[1] // size[0]).clip(0, image.shape[1] - 1)
    return np.ascontiguousarray(image[rows][:, columns])


def target_sizes(p: Any) -> list[tuple[int, int]]:
    """(width, height) of the picture, and of the hires pass where there is one, as ControlNet rounds them."""
    width, height = int(p.width), int(p.height)
    sizes = [(width, height)]
    if getattr(p, "enable_hr", False):
        x, y = int(getattr(p, "hr_resize_x", 0) or 0), int(getattr(p, "hr_resize_y", 0) or 0)
        if not x and not y:
            x, y = int(width * p.hr_scale), int(height * p.hr_scale)
        sizes.append((x or y * width // height, y or x * height // width))
    return [(max(LATENT_PX, x // LATENT_PX * LATENT_PX), max(LATENT_PX, y // LATENT_PX * LATENT_PX)) for x, y in sizes]


def _placed(units: Sequence[Unit], maps: Sequence[ControlMap], free: Sequence[int]) -> dict[int, Unit]:
    """Units with their maps, by number. With hires fix each pass has a unit of its own if enough are free."""
    pictures = [to_rgb(each.image) for each in maps]
    passes: tuple[Pass, Pass] = ("Low res only", "High res only")
    if len(pictures) == 1 or len(free) < 2 * len(units):
        return {number: replace(unit, image=pictures[-1]) for number, unit in zip(free, units, strict=False)}
    both = [
        replace(unit, image=picture, hires=when)
        for unit in units
        for picture, when in zip(pictures, passes, strict=True)
    ]
    return dict(zip(free, both, strict=False))


def _with_source(asked: Asked, values: dict[str, Any], p: Any) -> dict[str, Any]:
    """In img2img a map that needs a picture takes the one that is drawn over."""
    for param in map_fields(asked.operation):
        if param.kind == "image" and param.required and values.get(param.name) is None:
            given = next(iter(getattr(p, "init_images", None) or ()), None)
            if given is None:
                raise InvalidParamError(param.name, f"is missing; {asked.operation.title} is made from a picture")
            values = {**values, param.name: np.asarray(flatten(given, WHITE), dtype=np.uint8)}
    return values


def _is_img2img(p: Any) -> bool:
    return bool(getattr(p, "init_images", None))


def _with_way(asked: Asked, way: ApplyBy) -> Asked:
    """With the way that was taken where another would be on a WebUI with other models."""
    if way != GUIDANCE:
        return asked
    return replace(asked, section=replace(asked.section, apply_by=GUIDANCE))


def _match_model(wanted: str, models: Mapping[str, Any]) -> str:
    """An installed model by its whole name, or by the part before its hash."""
    for name in models:
        if wanted in {name, name.split(" [")[0]}:
            return name
    raise InvalidParamError("model", f"{wanted[:80]} is not among the installed ControlNet models")


def _forget(p: Any) -> Any:
    """Undo what an earlier run with this object, or with the one it was copied from, left on it.

    Returns:
        the script arguments as the person gave them.
    """
    if getattr(vars(p).get("setup_prompts"), REFUSAL, False):
        del p.setup_prompts
    run = vars(p).pop(RUN, None)
    if not isinstance(run, Run):
        return p.script_args
    vars(p).pop("save_samples", None)
    vars(p).pop(STEER, None)
    for key in (infotext.KEY, infotext.SCAN_KEY):
        p.extra_generation_params.pop(key, None)
    if run.filled and p.script_args is run.filled:
        p.script_args = run.original
    return p.script_args
