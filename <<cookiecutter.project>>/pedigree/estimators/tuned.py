"""What `tune` found: models/best_params.json and reports/tune.json."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pedigree.base.json_file import Entry, JsonFile
from pedigree.base.paths import BEST_PARAMS, REPORTS


class Replacement(Entry):
    """The value of a hyperparameter from which the search began, and the one that it found."""

    before: Any = Field(alias="from")
    after: Any = Field(alias="to")


class TunedParams(JsonFile):
    """The hyperparameters to adopt, by name, and the model that they are for; none where its own settings stay."""

    place = BEST_PARAMS
    stage = "tune"

    model: str
    tuned: dict[str, Replacement]


class TuneReport(JsonFile):
    """What was searched, within which budget, and what it gained; without trials, nothing after `stopped_by` is known.

    Parameters
    ----------
    model, metric : str
        Names of the model's settings, and of the metric that decides.
    search : dict
        `_target_` of the search and its arguments.
    budget : dict
        `trials`, `seconds`, `folds` and `rows`; None where there is no limit.
    trials, pruned : int
        How many were scored, and how many of them on fewer folds.
    stopped_by : str
    untuned, best, std, gain : float
        Mean score of the model's own settings, that of the best trial with its standard deviation over the folds,
        and how much better it is.
    beats_untuned : bool
        Whether the best trial is another one than the first, which has the model's own settings.
    confidence : float
        That the best trial is better, for its hyperparameters to be adopted.
    adopted : bool
    """

    place = REPORTS / "tune.json"
    stage = "tune"

    model: str
    metric: str
    search: dict[str, Any]
    budget: dict[str, Any]
    trials: int
    stopped_by: str
    pruned: int | None = None
    untuned: float | None = None
    best: float | None = None
    std: float | None = None
    gain: float | None = None
    beats_untuned: bool | None = None
    confidence: float | None = None
    adopted: bool | None = None
