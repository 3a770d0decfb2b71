"""Plots by seaborn: distributions, missing values, associations, the target against each column, outliers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pedigree.data.target import labels
from pedigree.profiling.associations import MOST_LEVELS, associations, kind, numeric
from pedigree.profiling.overview import describe_column, frequencies
from pedigree.report.figures import BLUE, bars, figure, matrix, panels, shorten
from pedigree.report.page import Page

if TYPE_CHECKING:
    from pedigree.base.problem import Target

BLOCKS = 200  # lines in the plot of missing values; each represents as many rows as needed
LISTED = 20  # pairs of columns in the table of associations


def plots(
    rows: pd.DataFrame,
    *,
    problem: Target,
    title: str,
    page: Path,
    pictures: Path,
    max_columns: int,
    max_categories: int,
) -> None:
    """Plot the columns with seaborn.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
        The target is the first column.
    problem : Target
        With `kind` and `target`.
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
    report = Page(title)
    if rows.shape[1] > max_columns:
        report.paragraph(f"The first {max_columns} of {rows.shape[1]} columns.")
    rows = rows.iloc[:, :max_columns].dropna(axis=1, how="all")
    if problem.kind == "classification" and problem.target in rows:
        rows = rows.assign(**{problem.target: labels(rows[problem.target])})

    def picture(name: str, heading: str, text: str) -> None:
        report.heading(heading)
        report.paragraph(text)
        report.picture(pictures / f"{name}.png", heading)

    draw_densities(rows, pictures / "distributions.png", max_categories)
    picture(
        "distributions", "Distributions", "Numbers with a kernel density estimate; dates as years."
    )
    if rows.isna().any(axis=None):
        block = missing_values(rows, pictures / "missing.png")
        picture(
            "missing",
            "Missing values",
            f"Dark where values are missing; a line represents {block} {'row' if block == 1 else 'rows'}.",
        )
    telling = [n for n in rows if rows[n].nunique() > 1 and kind(rows[n]) != "name"]
    if found := associations(rows[telling]):
        draw_associations(telling, found, pictures / "associations.png")
        picture(
            "associations",
            "Associations",
            "From 0 (none) to 1: numbers with numbers by Spearman's rank correlation (without its sign), categories with "
            "categories by Cramér's V, numbers with categories by the correlation ratio of ranks; the latter two are corrected "
            f"for the number of categories. Strings with more than {MOST_LEVELS} distinct values are left out.",
        )
        report.table(found[:LISTED])
    others = [name for name in telling if name != problem.target]
    if problem.target in telling and others:
        against_target(rows, problem.target, others, pictures / "target.png", max_categories)
        picture(
            "target",
            f"{problem.target} against each column",
            "Boxes span the quartiles; a line is the least-squares fit; bars show the fractions of the classes.",
        )
    if lines := outliers(rows, pictures / "outliers.png"):
        picture(
            "outliers",
            "Outliers",
            "Distances from the median in interquartile ranges. Points are beyond Tukey's fences, 1.5 interquartile "
            "ranges below the lower or above the upper quartile.",
        )
        report.table(lines)
    report.write(page)


plots.needs = ("seaborn",)  # type: ignore[attr-defined]


def draw_densities(rows: pd.DataFrame, path: Path, max_categories: int) -> None:
    """Plot a histogram with a density estimate for each number, and bars for each category.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    path : Path
        The PNG file to write.
    max_categories : int
        Maximum number of bars.
    """
    import seaborn

    with panels(path, list(rows)) as drawn:
        for axis, name in drawn:
            values = rows[name].dropna()
            if kind(values) == "number":
                seaborn.histplot(numeric(values), kde=True, bins=24, color=BLUE, ax=axis)
                axis.set(xlabel="", ylabel="")
            else:
                counts = frequencies(values, max_categories)
                bars(axis, [shorten(one, 18) for one in counts], list(counts.values()))


def missing_values(rows: pd.DataFrame, path: Path) -> int:
    """Plot where values are missing, in the order of the rows; return how many rows a line represents."""
    import seaborn

    missing = rows.isna()
    missing = missing.loc[:, missing.any()].astype("float64")
    block = -(-len(rows) // BLOCKS)
    fractions = missing.groupby(np.arange(len(rows)) // block).mean()
    fractions.columns = [shorten(f"{name} ({missing[name].mean():.1%})", 34) for name in missing]
    with figure(path, size=(max(4, 2 + 0.45 * fractions.shape[1]), 5)) as axes:
        seaborn.heatmap(
            fractions, cmap="Blues", vmin=0, vmax=1, cbar=False, yticklabels=False, ax=axes
        )
        axes.set_ylabel("rows, in their order")
        axes.tick_params(axis="x", rotation=90)
    return block


def draw_associations(names: list[str], found: list[dict[str, Any]], path: Path) -> None:
    """Plot the strengths of all pairs as a matrix.

    Parameters
    ----------
    names : list of str
        Columns, in the order of the matrix.
    found : list of dict
        As returned by `associations`.
    path : Path
        The PNG file to write.
    """
    square = pd.DataFrame(np.nan, index=names, columns=names)
    for line in found:
        square.loc[line["column"], line["with"]] = line["strength"]
        square.loc[line["with"], line["column"]] = line["strength"]
    matrix(square, path, cmap="Blues", vmin=0, vmax=1)


def against_target(
    rows: pd.DataFrame, target: str, others: list[str], path: Path, max_categories: int
) -> None:
    """Plot the target against each other column: points, boxes, or fractions of classes.

    Parameters
    ----------
    rows : DataFrame of shape (n, p)
    target : str
    others : list of str
        Columns, one panel each.
    path : Path
        The PNG file to write.
    max_categories : int
        Maximum number of bars of a panel.
    """
    import seaborn

    def grouped(values: pd.Series) -> pd.Series:
        shown = frequencies(values.dropna(), max_categories)
        strings = labels(values)
        return strings.where(strings.isna() | strings.isin(list(shown)), list(shown)[-1])

    number = kind(rows[target]) == "number"
    target_values = numeric(rows[target]) if number else grouped(rows[target])
    box: dict[str, Any] = {"color": BLUE, "fliersize": 2, "linewidth": 0.8, "width": 0.6}
    points, line = {"s": 6, "alpha": 0.5, "color": BLUE}, {"color": "black", "linewidth": 1}
    with panels(path, others) as drawn:
        fractions = None
        for axis, name in drawn:
            numbers = kind(rows[name]) == "number"
            values = numeric(rows[name]) if numbers else grouped(rows[name])
            pair = pd.DataFrame({"x": values, "y": target_values}).dropna()
            if pair.empty:
                axis.set_axis_off()
            elif number and numbers:
                style: dict[str, Any] = {"scatter_kws": points, "line_kws": line}
                seaborn.regplot(pair, x="x", y="y", ci=None, ax=axis, **style)
            elif number:
                seaborn.boxplot(pair, x="y", y="x", order=sorted(set(pair["x"])), ax=axis, **box)
            elif numbers:
                seaborn.boxplot(pair, x="x", y="y", order=sorted(set(pair["y"])), ax=axis, **box)
            else:
                table = pd.crosstab(pair["x"], pair["y"], normalize="index")
                table = table.reindex(columns=sorted(set(target_values.dropna())), fill_value=0)
                colours = seaborn.color_palette("colorblind", table.shape[1])
                table.plot.barh(stacked=True, width=0.7, color=colours, legend=False, ax=axis)
                fractions = axis
            axis.set(xlabel="", ylabel="")
            axis.locator_params(axis="x", nbins=4)
            if not (number and numbers):
                tick_labels = [shorten(one.get_text(), 18) for one in axis.get_yticklabels()]
                axis.set_yticks(axis.get_yticks(), tick_labels)
        if fractions:
            handles, names = fractions.get_legend_handles_labels()
            legend_labels = [shorten(one, 18) for one in names]
            fractions.figure.legend(handles, legend_labels, loc="outside lower center", ncols=6)


def outliers(rows: pd.DataFrame, path: Path) -> list[dict[str, Any]]:
    """Plot a box for each number, all on one scale, and count the values beyond Tukey's fences."""
    import seaborn

    scaled, lines = {}, []
    for name in rows.select_dtypes("number"):
        values = rows[name].astype("float64")
        q1, middle, q3 = values.quantile([0.25, 0.5, 0.75])
        line = describe_column(rows[name], name)
        keys = ("column", "beyond fences", "lowest", "median or most frequent", "highest")
        lines.append({key: line[key] for key in keys})
        if q3 > q1:
            scaled[shorten(name, 28)] = (values - middle) / (q3 - q1)
    if not scaled:
        return []
    with figure(path, size=(7, 1 + 0.4 * len(scaled))) as axes:
        frame = pd.DataFrame(scaled)
        seaborn.boxplot(frame, orient="h", color=BLUE, fliersize=3, linewidth=0.8, ax=axes)
        axes.set_xlabel("interquartile ranges from the median")
    return lines
