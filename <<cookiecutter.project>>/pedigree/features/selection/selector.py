"""The fitted selector, which knows the columns that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError

if TYPE_CHECKING:
    import numpy as np

    from pedigree.folds.folding import Cut


class Selector(TransformerMixin, BaseEstimator):
    """Drop useless columns, then let a scikit-learn selector choose among the rest.

    Parameters
    ----------
    chooser : object or None
        A selector of `sklearn.feature_selection`, or one like it; it sees what `as_numbers` makes.
    identifier_share : float
        A text column with at least this share of distinct values names rows instead of describing them.

    Attributes
    ----------
    kept_ : list of str
    dropped_ : dict of str to str
        Each dropped column with the reason.
    useless_ : list of str
        Those of them that the chooser has not seen.
    """

    def __init__(self, chooser: Any = None, identifier_share: float = 0.95) -> None:
        self.chooser = chooser
        self.identifier_share = identifier_share

    def fit(self, X: pd.DataFrame, y: np.ndarray, cut: Cut | None = None) -> Selector:
        """Choose the columns; a chooser with folds of its own cuts them as `cut` says.

        Raises
        ------
        UserError
            No column is left.
        """
        self.dropped_ = useless(X, self.identifier_share)
        self.useless_ = list(self.dropped_)
        rest = X[[name for name in map(str, X) if name not in self.dropped_]]
        self.dropped_ |= choose(self.chooser, rest, y, cut)
        self.kept_ = [name for name in rest if name not in self.dropped_]
        if not self.kept_:
            raise UserError(
                f"select: no feature is left of {', '.join(map(str, X))}; see conf/select/."
            )
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the kept columns."""
        check_is_fitted(self)
        return X[self.kept_]


def choose(chooser: Any, X: pd.DataFrame, y: np.ndarray, cut: Cut | None) -> dict[str, str]:
    """Let an unfitted chooser choose; return the columns that go, each with the reason.

    A number of folds that it names as `cv` becomes folds that follow the split. It may tell its
    reasons as `reasons_`, by column.
    """
    if chooser is None or X.empty:
        return {}
    chooser = clone(chooser)
    if cut is not None and isinstance(getattr(chooser, "cv", None), int):
        chooser.set_params(cv=cut(chooser.cv))
    support = chooser.fit(as_numbers(X), y).get_support()
    reasons = getattr(chooser, "reasons_", {})
    return {
        str(name): reasons.get(name, f"not chosen by {type(chooser).__name__}")
        for name, stays in zip(X, support, strict=True)
        if not stays
    }


def useless(X: pd.DataFrame, identifier_share: float) -> dict[str, str]:
    """Name the columns that can teach a model nothing, each with the reason.

    Constant columns, copies of an earlier column, texts with (nearly) a value for each row, and
    whole numbers that count the rows: all distinct and packed in a range of less than three times
    their number.
    """
    out: dict[str, str] = {}
    seen: dict[tuple, str] = {}
    for name in map(str, X):
        values = X[name]
        present = values.dropna()
        distinct = present.nunique()
        content = tuple(pd.util.hash_pandas_object(values.astype("str"), index=False))
        if distinct == 0:
            out[name] = "no value in any row"
        elif distinct == 1 and not values.isna().any():
            out[name] = f"constant: always {present.tolist()[0]!r}"
        elif content in seen:
            out[name] = f"a copy of {seen[content]}"
        elif len(present) >= 20 and _names_rows(present, distinct, identifier_share):
            out[name] = f"identifier-like: {distinct} different values in {len(present)} rows"
        seen.setdefault(content, name)
    return out


def _names_rows(present: pd.Series, distinct: int, identifier_share: float) -> bool:
    if pd.api.types.is_bool_dtype(present):
        return False
    if not pd.api.types.is_numeric_dtype(present):
        return distinct >= identifier_share * len(present)
    whole = bool((present % 1 == 0).all())
    return whole and distinct == len(present) and present.max() - present.min() < 3 * len(present)


def as_numbers(X: pd.DataFrame) -> pd.DataFrame:
    """Code texts by alphabetical order (whole numbers; -1: missing) and fill gaps in numbers with medians."""
    numbers = {}
    for name in X:
        values = X[name]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            values = values.astype("float64")
            numbers[name] = values.fillna(values.median() if values.notna().any() else 0.0)
        else:
            numbers[name] = pd.Series(pd.Categorical(values).codes, index=X.index, dtype="int64")
    return pd.DataFrame(numbers, index=X.index)
