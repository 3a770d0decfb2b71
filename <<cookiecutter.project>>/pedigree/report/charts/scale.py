"""Axes of charts with rounded ends and ticks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """An axis: the values at its ends, and its ticks."""

    low: float
    high: float
    ticks: list[float]

    @classmethod
    def over(cls, values: Iterable[float | None], count: int = 5, whole: bool = False) -> Scale:
        """Return a scale that includes all values; its ends are rounded.

        Parameters
        ----------
        values : iterable of float or None
            None and infinite values are ignored.
        count : int
            Approximate number of ticks.
        whole : bool
            Whether ticks are integers.

        Returns
        -------
        Scale
        """
        from matplotlib.ticker import MaxNLocator

        finite = [v for v in values if v is not None and math.isfinite(v)] or [0.0, 1.0]
        low, high = min(finite), max(finite)
        if low == high:
            margin = abs(low) / 20 or 0.5
            low, high = low - margin, high + margin
        locator = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10], integer=whole)
        ticks = [float(f"{tick:.10g}") for tick in locator.tick_values(low, high)]
        return cls(ticks[0], ticks[-1], ticks)

    def position(self, value: float) -> float:
        """Return the position of a value on the axis, from 0 to 1; values beyond an end are at the end."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))

    def percent(self, value: float) -> str:
        """Return the position of a value as a CSS length."""
        return f"{100 * self.position(value):.2f}%"

    def width(self, low: float, high: float) -> str:
        """Return the distance of two values as a CSS length."""
        return f"{100 * (self.position(high) - self.position(low)):.2f}%"

    def labels(self) -> list[str]:
        """Format the ticks; from ten thousand on as 50k or 2.5M, to save room."""
        from matplotlib.ticker import EngFormatter

        large = max(abs(self.low), abs(self.high)) >= 10_000
        write = EngFormatter(sep="") if large else "{:,.10g}".format
        return [write(tick).replace("\N{MINUS SIGN}", "-") for tick in self.ticks]
