"""Charts in HTML: bars and intervals, one below the other, so that long names wrap and all fits a phone.

Colours are classes (t0 to t5) of page.css; what is told on hovering is an element's ``data-tip``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pedigree.report.elements import Element, breakable, el, interval, number, short
from pedigree.report.scale import Scale


@dataclass(frozen=True)
class Mark:
    """A line of a chart: a value, perhaps with an interval.

    Parameters
    ----------
    name : str
    value : float or None
    low, high : float, optional
    tip : str
        What is told on hovering, beside name, value and interval.
    tone : str
        Class of the colour.
    strong : bool
        Whether the line stands out.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    tip: str = ""
    tone: str = "t0"
    strong: bool = False

    @classmethod
    def around(cls, name: str, value: float | None, spread: float | None, **looks: Any) -> Mark:
        """Return a line whose interval is a value plus and minus its spread."""
        if value is None or spread is None:
            return cls(name, value, **looks)
        return cls(name, value, value - spread, value + spread, **looks)

    def told(self) -> str:
        """Return what hovering tells."""
        reach = "" if self.low is None else f"\n{interval(self.low, self.high)}"
        return f"{self.name}\n{number(self.value)}{reach}" + (f"\n{self.tip}" if self.tip else "")


def figure(*parts: Element, title: str = "", caption: str = "") -> Element:
    """Frame a chart with its title and what must be said of it."""
    head = el("h3", title) if title else None
    return el("figure", head, *parts, el("figcaption", caption) if caption else None)


def intervals(
    marks: Sequence[Mark], *, limit: float | None = None, title: str = "", caption: str = ""
) -> Element:
    """Draw values as dots with their intervals, one below the other.

    Parameters
    ----------
    marks : sequence of Mark
    limit : float, optional
        Is drawn as a broken line.
    """
    scale = Scale.over([v for one in marks for v in (one.value, one.low, one.high)] + [limit])
    lines = []
    for one in marks:
        parts = []
        if one.low is not None and one.high is not None:
            parts.append(_stretch("reach", scale, one.low, one.high))
        if one.value is not None and math.isfinite(one.value):
            parts.append(el("i", class_="dot", style=f"left:{scale.percent(one.value)}"))
        lines.append(_line(one, scale, limit, parts))
    return figure(_rows(lines, scale), title=title, caption=caption)


def bars(marks: Sequence[Mark], *, title: str = "", caption: str = "") -> Element:
    """Draw values as bars from zero, one below the other, with whiskers where there are intervals."""
    ends = [v for one in marks for v in (one.value, one.low, one.high)]
    scale = Scale.over([0.0, *ends], count=4)  # three stand side by side
    lines = []
    for one in marks:
        value = one.value or 0.0
        parts = [_stretch("bar", scale, min(0.0, value), max(0.0, value))]
        if one.low is not None and one.high is not None:
            parts.append(_stretch("reach tq", scale, one.low, one.high))
        lines.append(_line(one, scale, None, parts))
    return figure(_rows(lines, scale), title=title, caption=caption)


def _line(one: Mark, scale: Scale, limit: float | None, parts: list[Element]) -> Element:
    grid = [el("i", class_="grid", style=f"left:{scale.percent(tick)}") for tick in scale.ticks]
    if scale.low < 0 < scale.high:
        grid.append(el("i", class_="zero", style=f"left:{scale.percent(0)}"))
    if limit is not None:
        grid.append(el("i", class_="limit", style=f"left:{scale.percent(limit)}"))
    return el(
        "div",
        el("span", *breakable(one.name), class_="name", dir="auto"),
        el("span", *grid, *parts, class_=f"track {one.tone}", aria_hidden="true"),
        el("span", number(one.value), class_="amount"),
        class_="row strong" if one.strong else "row",
        role="listitem",
        aria_label=one.told().replace("\n", ", "),
        tabindex="0" if one.tip or one.low is not None else None,  # where there is more to tell
        data_tip=one.told(),
    )


def _stretch(kind: str, scale: Scale, low: float, high: float) -> Element:
    left, width = 100 * scale.share(low), 100 * (scale.share(high) - scale.share(low))
    return el("i", class_=kind, style=f"left:{left:.2f}%;width:{width:.2f}%")


def _rows(lines: list[Element], scale: Scale) -> Element:
    ticks = (
        el("span", label, style=f"left:{scale.percent(tick)}")
        for tick, label in zip(scale.ticks, scale.labels(), strict=True)
    )
    axis = el(
        "div",
        el("span", class_="name"),
        el("span", *ticks, class_="scale axis"),
        class_="row",
        aria_hidden="true",
    )
    return el("div", el("div", *lines, role="list"), axis, class_="chart")


def confusion(
    counts: Mapping[tuple[str, str], int], classes: Sequence[str], caption: str
) -> Element:
    """Build a table of actual against predicted classes, its fields shaded by their share of a row."""
    head = el(
        "tr",
        el("th", "actual \\ predicted"),
        *(el("th", short(c, 24), scope="col") for c in classes),
    )
    body = []
    for actual in classes:
        total = sum(counts.get((actual, guess), 0) for guess in classes)
        fields = []
        for guess in classes:
            count = counts.get((actual, guess), 0)
            share = count / total if total else 0.0
            told = f"{actual} predicted as {guess}\n{count:,} of {total:,} ({share:.0%})"
            fields.append(el("td", f"{count:,}", style=f"--share:{70 * share:.0f}%", data_tip=told))
        body.append(el("tr", el("th", short(actual, 24), scope="row", dir="auto"), *fields))
    table = el("table", el("thead", head), el("tbody", *body), class_="confusion")
    wide = el(
        "div", table, class_="wide", tabindex="0", role="region", aria_label="confusion of classes"
    )
    return figure(wide, title="Confusion", caption=caption)
