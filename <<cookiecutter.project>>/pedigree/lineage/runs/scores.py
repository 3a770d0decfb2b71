"""The scores of the runs: verdicts, gains over the first run, and curves in one plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pedigree.lineage.runs.paired import Pair
from pedigree.lineage.runs.runs import Run
from pedigree.report.charts.marks import Mark, MarkChart, interval_chart
from pedigree.report.charts.plots import Plot, Series, xy_plot
from pedigree.report.formatting import short
from pedigree.report.labels import significance
from pedigree.report.outputs import grouped, xy_points
from pedigree.report.page.rendering import PagePart

CLASSES = 4  # maximum number of classes whose curves are plotted
# Columns of the file, titles of the axes and of the plot, dashed line.
CURVES = {
    "roc": (
        *("false_positive_rate", "true_positive_rate"),
        *("false positive rate", "true positive rate", "ROC curve", "diagonal"),
    ),
    "precision_recall": (
        *("recall", "precision"),
        *("recall", "precision", "Precision-recall curve", ""),
    ),
    "calibration": (
        *("predicted", "observed"),
        *("predicted probability", "observed frequency", "Calibration", "diagonal"),
    ),
}


@dataclass(frozen=True)
class RunVerdict:
    """The verdict of a run; the fields after `validation` are None if the run stopped before `verdict`."""

    run: str
    model: str
    features: int
    validation: float | None
    accepted: bool | None = None
    criteria: str | None = None
    test: float | None = None
    interval: Sequence[float] | None = None
    rows: str | None = None


@dataclass(frozen=True)
class RunGain:
    """The gain of a run over the first one in a metric, on the same rows."""

    run: str
    metric: str
    first: float | None
    own: float | None
    gain: float | None
    interval: Sequence[float]

    @property
    def result(self) -> str:
        """Return whether the gain is significant."""
        return significance(*self.interval)


@dataclass(frozen=True)
class SubsetGains:
    """The gains on a subset, and the runs that have no rows in common with the first one."""

    subset: str
    gains: list[RunGain]
    disjoint: list[str]
    chart: MarkChart


@dataclass(frozen=True)
class RunCurves:
    """One curve of several runs."""

    title: str
    chart: Plot | None


@dataclass(frozen=True, kw_only=True)
class ComparedVerdicts(PagePart):
    """The section on the verdicts."""

    metric: str
    direction: str
    verdicts: list[RunVerdict]
    chart: MarkChart | None
    template: str = "pedigree/lineage/runs/verdicts.html.j2"


@dataclass(frozen=True, kw_only=True)
class ComparedGains(PagePart):
    """The section on the gains over the first run."""

    first: str
    subsets: list[SubsetGains]
    template: str = "pedigree/lineage/runs/gains.html.j2"


@dataclass(frozen=True, kw_only=True)
class ComparedCurves(PagePart):
    """The section on the curves; `tuned` lists the runs whose tuning is plotted."""

    curves: list[RunCurves]
    tuned: list[str]
    tuning: Plot | None
    template: str = "pedigree/lineage/runs/curves.html.j2"


def compare_verdicts(runs: Sequence[Run]) -> ComparedVerdicts:
    """Return the section on the verdict of each run."""
    metric = runs[0].settings["problem"]["metrics"][0]
    found = [_verdict(run, metric) for run in runs]
    marks = [
        Mark(one.run, one.test, one.interval[0], one.interval[1], one.model, f"t{tone}")
        for tone, one in enumerate(found)
        if one.interval is not None
    ]
    return ComparedVerdicts(
        metric=metric,
        direction=runs[0].outputs.direction(metric),
        verdicts=found,
        chart=interval_chart(marks) if marks else None,
    )


def _verdict(run: Run, metric: str) -> RunVerdict:
    trained = run.outputs.trained
    known: dict[str, Any] = {}
    if run.has_verdict:
        verdict, first = run.outputs.verdict, run.outputs.headline
        met = [one.met for one in verdict.criteria if one.met is not None]
        known = {
            "accepted": verdict.accepted,
            "criteria": f"{sum(met)} of {len(met)}",
            "test": first.value,
            "interval": first.interval,
            "rows": verdict.about[0],
        }
    validation = run.outputs.validation.scores.get(metric)
    return RunVerdict(run.name, trained.model, len(trained.features), validation, **known)


def compare_gains(runs: Sequence[Run], pairs: Sequence[Pair]) -> ComparedGains:
    """Return the section on the gains of the other runs over the first, on the rows that both predicted."""
    subsets = []
    for subset in dict.fromkeys(one.subset for one in pairs):
        found, marks, disjoint = [], [], []
        for one in [pair for pair in pairs if pair.subset == subset]:
            name, tone = one.other.name, f"t{runs.index(one.other)}"
            own = [_gain(name, line) for line in one.gains]
            if own:
                label, (low, high) = f"{name} ({one.rows:,} rows)", own[0].interval
                marks.append(Mark(label, own[0].gain, low, high, tone=tone, note=own[0].result))
            else:
                disjoint.append(name)
            found += own
        subsets.append(SubsetGains(subset, found, disjoint, interval_chart(marks, 0.0)))
    return ComparedGains(first=runs[0].name, subsets=subsets)


def _gain(run: str, line: dict[str, Any]) -> RunGain:
    return RunGain(
        run, line["metric"], line["reference"], line["value"], line["gain"], line["interval"]
    )


def compare_curves(runs: Sequence[Run]) -> ComparedCurves:
    """Return the section with the curves of all runs in common plots."""
    tuned = [run for run in runs if run.outputs.tuned]
    searches = [
        Series(run.name, xy_points(run.outputs.rows("plots/tune.csv"), "trial", "best"))
        for run in tuned
    ]
    is_classifier = runs[0].outputs.problem["kind"] == "classification"
    return ComparedCurves(
        curves=list(_classification(runs)) if is_classifier else [_residuals(runs)],
        tuned=[run.name for run in tuned],
        tuning=xy_plot(searches, "trial", "best so far", whole=True),
    )


def _classification(runs: Sequence[Run]) -> Iterator[RunCurves]:
    """Plot each curve on each run's validation set; one plot per class."""
    for file, (x, y, across, up, title, guide) in CURVES.items():
        kind = "both" if file == "calibration" else "line"
        found: dict[str, list[Series]] = {}
        for run in runs:
            for (name,), rows in grouped(run.outputs.rows(f"plots/evaluate/{file}.csv"), "class"):
                found.setdefault(name, []).append(Series(run.name, xy_points(rows, x, y), kind))
        for name, series in list(found.items())[:CLASSES]:
            of = f"{title}: {short(name, 30)}" if len(found) > 1 else title
            yield RunCurves(of, xy_plot(series, across, up, unit=True, guide=guide))


def _residuals(runs: Sequence[Run]) -> RunCurves:
    """Plot the residuals on each run's validation set."""
    file, axes = "plots/evaluate/residuals.csv", ("predicted", "residual")
    series = [Series(run.name, xy_points(run.outputs.rows(file), *axes), "points") for run in runs]
    return RunCurves("Residuals", xy_plot(series, *axes, guide="zero"))
