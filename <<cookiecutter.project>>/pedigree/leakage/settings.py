"""Settings of `leakage`."""

from __future__ import annotations

from pedigree.base.problem import GroupedColumns
from pedigree.base.section import Excerpt, Section, Seed, Tool, Word
from pedigree.estimators.settings import Best, Model
from pedigree.folds.settings import SplitName


class Leakage(Section):
    """conf/leakage/."""

    identifiers: str = ""
    checks: dict[Word, Tool]


class LeakageSettings(Excerpt):
    """All settings of the stage `leakage`."""

    leakage: Leakage
    model: Model | Best
    problem: GroupedColumns
    split: SplitName
    seed: Seed
