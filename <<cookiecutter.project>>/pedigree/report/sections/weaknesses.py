"""Weaknesses of the model: slices, fairness, errors, leakage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pedigree.data.target import EncodedTarget
from pedigree.report.charts.marks import Mark, MarkChart, interval_chart
from pedigree.report.formatting import short
from pedigree.report.outputs import RunOutputs
from pedigree.report.page.rendering import PagePart
from pedigree.report.sections.errors import Errors, Residuals, errors, residuals
from pedigree.scoring.decision import ChosenThreshold
from pedigree.scoring.results import LeakageMetrics, WeakSlice


@dataclass(frozen=True)
class SliceChart:
    """A chart of the slices of a subset, the worst first.

    Parameters
    ----------
    subset : {"test", "validation"}
    metric, direction : str
    chart : MarkChart
    more : int
        Number of slices that the chart leaves out.
    """

    subset: str
    metric: str
    direction: str
    chart: MarkChart
    more: int


@dataclass(frozen=True, kw_only=True)
class WeaknessesSection(PagePart):
    """The section on weaknesses.

    Parameters
    ----------
    worst : WeakSlice or None
        The worst slice.
    slices : SliceChart or None
    fairness : list of dict
        Lines of fairness.csv.
    fairness_subset : {"test", "validation"}
    calibration : dict or None
        Calibration of the bundle.
    threshold : dict
    target : dict
        Name and classes of the target.
    errors : Errors or Residuals
    leakage : dict
        Content of metrics/leakage.json.
    checks : list of dict
        Lines of leakage.csv, failed checks first.
    """

    worst: WeakSlice | None
    slices: SliceChart | None
    fairness: list[dict[str, Any]]
    fairness_subset: str
    calibration: dict[str, Any] | None
    threshold: ChosenThreshold
    target: EncodedTarget
    errors: Errors | Residuals
    leakage: LeakageMetrics | None
    checks: list[dict[str, Any]]
    template: str = "pedigree/report/sections/weaknesses.html.j2"


def weaknesses(outputs: RunOutputs, most: int) -> WeaknessesSection:
    """Return the section on errors and weaknesses; a chart has at most `most` slices."""
    subset, fairness = outputs.fairness()
    is_classifier = outputs.problem["kind"] == "classification"
    checks = outputs.rows("reports/leakage.csv", "measured", "limit")
    return WeaknessesSection(
        worst=outputs.worst_slice,
        slices=_slices(outputs, most),
        fairness=fairness,
        fairness_subset=subset,
        calibration=outputs.signature.calibration,
        threshold=outputs.threshold,
        target=outputs.signature.target,
        errors=errors(outputs) if is_classifier else residuals(outputs),
        leakage=outputs.leakage,
        checks=sorted(checks, key=lambda one: one["found"] != "yes"),
    )


def _slices(outputs: RunOutputs, most: int) -> SliceChart | None:
    subset, rows = outputs.slices()
    if not rows:
        return None
    metric = rows[0]["metric"]
    scores = outputs.verdict.metrics if subset == "test" else outputs.validation.metrics
    marks = [
        Mark("all rows", score.value, *score.interval, strong=True)
        for score in scores
        if score.metric == metric
    ]
    for one in rows[:most]:
        name = (
            f"{short(one['column'], 40)}: {short(one['slice'], 40)} (n\u00a0=\u00a0{one['rows']})"
        )
        note = "significantly worse than all rows" if one["surely_worse"] == "yes" else ""
        marks.append(Mark(name, one["value"], one["low"], one["high"], note=note, tone="t1"))
    more = max(0, len(rows) - most)
    return SliceChart(subset, metric, outputs.direction(metric), interval_chart(marks), more)
