"""The verdict in a few sentences: whether the model is accepted, and warnings about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pedigree.report.labels import reference_label
from pedigree.report.outputs import RunOutputs
from pedigree.report.page.rendering import PagePart
from pedigree.report.sections.recommendations import Recommendation
from pedigree.scoring.results import Interval

SHOWN = 3  # maximum number of warnings that are shown


@dataclass(frozen=True)
class VerdictSummary:
    """The number of success criteria that the model meets, and its first metric on the test set.

    Parameters
    ----------
    model : str
    met, evaluated : int
        Success criteria that are met, and that could be evaluated.
    rows : str
        The formatted number of test rows.
    metric : str
    value : float or None
    interval : (float or None, float or None)
    reference : (str, float) or None
        The first reference model and its value of the metric.
    """

    model: str
    met: int
    evaluated: int
    rows: str
    metric: str
    value: float | None
    interval: Interval
    reference: tuple[str, float] | None


@dataclass(frozen=True, kw_only=True)
class VerdictSection(PagePart):
    """The verdict with its traffic light.

    Parameters
    ----------
    tone : {"bad", "warn", "good"}
    summary : VerdictSummary
    warnings : sequence of Recommendation
        Warnings that are shown.
    more : int
        Number of further warnings.
    """

    tone: str
    summary: VerdictSummary
    warnings: Sequence[Recommendation]
    more: int
    template: str = "pedigree/report/sections/verdict.html.j2"


def summarize(outputs: RunOutputs) -> VerdictSummary:
    """Summarize the verdict of a run."""
    met = [one.met for one in outputs.verdict.criteria if one.met is not None]
    first, references = outputs.headline, outputs.reference_scores()
    return VerdictSummary(
        model=outputs.trained.model,
        met=sum(met),
        evaluated=len(met),
        rows=outputs.remarks[0],
        metric=first.metric,
        value=first.value,
        interval=first.interval,
        reference=next(((reference_label(one), references[one]) for one in references), None),
    )


def verdict(outputs: RunOutputs, recommendations: Sequence[Recommendation]) -> VerdictSection:
    """Return the first section of the page."""
    warnings = [one for one in recommendations if one.is_warning]
    accepted = "warn" if warnings else "good"
    return VerdictSection(
        tone=accepted if outputs.verdict.accepted else "bad",
        summary=summarize(outputs),
        warnings=warnings[:SHOWN],
        more=max(0, len(warnings) - SHOWN),
    )
