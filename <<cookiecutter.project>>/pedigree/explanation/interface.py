"""The common result of all explanation methods, from which tables and plots are made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.names import did_you_mean

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Contributions:
    """Contributions of the features to the outputs of some rows.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Positions of the rows among the validation rows.
    shown : DataFrame, shape (n, q)
        The features' values, for people.
    values : ndarray, shape (n, q, outputs)
    base : ndarray, shape (n, outputs)
        The base to which the contributions add; base and contributions sum to the explained output.
    scale : str
        Of values and base: probability, log-odds, ...
    name : str
        The method's name for contributions: SHAP value, ...
    """

    rows: np.ndarray
    shown: pd.DataFrame
    values: np.ndarray
    base: np.ndarray
    scale: str
    name: str

    @property
    def measure(self) -> str:
        """The meaning of `strengths`, and the rows that they are from."""
        return f"mean |{self.name}|, {len(self.rows)} validation rows"

    def strengths(self) -> list[Strength]:
        """Average the sizes of each feature's contributions over rows and outputs."""
        sizes = np.abs(self.values).mean(axis=(0, 2))
        return [Strength(str(name), size) for name, size in zip(self.shown, sizes, strict=True)]


@dataclass(frozen=True)
class Strength:
    """How strong a feature is; `spread` is the standard deviation over repetitions, if the method has any."""

    feature: str
    strength: float
    spread: float | None = None


@dataclass(frozen=True)
class PairStrength:
    """How strong a pair of features is beyond what each does alone."""

    feature: str
    other: str
    strength: float


@dataclass(frozen=True)
class Curve:
    """How an output depends on a feature.

    Parameters
    ----------
    feature, output : str
    x : list
        Numbers, or names of categories.
    lines : ndarray, shape (n, len(x))
        A line for each row; their mean is the curve.
    """

    feature: str
    output: str
    x: list[Any]
    lines: np.ndarray


@dataclass(frozen=True)
class Explanation:
    """The result of an explanation method for one model and the validation set.

    Parameters
    ----------
    measure : str
        The meaning of the strengths, and the rows: mean SHAP value, 500 validation rows.
    unit : str
        Of the strengths: log-odds of yes, loss of roc_auc, ...
    strengths : list of Strength
    contributions : Contributions, optional
    interactions, curves : list
    interaction_measure : str
        The meaning of the interactions' strengths, and the rows.

    Examples
    --------
    >>> from pedigree import Explanation
    >>> found = Explanation.of("mean |change|, 40 validation rows", "grams", {"sex": 1, "island": 3})
    >>> found.strengths[0].feature
    'island'
    """

    measure: str
    unit: str
    strengths: list[Strength]
    contributions: Contributions | None = None
    interactions: list[PairStrength] = field(default_factory=list)
    curves: list[Curve] = field(default_factory=list)
    interaction_measure: str = ""

    def mistakes(self, features: Sequence[str]) -> Iterator[str]:
        """Find strengths that are not finite, and strengths of other columns than the model's features."""
        for one in self.strengths:
            if one.feature not in features:
                hint = did_you_mean(one.feature, features)
                yield f"'{one.feature}' is not a feature of the model; {hint}"
            elif not np.isfinite(one.strength):
                yield f"the strength of '{one.feature}' is {one.strength}; give a finite number."

    @classmethod
    def of(cls, measure: str, unit: str, strengths: Mapping[str, float]) -> Explanation:
        """Make an explanation with only the strengths of the features.

        Parameters
        ----------
        measure, unit : str
            The meaning of the strengths, and their unit.
        strengths : mapping of str to float
            By feature.
        """
        return cls(measure, unit, [Strength(name, float(one)) for name, one in strengths.items()])

    def __post_init__(self) -> None:
        """Sort the strengths, the greatest first."""
        self.strengths.sort(key=lambda one: -one.strength)
        self.interactions.sort(key=lambda one: -one.strength)
