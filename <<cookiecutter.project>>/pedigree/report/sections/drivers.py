"""What drives the model: strengths of features, curves, and single predictions taken apart."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from pedigree.report.charts import Mark, bars
from pedigree.report.elements import breakable, el, number, short
from pedigree.report.facts import Facts, Row, parsed
from pedigree.report.page import Page
from pedigree.report.plots import Series, plot

FOLDER = "reports/explain"
SINGLE = 3  # predictions that are shown
STRONGEST = 6  # features of a single prediction
PLOTS = 6


def drivers(page: Page, facts: Facts, most: int) -> None:
    """Write what `explain` found."""
    page.heading("What drives it", "drivers")
    strengths = facts.rows(f"{FOLDER}/global.csv")
    if not strengths:
        page.paragraph("Nothing is known: the stage `explain` has left no strengths.")
        return
    charts = []
    for method, rows in by(strengths, "method"):
        marks: list[Mark] = []
        for row in rows[:most]:
            value, spread = parsed(row["strength"]), parsed(row["spread"])
            marks.append(Mark.around(row["feature"], value, spread, strong=not marks))
        unit = f", in {rows[0]['unit']}" if rows[0]["unit"] else ""
        left = (
            f" {len(rows) - most} more features are in {FOLDER}/global.csv."
            if len(rows) > most
            else ""
        )
        charts.append(bars(marks, title=method, caption=f"{rows[0]['measure']}{unit}.{left}"))
    strongest = ", ".join(row["feature"] for row in strengths[:3])
    page.paragraph("The strongest features: ", el("b", *breakable(strongest), dir="auto"), ".")
    page.add(*charts)
    curves(page, facts.rows(f"{FOLDER}/curves.csv"))
    interactions(page, facts.rows(f"{FOLDER}/interactions.csv"), most)
    single(page, facts.rows(f"{FOLDER}/rows.csv"))


def curves(page: Page, rows: list[Row]) -> None:
    """Draw how the prediction goes with a feature."""
    charts = []
    for (method, feature), points in by(rows, "method", "feature"):
        series = []
        for output, line in by(points, "output"):
            places = [(parsed(one["x"]), parsed(one["y"])) for one in line]
            series.append(
                Series(output, [(a, b) for a, b in places if a is not None and b is not None])
            )
        if any(one.points for one in series):
            said = f"{method}: mean prediction, {points[0]['unit']}"
            charts.append(
                plot(series, short(feature, 44), "prediction", title=short(feature), caption=said)
            )
        elif len(by(points, "output")) == 1:
            marks = [Mark(one["x"], parsed(one["y"])) for one in points[:12]]
            charts.append(bars(marks, title=short(feature), caption=f"{method}: mean prediction"))
    if charts:
        page.subheading("How the prediction goes with a feature")
        page.add(el("div", *charts[:PLOTS], class_="charts"))


def interactions(page: Page, rows: list[Row], most: int) -> None:
    """List the pairs of features that act together."""
    if rows:
        page.subheading("Pairs of features that act together")
        page.table(
            [
                {
                    "feature": r["feature"],
                    "other": r["other"],
                    "strength": parsed(r["strength"]),
                    "method": r["method"],
                }
                for r in rows[:most]
            ],
            rows[0]["measure"],
        )


def single(page: Page, rows: list[Row]) -> None:
    """Take single predictions apart."""
    method = rows[0]["method"] if rows else ""
    charts = []
    for row, lines in by([one for one in rows if one["method"] == method], "validation_row"):
        first = lines[0]
        marks = []
        for one in lines[:STRONGEST]:
            value = parsed(one["contribution"])
            tone = "t0" if (value or 0) >= 0 else "t1"
            shown = short(
                number(parsed(one["value"])) if parsed(one["value"]) is not None else one["value"],
                24,
            )
            marks.append(Mark(f"{short(one['feature'])} = {shown or 'missing'}", value, tone=tone))
        title = f"Row {row}, {short(first['output'], 30)}: {number(parsed(first['prediction']))}"
        charts.append(
            bars(
                marks,
                title=title,
                caption=f"added to {number(parsed(first['base']))}, in {first['unit']}",
            )
        )
    if charts:
        page.subheading("Single predictions")
        page.paragraph(
            f"What the strongest features of some validation rows have added to the prediction ({method}): "
            "to the right for it, to the left against it."
        )
        page.add(el("div", *charts[:SINGLE], class_="charts narrow"))


def by(rows: Iterable[Row], *names: str) -> list[tuple]:
    """Group rows by columns, in the order in which they come."""

    def key(row: Row) -> tuple[str, ...]:
        return tuple(row[name] for name in names)

    found = [(keys, list(group)) for keys, group in groupby(rows, key)]
    return [(keys[0], group) for keys, group in found] if len(names) == 1 else found
