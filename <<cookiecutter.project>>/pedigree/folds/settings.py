"""The settings that folds follow."""

from __future__ import annotations

from typing import Protocol

from pedigree.base.problem import Groups
from pedigree.base.section import Excerpt


class SplitName(Excerpt):
    """The method by which rows are split."""

    name: str


class FoldSettings(Protocol):
    """Settings of a step that divides the training rows into folds, as the split does."""

    @property
    def problem(self) -> Groups:
        """With `group` and `time`."""

    @property
    def split(self) -> SplitName:
        """With `name`."""


class SeededFoldSettings(FoldSettings, Protocol):
    """Settings of folds with their seed."""

    @property
    def seed(self) -> int:
        """The top-level `seed`."""
