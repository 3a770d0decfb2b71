"""Settings of `select`."""

from __future__ import annotations

from pydantic import Field, model_validator

from pedigree.base.problem import Groups
from pedigree.base.section import Excerpt, Number, Section, Seed, Tool
from pedigree.folds.settings import SplitName


class Select(Section):
    """conf/select/."""

    selector: Tool | None
    identifier_fraction: Number = Field(gt=0, le=1)
    stability_folds: int = Field(ge=0)

    @model_validator(mode="after")
    def folds_can_differ(self) -> Select:
        """Require at least two folds, or none."""
        if self.stability_folds == 1:
            raise ValueError("stability_folds needs at least 2 folds, or 0 for none")
        return self


class SelectSettings(Excerpt):
    """All settings that `select` reads."""

    select: Select
    problem: Groups
    split: SplitName
    seed: Seed
