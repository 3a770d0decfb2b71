"""Plots in SVG: curves and points over two axes, without scripts, and sharp when printed.

Colours are CSS classes (t0 to t5) of page.css.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pedigree.report.charts.scale import Scale
from pedigree.report.formatting import number, short
from pedigree.report.page.rendering import PagePart

TONES = 6  # number of colours in page.css
POINTS = 400  # maximum number of points of a series; longer ones are thinned out
WIDTH, HEIGHT = 380, 270  # of a plot, in pixels
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 42  # margins around its frame; the left one is a minimum
BESIDE, DIGIT = (
    24,
    7,
)  # room for the title of the vertical axis, and for each character of its ticks
NEAR = 3  # minimum distance in pixels of two points with a tooltip
# Each series has its own dash pattern, for people who cannot distinguish the colours.
DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 4", "1 4")
# Class and radius of the circles of each kind of series.
CIRCLES = {"line": ("spot", 4), "points": ("point", 3), "both": ("mark", 4)}

Point = tuple[float, float]


@dataclass(frozen=True)
class Series:
    """Points of a plot, in the order in which a line joins them.

    Parameters
    ----------
    name : str
    points : sequence of (x, y)
    kind : {"line", "points", "both"}
    notes : sequence of str
        Text of the tooltip of each point, below its numbers.
    """

    name: str
    points: Sequence[Point]
    kind: str = "line"
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Drawn:
    """A series in pixels.

    Parameters
    ----------
    name : str
    line : str
        The `points` of SVG's polyline; empty for points without a line.
    dash : str
    circles : list of (x, y, tip)
    look : (str, int)
        CSS class and radius of the circles.
    """

    name: str
    line: str
    dash: str
    circles: list[tuple[float, float, str]]
    look: tuple[str, int]


@dataclass(frozen=True, kw_only=True)
class Plot(PagePart):
    """A plot in pixels.

    Parameters
    ----------
    x, y : str
        Titles of the axes.
    frame : (float, float, float, float)
        Left, top, right and bottom of the area between the axes.
    x_ticks, y_ticks : list of (float, str)
        Positions and labels.
    guide : (Point, Point) or None
        Ends of a dashed line.
    series : list of Drawn
    """

    x: str
    y: str
    frame: tuple[float, float, float, float]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    guide: tuple[Point, Point] | None
    series: list[Drawn]
    width: int = WIDTH
    height: int = HEIGHT
    template: str = "pedigree/report/charts/plots.html.j2"


def xy_plot(
    series: Sequence[Series],
    x: str,
    y: str,
    *,
    unit: bool = False,
    guide: str = "",
    whole: bool = False,
) -> Plot | None:
    """Return a plot of curves or points; None if there are no points.

    Parameters
    ----------
    series : sequence of Series
        At most one per colour; further ones are left out.
    x, y : str
        Titles of the axes.
    unit : bool
        Whether both axes go from 0 to 1.
    guide : {"", "diagonal", "zero"}
        A dashed line: y = x, or y = 0.
    whole : bool
        Whether x is a count, with integer ticks.

    Returns
    -------
    Plot or None
        None if there are no points.
    """
    shown = [one for one in series if one.points][:TONES]
    if not shown:
        return None
    if unit:
        across = up = Scale(0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    else:
        across = Scale.over([p[0] for one in shown for p in one.points], whole=whole)
        up = Scale.over([p[1] for one in shown for p in one.points])
    left = max(LEFT, BESIDE + DIGIT * max(map(len, up.labels())))

    def place(point: Point) -> Point:
        return (
            round(left + across.position(point[0]) * (WIDTH - left - RIGHT), 1),
            round(HEIGHT - BOTTOM - up.position(point[1]) * (HEIGHT - TOP - BOTTOM), 1),
        )

    line: tuple[Point, Point] | None = None
    if guide == "diagonal":
        ends = max(across.low, up.low), min(across.high, up.high)
        line = place((ends[0], ends[0])), place((ends[1], ends[1]))
    elif guide == "zero" and up.low <= 0 <= up.high:
        line = place((across.low, 0)), place((across.high, 0))
    return Plot(
        x=x,
        y=y,
        frame=(left, TOP, WIDTH - RIGHT, HEIGHT - BOTTOM),
        x_ticks=[(place((t, up.low))[0], label) for t, label in _labelled(across)],
        y_ticks=[(place((across.low, t))[1], label) for t, label in _labelled(up)],
        guide=line,
        series=[
            _drawn(one, [place(point) for point in one.points], dash, x, y)
            for one, dash in zip(shown, DASHES, strict=False)
        ],
    )


def _labelled(scale: Scale) -> list[tuple[float, str]]:
    return list(zip(scale.ticks, scale.labels(), strict=True))


def _drawn(one: Series, places: list[Point], dash: str, x: str, y: str) -> Drawn:
    step, last = -(-len(places) // POINTS), len(places) - 1
    kept = [n for n in range(len(places)) if n % step == 0 or n == last]
    joined = " ".join("{:g},{:g}".format(*places[n]) for n in kept)
    circles: list[tuple[float, float, str]] = []
    for n in kept:
        if one.kind == "line" and circles and math.dist(places[n], circles[-1][:2]) < NEAR:
            continue
        a, b = one.points[n]
        tip = [short(one.name)] if one.name else []
        tip += [f"{x}: {number(a)}", f"{y}: {number(b)}", *one.notes[n : n + 1]]
        circles.append((*places[n], "\n".join(filter(None, tip))))
    return Drawn(one.name, "" if one.kind == "points" else joined, dash, circles, CIRCLES[one.kind])
