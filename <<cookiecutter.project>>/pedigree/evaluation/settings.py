"""Settings of `evaluate`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.problem import Columns, Grouped, ListedMetrics, ThresholdRule
from pedigree.base.section import Count, Excerpt, Names, Section, Seed, Share


class Bootstrap(Section):
    """Resamples and confidence of bootstrap intervals."""

    resamples: int = Field(ge=100)
    confidence: Share
    seed: Seed


class Slices(Section):
    """How rows are divided into slices."""

    columns: Count
    bins: int = Field(ge=2)
    levels: int = Field(ge=2)
    min_rows: int = Field(ge=5)


class Evaluate(Bootstrap):
    """conf/evaluate/."""

    calibration_bins: int = Field(ge=2)
    slices: Slices


class JudgedColumns(Columns, Grouped, ListedMetrics):
    """The settings of the problem for judging a model, on all rows and on slices."""

    slices: Names | None
    protected: Names


class EvaluateProblem(JudgedColumns):
    """The settings of the problem that `evaluate` reads."""

    threshold: ThresholdRule | None


class EvaluateSettings(Excerpt):
    """All settings of the stage `evaluate`."""

    evaluate: Evaluate
    problem: EvaluateProblem
