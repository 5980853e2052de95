"""One generation with the section on: the plan is carried out on the WebUI's generation object.

All state of a run lies on the generation object itself, so that two people, interrupted runs and scripts that
generate many times with copies of one object cannot meet; nothing here takes a lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.controlnet.fitting import fitting
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import STEER, Host
from lib_bootcamp.results import ControlMap
from lib_bootcamp.surfaces.shared.attempt import attempt
from lib_bootcamp.surfaces.shared.wording import worded

from . import infotext
from .drawn_over import check_drawn_over, with_source
from .plan import Driven, InstalledModels, Plan, Surroundings, at_strength, driven_of, resolve
from .ports import REFUSAL, ControlNet, Pass, Unit, UnitSettings, WebUi
from .section import AXES, OWN
from .section_guidance import SectionSteer
from .section_labels import titles
from .section_scan import PictureScanner, Saving, Scans
from .section_sizes import check_size, nearest, target_sizes
from .section_values import args_of, is_off, parse

LOG = logging.getLogger(__name__)
RUN = "bootcamp_run"
THE_SECTION = "The Bootcamp section"


class NoFreeUnitError(BootcampError):
    """All of ControlNet's units are the person's own."""

    status = 422

    def __init__(self, needed: int, free: int) -> None:
        super().__init__(
            f"The Bootcamp section needs {needed} free ControlNet unit{'s' if needed > 1 else ''} and {free or 'none'} "
            "is: disable one in the ControlNet section, or raise their number in Settings, ControlNet."
        )


class AxesOfNothingError(BootcampError):
    """An XYZ plot of a section that is off."""

    status = 422

    def __init__(self) -> None:
        super().__init__("The Bootcamp section is off", hint="enable it to use its XYZ axes")


@dataclass
class Run:
    """What one generation must remember, kept on the generation object.

    Args:
        original: the script arguments before the units were filled in.
        filled: the script arguments after; none where no unit was.
        steer: what guides the steps; None where ControlNet alone does.
        scans: of the finished pictures; None where there is nothing to scan.
        no_grid: whether the person wants no grid of this generation.
    """

    original: Sequence[Any]
    filled: Sequence[Any] = ()
    steer: SectionSteer | None = None
    scans: Scans | None = None
    no_grid: bool = False


class SectionRunner:
    """The section's hooks. Holds no state: it is shared by all generations.

    Args:
        host: what operations run on.
        webui: the WebUI.
        controlnet: finds the WebUI's ControlNet late, or None.
    """

    def __init__(self, host: Host, webui: WebUi, controlnet: Callable[[], ControlNet | None]) -> None:
        self.host, self.webui, self.controlnet = host, webui, controlnet
        self.scanner = PictureScanner(host, webui)

    def before_process(self, p: Any, args: Sequence[Any]) -> None:
        """Fill ControlNet's units; a mistake makes the generation fail with one sentence."""
        axes, driven = getattr(p, AXES, None), driven_of(p)
        original = _forget(p)
        if driven is None and is_off(args):
            if axes:
                self.webui.refuse(p, str(AxesOfNothingError()), AxesOfNothingError.status)
            return

        def work() -> None:
            asked = parse(args, axes) if driven is None else driven.request
            if asked is not None:
                check_drawn_over(p)
                net = self.controlnet()
                plan = driven.plan if driven is not None else None
                plan = plan or resolve(asked, self.surroundings(p, net))
                self._carry_out(p, plan, net, original)

        def refuse(error: BootcampError) -> None:
            # a request's own names, the page's labels
            page = {} if driven is not None or isinstance(args[0], Mapping) else titles()
            self.webui.refuse(p, worded(error, page if driven is None else driven.names), error.status)

        attempt("the Bootcamp section", work, refuse, THE_SECTION)

    def check_axis(self, p: Any, name: str, value: Any, *, alone: bool) -> None:
        """Refuse before an XYZ plot is drawn what each of its pictures with this value would be refused for.

        What depends on more than this axis (other axes, the model of a preset, the checkpoint) is left to the pictures.

        Args:
            p: the WebUI's generation object.
            name: of the axis' field.
            value: of the axis.
            alone: whether no other axis changes the map.
        Raises:
            BootcampError: the section is off, or no map can be made with the value.
        """
        args = args_of(p)
        if args is None:
            return
        if is_off(args):
            raise AxesOfNothingError
        if not alone:
            return
        asked = parse(args, {name: value})
        if asked is None or asked.operation.needs or (name in OWN and name != "control"):
            return  # a network's map is worth more than a question, and the section's own fields change none

        def work() -> None:
            try:
                plan = resolve(asked, self.surroundings(p, self.controlnet()))
            except BootcampError:
                return
            check_size(plan.operation, int(p.width), int(p.height))
            self.make_map(plan.operation, with_source(plan, p), target_sizes(p)[0])

        def refuse(error: BootcampError) -> None:
            raise error

        attempt("the check of an XYZ axis", work, refuse, THE_SECTION)

    def before_sampling(self, p: Any) -> None:
        """Measure the VAE of the checkpoint, which is loaded by now; a mistake makes the generation fail."""
        run = getattr(p, RUN, None)
        if not isinstance(run, Run) or run.steer is None:
            return

        def refuse(error: BootcampError) -> None:
            self.webui.refuse_sampling(p, str(error), error.status)

        attempt("measuring the VAE", run.steer.prepare, refuse, THE_SECTION)

    def after_picture(self, p: Any, picture: Any) -> Any:
        """Scan one finished picture (Pillow); its infotext is written after this.

        Returns:
            the picture, touched up where that alone was missing.
        """
        run = getattr(p, RUN, None)
        if not isinstance(run, Run) or run.scans is None:
            return picture
        shown = self.scanner.scan(p, run.scans, picture)
        if run.scans.section.save_only_scanning:  # asked by the WebUI after the last picture
            p.do_not_save_grid = run.no_grid or run.scans.leaves_out_all
        return shown

    def after_all(self, p: Any, processed: Any = None) -> None:
        """Leave the scans as plain texts, one for each picture, in what the API answers, and say what was not saved."""
        run = getattr(p, RUN, None)
        if not isinstance(run, Run):
            return
        if run.steer is not None and not run.steer.calls:
            LOG.warning("luminance guidance had no step to act in: was the picture drawn at another size?")
        if run.scans is not None:
            p.extra_generation_params[infotext.SCAN_KEY] = run.scans.listed(p)
            unsaved = run.scans.unsaved()
            if unsaved and hasattr(processed, "comments"):
                processed.comments = f"{processed.comments}{unsaved}\n"

    def surroundings(self, p: Any, net: ControlNet | None) -> Surroundings:
        """What a plan depends on beside the request."""
        installed = None
        if net is not None:
            files = net.models()
            fit = fitting(files, self.webui.checkpoint_file(p))
            installed = InstalledModels(files=files, folder=net.folder(), fit=fit)
        return Surroundings(
            base=self.webui.checkpoint_base(p),
            installed=installed,
            img2img=bool(getattr(p, "init_images", None)),
        )

    def _carry_out(self, p: Any, plan: Plan, net: ControlNet | None, original: Sequence[Any]) -> None:
        driven = driven_of(p)
        if driven is not None:
            driven.plan, plan = plan, at_strength(plan, driven.strength)
        free = net.free_units(p) if net is not None and plan.units else []
        if len(free) < len(plan.units):
            raise NoFreeUnitError(len(plan.units), len(free))
        maps = self._maps(plan, p, driven)
        pictures = [to_rgb(each.image) for each in maps]
        run = Run(original=original, no_grid=bool(getattr(p, "do_not_save_grid", False)))
        if net is not None and plan.units:
            net.fill(p, _placed(plan.units, pictures, free))
            run.filled = p.script_args
        if plan.is_guided:
            layout = getattr(maps[0], "layout", None)
            modules = driven.modules if driven is not None else None
            run.steer = SectionSteer(plan.section, pictures, layout, self.host.luminance, modules)
            setattr(p, STEER, run.steer)
        self._write_infotext(p, plan)
        run.scans = self._expect_scans(p, plan, maps[0])
        setattr(p, RUN, run)
        if self.webui.option("bootcamp_save_maps", default=False):
            folder = str(self.webui.option("bootcamp_maps_folder", default="outputs/bootcamp-maps"))
            self.webui.save_map(pictures[-1], folder)

    def _maps(self, plan: Plan, p: Any, driven: Driven | None) -> list[ControlMap]:
        """The map of each pass. A code keeps its place: drawn anew on the larger canvas it might take another."""
        check_size(plan.operation, int(p.width), int(p.height))
        values, sizes = with_source(plan, p), target_sizes(p)
        first = (driven.first if driven is not None else None) or self.make_map(plan.operation, values, sizes[0])
        if driven is not None:
            driven.first = first
        keeps_place = getattr(first, "layout", None) is not None

        def sized(size: tuple[int, int]) -> ControlMap:
            if first.image.shape[:2] == (size[1], size[0]):
                return first
            if keeps_place:
                return replace(first, image=nearest(to_rgb(first.image), size))
            return self.make_map(plan.operation, values, size)

        return [sized(each) for each in sizes]

    def make_map(self, operation: Operation[Any, Any], values: Mapping[str, Any], size: tuple[int, int]) -> ControlMap:
        """An operation's map for raw values at (width, height)."""
        names = {each.name for each in operation.params.fields()}
        sized = {name: side for name, side in zip(("width", "height"), size, strict=True) if name in names}
        params = operation.params_from({**values, **sized})
        made: ControlMap = operation.run(params, Context.of_generation(self.host, self.host.progress()))
        if made.image.shape[:2] != (size[1], size[0]):
            return replace(made, image=nearest(to_rgb(made.image), size))
        return made

    def _write_infotext(self, p: Any, plan: Plan) -> None:
        with_payload = bool(self.webui.option("bootcamp_payload_in_infotext", default=True))
        p.extra_generation_params[infotext.KEY] = infotext.write(
            plan.recorded, plan.operation, plan.recorded_values, with_payload=with_payload
        )

    def _expect_scans(self, p: Any, plan: Plan, first: ControlMap) -> Scans | None:
        """Have the pictures scanned, and only those that scan written, where that is asked for and there is a code."""
        payload = getattr(first, "payload", None)
        if not plan.section.scan or not isinstance(payload, str):
            return None
        driven = driven_of(p)
        graded = driven is not None and driven.graded
        scans = Scans(payload, plan.section, getattr(first, "layout", None), graded)
        p.extra_generation_params[infotext.SCAN_KEY] = scans
        if plan.section.save_only_scanning:
            otherwise = type(p).save_samples
            p.save_samples = lambda: Saving(p, scans, otherwise=otherwise(p))
        return scans


def _placed(units: Sequence[UnitSettings], maps: Sequence[Image], free: Sequence[int]) -> dict[int, Unit]:
    """Units with their maps, by number. With hires fix each pass has a unit of its own if enough are free."""
    passes: tuple[Pass, ...] = ("Low res only", "High res only")
    if len(maps) == 1 or len(free) < 2 * len(units):
        maps, passes = maps[-1:], ("Both",)
    filled = [
        Unit(**vars(unit), image=picture, hires=when)
        for unit in units
        for picture, when in zip(maps, passes, strict=True)
    ]
    return dict(zip(free, filled, strict=False))


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
    if run.scans is not None and run.scans.section.save_only_scanning:
        p.do_not_save_grid = run.no_grid
    vars(p).pop(STEER, None)
    for key in (infotext.KEY, infotext.SCAN_KEY):
        p.extra_generation_params.pop(key, None)
    if run.filled and p.script_args is run.filled:
        p.script_args = run.original
    return p.script_args
