"""What all transformers have in common: pandas in, pandas out, and columns named in the settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError, did_you_mean, snake_case
from pedigree.estimators.frames import FrameTransformer, as_frame


class ColumnStep(FrameTransformer):
    """A transformer that names columns in its settings.

    The same settings serve every question: where a named column is the target of one, `without`
    leaves it out.
    """

    COLUMN_SETTINGS: tuple[str, ...] = ("columns",)
    KEY_SETTINGS: tuple[str, ...] = ()  # columns by which rows find each other

    def spell(self) -> ColumnStep:
        """Spell the columns in snake_case, as the data do; people may write them as their source does."""
        for setting in (*self.COLUMN_SETTINGS, *self.KEY_SETTINGS):
            setattr(self, setting, _spelt(getattr(self, setting)))
        return self

    def named_columns(self) -> set[str]:
        """Return every column that the settings name."""
        return {
            name
            for setting in (*self.COLUMN_SETTINGS, *self.KEY_SETTINGS)
            for name in np.ravel(getattr(self, setting) or [])
        }

    def without(self, hidden: set[str]) -> ColumnStep:
        """Leave out the columns (or the pairs with a column) that the model may not see.

        Raises
        ------
        UserError
            A column by which rows find each other is hidden; without it, they would find others.
        """
        for setting in self.KEY_SETTINGS:
            for name in np.ravel(getattr(self, setting) or []):
                if name in hidden:
                    raise UserError(
                        f"{setting} '{name}' is the target or excluded; take it out of problem.exclude, and "
                        "drop it by a later step (pedigree.features.engineering.DropColumns) if it is not a feature."
                    )
        for setting in self.COLUMN_SETTINGS:
            named = getattr(self, setting)
            if named is not None:
                setattr(self, setting, [item for item in named if not hidden & set(np.ravel(item))])
        return self

    def mistakes(self) -> Iterator[str]:
        """Say what is wrong with the settings, whatever the data; nothing unless a step can tell."""
        return iter(())


class DropColumns(ColumnStep):
    """Drop columns that earlier steps have made use of, such as a key.

    Parameters
    ----------
    columns : list of str
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: object = None) -> DropColumns:
        """Learn nothing."""
        as_frame(self, X, reset=True)
        self.fitted_ = True
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the other columns."""
        check_is_fitted(self)
        X = as_frame(self, X)
        return X.drop(columns=list(self.columns))


def _spelt(named: Any) -> Any:
    if isinstance(named, str):
        return snake_case(named)
    return named and [_spelt(one) for one in named]


def number_columns(X: pd.DataFrame) -> list[str]:
    """Name the columns that hold numbers."""
    return list(X.select_dtypes("number").columns)


def unknown(kind: str, names: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    """Name each word that a setting does not know."""
    for name in names:
        if name not in known:
            yield f"no {kind} '{name}'; {did_you_mean(str(name), known)}"
