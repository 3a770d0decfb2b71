"""Plots with matplotlib: one style, and the same bytes for the same numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.files.replacing import replacing

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

BLUE, ORANGE, GREY = "#2f6690", "#d1603d", "#8d99a6"
STYLE: Any = {
    "figure.dpi": 110,
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "grid.color": "#e6eaee",
    "legend.frameon": False,
}


@contextmanager
def figure(
    path: Path, *, rows: int = 1, columns: int = 1, size: tuple[float, float] = (5.5, 3.6)
) -> Iterator[Any]:
    """Create a figure with a grid of axes, and write it to a PNG file at the end.

    Parameters
    ----------
    path : Path
    rows, columns : int
        Size of the grid.
    size : tuple of float
        Width and height of the figure in inches.

    Yields
    ------
    Axes, or ndarray of Axes if there are several.
    """
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    with matplotlib.rc_context(STYLE):
        drawn, axes = pyplot.subplots(rows, columns, figsize=size, layout="constrained")
        yield axes
        with replacing(path) as new:
            drawn.savefig(new, metadata={"Software": None})
        pyplot.close(drawn)


@contextmanager
def panels(path: Path, names: Sequence[str]) -> Iterator[Iterator[tuple[Axes, str]]]:
    """Create a figure with a titled panel for each name, up to four in a row; yields the pairs."""
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    with figure(path, rows=lines, columns=columns, size=(3.1 * columns, 2.3 * lines)) as axes:
        grid = np.atleast_1d(axes).ravel()
        for axis, name in zip(grid, names, strict=False):
            axis.set_title(shorten(name, 28))
        for axis in grid[len(names) :]:
            axis.set_axis_off()
        yield zip(grid, names, strict=False)


def bars(
    axes: Axes, names: Sequence[str], values: Sequence[float], spread: Sequence[float] | None = None
) -> None:
    """Plot horizontal bars, the first at the top, with whiskers for the spread.

    Parameters
    ----------
    axes : Axes
    names : sequence of str
        Labels of the bars.
    values : sequence of float
        Lengths of the bars.
    spread : sequence of float, optional
        Half the lengths of the whiskers.
    """
    positions = np.arange(len(names))
    axes.barh(positions, values, xerr=spread, color=BLUE, ecolor=GREY, height=0.65, capsize=2)
    axes.set_yticks(positions, [shorten(name) for name in names])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)


def matrix(values: pd.DataFrame, path: Path, **colours: Any) -> None:
    """Plot a square table as coloured cells, with numbers if there are few enough to read.

    Parameters
    ----------
    values : DataFrame of shape (p, p)
        With equal names of rows and columns; NaN leaves a cell empty.
    path : Path
    **colours
        Arguments of matplotlib's `imshow`: cmap, vmin, vmax.
    """
    size = 2.2 + 0.42 * len(values)
    with figure(path, size=(size + 0.8, size)) as axes:
        image = axes.imshow(values, **colours)
        names = [shorten(name, 22) for name in values]
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False)
        for row, column in np.ndindex(values.shape) if len(names) <= 24 else ():
            value = values.iloc[row, column]
            if np.isfinite(value):
                colour = "white" if abs(value) > 0.6 else "black"
                axes.text(
                    column, row, f"{value:z.1f}", ha="center", va="center", fontsize=7, color=colour
                )
        axes.figure.colorbar(image, ax=axes, shrink=0.7)


def shorten(text: object, length: int = 44) -> str:
    """Shorten a label so that it fits beside an axis, and escape `$`, which would start a formula."""
    plain = str(text).replace("$", r"\$")
    return plain if len(plain) <= length else plain[: length - 1] + "…"
