"""Where the model is weak: slices, fairness, calibration, threshold, errors, leakage."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from pedigree.report.charts import Mark, confusion, intervals
from pedigree.report.elements import Element, el, interval, number, short
from pedigree.report.facts import Facts, Row, parsed
from pedigree.report.page import Page
from pedigree.report.plots import TONES, Series, plot
from pedigree.report.words import better_is, decided, leaks, weakest

CURVES = "plots/evaluate"
CLASSES = 10  # of a table of confusion


def weaknesses(page: Page, facts: Facts, most: int) -> None:
    """Write where the model errs, and what may be wrong with how it was judged."""
    page.heading("Where it is weak", "weaknesses")
    slices(page, facts, most)
    fairness(page, facts)
    page.subheading("Errors and calibration")
    said = decided(facts, facts.json("models/bundle/signature.json"))
    page.add(el("ul", *(el("li", one, dir="auto") for one in said)))
    if facts.problem["kind"] == "classification":
        classification(page, facts)
    else:
        regression(page, facts)
    leakage(page, facts)


def slices(page: Page, facts: Facts, most: int) -> None:
    """Draw the parts of the rows on which the model does worst."""
    page.subheading("Slices")
    page.paragraph(weakest(facts))
    side, rows = facts.slices()
    if not rows:
        return
    metric = rows[0]["metric"]
    scores = facts.verdict["metrics"] if side == "test" else facts.validation["metrics"]
    overall = next((one for one in scores if one["metric"] == metric), None)
    marks = []
    if overall:
        low, high = overall["interval"]
        marks.append(Mark("all rows", overall["value"], low, high, strong=True))
    for one in rows[:most]:
        name = (
            f"{short(one['column'], 40)}: {short(one['slice'], 40)} (n\u00a0=\u00a0{one['rows']})"
        )
        low, high = parsed(one["low"]), parsed(one["high"])
        sure = "surely worse than all rows" if one.get("surely_worse") == "yes" else ""
        marks.append(Mark(name, parsed(one["value"]), low, high, tip=sure, tone="t1"))
    more = f" {len(rows) - most} more are in reports/*/slices.csv." if len(rows) > most else ""
    said = f"{metric} on parts of the {side} rows, the worst first; {better_is(metric)}.{more}"
    page.add(intervals(marks, caption=said))


def fairness(page: Page, facts: Facts) -> None:
    """List the fairness figures of the columns that are marked protected."""
    for judged in ("verdict", "evaluate"):
        rows = facts.rows(f"reports/{judged}/fairness.csv")
        if rows:
            page.subheading("Fairness")
            lines = [
                {
                    "column": short(one["column"]),
                    "measure": one["measure"].replace("_", " "),
                    "value": parsed(one["value"]),
                    "interval": interval(parsed(one["low"]), parsed(one["high"])),
                }
                for one in rows
            ]
            page.table(
                lines,
                f"columns marked protected, {'test' if judged == 'verdict' else 'validation'} rows",
            )
            return


def classification(page: Page, facts: Facts) -> None:
    """Draw the curves of a classifier on the validation rows."""
    ece = facts.validation.get("ece")
    page.paragraph(
        "Measured on the validation rows"
        + (f"; the expected calibration error is {number(ece)}." if ece is not None else ".")
    )
    charts = [
        plot(
            curve(facts, "calibration", "predicted", "observed", "both"),
            "predicted probability",
            "share observed",
            unit=True,
            guide="diagonal",
            title="Calibration",
            caption="on the broken line, a probability means what it says",
        ),
        plot(
            curve(facts, "roc", "false_positive_rate", "true_positive_rate"),
            "false positive rate",
            "true positive rate",
            unit=True,
            guide="diagonal",
            title="ROC",
            caption="the broken line is guessing",
        ),
        plot(
            curve(facts, "precision_recall", "recall", "precision"),
            "recall",
            "precision",
            unit=True,
            title="Precision and recall",
        ),
    ]
    pairs = Counter(
        (one["actual"], one["predicted"]) for one in facts.rows(f"{CURVES}/confusion.csv")
    )
    sizes = Counter(name for pair, count in pairs.items() for name in pair for _ in range(count))
    classes = sorted(
        name for name, _ in sorted(sizes.items(), key=lambda one: (-one[1], one[0]))[:CLASSES]
    )
    caption = (
        f"the {CLASSES} most frequent of {len(sizes)} classes"
        if len(sizes) > CLASSES
        else "rows; shades are shares of a row"
    )
    charts.append(confusion(pairs, classes, caption))
    if chosen := threshold(facts):
        charts.append(chosen)
    page.add(el("div", *charts, class_="charts"))


def threshold(facts: Facts) -> Element | None:
    """Draw what other thresholds would have given."""
    rows = facts.rows(f"{CURVES}/threshold.csv")
    if not rows:
        return None
    criterion = rows[0]["criterion"]
    series: list[Series] = []
    for column, name in {"value": criterion, "precision": "precision", "recall": "recall"}.items():
        points = [(parsed(row["threshold"]), parsed(row[column])) for row in rows]
        # From a threshold beyond 1 on nobody is acted on; it would stretch the axis of probabilities.
        known = [(a, b) for a, b in points if a is not None and a <= 1 and b is not None]
        if name not in [one.name for one in series]:
            series.append(Series(name, known))
    y = "value" if len(series) > 1 else criterion
    chosen = facts.threshold.get("value")
    caption = (
        "none was asked for; this is what one would give"
        if chosen is None
        else f"chosen: {number(chosen)}, and fixed since"
    )
    return plot(series, "threshold", y, title="Decision threshold", caption=caption)


def regression(page: Page, facts: Facts) -> None:
    """Draw predictions and residuals on the validation rows."""
    page.paragraph("Measured on the validation rows.")
    charts = [
        plot(
            curve(facts, "predicted", "predicted", "actual", "points"),
            "predicted",
            "actual",
            guide="diagonal",
            title="Predicted and actual",
            caption="on the broken line, the prediction is right",
        ),
        plot(
            curve(facts, "residuals", "predicted", "residual", "points"),
            "predicted",
            "residual",
            guide="zero",
            title="Residuals",
            caption="actual minus predicted: a bend or a funnel is something the model has missed",
        ),
    ]
    page.add(el("div", *charts, class_="charts"))


def curve(facts: Facts, name: str, x: str, y: str, kind: str = "line") -> list[Series]:
    """Read a curve of the validation rows, one for each class."""

    def which(row: Row) -> str:
        return row.get("class", "")

    series = []
    for label, rows in groupby(facts.rows(f"{CURVES}/{name}.csv"), which):
        points = [(parsed(row[x]), parsed(row[y])) for row in rows]
        series.append(
            Series(label, [(a, b) for a, b in points if a is not None and b is not None], kind)
        )
    return series[:TONES]


def leakage(page: Page, facts: Facts) -> None:
    """List the checks for leakage, findings first."""
    page.subheading("Leakage")
    page.paragraph(leaks(facts))
    rows = facts.rows("reports/leakage.csv")
    if not rows:
        return
    lines = [
        {
            "check": one["check"].replace("_", " "),
            "where": short(one["where"], 80),
            "found": el(
                "span",
                *(["✗ yes"] if one["found"] == "yes" else ["✓ no"]),
                class_=f"says {'bad' if one['found'] == 'yes' else 'good'}",
            ),
            "measured": parsed(one["measured"]),
            "limit": parsed(one["limit"]),
            "says": one["says"],
        }
        for one in sorted(rows, key=lambda one: one["found"] != "yes")
    ]
    page.table(lines, "checks for leakage")
