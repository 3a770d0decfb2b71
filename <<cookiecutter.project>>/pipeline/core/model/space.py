"""The neutral search space of ``conf/model``: hyperparameters drawn from it at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def draws(space: Mapping[str, Any], generator: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Yield hyperparameters drawn evenly (or, if `log`, evenly in the logarithm), without end.

    A space without a dimension yields nothing.
    """
    while space:
        yield {name: draw(one, generator) for name, one in space.items()}


def draw(one: Mapping[str, Any], generator: np.random.Generator) -> Any:
    """Draw a value of one dimension."""
    if one["type"] == "choice":
        return one["choices"][generator.integers(len(one["choices"]))]
    low, high = one["low"], one["high"]
    if one.get("log"):
        value = float(np.exp(generator.uniform(np.log(low), np.log(high))))
    else:
        value = float(generator.uniform(low, high))
    return int(np.clip(round(value), low, high)) if one["type"] == "int" else value
