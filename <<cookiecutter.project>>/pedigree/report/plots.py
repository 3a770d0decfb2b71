"""Plots in SVG: curves and points over two axes; no script is needed, and paper gets sharp lines.

Colours are classes (t0 to t5) of page.css; what is told on hovering is a circle's ``data-tip``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pedigree.report.charts import figure
from pedigree.report.elements import Element, el, number, short
from pedigree.report.scale import Scale

TONES = 6  # colours of page.css
POINTS = 400  # of a series; more are thinned out
WIDTH, HEIGHT = 380, 270  # of a plot, in the pixels of its text
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 42  # margins around its frame, on the left at least
BESIDE, DIGIT = 24, 7  # room for the title of the upright axis, and for each character of its ticks
DASHES = (
    "",
    "7 4",
    "2 3",
    "9 3 2 3",
    "12 4",
    "1 4",
)  # so that colour alone tells no two lines apart

Place = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """Points of a plot, in the order in which a line joins them.

    Parameters
    ----------
    name : str
    points : sequence of (x, y)
    kind : {"line", "points", "both"}
    tips : sequence of str
        What hovering tells of each point, beside its numbers.
    """

    name: str
    points: Sequence[tuple[float, float]]
    kind: str = "line"
    tips: Sequence[str] = ()


def plot(
    series: Sequence[Series],
    x: str,
    y: str,
    *,
    unit: bool = False,
    guide: str = "",
    whole: bool = False,
    title: str = "",
    caption: str = "",
) -> Element | None:
    """Draw curves or points over two axes; nothing where there is no point.

    Parameters
    ----------
    series : sequence of Series
        As many as there are colours; further ones are left out.
    x, y : str
        Titles of the axes.
    unit : bool
        Whether both axes go from 0 to 1.
    guide : {"", "diagonal", "zero"}
        A broken line: y = x, or y = 0.
    whole : bool
        Whether x is a count.
    """
    drawn = [one for one in series if one.points][:TONES]
    if not drawn:
        return None
    if unit:
        across = up = Scale(0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    else:
        across = Scale.over([p[0] for one in drawn for p in one.points], whole=whole)
        up = Scale.over([p[1] for one in drawn for p in one.points])

    left = max(LEFT, BESIDE + DIGIT * max(map(len, up.labels())))

    def at(point: Place) -> Place:
        return (
            round(left + across.share(point[0]) * (WIDTH - left - RIGHT), 1),
            round(HEIGHT - BOTTOM - up.share(point[1]) * (HEIGHT - TOP - BOTTOM), 1),
        )

    parts = _axes(across, up, x, y, at)
    if guide == "diagonal":
        ends = max(across.low, up.low), min(across.high, up.high)
        parts.append(_segment(at((ends[0], ends[0])), at((ends[1], ends[1])), "guide"))
    elif guide == "zero" and up.low <= 0 <= up.high:
        parts.append(_segment(at((across.low, 0)), at((across.high, 0)), "guide"))
    for tone, one in enumerate(drawn):
        parts.append(el("g", *_drawn(one, tone, x, y, at), class_=f"t{tone}"))
    says = f"{title or y}: {y} over {x}" + (
        f"; {', '.join(one.name for one in drawn)}" if len(drawn) > 1 else ""
    )
    svg = el(
        "svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", class_="plot", role="img", aria_label=says
    )
    return figure(svg, *_legend(drawn), title=title, caption=caption)


def _drawn(one: Series, tone: int, x: str, y: str, at: Callable[[Place], Place]) -> list[Element]:
    parts = []
    step = -(-len(one.points) // POINTS)
    last = len(one.points) - 1
    kept = [n for n in range(len(one.points)) if n % step == 0 or n == last]
    places = [at(one.points[n]) for n in kept]
    if one.kind != "points":
        path = " ".join(f"{a:g},{b:g}" for a, b in places)
        dash = DASHES[tone] or None
        parts.append(el("polyline", points=path, class_="line", stroke_dasharray=dash))
    spot = {"line": ("spot", 4), "points": ("point", 3), "both": ("mark", 4)}[one.kind]
    shown: Place = (math.inf, math.inf)
    for n, place in zip(kept, places, strict=True):
        if one.kind == "line" and math.dist(place, shown) < 3:
            continue  # nobody can point at both
        shown = place
        a, b = one.points[n]
        told = [short(one.name)] if one.name else []
        told += [f"{x}: {number(a)}", f"{y}: {number(b)}"]
        told += [one.tips[n]] if n < len(one.tips) and one.tips[n] else []
        tip = "\n".join(told)
        parts.append(
            el(
                "circle",
                cx=f"{place[0]:g}",
                cy=f"{place[1]:g}",
                r=spot[1],
                class_=spot[0],
                data_tip=tip,
            )
        )
    return parts


def _axes(across: Scale, up: Scale, x: str, y: str, at: Callable[[Place], Place]) -> list[Element]:
    parts = []
    for tick, label in zip(up.ticks, up.labels(), strict=True):
        place = at((across.low, tick))
        parts.append(_segment(place, at((across.high, tick)), "grid-line"))
        parts.append(_text(label, place[0] - 6, place[1] + 4, "end"))
    for tick, label in zip(across.ticks, across.labels(), strict=True):
        place = at((tick, up.low))
        parts.append(_segment(place, at((tick, up.high)), "grid-line"))
        parts.append(_text(label, place[0], place[1] + 15, "middle"))
    corner = at((across.low, up.low))
    parts.append(_segment(corner, at((across.high, up.low)), "frame"))
    middle = (corner[0] + WIDTH - RIGHT) / 2
    parts.append(_text(short(x, 50), middle, HEIGHT - 6, "middle"))
    height = (TOP + HEIGHT - BOTTOM) / 2
    turned = _text(short(y, 36), 0, 0, "middle")
    turned.set("transform", f"translate(11 {height:g}) rotate(-90)")
    return [*parts, turned]


def _legend(drawn: Sequence[Series]) -> list[Element]:
    """Name the series, each beside a piece of its line."""
    if len(drawn) < 2:
        return []
    items = []
    for tone, one in enumerate(drawn):
        sample = (
            el("circle", cx="14", cy="5", r="4", class_="mark")
            if one.kind == "points"
            else el("path", d="M0 5H28", class_="line", stroke_dasharray=DASHES[tone] or None)
        )
        svg = el("svg", sample, viewBox="0 0 28 10", class_=f"t{tone}", aria_hidden="true")
        items.append(el("li", svg, short(one.name, 40), dir="auto"))
    return [el("ul", *items, class_="legend")]


def _segment(start: Place, end: Place, kind: str) -> Element:
    (x1, y1), (x2, y2) = start, end
    return el("line", x1=f"{x1:g}", y1=f"{y1:g}", x2=f"{x2:g}", y2=f"{y2:g}", class_=kind)


def _text(text: str, x: float, y: float, anchor: str) -> Element:
    return el("text", text, x=f"{x:g}", y=f"{y:g}", text_anchor=anchor)
