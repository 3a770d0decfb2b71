"""What the predictions depend on: importance of features, curves, interactions, individual predictions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pedigree.report.charts.marks import Mark, MarkChart, bar_chart
from pedigree.report.charts.plots import Plot, Series, xy_plot
from pedigree.report.formatting import number, short
from pedigree.report.outputs import Row, RunOutputs, grouped, to_float, xy_points
from pedigree.report.page.rendering import PagePart

FOLDER = "reports/explain"
INDIVIDUAL = 3  # number of individual predictions that are shown
STRONGEST = 6  # number of features of an individual prediction
CURVES = 6
CATEGORIES = 12  # maximum number of bars of a curve


@dataclass(frozen=True)
class Importance:
    """The importance of features by one method.

    Parameters
    ----------
    method, measure, unit : str
    chart : MarkChart
    more : int
        Number of features that the chart leaves out.
    """

    method: str
    measure: str
    unit: str
    chart: MarkChart
    more: int


@dataclass(frozen=True)
class FeatureCurve:
    """The mean prediction as a function of a feature."""

    feature: str
    method: str
    unit: str
    chart: Plot | MarkChart


@dataclass(frozen=True)
class Explained:
    """One prediction: the base value, and the contributions of the strongest features."""

    row: str
    output: str
    prediction: float | None
    base: float | None
    unit: str
    chart: MarkChart


@dataclass(frozen=True, kw_only=True)
class DriversSection(PagePart):
    """The section on what the predictions depend on.

    Parameters
    ----------
    strongest : list of str
        The three strongest features by the first method.
    importance : list of Importance
    curves : list of FeatureCurve
    interactions : list of dict
        Pairs of features whose joint effect is more than the sum of their effects.
    method : str
        Method of the individual predictions.
    predictions : list of Explained
    """

    strongest: list[str]
    importance: list[Importance]
    curves: list[FeatureCurve]
    interactions: list[Row]
    method: str
    predictions: list[Explained]
    template: str = "pedigree/report/sections/drivers.html.j2"


def drivers(outputs: RunOutputs, most: int) -> DriversSection:
    """Return the section with the results of `explain`; a chart or table has at most `most` features."""
    rows = outputs.rows(f"{FOLDER}/global.csv", "strength", "spread")
    single = outputs.rows(f"{FOLDER}/rows.csv", "contribution", "prediction", "base")
    method = single[0]["method"] if single else ""
    own = [one for one in single if one["method"] == method]
    pairs = outputs.rows(f"{FOLDER}/interactions.csv", "strength")[:most]
    return DriversSection(
        strongest=[row["feature"] for row in rows[:3] if row["strength"]],
        importance=[
            _importance(method, lines, most) for (method,), lines in grouped(rows, "method")
        ],
        curves=list(_curves(outputs.rows(f"{FOLDER}/curves.csv")))[:CURVES],
        interactions=pairs,
        method=method,
        predictions=[
            _explained(row, lines) for (row,), lines in grouped(own, "validation_row")[:INDIVIDUAL]
        ],
    )


def _importance(method: str, rows: list[Row], most: int) -> Importance:
    marks: list[Mark] = []
    for row in rows[:most]:
        mark = Mark.around(row["feature"], row["strength"], row["spread"], strong=not marks)
        marks.append(mark)
    more = max(0, len(rows) - most)
    return Importance(method, rows[0]["measure"], rows[0]["unit"], bar_chart(marks), more)


def _curves(rows: list[Row]) -> Iterator[FeatureCurve]:
    """Return a plot with a line for each output; for a category with one output, bars."""
    for (method, feature), lines in grouped(rows, "method", "feature"):
        outputs = grouped(lines, "output")
        series = [Series(output, xy_points(line, "x", "y")) for (output,), line in outputs]
        chart: Plot | MarkChart | None = xy_plot(series, short(feature, 44), "prediction")
        if chart is None and len(outputs) == 1:
            marks = [Mark(one["x"], to_float(one["y"])) for one in lines[:CATEGORIES]]
            chart = bar_chart(marks)
        if chart is not None:
            yield FeatureCurve(feature, method, lines[0]["unit"], chart)


def _explained(row: str, lines: list[Row]) -> Explained:
    first, marks = lines[0], []
    for one in lines[:STRONGEST]:
        value, added = to_float(one["value"]), one["contribution"]
        shown = short(one["value"] if value is None else number(value), 24) or "missing"
        tone = "t0" if (added or 0) >= 0 else "t1"
        marks.append(Mark(f"{short(one['feature'])} = {shown}", added, tone=tone))
    return Explained(
        row, first["output"], first["prediction"], first["base"], first["unit"], bar_chart(marks)
    )
