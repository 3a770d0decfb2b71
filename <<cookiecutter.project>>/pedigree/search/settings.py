"""Settings of `tune`."""

from __future__ import annotations

from pydantic import Field, model_validator

from pedigree.base.problem import ScoredColumns
from pedigree.base.section import Count, Excerpt, Number, Seed, Tool
from pedigree.estimators.settings import Best, Model
from pedigree.folds.settings import SplitName
from pedigree.training.settings import Stopping


class Tune(Tool):
    """conf/tune/; `off` has no budget."""

    trials: Count | None = None
    seconds: Number | None = Field(default=None, gt=0)
    folds: int | None = Field(default=None, ge=2)
    rows: Count | None = None
    confidence: Number | None = Field(default=None, ge=0, lt=1)
    points: int | None = Field(default=None, ge=2)  # of `grid`
    candidates: int | None = Field(default=None, ge=2)  # of `halving`
    factor: int | None = Field(default=None, ge=2)
    startup: Count | None = None  # of `hyperopt`
    workers: Count | None = None  # of `ray`
    object_store_megabytes: int | None = Field(default=None, ge=80)

    @model_validator(mode="after")
    def budget_is_whole(self) -> Tune:
        """Require all keys of a search, or none of them."""
        needed = (self.trials, self.seconds, self.folds, self.confidence)
        if len({one is None for one in needed}) > 1:
            raise ValueError("a search requires trials, seconds, folds and confidence")
        return self


class TuneSettings(Excerpt):
    """All settings of the stage `tune`."""

    tune: Tune
    model: Model | Best
    problem: ScoredColumns
    split: SplitName
    train: Stopping
    seed: Seed
