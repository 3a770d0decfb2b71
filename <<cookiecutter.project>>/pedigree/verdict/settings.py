"""Settings of `verdict`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pedigree.base.problem import Criterion
from pedigree.base.section import Excerpt
from pedigree.evaluation.settings import Bootstrap, JudgedColumns, Slices


class SliceSettings(Excerpt):
    """How rows are divided into slices."""

    slices: Slices


class VerdictProblem(JudgedColumns):
    """The settings of the problem that `verdict` reads."""

    criteria: dict[str, Criterion]


class VerdictSettings(Excerpt):
    """All settings of the stage `verdict`."""

    verdict: Bootstrap
    evaluate: SliceSettings
    problem: VerdictProblem

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find criteria on differences between groups without `problem.protected`."""
        from pedigree.evaluation.fairness import DIFFERENCES

        for name in DIFFERENCES[settings.problem.kind]:
            if name in self.problem.criteria and not self.problem.protected:
                yield f"problem.criteria: '{name}' compares groups, but problem.protected is empty; list the groups' columns there."
