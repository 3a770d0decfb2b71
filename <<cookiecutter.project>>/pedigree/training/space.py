"""The neutral search space of ``conf/model``, and values in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pedigree.estimators.settings import Dimension

Space = Mapping[str, Dimension]


def dimension_value(one: Dimension, raw: Any) -> Any:
    """Convert a sampler's number to a hyperparameter; for a choice the number is a position."""
    if one.type == "choice":
        return one.choices[int(raw)]
    inside = float(np.clip(raw, one.low, one.high))  # exp(log(x)) may leave the range by a bit
    return round(inside) if one.type == "int" else inside


def hyperparameters(space: Space, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a sampler's numbers to hyperparameters, in the order of the space."""
    return {name: dimension_value(one, raw[name]) for name, one in space.items()}


def points_of(one: Dimension, count: int) -> list[Any]:
    """Return a choice's values, or a number's from low to high, evenly or (if `log`) geometrically."""
    if one.type == "choice":
        return list(one.choices)
    spread = np.geomspace if one.log else np.linspace
    readable = (float(f"{raw:.6g}") for raw in spread(one.low, one.high, count))
    return list(dict.fromkeys(dimension_value(one, raw) for raw in readable))


def sample_hyperparameters(space: Space, generator: np.random.Generator) -> dict[str, Any]:
    """Draw hyperparameters evenly or, if `log`, evenly in the logarithm."""
    return {name: dimension_value(one, _raw(one, generator)) for name, one in space.items()}


def _raw(one: Dimension, generator: np.random.Generator) -> float:
    if one.type == "choice":
        return int(generator.integers(len(one.choices)))
    if one.log:
        return float(np.exp(generator.uniform(np.log(one.low), np.log(one.high))))
    return float(generator.uniform(one.low, one.high))
