"""Settings of `report`."""

from __future__ import annotations

from pedigree.base.problem import Criterion, GroupedColumns, Target, ThresholdRule
from pedigree.base.section import Count, Excerpt, Names, Section


class ReportPage(Section):
    """conf/report/."""

    most: Count


class ReportProblem(Target, GroupedColumns):
    """What `report` needs of the problem, and templates of the owner's may want."""

    goal: str
    metrics: Names
    slices: Names | None
    protected: Names
    threshold: ThresholdRule | None
    criteria: dict[str, Criterion]


class ReportSettings(Excerpt):
    """All that `report` sees."""

    report: ReportPage
    problem: ReportProblem
