"""Makes the pages of docs/ that are written from tables in the code: `python docs/make.py`.

A test holds that the pages are what this makes; the picture is renewed with them.
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.controlnet.compatibility import GRID_PX, MAP_KINDS  # noqa: E402
from lib_bootcamp.core.controlnet.detectors import DETECTORS  # noqa: E402
from lib_bootcamp.core.files.atomic import write_atomically  # noqa: E402
from lib_bootcamp.core.images.codec import read_image, write_image  # noqa: E402
from lib_bootcamp.core.models.files import BASE_TITLES, NATIVE_PX  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.maps.all_maps import ALL_MAPS, MAPS  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402

PHOTO = DOCS.parent / "examples" / "photo.jpg"
SHEET = DOCS / "images" / "maps.jpg"

MAPS_PAGE = """# All maps of one photograph

<!-- made by docs/make.py from lib_bootcamp/operations/maps/all_maps.py; change it there -->

```bash
python -m lib_bootcamp maps photo.jpg --out sheet.png
```

makes every map that needs nothing but the picture, in one step; on the page it is the tab **All maps**, over the API
`POST /bootcamp/v1/control-maps/all`.

![A photograph and its {count} maps](images/maps.jpg)

In reading order, after the photograph itself:

| map | command |
|---|---|
{rows}

## A folder of pictures

```bash
python -m lib_bootcamp edges photos --preset canny --out canny
```

makes a map of each picture in a folder, as a [job](jobs.md). On the page, below each of these tabs, "Maps of a
folder" is the same, over the API `POST /bootcamp/v1/jobs/edges` (and `brightness`, `lighting`, `recolor`, `detect`,
`all-maps`): it is followed, paused, resumed after a crash and taken back as a whole. `photos/a.jpg` gets
`photos/maps/edges/a.png`, or a JPEG of quality 95, or with an output folder (`--out`) `canny/a.png`. Either way a
folder takes about as long as reading its photographs with Pillow ([figures](benchmarks.md)).

## Recolor

```bash
python -m lib_bootcamp recolor photo.jpg --out recolor.png
python -m lib_bootcamp recolor photo.jpg --conditioning intensity --gamma 1.2 --out intensity.png
python -m lib_bootcamp recolor photo.jpg --reference photos/one.jpg --transfer histogram --out palette.png
```

`--conditioning luminance` is CIE L* (pure red is 53.2 of 100, so 136 of 255), `intensity` the V of HSV (255), `hsi`
the mean of the channels (85). Gamma above 1 brightens; ControlNet's own "gamma correction" is 1 over it. With
`--reference` a second picture, `palette-palette.png`, previews another picture's colors on this one: Reinhard's
transfer of mean and spread in CIE Lab, or histogram matching; `--no-keep-luminance` takes its brightness too. Over a
folder each map has such a preview beside it (`a.png`, `a-palette.png`): the job keeps the reference.

## Edges

```bash
python -m lib_bootcamp edges photo.jpg --preset canny --out canny.png
python -m lib_bootcamp edges photo.jpg --preset scribble --out scribble.png
python -m lib_bootcamp edges photo.jpg --channel distance --color "#7a4a20" --method sobel --style soft --out cup.png
python -m lib_bootcamp edges photo.jpg --channel hue --thresholds otsu --min-length 20 --thickness 3 --out hue.png
```

`--channel` is what edges are looked for in: `lstar`, `a`, `b`, `hue` (on its circle: 359 degrees lie beside 1),
`saturation`, `red`, `green`, `blue`, or the `distance` in CIE Lab to a `--color`. `--method` is how: `canny`,
`sobel`, `scharr`, `log` (Laplacian of Gaussian), `xdog`, `contrast` (local standard deviation). Canny's thresholds
are OpenCV's; `--thresholds otsu` or `median` sets them from the picture. Lines can be thinned, those shorter than
`--min-length` dropped, and the rest drawn with a pen of `--thickness`. `canny`, `lineart`, `softedge` and `scribble`
are presets for the ControlNet families of these names; in the WebUI's section the unit presets set them. Which models
those are: [compatibility](compatibility.md).
"""

COMPATIBILITY_PAGE = """# Which model fits which checkpoint

<!-- made by docs/make.py from lib_bootcamp/core/controlnet/compatibility.py; change it there -->

```bash
python -m lib_bootcamp compatibility
python -m lib_bootcamp compatibility --map canny --base sdxl --width 1024 --height 1024
python -m lib_bootcamp compatibility --folder photos --json
```

holds the installed ControlNet models against the loaded checkpoint: what fits, what does not, and why
("control_v11f1e_sd15_tile needs an SD1.5 checkpoint; the loaded one is SDXL"). On the page it is the tab
**Compatibility**, over the API `GET /bootcamp/v1/compatibility` (`POST` with parameters). `--folder` looks at a
folder of models instead.

What a model needs is read from the names and shapes in its safetensors header: the width of the cross-attention is the
text encoder's (768 in SD1.5, 1024 in SD2.1, 2048 in SDXL and in Kolors, which has a projection from 4096 beside it);
Control-LoRAs, IP-Adapters, T2I-Adapters, ControlNet-LLLite and the transformers' models are known by theirs. Pickles
(`.pth`) are not opened: there the name decides, and the answer says so. A file that is called as many are
(`diffusion_pytorch_model.safetensors`) goes by its folder's name, and by the `config.json` beside it. Where name and
tensors disagree the tensors win, and the answer says that too.

A file that is not whole never fits: git LFS pointers, web pages, empty files, headers that contradict themselves, files
that are shorter or longer than their header says by a single byte, pickles under another name.

## Maps, models and unit defaults

Weight, start and end are where to begin; they are the section's presets where it has one, ControlNet's own elsewhere.
The files are named as their sources have them; installed ones are found by the patterns that `--json` shows.

| map | made by | base | file | weight | start | end |
|---|---|---|---|---|---|---|
{rows}

## Resolution and grid

| base | trained on about | sides are multiples of |
|---|---|---|
{sizes}

A map is best made at the size that is drawn: ControlNet would resize it, and lines or modules would lie between the
latent's pixels. QR modules are 16 px on the latent's grid of 8.
"""

DETECT_PAGE = """# Learned detectors

<!-- made by docs/make.py from lib_bootcamp/core/controlnet/detectors.py; change it there -->

`detect` makes a map with a network that was trained for it:

```
python -m lib_bootcamp detect photo.jpg --detector depth_midas --out depth.png
python -m lib_bootcamp detect photo.jpg --detector openpose --hands --face --out pose.png
python -m lib_bootcamp detect photo.jpg --detector objects --phrases "a cup" --out cup.png
```

On the page it is the tab **Detector**, in the WebUI's section one of the controls, over the API
`POST /bootcamp/v1/control-maps/detect`. In the section "automatic" takes an installed ControlNet model that was
trained on the detector's maps and none else; there is a unit preset (and `--preset`) for each family of them, such as
`depth`, `openpose-sdxl` or `scribble`, with the detector and the resolution that go with it.

## Which there are

| detector | `--detector` | files, from the hub | MB | license of the weights | maps for |
|---|---|---|---|---|---|
{rows}

{notes}

## Where the files are

A file that is on this machine is used where it is, under its name above: in the WebUI in ControlNet's folder for
annotators (Settings, `--controlnet-annotator-models-path`, `models/ControlNetPreprocessor`, the extension's
`annotator/downloads`), else in `detectors` in the data folder; then in the hub's cache. What is missing is fetched into
the first of these, once, with its progress, and held against the hub's SHA-256; `HF_ENDPOINT` names another hub,
`HF_HUB_OFFLINE=1` none. Without a network the answer names the file, its page and the folder to put it into.

Files are loaded as data (safetensors, or `torch.load` with `weights_only`): one that holds code is refused. A detector
stays in memory for a while as CLIP does, on the host's device, in half precision where what follows its
network takes it, and the queue is held for each picture alone.

## What was tried, and how

No detector's trained weights could be fetched where this was made, for there is no way to the hub from there. Names
and sizes of files and the licenses that their pages give were held against stored copies of the hub's pages; only the
size of `res101.pth` is from memory, and licenses of single files in `lllyasviel/Annotators`, whose page says "other",
are their makers'. The networks of controlnet-aux run in their true size and architecture with random weights, on a
CPU, and so do DWPose's arithmetic and both ways to run it on ONNX files of the true inputs and outputs, and small
models of the true classes of transformers. That shows that files are found, loaded and run, and the shape, range and
repeatability of the maps; it does not show that a trained model's map is a good one. Nothing of it was run on a
graphics card.

| detector | loaded for real | its architecture with random weights | why not for real |
|---|---|---|---|
{tried}

## Packages

controlnet-aux 0.0.10 is installed without what it declares (it asks for one more OpenCV, which would overwrite the one
that is there): in the WebUI by `install.py`, here by `requirements/detectors.txt` when `detect` is first called.
MediaPipe's models are in the package up to 0.10.21, which needs protobuf below 5: in the WebUI ControlNet brings it,
beside this program's own packages it does not work.
"""


def detect_page() -> str:
    """docs/detect.md."""
    kinds = {each.name: each.title for each in MAP_KINDS}
    rows, tried = [], []
    for name, each in DETECTORS.items():
        large = [weights for weights in each.weights if weights.mb]
        files = ", ".join(f"[{file.file}](https://huggingface.co/{file.repo})" for file in large) or "in the package"
        kind = kinds[each.map_kind] if each.map_kind else "masks"
        rows.append(f"| {each.title} | `{name}` | {files} | {each.mb:g} | {each.license} | {kind} |")
        real = each.through == "mediapipe"
        random = "the package's own" if real else _RANDOM.get(name, "whole")
        tried.append(
            f"| {each.title} | {'yes, a photograph' if real else 'no'} | {random} | {'' if real else 'no hub'} |"
        )
    notes = "\n".join(f"- {each.title}: {each.note}" for each in DETECTORS.values() if each.note)
    return DETECT_PAGE.format(rows="\n".join(rows), notes=notes, tried="\n".join(tried))


_RANDOM = {
    "depth_anything": "small",
    "segment_ade20k": "small",
    "objects": "small",
    "dwpose": "stand-ins of the true inputs and outputs",
    "segment_anything": "whole, by hand",
    "depth_zoe": "whole, by hand",
}


def maps_page() -> str:
    """docs/maps.md."""
    rows = [
        f"| {title} | `{operation.name} photo.jpg{''.join(_flag(name, value) for name, value in values.items())}` |"
        for title, operation, values in MAPS
    ]
    return MAPS_PAGE.format(count=len(MAPS), rows="\n".join(rows))


def _flag(name: str, value: object) -> str:
    return f" --{name.replace('_', '-')} {value}"


def compatibility_page() -> str:
    """docs/compatibility.md."""
    rows = [
        f"| {kind.title} | {f'`{kind.made_by}`' if kind.made_by else 'a detector'} | {BASE_TITLES[family.base]} "
        f"| [{family.file}]({family.source}) | {unit.weight:g} | {unit.start:g} | {unit.end:g} |"
        for kind in MAP_KINDS
        for family in kind.families
        for unit in [kind.unit(family.base)]
    ]
    sizes = [f"| {BASE_TITLES[base]} | {side} x {side} px | {GRID_PX[base]} px |" for base, side in NATIVE_PX.items()]
    return COMPATIBILITY_PAGE.format(rows="\n".join(rows), sizes="\n".join(sizes))


PAGES = {"maps.md": maps_page, "compatibility.md": compatibility_page, "detect.md": detect_page}


def main() -> None:
    """Write the pages and the picture."""
    for name, page in PAGES.items():
        write_atomically(DOCS / name, page().encode())
    params = ALL_MAPS.params_from({"image": read_image(PHOTO)})
    made = ALL_MAPS.run(params, Context.of_terminal(StandaloneHost(device="cpu"), SilentProgress()))
    write_image(SHEET, made.image)


if __name__ == "__main__":
    main()
