"""Step 4, exploratory analysis: the data as it came, in pictures and a report.

It looks at all rows before the split, so nothing here feeds back into a model.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.base.paths import LOADED, PLOTS, REPORTS
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_table, replacing
from pipeline.core.report.figures import BLUE, bars, figure, shorten
from pipeline.core.report.page import Page

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Draw distributions, missing values and correlations, and write reports/profile.html."""
    rows = read_table(LOADED)
    target, options = settings.problem.target, settings.profile
    table = [describe(rows[name], name) for name in rows]
    drawn = [target, *(name for name in rows if name != target)][: options.max_columns]
    page = Page(f"The data as it came: {target}")
    copies = int(rows.duplicated().sum())
    missing = sum(one["missing"] for one in table)
    page.paragraph(
        f"{len(rows):,} rows, {rows.shape[1]} columns, {copies} exact copies of another row, {missing:,} missing values."
    )
    page.heading("Columns")
    page.table(table)
    with replacing(PLOTS / "profile") as folder:
        folder.mkdir()
        distributions(rows[drawn], folder / "distributions.png", options.max_categories)
        page.heading("Distributions")
        page.picture(folder / "distributions.png", "a picture of each column's values")
        if missing:
            gaps = sorted(
                (one for one in table if one["missing"]), key=lambda one: -one["missing"]
            )[: options.max_columns]
            with figure(folder / "missing.png", size=(6, 1 + 0.3 * len(gaps))) as axes:
                bars(
                    axes,
                    [one["column"] for one in gaps],
                    [one["missing"] / len(rows) for one in gaps],
                )
                axes.set_title("share of missing values")
            page.heading("Missing values")
            page.picture(folder / "missing.png", "bars of missing shares")
        numbers = rows[drawn].select_dtypes("number").dropna(axis=1, how="all")
        if numbers.shape[1] > 1:
            correlations(numbers, folder / "correlations.png")
            page.heading("Correlations")
            page.paragraph("Spearman's rank correlation of the columns that are numbers.")
            page.picture(folder / "correlations.png", "a matrix of correlations")
    page.write(REPORTS / "profile.html")
    say(f"{len(rows)} rows, {missing} missing values, {copies} copies; see reports/profile.html")


def describe(values: pd.Series, name: str) -> dict[str, Any]:
    """Describe a column: type, gaps, distinct values, range and values beyond Tukey's fences."""
    present = values.dropna()
    line: dict[str, Any] = {
        "column": name,
        "type": str(values.dtype),
        "missing": int(values.isna().sum()),
        "distinct": int(present.nunique()),
        "lowest": "",
        "median or most frequent": "",
        "highest": "",
        "beyond fences": "",
    }
    if present.empty:
        return line
    if values.dtype.kind in "if":
        q1, middle, q3 = (float(q) for q in present.quantile([0.25, 0.5, 0.75]))
        reach = 1.5 * (q3 - q1)  # Tukey's inner fences
        beyond = int(((present < q1 - reach) | (present > q3 + reach)).sum())
        line |= {
            "lowest": float(present.min()),
            "median or most frequent": middle,
            "highest": float(present.max()),
            "beyond fences": beyond,
        }
    elif values.dtype.kind == "M":
        line |= {"lowest": str(present.min().date()), "highest": str(present.max().date())}
    else:
        counts = present.astype("str").value_counts()
        top = min(counts.index[counts == counts.max()])
        line["median or most frequent"] = (
            f"{top if len(top) <= 40 else top[:39] + '…'} ({counts.max()})"
        )
    return line


def distributions(rows: pd.DataFrame, path: Path, max_categories: int) -> None:
    """Draw a histogram of each number and date, bars of each category."""
    columns = min(4, rows.shape[1])
    lines = -(-rows.shape[1] // columns)
    with figure(path, rows=lines, columns=columns, size=(3.1 * columns, 2.3 * lines)) as axes:
        grid = np.atleast_1d(axes).ravel()
        for axis, name in zip(grid, rows, strict=False):
            values = rows[name].dropna()
            axis.set_title(shorten(name, 28))
            if values.empty:
                axis.set_axis_off()
            elif values.dtype.kind in "ifM" and values.nunique() > 2:
                axis.hist(
                    values.astype("datetime64[ns]") if values.dtype.kind == "M" else values,
                    bins=24,
                    color=BLUE,
                )
                axis.tick_params(axis="x", rotation=30 if values.dtype.kind == "M" else 0)
            else:
                counts = values.astype("str").value_counts()
                counts = counts.sort_index().sort_values(ascending=False, kind="stable")
                names, heights = list(counts.index[:max_categories]), list(counts[:max_categories])
                if len(counts) > max_categories:
                    names, heights = (
                        [*names, f"{len(counts) - max_categories} more"],
                        [*heights, counts[max_categories:].sum()],
                    )
                bars(axis, [shorten(one, 18) for one in names], heights)
        for axis in grid[rows.shape[1] :]:
            axis.set_axis_off()


def correlations(numbers: pd.DataFrame, path: Path) -> None:
    """Draw Spearman's rank correlations as a matrix."""
    matrix = numbers.astype("float64").corr(method="spearman")
    size = 2.2 + 0.42 * len(matrix)
    with figure(path, size=(size + 0.8, size)) as axes:
        image = axes.imshow(matrix, cmap="RdBu_r", vmin=-1, vmax=1)
        names = [shorten(name, 22) for name in matrix]
        axes.set_xticks(range(len(names)), names, rotation=90)
        axes.set_yticks(range(len(names)), names)
        axes.grid(visible=False)
        if len(names) <= 15:
            for row, column in np.ndindex(matrix.shape):
                value = matrix.iloc[row, column]
                axes.text(
                    column,
                    row,
                    f"{value:.1f}",
                    ha="center",
                    va="center",
                    fontsize=7,
                    color="white" if abs(value) > 0.6 else "black",
                )
        axes.figure.colorbar(image, ax=axes, shrink=0.7)


if __name__ == "__main__":
    run("profile")
