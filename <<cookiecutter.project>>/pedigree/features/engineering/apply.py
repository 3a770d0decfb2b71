"""Wrapper for any transformer of scikit-learn."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError, snake_cased
from pedigree.estimators.frames import as_frame
from pedigree.estimators.protocols.signatures import wrong_fit
from pedigree.estimators.protocols.transformers import wrong_fitted, wrong_rows
from pedigree.estimators.protocols.values import refusal
from pedigree.features.engineering.steps import ColumnStep, number_columns

# As `adopt` distinguishes free text from categories: average number of words, and number of distinct values.
TEXT_WORDS, TEXT_VALUES = 4, 30
QUIET = (
    "k=.* is greater than n_features|Bins whose width|Features? .* (is|are) constant|invalid value"
)


class Apply(ColumnStep):
    """Add the columns of any transformer with scikit-learn's interface.

    Parameters
    ----------
    transformer : object
        A transformer, or a scikit-learn Pipeline of several. If it does not support missing values, it is
        applied to the complete rows, and the others get missing features.
    columns : list of str or None
        Input columns. None = free text for vectorizers, else all numeric columns.
    each : bool
        Fit a copy for each column; always the case for vectorizers.
    keep : bool
        Keep the input columns.
    prefix : str
        Prefix of the names of new columns.
    max_columns : int
        Maximum number of new columns.

    Notes
    -----
    A transformer that uses the target leaks it into the features of training rows. Encode categories
    with an encoder of the model (conf/model/encoder/) instead.
    """

    def __init__(
        self,
        transformer: Any,
        columns: Sequence[str] | None = None,
        each: bool = False,
        keep: bool = True,
        prefix: str = "",
        max_columns: int = 200,
    ) -> None:
        self.transformer = transformer
        self.columns = columns
        self.each = each
        self.keep = keep
        self.prefix = prefix
        self.max_columns = max_columns

    def mistakes(self) -> Iterator[str]:
        """Find an object that is not a transformer, and arguments that it rejects."""
        if not (hasattr(self.transformer, "fit") and hasattr(self.transformer, "transform")):
            yield f"transformer: {self.transformer!r} is not a transformer, since it has no fit and transform methods."
            return
        if not hasattr(self.transformer, "get_params"):
            kind = type(self.transformer).__name__
            yield f"transformer: {kind} cannot be cloned; let it inherit from sklearn.base.BaseEstimator."
            return
        try:
            parts = _within(self.transformer)
        except (AttributeError, RuntimeError):
            return  # it loses an argument, which `configure` reports for the tools of all steps
        for one in parts:
            if hasattr(one, "fit") and (mistake := wrong_fit(type(one))):
                yield f"transformer: {mistake}"
            if mistake := refusal(one):
                yield f"transformer: {mistake}"

    def fit(self, X: pd.DataFrame, y: np.ndarray | None = None) -> Apply:
        """Fit the transformer.

        Raises
        ------
        UserError
            It cannot be fitted on these columns, or creates too many.
        """
        X = as_frame(self, X, reset=True)
        tags = get_tags(_steps(self.transformer)[0]).input_tags
        self.reads_texts_, self.takes_missing_ = not tags.two_d_array, tags.allow_nan
        find = free_texts if self.reads_texts_ else number_columns
        self.columns_ = find(X) if self.columns is None else list(self.columns)
        apart = self.each or self.reads_texts_
        parts = [[name] for name in self.columns_] if apart else [self.columns_]
        self.parts_ = [part for part in parts if part]
        kind = type(_steps(self.transformer)[-1]).__name__
        self.fitted_, self.widths_, names = [], [], []
        for part in self.parts_:
            values, rows = self._read(X[part])
            try:
                with warnings.catch_warnings():
                    # On a narrow table, or with few distinct values, a transformer warns that it keeps or
                    # creates fewer columns. That is expected, and would be repeated for each fold.
                    warnings.filterwarnings("ignore", QUIET)
                    one = clone(self.transformer).fit(
                        values, None if y is None else np.asarray(y)[rows]
                    )
                _refuse(wrong_fitted(one, self.transformer))
                width = self._applied(one, values[:1]).shape[1]
            except ValueError as error:
                raise UserError(
                    f"{kind} cannot be fitted on {', '.join(part)}: {error}; let `columns` of this step in conf/engineer/ "
                    "(engineer.steps.NAME.columns) name only columns that it supports."
                ) from error
            self.fitted_.append(one)
            self.widths_.append(width)
            names += self._names(one, part, width)
        if len(names) > self.max_columns:
            raise UserError(
                f"{kind} creates {len(names)} columns from {', '.join(self.columns_)}, but max_columns allows "
                f"{self.max_columns}; limit it by its own arguments (such as max_features, n_components or "
                "degree), or raise max_columns."
            )
        taken = [name for name in X if self.keep or name not in self.columns_]
        self.names_ = snake_cased([*taken, *names])[len(taken) :]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Add the new columns, all float64; rows that the transformer does not support get missing values."""
        check_is_fitted(self)
        X = as_frame(self, X)
        made = [np.empty((len(X), 0))]
        for part, one, width in zip(self.parts_, self.fitted_, self.widths_, strict=True):
            values, rows = self._read(X[part])
            made.append(np.full((len(X), width), np.nan))
            if rows.any():
                out = self._applied(one, values)
                made[-1][rows] = out.toarray() if hasattr(out, "toarray") else np.asarray(out)
        new = pd.DataFrame(np.hstack(made), index=X.index, columns=self.names_)
        return pd.concat([X if self.keep else X.drop(columns=self.columns_), new], axis=1)

    def _applied(self, one: Any, values: Any) -> Any:
        """Return a fitted transformer's output, with as many rows as its input."""
        out = one.transform(values)
        _refuse(wrong_rows(out, _steps(self.transformer)[-1], len(values)))
        return out

    def __getstate__(self) -> dict[str, Any]:
        """Return the state to store, without the memory address of their stop words that vectorizers keep."""
        for one in vars(self).get("fitted_", ()):
            for part in _within(one):
                vars(part).pop("_stop_words_id", None)
        state: dict[str, Any] = super().__getstate__()
        return state

    def _read(self, X: pd.DataFrame) -> tuple[Any, np.ndarray]:
        """Return the transformer's input for some columns, and the rows that it contains."""
        if self.reads_texts_:
            strings = X.iloc[:, 0]
            known = strings.astype("str").where(strings.notna(), "")  # no words
            return known.to_numpy("object"), np.full(len(X), True)
        if all(map(pd.api.types.is_numeric_dtype, X.dtypes)):  # includes booleans
            X = X.astype("float64")
        rows = np.full(len(X), True) if self.takes_missing_ else X.notna().all(axis=1).to_numpy()
        return X[rows], rows

    def _names(self, one: Any, part: list[str], width: int) -> list[str]:
        """Return the transformer's own names of its columns, or numbers if it has none."""
        try:
            own = one.get_feature_names_out()
        except AttributeError:  # HashingVectorizer has no feature names
            own = None
        names = [
            str(name).replace("^", " power ") for name in (range(width) if own is None else own)
        ]
        of = part[0] if self.reads_texts_ else ""
        return [f"{self.prefix} {of} {name}" for name in names]


def free_texts(X: pd.DataFrame) -> list[str]:
    """List the columns of free text."""
    found = []
    for name in X.select_dtypes(exclude=["number", "bool", "boolean", "datetime"]):
        present = X[name].dropna().astype("str")
        if present.nunique() > TEXT_VALUES:
            words = present.head(1000).str.split().str.len().mean()
            found += [name] if words >= TEXT_WORDS else []
    return found


def _steps(transformer: Any) -> list[Any]:
    """Return the transformers of a pipeline, or the single transformer."""
    if isinstance(transformer, Pipeline):
        return [step for _, step in transformer.steps]
    return [transformer]


def _refuse(mistake: str | None) -> None:
    if mistake:
        raise UserError(mistake)


def _within(transformer: Any) -> list[Any]:
    """Return a transformer and all that it contains."""
    inner = transformer.get_params().values()
    return [transformer, *(one for one in inner if isinstance(one, BaseEstimator))]
