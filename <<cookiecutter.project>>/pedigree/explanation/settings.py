"""Settings of `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from pedigree.base.problem import ListedMetrics
from pedigree.base.section import Count, Excerpt, Number, Section, Seed, Tool, Word
from pedigree.base.tools import found
from pedigree.explanation.algorithms import KNOWN, algorithm_for


class Method(Tool):
    """conf/explain/method/; each method has some of these keys."""

    algorithm: Literal["auto", "native", "tree", "linear", "permutation", "kernel"] | None = None
    rows: Count | None = None
    interaction_rows: int | None = Field(default=None, ge=0)
    background: Count | None = None
    draws: Count | None = None
    samples: int | None = Field(default=None, ge=10)
    kernel_width: Number | None = Field(default=None, gt=0)
    repeats: Count | None = None
    points: int | None = Field(default=None, ge=2)
    predictions: Count | None = None
    seed: Seed | None = None


class Explain(Section):
    """conf/explain/."""

    methods: dict[Word, Method] = Field(min_length=1)
    single_rows: Count
    seed: Seed


class ExplainSettings(Excerpt):
    """All settings of the stage `explain`."""

    explain: Explain
    problem: ListedMetrics

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find explanations by an algorithm that does not support the chosen model."""
        estimator = settings.model.estimator and found(settings.model.estimator.target)
        if not isinstance(estimator, type):
            return  # the leaderboard's winner is not known yet, or the package is not installed
        for name, method in self.explain.methods.items():
            algorithm, fits = method.algorithm, algorithm_for(estimator)
            if algorithm in KNOWN and algorithm != fits:
                yield (
                    f"explain.methods.{name}.algorithm: '{algorithm}' does not support {estimator.__name__}; "
                    f"use auto{f', {fits}' if fits in KNOWN else ''}, permutation or kernel."
                )
