"""Base of all transformers: pandas in, pandas out, and columns named in the settings."""

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

    The same settings can be used for several problems: if a named column is the target of one, `without`
    removes it.
    """

    COLUMN_SETTINGS: tuple[str, ...] = ("columns",)
    KEY_SETTINGS: tuple[str, ...] = ()  # columns that relate rows to each other

    def spell(self) -> ColumnStep:
        """Convert the named columns to snake_case, as in the data; people may write them as their source does."""
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
        """Remove the columns (or the pairs with a column) that the model may not use.

        Raises
        ------
        UserError
            A column that relates rows to each other is hidden; without it, the features would change their meaning.
        """
        for setting in self.KEY_SETTINGS:
            for name in np.ravel(getattr(self, setting) or []):
                if name in hidden:
                    raise UserError(
                        f"{setting} '{name}' is the target or excluded; remove it from problem.exclude, and "
                        "drop it by a later step (pedigree.features.engineering.DropColumns) if it is not a feature."
                    )
        for setting in self.COLUMN_SETTINGS:
            named = getattr(self, setting)
            if named is not None:
                setattr(self, setting, [item for item in named if not hidden & set(np.ravel(item))])
        return self

    def mistakes(self) -> Iterator[str]:
        """Find mistakes in the settings that do not depend on data; by default, none."""
        return iter(())


class DropColumns(ColumnStep):
    """Drop columns that only earlier steps need, such as a key.

    Parameters
    ----------
    columns : list of str
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    def fit(self, X: pd.DataFrame, y: object = None) -> DropColumns:
        """Record the column names."""
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
    """List the numeric columns."""
    return list(X.select_dtypes("number").columns)


def unknown(kind: str, names: Iterable[str], known: Sequence[str]) -> Iterator[str]:
    """Find unknown words in a setting.

    Parameters
    ----------
    kind : str
        What the words name, for messages.
    names : iterable of str
        Words of the setting.
    known : sequence of str
        Allowed words.

    Yields
    ------
    str
        A message for each unknown word.
    """
    for name in names:
        if name not in known:
            yield f"{kind} '{name}' does not exist; {did_you_mean(str(name), known)}"
