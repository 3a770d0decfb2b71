"""Settings of `report`."""

from __future__ import annotations

from pedigree.base.problem import Criterion, GroupedColumns, Target, ThresholdRule
from pedigree.base.section import Count, Excerpt, Names, Section


class ReportPage(Section):
    """conf/report/."""

    most: Count


class ReportProblem(Target, GroupedColumns):
    """The part of the problem that `report` reads, including what the owner's templates may use."""

    goal: str
    metrics: Names
    slices: Names | None
    protected: Names
    threshold: ThresholdRule | None
    criteria: dict[str, Criterion]


class ReportSettings(Excerpt):
    """All settings that `report` reads."""

    report: ReportPage
    problem: ReportProblem
