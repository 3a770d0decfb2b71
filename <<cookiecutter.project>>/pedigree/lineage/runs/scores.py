"""How the runs did: their verdicts, gains over the first, and their curves in one plot."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from pedigree.lineage.runs.paired import Pair
from pedigree.lineage.runs.runs import UNJUDGED, Run
from pedigree.report.charts import Mark, intervals
from pedigree.report.elements import Child, el, interval, short
from pedigree.report.facts import parsed
from pedigree.report.page import Page
from pedigree.report.plots import Series, plot
from pedigree.report.words import better_is, surely

CLASSES = 4  # whose curves are drawn
# Name of the file, its columns, titles of the axes and of the plot, broken line.
CURVES = {
    "roc": (
        "false_positive_rate",
        "true_positive_rate",
        "false positive rate",
        "true positive rate",
        "ROC",
        "diagonal",
    ),
    "precision_recall": ("recall", "precision", "recall", "precision", "Precision and recall", ""),
    "calibration": (
        "predicted",
        "observed",
        "predicted probability",
        "share observed",
        "Calibration",
        "diagonal",
    ),
}


def standing(page: Page, runs: Sequence[Run]) -> None:
    """Tell each run's own verdict."""
    page.heading("Verdicts", "verdicts")
    first = runs[0].settings["problem"]["metrics"][0]
    marks: list[Mark] = []
    lines: list[dict[str, Any]] = []
    for tone, run in enumerate(runs):
        line = {
            "run": run.name,
            "verdict": "none",
            "criteria met": None,
            "model": run.facts.trained["model"],
            "features": len(run.facts.trained["features"]),
            "validation": run.facts.validation.get(first),
            "test": None,
            "interval": None,
            "about": UNJUDGED,
        }
        if run.judged:
            head, verdict = run.facts.headline, run.facts.verdict
            value, (low, high) = head["value"], head["interval"]
            marks.append(Mark(run.name, value, low, high, tone=f"t{tone}", tip=line["model"]))
            criteria = [one for one in verdict["criteria"] if one["met"] is not None]
            word, look = ("accepted", "good") if verdict["accepted"] else ("not accepted", "bad")
            line |= {
                "verdict": el("span", word, class_=f"says {look}"),
                "criteria met": f"{sum(one['met'] for one in criteria)} of {len(criteria)}",
                "test": value,
                "interval": interval(low, high),
                "about": verdict["about"][0],
            }
        lines.append(line)
    page.table(lines, f"validation and test: {first}, {better_is(first)}")
    if marks:
        page.add(intervals(marks, caption=f"{first} of each run on its own test rows"))


def gains(page: Page, runs: Sequence[Run], pairs: Sequence[Pair]) -> None:
    """Tell how much better the others are than the first, on the rows that both have judged."""
    page.heading(f"Better than {runs[0].name}?", "gains")
    for side in dict.fromkeys(one.side for one in pairs):
        page.subheading(f"{side.capitalize()} rows")
        lines, marks = [], []
        for one in [pair for pair in pairs if pair.side == side]:
            if not one.gains:
                page.paragraph(f"No row was judged by both {runs[0].name} and {one.other.name}.")
            tone = f"t{runs.index(one.other)}"
            for found in one.gains:
                low, high = found["interval"]
                if found is one.gains[0]:
                    name = f"{one.other.name} ({one.rows:,} rows)"
                    marks.append(
                        Mark(name, found["gain"], low, high, tone=tone, tip=surely(low, high))
                    )
                lines.append(
                    {
                        "run": one.other.name,
                        "metric": found["metric"],
                        runs[0].name: found["reference"],
                        "its own": found["value"],
                        "gain": found["gain"],
                        "interval": interval(low, high),
                        "so it is": surely(low, high),
                    }
                )
        if marks:
            metric = lines[0]["metric"]
            said = f"gain in {metric} on the same rows, drawn together; right of the broken line is better than {runs[0].name}"
            page.add(intervals(marks, limit=0.0, caption=said))
            page.table(lines, f"{side} rows that both have judged")


def curves(page: Page, runs: Sequence[Run]) -> None:
    """Draw the runs' curves over each other."""
    page.heading("Curves", "curves")
    charts = (
        classification(runs)
        if runs[0].facts.problem["kind"] == "classification"
        else regression(runs)
    )
    searches = [
        Series(
            run.name,
            [(a, b) for a, b in _points(run.facts.rows("plots/tune.csv"), "trial", "best")],
        )
        for run in runs
        if run.facts.tuned.get("trials")
    ]
    if searches:
        of = ", ".join(one.name for one in searches)
        said = f"{of}: mean over folds of the training rows"
        charts.append(
            plot(searches, "trial", "best so far", whole=True, title="Tuning", caption=said)
        )
    page.add(el("div", *charts, class_="charts"))


def classification(runs: Sequence[Run]) -> list[Child]:
    """Draw ROC, precision and recall, and calibration on each run's validation rows; a plot for each class."""
    charts: list[Child] = []
    for file, (x, y, across, up, title, guide) in CURVES.items():
        found: dict[str, list[Series]] = {}
        for run in runs:
            rows = run.facts.rows(f"plots/evaluate/{file}.csv")
            for name, part in groupby(rows, lambda row: row["class"]):
                kind = "both" if file == "calibration" else "line"
                found.setdefault(name, []).append(Series(run.name, _points(list(part), x, y), kind))
        for name, series in list(found.items())[:CLASSES]:
            of = f"{title}: {short(name, 30)}" if len(found) > 1 else title
            charts.append(
                plot(
                    series,
                    across,
                    up,
                    unit=True,
                    guide=guide,
                    title=of,
                    caption="each run's validation rows",
                )
            )
    return charts


def regression(runs: Sequence[Run]) -> list[Child]:
    """Draw the residuals of each run's validation rows."""
    series = [
        Series(
            run.name,
            _points(run.facts.rows("plots/evaluate/residuals.csv"), "predicted", "residual"),
            "points",
        )
        for run in runs
    ]
    return [
        plot(
            series,
            "predicted",
            "residual",
            guide="zero",
            title="Residuals",
            caption="each run's validation rows",
        )
    ]


def _points(rows: Sequence[dict[str, str]], x: str, y: str) -> list[tuple[float, float]]:
    pairs = [(parsed(row[x]), parsed(row[y])) for row in rows]
    return [(a, b) for a, b in pairs if a is not None and b is not None]
