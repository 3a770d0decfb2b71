"""Settings of `compare`."""

from __future__ import annotations

from pydantic import Field

from pedigree.base.problem import ScoredColumns
from pedigree.base.section import Count, Excerpt, Section, Seed, Tool
from pedigree.estimators.settings import Model
from pedigree.folds.settings import SplitName
from pedigree.training.settings import Stopping


class Compare(Section):
    """conf/compare/."""

    models: dict[str, Model] = Field(min_length=1)
    folds: int = Field(ge=2)
    repeats: Count
    rows: Count | None
    method: Tool


class CompareSettings(Excerpt):
    """All settings of the stage `compare`."""

    compare: Compare
    problem: ScoredColumns
    split: SplitName
    train: Stopping
    seed: Seed
