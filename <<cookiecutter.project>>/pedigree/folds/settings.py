"""What folds follow of the settings."""

from __future__ import annotations

from typing import Protocol

from pedigree.base.problem import Groups
from pedigree.base.section import Excerpt


class SplitName(Excerpt):
    """By what rows are split."""

    name: str


class FoldSettings(Protocol):
    """Settings of a step that cuts the training rows into folds, as the split does."""

    @property
    def problem(self) -> Groups:
        """With `group` and `time`."""

    @property
    def split(self) -> SplitName:
        """With `name`."""


class SeededFoldSettings(FoldSettings, Protocol):
    """And with the seed of their draw."""

    @property
    def seed(self) -> int:
        """Of the settings."""
