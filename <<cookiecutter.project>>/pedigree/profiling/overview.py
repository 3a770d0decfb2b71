"""The overview: a table of all columns, their distributions, missing values and rank correlations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.report.figures import BLUE, bars, figure, matrix, panels, shorten
from pedigree.report.page import Page

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.base.problem import Target


def overview(
    rows: pd.DataFrame,
    *,
    problem: Target,
    title: str,
    page: Path,
    pictures: Path,
    max_columns: int,
    max_categories: int,
) -> None:
    """Write a table of all columns, and plot distributions, missing values and correlations.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    problem : Target
        Not used; every report gets it.
    title : str
        Title of the page.
    page : Path
        The HTML file to write.
    pictures : Path
        A folder for PNG files.
    max_columns : int
        Maximum number of columns that are plotted.
    max_categories : int
        Maximum number of bars in the plot of a category.
    """
    table = [describe_column(rows[name], name) for name in rows]
    drawn = rows.iloc[:, :max_columns]
    report = Page(title)
    copies = int(rows.duplicated().sum())
    missing = sum(one["missing"] for one in table)
    report.paragraph(
        f"{len(rows):,} rows, {rows.shape[1]} columns, {copies} exact copies of another row, {missing:,} missing values."
    )
    report.heading("Columns")
    report.table(table)
    draw_distributions(drawn, pictures / "distributions.png", max_categories)
    report.heading("Distributions")
    report.picture(pictures / "distributions.png", "a histogram or bars for each column")
    if missing:
        lacking = sorted((one for one in table if one["missing"]), key=lambda one: -one["missing"])
        lacking = lacking[:max_columns]
        fractions = [one["missing"] / len(rows) for one in lacking]
        with figure(pictures / "missing.png", size=(6, 1 + 0.3 * len(lacking))) as axes:
            bars(axes, [one["column"] for one in lacking], fractions)
            axes.set_title("share of missing values")
        report.heading("Missing values")
        report.picture(pictures / "missing.png", "bars: fraction of missing values in each column")
    numbers = drawn.select_dtypes("number").dropna(axis=1, how="all")
    if numbers.shape[1] > 1:
        correlations(numbers, pictures / "correlations.png")
        report.heading("Correlations")
        report.paragraph("Spearman's rank correlation of the numeric columns.")
        report.picture(pictures / "correlations.png", "a matrix of correlations")
    report.write(page)


def describe_column(values: pd.Series, name: str) -> dict[str, Any]:
    """Describe a column: type, missing values, distinct values, range and number of values beyond Tukey's fences."""
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
        width = 1.5 * (q3 - q1)  # Tukey's inner fences
        beyond = int(((present < q1 - width) | (present > q3 + width)).sum())
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


def draw_distributions(rows: pd.DataFrame, path: Path, max_categories: int) -> None:
    """Plot a histogram of each number and date, and bars for each category.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    path : Path
        The PNG file to write.
    max_categories : int
        Maximum number of bars.
    """
    with panels(path, list(rows)) as drawn:
        for axis, name in drawn:
            values = rows[name].dropna()
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
                counts = frequencies(values, max_categories)
                bars(axis, [shorten(one, 18) for one in counts], list(counts.values()))


def frequencies(values: pd.Series, most: int) -> dict[str, int]:
    """Count the most frequent values of a column, and all others together; ties in alphabetical order."""
    counts = values.astype("str").value_counts()
    counts = counts.sort_index().sort_values(ascending=False, kind="stable")
    shown = {str(name): int(count) for name, count in counts.iloc[:most].items()}
    rest = int(counts.iloc[most:].sum())
    return shown | ({f"{len(counts) - most} more": rest} if rest else {})


def correlations(numbers: pd.DataFrame, path: Path) -> None:
    """Plot Spearman's rank correlations as a matrix."""
    found = numbers.astype("float64").corr(method="spearman")
    matrix(found, path, cmap="RdBu_r", vmin=-1, vmax=1)
