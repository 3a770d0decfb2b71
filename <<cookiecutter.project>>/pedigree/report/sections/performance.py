"""The scores on the test set, compared with champion, baselines and success criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pedigree.report.charts.marks import Mark, MarkChart, interval_chart
from pedigree.report.labels import (
    MEANING,
    REFERENCES,
    reference_label,
    significance,
)
from pedigree.report.outputs import RunOutputs
from pedigree.report.page.rendering import PagePart
from pedigree.scoring.results import Interval, JudgedCriterion, Score

NEGLIGIBLE = 1e-9  # relative to the value; narrower intervals are not shown


@dataclass(frozen=True)
class GainRow:
    """The gain of the model over another one on the test set."""

    name: str
    metric: str
    gain: float | None
    low: float | None
    high: float | None

    @property
    def result(self) -> str:
        """Return whether the gain is significant."""
        return significance(self.low, self.high)


@dataclass(frozen=True)
class MetricRow:
    """A metric of the model on test and validation set, and of the reference models on the test set."""

    metric: str
    meaning: str
    test: float | None
    interval: Interval
    references: dict[str, float]
    validation: float | None
    half_width: float | None


@dataclass(frozen=True, kw_only=True)
class PerformanceSection(PagePart):
    """The section on the scores.

    Parameters
    ----------
    scores : list of MetricRow
        The first metric first.
    direction : str
        Whether higher or lower values of the first metric are better.
    names : dict of str to str
        Name and label of each reference model that has a score.
    chart : MarkChart
        The first metric of this model and the reference models; a limit is that of the success criterion.
    remarks : list of str
        How the scores were measured.
    gains : list of GainRow
    gain_chart : MarkChart
        Gains in the first metric.
    criteria : sequence of JudgedCriterion
        The verdict's criteria.
    """

    scores: list[MetricRow]
    direction: str
    names: dict[str, str]
    chart: MarkChart
    remarks: list[str]
    gains: list[GainRow]
    gain_chart: MarkChart
    criteria: Sequence[JudgedCriterion]
    template: str = "pedigree/report/sections/performance.html.j2"


def performance(outputs: RunOutputs) -> PerformanceSection:
    """Return the section on the scores."""
    scores = metric_rows(outputs)
    metric, criteria = scores[0].metric, outputs.verdict.criteria
    limits = [one.limit for one in criteria if one.criterion == metric]
    gains = gain_rows(outputs)
    marks = [
        Mark(f"over {one.name}", one.gain, one.low, one.high, note=one.result)
        for one in gains
        if one.metric == metric
    ]
    return PerformanceSection(
        scores=scores,
        direction=outputs.direction(metric),
        names={name: REFERENCES[name] for one in scores for name in one.references},
        chart=interval_chart(_marks(scores[0]), next(iter(limits), None)),
        remarks=outputs.remarks,
        gains=gains,
        gain_chart=interval_chart(marks, 0.0),
        criteria=criteria,
    )


def gain_rows(outputs: RunOutputs) -> list[GainRow]:
    """Return the gains over champion and baselines on the test set."""
    return [
        GainRow(reference_label(one.against), one.metric, one.gain, *one.interval)
        for one in outputs.verdict.comparisons
    ]


def metric_rows(outputs: RunOutputs) -> list[MetricRow]:
    """Return the metrics of the model, the first one first."""
    return [_metric_row(outputs, one) for one in outputs.verdict.metrics]


def _metric_row(outputs: RunOutputs, score: Score) -> MetricRow:
    metric, validation = score.metric, score.validation
    half_width = outputs.validation.scores.get(f"{metric}_half_width")
    wide = half_width and validation is not None and half_width > NEGLIGIBLE * abs(validation)
    return MetricRow(
        metric=metric,
        meaning=MEANING.get(metric, score.meaning),
        test=score.value,
        interval=score.interval,
        references=outputs.reference_scores(score),
        validation=validation,
        half_width=half_width if wide else None,
    )


def _marks(first: MetricRow) -> list[Mark]:
    """Return the marks of this model, of the reference models, and of this model on the validation set."""
    low, high = first.interval
    marks = [Mark("this model", first.test, low, high, strong=True)]
    for name, value in first.references.items():
        marks.append(Mark(REFERENCES[name], value, tone="tq", note=name))
    if first.validation is not None:
        marks.append(Mark("this model, validation set", first.validation, tone="tq"))
    return marks
