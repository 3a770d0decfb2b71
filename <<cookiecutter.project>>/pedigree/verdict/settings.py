"""Settings of `verdict`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pedigree.base.problem import Criterion
from pedigree.base.section import Excerpt
from pedigree.evaluation.settings import Bootstrap, JudgedColumns, Slices


class SliceSettings(Excerpt):
    """How rows are cut into slices."""

    slices: Slices


class VerdictProblem(JudgedColumns):
    """What `verdict` sees of the problem."""

    criteria: dict[str, Criterion]


class VerdictSettings(Excerpt):
    """All that `verdict` sees."""

    verdict: Bootstrap
    evaluate: SliceSettings
    problem: VerdictProblem

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find differences between groups that are not named."""
        from pedigree.evaluation.fairness import DIFFERENCES

        for name in DIFFERENCES[settings.problem.kind]:
            if name in self.problem.criteria and not self.problem.protected:
                yield f"problem.criteria: '{name}' is between groups; name their columns in problem.protected."
