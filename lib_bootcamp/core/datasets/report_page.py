"""A data set's report as an HTML page of one file: no scripts, nothing loaded, small pictures inside, light and dark.

File names and captions are hostile: each text is escaped where it is put in, and the page forbids everything but its
own style and its own pictures.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence

from lib_bootcamp.core.text.bar_chart import MOST_BARS, Bar, bar_chart, bar_style
from lib_bootcamp.core.text.clip_tokens import MAX_TOKENS

from .charts import histogram, points
from .findings import folder_shown
from .report import Finding, LikeGroup, PictureFacts, Report, Verdict
from .rules import AREAS

MOST_THUMBNAILS, THUMBNAILS_EACH, GROUPS_SHOWN = 240, 12, 24
MOST_ROWS, MOST_POINTS, MOST_PAIRS = 500, 2000, 40
TOKEN_EDGES = (0, 10, 20, 30, 40, 50, 60, 75, 100, 150)
SHARPNESS_EDGES = (0, 25, 50, 100, 200, 400, 800, 1600, 3200)
_WORDS = {"good": "good", "review": "review", "fix": "fix"}
_SIGNS = {"good": "✓", "review": "!", "fix": "✕"}
_LIKE = {"same": "the same", "near": "nearly the same", "mirrored": "mirror images", "clip": "alike by CLIP"}

STYLE = """
:root { color-scheme: light dark; --page: #fff; --card: #f6f7f9; --line: #dde1e6; --ink: #1a1d21; --soft: #5b6470;
  --accent: #2f6fde; --good: #15803d; --review: #a95f00; --fix: #c42121; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1d2127; --line: #343b45; --ink: #e8ebef;
  --soft: #a0a9b5; --accent: #6ea3ff; --good: #4ade80; --review: #fbbf24; --fix: #f87171; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 2px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 38px 0 10px; display: flex; align-items: center; gap: 10px; }
h3 { font-size: 15px; margin: 20px 0 6px; }
p { margin: 4px 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.sign { display: inline-flex; flex: none; width: 22px; height: 22px; border-radius: 50%; align-items: center;
  justify-content: center; font-size: 13px; font-weight: 700; color: var(--page); }
.good { background: var(--good); } .review { background: var(--review); } .fix { background: var(--fix); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 10px; margin: 18px 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
.tile b { display: block; font-size: 22px; line-height: 1.3; font-variant-numeric: tabular-nums; }
.verdicts { border: 1px solid var(--line); border-radius: 8px; overflow: hidden; }
.verdict { display: grid; grid-template-columns: 22px 96px 1fr; gap: 12px; padding: 9px 14px; align-items: start; }
.verdict + .verdict { border-top: 1px solid var(--line); }
.verdict a { color: inherit; font-weight: 600; }
.finding { border-left: 3px solid; padding: 2px 0 2px 14px; margin: 14px 0; }
.finding.is-good { border-color: var(--good); } .finding.is-review { border-color: var(--review); }
.finding.is-fix { border-color: var(--fix); }
.pictures { display: flex; flex-wrap: wrap; gap: 10px; margin: 8px 0 2px; }
figure { margin: 0; width: 132px; }
figure img, figure .none { display: block; width: 132px; height: 100px; object-fit: contain; background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; }
figure .none { display: flex; align-items: center; justify-content: center; color: var(--soft); }
figcaption { font-size: 12px; line-height: 1.35; color: var(--soft); overflow: hidden; overflow-wrap: anywhere;
  display: -webkit-box; -webkit-line-clamp: 3; -webkit-box-orient: vertical; margin-top: 3px; }
.group { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; margin: 8px 0; }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 6px 34px; }
.chart { max-width: 100%; height: auto; display: block; }
.chart text { font: 12px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
.chart .name { fill: var(--soft); } .chart .bar { fill: var(--accent); }
.chart .point { fill: var(--accent); fill-opacity: .45; } .chart .axis { stroke: var(--soft); }
.chart .grid { stroke: var(--line); } .chart .mark { stroke: var(--fix); stroke-width: 1.5; stroke-dasharray: 5 4; }
.scroll { overflow-x: auto; }
.bootcamp-bars { --border-color-primary: var(--line); --neutral-400: var(--accent);
  max-width: 560px; font-size: 13px; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
summary { cursor: pointer; color: var(--soft); margin-top: 8px; }
"""
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"


class _Pictures:
    """Thumbnails, each made once, up to a number for the whole page."""

    def __init__(self, thumbnail: Callable[[str], str | None]) -> None:
        self._thumbnail = thumbnail
        self._made: dict[str, str | None] = {}

    def figure(self, path: str, note: str) -> str:
        """A picture with its name; the name alone where there is no picture to be shown."""
        if path not in self._made and len(self._made) < MOST_THUMBNAILS:
            self._made[path] = self._thumbnail(path)
        source = self._made.get(path)
        inside = f'<img alt="" loading="lazy" src="{source}">' if source else '<span class="none">no picture</span>'
        name = path.rsplit("/", 1)[-1]
        return (
            f'<figure title="{safe(path)}">{inside}<figcaption>{safe(name)}'
            f"{f'<br>{safe(note)}' if note else ''}</figcaption></figure>"
        )


def safe(text: str) -> str:
    """A text as it may stand in HTML, attributes included."""
    return html.escape(text, quote=True)


def report_page(report: Report, thumbnail: Callable[[str], str | None]) -> str:
    """The whole page.

    Args:
        report: what is shown.
        thumbnail: gives a picture's path below the folder as a data URI, or None.
    """
    pictures = _Pictures(thumbnail)
    known = {each.path: each for each in report.pictures}
    body = "".join([*_head(report), *(_area(area, report, known, pictures) for area in AREAS), _all_files(report)])
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>Dataset report: {safe(report.folder)}</title><style>{STYLE}{bar_style()}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _head(report: Report) -> Iterator[str]:
    yield f"<h1>{safe(report.folder.rstrip('/').rsplit('/', 1)[-1] or report.folder)}</h1>"
    yield f'<p class="soft">Dataset report of {safe(report.folder)}</p>'
    tiles = [
        (f"{report.count:,}", "pictures"),
        (f"{report.usable:,}", "usable"),
        (f"{report.captioned:,}", "with a caption"),
        (f"{len(report.classes):,}", "folders" if len(report.classes) != 1 else "folder"),
        (f"{report.shown_per_epoch:,}", "per epoch"),
        (f"{len(report.buckets):,}", "buckets" if len(report.buckets) != 1 else "bucket"),
        (_megabytes(report.bytes), "of pictures"),
    ]
    yield '<div class="tiles">'
    yield from (f'<div class="tile"><b>{value}</b><span class="soft">{name}</span></div>' for value, name in tiles)
    yield '</div><div class="verdicts">'
    yield from map(_verdict, report.verdicts)
    yield "</div>"


def _megabytes(count: int) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.1f} MiB"


def _sign(level: str) -> str:
    return f'<span class="sign {level}" role="img" aria-label="{_WORDS[level]}">{_SIGNS[level]}</span>'


def _verdict(verdict: Verdict) -> str:
    link = f'<a href="#{verdict.area.lower()}">{verdict.area}</a>'
    return f'<div class="verdict">{_sign(verdict.level)}{link}<span>{safe(verdict.message)}</span></div>'


def _area(area: str, report: Report, known: dict[str, PictureFacts], pictures: _Pictures) -> str:
    level = next((each.level for each in report.verdicts if each.area == area), "good")
    parts = [f'<section id="{area.lower()}"><h2>{_sign(level)}{area}</h2>']
    found = [each for each in report.findings if each.area == area]
    if not found:
        parts.append(f'<p class="soft">{safe(next((e.message for e in report.verdicts if e.area == area), ""))}</p>')
    for each in found:
        parts.append(_finding(each, report, known, pictures))
    parts += _charts(area, report)
    return "".join([*parts, "</section>"])


def _finding(finding: Finding, report: Report, known: dict[str, PictureFacts], pictures: _Pictures) -> str:
    if finding.area == "Duplicates":
        shown = "".join(_groups([each for each in report.groups if each.kind == finding.kind], known, pictures))
    else:
        shown = _gallery(finding, known, pictures)
    return (
        f'<div class="finding is-{finding.level}"><p><b>{safe(finding.message)}.</b> {safe(finding.advice)}</p>'
        f"{shown}</div>"
    )


def _gallery(finding: Finding, known: dict[str, PictureFacts], pictures: _Pictures) -> str:
    if finding.kind == "corrupt":
        rows = "".join(
            f"<tr><td>{safe(p)}</td><td>{safe(known[p].problem)}</td></tr>" for p in finding.files[:MOST_ROWS]
        )
        return f"<table>{rows}</table>"
    named = [path for path in finding.files if path in known]
    figures = [pictures.figure(path, _note(finding.kind, known[path])) for path in named[:THUMBNAILS_EACH]]
    gallery = f'<div class="pictures">{"".join(figures)}</div>' if figures else ""
    rest = [path for path in finding.files if path not in known] or list(finding.files[THUMBNAILS_EACH:])
    return gallery + _names(rest, finding.count - len(named[:THUMBNAILS_EACH]) if named else len(rest))


def _names(paths: Sequence[str], count: int) -> str:
    """The names of files that have no picture here, folded away."""
    if not paths:
        return ""
    shown = "<br>".join(safe(path) for path in paths[:MOST_ROWS])
    more = f"<br>and {count - MOST_ROWS:,} more" if count > MOST_ROWS else ""
    return f'<details><summary>{count:,} by name</summary><p class="soft">{shown}{more}</p></details>'


def _note(kind: str, picture: PictureFacts) -> str:
    """The line below a picture in the gallery of a kind of finding."""
    size = f"{picture.width} x {picture.height} px"
    return {
        "too-small": size,
        "enlarged": f"{picture.upscale_factor:.2f} times to {picture.bucket}",
        "cropped": f"{picture.cropped:.0%} of {size} cut for {picture.bucket}",
        "lonely-buckets": f"{size} in {picture.bucket}",
        "blurred": f"sharpness {picture.sharpness:.0f}",
        "turned": f"orientation {picture.orientation}",
        "long": f"{picture.tokens} tokens",
        "short": picture.caption or "",
        "contradictory": picture.caption or "",
        "several-lines": picture.caption or "",
        "animated": f"{picture.frames} frames",
    }.get(kind, "")


def _groups(groups: Sequence[LikeGroup], known: dict[str, PictureFacts], pictures: _Pictures) -> Iterator[str]:
    for each in groups[:GROUPS_SHOWN]:
        figures = [
            pictures.figure(path, f"{known[path].width} x {known[path].height} px")
            for path in each.files[:THUMBNAILS_EACH]
            if path in known
        ]
        more = len(each.files) - len(figures)
        yield f'<div class="group"><span class="soft">{_LIKE[each.kind]}{f", and {more:,} more" if more else ""}</span>'
        yield f'<div class="pictures">{"".join(figures)}</div></div>'
    if len(groups) > GROUPS_SHOWN:
        yield f'<p class="soft">and {len(groups) - GROUPS_SHOWN:,} more groups, which the JSON has.</p>'


def _charts(area: str, report: Report) -> Iterator[str]:
    usable = [each for each in report.pictures if not each.problem]
    if area == "Files":
        yield _trainers(report)
    elif area == "Sizes" and usable:
        rows = [(f"{each.width} x {each.height}", each.count, f"{each.count:,}") for each in report.buckets[:MOST_BARS]]
        places = [(float(each.width), float(each.height)) for each in _spread(usable, MOST_POINTS)]
        yield '<div class="columns">'
        yield _titled("Pictures in each bucket", _bars(rows, label="Pictures in each aspect bucket"))
        yield _titled("Size of each picture", points(places, label="Width and height of the pictures", unit="px"))
        yield "</div>"
    elif area == "Sharpness" and usable:
        values, mark = [each.sharpness for each in usable], report.min_sharpness
        yield _titled(
            "Sharpness",
            histogram(
                values, SHARPNESS_EDGES, label="Pictures by sharpness", unit="variance of the Laplacian", mark=mark
            ),
        )
    elif area == "Captions" and report.captioned:
        tokens = [float(each.tokens) for each in usable if each.caption]
        chart = histogram(tokens, TOKEN_EDGES, label="Captions by tokens", unit="tokens", mark=MAX_TOKENS)
        yield _titled("Length of the captions", chart)
    elif area == "Tags" and report.tags:
        yield from _tags(report)
    elif area == "Balance":
        yield from _balance(report)


def _trainers(report: Report) -> str:
    """What each trainer takes, leaves out and stops at."""
    names = ("trainer", "pictures", "with a caption", "left out", "stops at", "caption files")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = []
    for each in report.trainers:
        counts = (each.pictures, each.captioned, len(each.left_out), len(each.blocking_files))
        numbers = "".join(f'<td class="number">{count:,}</td>' for count in counts)
        rows.append(f"<tr><td>{safe(each.title)}</td>{numbers}<td>{each.caption_extension or 'every kind'}</td></tr>")
    return _titled("What trainers take", f"<table><tr>{head}</tr>{''.join(rows)}</table>")


def _spread(pictures: Sequence[PictureFacts], most: int) -> Iterable[PictureFacts]:
    """As many as there may be, evenly over all."""
    return pictures[:: -(-len(pictures) // most)]


def _bars(rows: Sequence[tuple[str, float, str]], *, label: str) -> str:
    """A chart of names, their values, and the texts for them; the highest value has the longest bar."""
    most = max((value for _, value, _ in rows), default=0) or 1
    return bar_chart([Bar(name, value / most, text) for name, value, text in rows], label=label)


def _titled(title: str, chart: str) -> str:
    return f"<div><h3>{title}</h3>{chart}</div>"


def _tags(report: Report) -> Iterator[str]:
    top = report.tags[:MOST_BARS]
    rows = [(each.tag, each.count, f"{each.count:,} ({each.count / max(1, report.captioned):.0%})") for each in top]
    yield '<div class="columns">'
    yield _titled(f"The {len(top)} most frequent tags", _bars(rows, label="The most frequent tags"))
    if report.similar_tags:
        cells = "".join(
            f'<tr><td>{safe(each.rare)}</td><td class="number">{each.rare_count:,}</td><td>{safe(each.common)}</td>'
            f'<td class="number">{each.common_count:,}</td></tr>'
            for each in report.similar_tags[:MOST_PAIRS]
        )
        head = '<tr><th>tag</th><th class="number">captions</th><th>is nearly</th><th class="number">captions</th></tr>'
        yield _titled("Tags nearly alike", f"<table>{head}{cells}</table>")
    yield "</div>"


def _balance(report: Report) -> Iterator[str]:
    if len(report.classes) < 2:
        return
    rows = []
    for each in report.classes[:MOST_BARS]:
        repeats = "" if each.repeats is None else f"{each.repeats} x "
        rows.append((folder_shown(each.folder), each.share, f"{repeats}{each.pictures:,}"))
    yield _titled("What an epoch shows", _bars(rows, label="Share of each folder in an epoch"))


def _all_files(report: Report) -> str:
    names = ("file", "size, px", "bucket", "format", "sharpness", "tokens", "caption")
    head = "".join(f"<th>{name}</th>" for name in names)
    rows = "".join(map(_row, report.pictures[:MOST_ROWS]))
    rest = len(report.pictures) - MOST_ROWS
    more = f'<p class="soft">and {rest:,} more, which the JSON has.</p>' if rest > 0 else ""
    return (
        f"<section><h2>Files</h2><details><summary>A table of {min(len(report.pictures), MOST_ROWS):,}</summary>"
        f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>{more}</details></section>'
    )


def _row(each: PictureFacts) -> str:
    if each.problem:
        return f'<tr><td>{safe(each.path)}</td><td colspan="6">{safe(each.problem)}</td></tr>'
    caption = each.caption or ""
    cells = [
        each.path,
        f"{each.width} x {each.height}",
        each.bucket,
        f"{each.format} {each.mode}",
        f"{each.sharpness:.0f}",
        str(each.tokens),
        caption if len(caption) <= 200 else f"{caption[:199]}…",
    ]
    return f"<tr>{''.join(f'<td>{safe(cell)}</td>' for cell in cells)}</tr>"
