"""The errors on the validation set: curves of a classifier, residuals of a regression."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from pedigree.report.charts.marks import ConfusionMatrix
from pedigree.report.charts.plots import TONES, Plot, Series, xy_plot
from pedigree.report.outputs import Row, RunOutputs, grouped, xy_points
from pedigree.report.page.rendering import PagePart

CURVES = "plots/evaluate"
CLASSES = 10  # maximum number of classes in a confusion matrix


@dataclass(frozen=True, kw_only=True)
class Errors(PagePart):
    """The errors of a classifier on the validation set.

    Parameters
    ----------
    ece : float or None
        The expected calibration error.
    calibration, roc, precision_recall : Plot or None
    confusion : ConfusionMatrix
        Confusion matrix of the most frequent classes.
    classes : int
        Number of classes.
    threshold : Plot or None
        Metrics as a function of the decision threshold.
    chosen : float or None
        The chosen decision threshold.
    """

    ece: float | None
    calibration: Plot | None
    roc: Plot | None
    precision_recall: Plot | None
    confusion: ConfusionMatrix
    classes: int
    threshold: Plot | None
    chosen: float | None
    template: str = "pedigree/report/sections/errors.html.j2"


@dataclass(frozen=True, kw_only=True)
class Residuals(PagePart):
    """The errors of a regression on the validation set."""

    predicted: Plot | None
    residuals: Plot | None
    template: str = "pedigree/report/sections/residuals.html.j2"


def errors(outputs: RunOutputs) -> Errors:
    """Return the section on the errors of a classifier."""
    rows = outputs.rows(f"{CURVES}/confusion.csv")
    counts = Counter((one["actual"], one["predicted"]) for one in rows)
    sizes = Counter(name for one in rows for name in one.values())
    frequent = sorted(sizes.items(), key=lambda one: (-one[1], one[0]))[:CLASSES]
    return Errors(
        ece=outputs.validation.scores.get("ece"),
        calibration=xy_plot(
            _curve(outputs, "calibration", "predicted", "observed", "both"),
            *("predicted probability", "observed frequency"),
            unit=True,
            guide="diagonal",
        ),
        roc=xy_plot(
            _curve(outputs, "roc", "false_positive_rate", "true_positive_rate"),
            *("false positive rate", "true positive rate"),
            unit=True,
            guide="diagonal",
        ),
        precision_recall=xy_plot(
            _curve(outputs, "precision_recall", "recall", "precision"),
            *("recall", "precision"),
            unit=True,
        ),
        confusion=ConfusionMatrix(counts=counts, classes=sorted(name for name, _ in frequent)),
        classes=len(sizes),
        threshold=_threshold(outputs.rows(f"{CURVES}/threshold.csv")),
        chosen=outputs.threshold.value,
    )


def residuals(outputs: RunOutputs) -> Residuals:
    """Return the section on the errors of a regression."""
    actual = _curve(outputs, "predicted", "predicted", "actual", "points")
    residual = _curve(outputs, "residuals", "predicted", "residual", "points")
    return Residuals(
        predicted=xy_plot(actual, "predicted", "actual", guide="diagonal"),
        residuals=xy_plot(residual, "predicted", "residual", guide="zero"),
    )


def _curve(outputs: RunOutputs, name: str, x: str, y: str, kind: str = "line") -> list[Series]:
    """Read a curve of the validation set, one series for each class."""
    classes = grouped(outputs.rows(f"{CURVES}/{name}.csv"), "class")
    return [Series(label, xy_points(rows, x, y), kind) for (label,), rows in classes[:TONES]]


def _threshold(rows: list[Row]) -> Plot | None:
    """Return a plot of metrics as a function of the threshold."""
    if not rows:
        return None
    criterion = rows[0]["criterion"]
    columns = {criterion: "value", "precision": "precision", "recall": "recall"}
    # Thresholds above 1 predict no positive row, and would extend the axis of probabilities.
    series = [
        Series(name, [(a, b) for a, b in xy_points(rows, "threshold", column) if a <= 1])
        for name, column in columns.items()
    ]
    return xy_plot(series, "threshold", "value" if len(series) > 1 else criterion)
