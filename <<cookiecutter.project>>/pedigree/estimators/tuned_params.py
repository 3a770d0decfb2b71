"""What models/best_params.json says of the hyperparameters that `tune` found."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from pedigree.base.json_file import Entry, JsonFile
from pedigree.base.paths import BEST_PARAMS


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
