"""Settings of `split`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import model_validator

from pedigree.base.problem import Groups, Target
from pedigree.base.section import Excerpt, Share, Tool
from pedigree.splitting.subsets import REQUIREMENTS


class SplitMethod(Tool):
    """conf/split/."""

    name: Literal["random", "stratified", "group", "time", "hash", "column"]
    validation: Share | None = None  # of all but `column`
    test: Share | None = None

    @model_validator(mode="after")
    def rows_are_left_to_train(self) -> SplitMethod:
        """Require that the fractions leave training rows."""
        if self.name == "column":
            return self
        if self.validation is None or self.test is None:
            raise ValueError("requires the fractions validation and test")
        if self.validation + self.test >= 1:
            raise ValueError(
                "validation and test together leave no training rows; lower one of them"
            )
        return self


class SplitProblem(Target, Groups):
    """The part of the problem that `split` reads."""


class SplitSettings(Excerpt):
    """All settings that `split` reads."""

    split: SplitMethod
    problem: SplitProblem

    def mistakes(self, settings: Any) -> Iterator[str]:
        """Find a split that requires a setting of the problem that is not set."""
        fits = {
            "group": bool(self.problem.group),
            "time": bool(self.problem.time),
            "stratified": self.problem.kind != "regression",
        }
        if not fits.get(self.split.name, True):
            yield REQUIREMENTS[self.split.name]
