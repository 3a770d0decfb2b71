"""Charts of bars and intervals, one below the other, so that long names wrap and the chart fits a phone.

Colours are CSS classes (t0 to t5, and tq) of page.css.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pedigree.report.charts.scale import Scale
from pedigree.report.formatting import interval, number, percent
from pedigree.report.page.rendering import PagePart


@dataclass(frozen=True)
class Mark:
    """A line of a chart: a value with an optional interval.

    Parameters
    ----------
    name : str
    value : float or None
    low, high : float, optional
    note : str
        Text of the tooltip below name, value and interval.
    tone : str
        CSS class of the colour.
    strong : bool
        Whether the line is emphasized.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""
    tone: str = "t0"
    strong: bool = False

    @classmethod
    def around(cls, name: str, value: float | None, spread: float | None, **looks: Any) -> Mark:
        """Return a mark with the interval of the value plus and minus a spread.

        Parameters
        ----------
        name : str
        value : float or None
        spread : float or None
            None for a mark without an interval.
        **looks
            Other fields of the mark.

        Returns
        -------
        Mark
        """
        if value is None or spread is None:
            return cls(name, value, **looks)
        return cls(name, value, value - spread, value + spread, **looks)

    @property
    def tip(self) -> str:
        """Return the text of the tooltip."""
        ends = "" if self.low is None else f"\n{interval(self.low, self.high)}"
        return f"{self.name}\n{number(self.value)}{ends}" + (f"\n{self.note}" if self.note else "")


@dataclass(frozen=True, kw_only=True)
class MarkChart(PagePart):
    """Marks on a common scale.

    Parameters
    ----------
    marks : sequence of Mark
    scale : Scale
    has_bars : bool
        Whether values are bars from zero instead of dots.
    limit : float, optional
        Position of a dashed line.
    """

    marks: Sequence[Mark]
    scale: Scale
    has_bars: bool = False
    limit: float | None = None
    template: str = "pedigree/report/charts/marks.html.j2"


def interval_chart(marks: Sequence[Mark], limit: float | None = None) -> MarkChart:
    """Return a chart of dots with intervals, one below the other; a limit is a dashed line."""
    return MarkChart(marks=marks, scale=Scale.over([*_ends(marks), limit]), limit=limit)


def bar_chart(marks: Sequence[Mark]) -> MarkChart:
    """Return a chart of bars from zero, one below the other, with whiskers for intervals."""
    # Three such charts are side by side, so each has room for few ticks.
    return MarkChart(marks=marks, scale=Scale.over([0.0, *_ends(marks)], count=4), has_bars=True)


def _ends(marks: Sequence[Mark]) -> list[float | None]:
    return [value for one in marks for value in (one.value, one.low, one.high)]


@dataclass(frozen=True, kw_only=True)
class ConfusionMatrix(PagePart):
    """A table of actual against predicted classes, its cells shaded by their fraction of a row.

    Parameters
    ----------
    counts : mapping of (actual, predicted) to int
    classes : sequence of str
        Classes that are shown.
    """

    counts: Mapping[tuple[str, str], int]
    classes: Sequence[str]
    rows: list[dict[str, Any]] = field(init=False)
    template: str = "pedigree/report/charts/confusion.html.j2"

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", [self._row(actual) for actual in self.classes])

    def _row(self, actual: str) -> dict[str, Any]:
        counts = [self.counts.get((actual, predicted), 0) for predicted in self.classes]
        total = sum(counts)
        cells = []
        for predicted, count in zip(self.classes, counts, strict=True):
            fraction = count / total if total else 0.0
            tip = f"{actual} predicted as {predicted}\n{count:,} of {total:,} ({percent(fraction)})"
            cells.append({"count": count, "fraction": fraction, "tip": tip})
        return {"actual": actual, "cells": cells}
