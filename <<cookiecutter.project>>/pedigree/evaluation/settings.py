"""Settings of `evaluate`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.problem import Columns, Grouped, ListedMetrics, ThresholdRule
from pedigree.base.section import Count, Excerpt, Names, Section, Seed, Share


class Bootstrap(Section):
    """How sure a score is."""

    resamples: int = Field(ge=100)
    confidence: Share
    seed: Seed


class Slices(Section):
    """How rows are cut into slices."""

    columns: Count
    bins: int = Field(ge=2)
    levels: int = Field(ge=2)
    min_rows: int = Field(ge=5)


class Evaluate(Bootstrap):
    """conf/evaluate/."""

    calibration_bins: int = Field(ge=2)
    slices: Slices


class JudgedColumns(Columns, Grouped, ListedMetrics):
    """What it takes to judge a model, on all rows and on slices of them."""

    slices: Names | None
    protected: Names


class EvaluateProblem(JudgedColumns):
    """What `evaluate` sees of the problem."""

    threshold: ThresholdRule | None


class EvaluateSettings(Excerpt):
    """All that `evaluate` sees."""

    evaluate: Evaluate
    problem: EvaluateProblem
