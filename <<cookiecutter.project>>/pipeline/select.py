"""Step 7, feature selection: which columns are worth keeping, chosen on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from pipeline.core.base.names import UserError
from pipeline.core.base.paths import FEATURES, METRICS, SELECT, SPLIT
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_json, read_table, write_json
from pipeline.core.base.tools import instantiate
from pipeline.core.data.target import encode
from pipeline.core.model import artifact

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Fit the selector on data/features/train/ and say what goes, and why."""
    rows = read_table(FEATURES / "train")
    target = read_json(SPLIT / "target.json")
    X = rows.drop(columns=target["name"])
    chooser = settings.select.chooser and instantiate(settings.select.chooser)
    selector = Selector(chooser, settings.select.identifier_share)
    selector.fit(X, encode(rows[target["name"]], target["classes"]))
    artifact.save(selector, SELECT)
    write_json({"kept": selector.kept_, "dropped": selector.dropped_}, METRICS / "select.json")
    for name, why in selector.dropped_.items():
        say(f"{name} goes: {why}")
    say(f"{len(selector.kept_)} of {X.shape[1]} features stay")


class Selector(TransformerMixin, BaseEstimator):
    """Drop useless columns, then let a scikit-learn selector choose among the rest.

    Parameters
    ----------
    chooser : object or None
        A selector of `sklearn.feature_selection`; it sees texts as codes and gaps as medians.
    identifier_share : float
        A text column with at least this share of distinct values names rows instead of describing them.

    Attributes
    ----------
    kept_ : list of str
    dropped_ : dict of str to str
        Each dropped column with the reason.
    """

    def __init__(self, chooser: Any = None, identifier_share: float = 0.95) -> None:
        self.chooser = chooser
        self.identifier_share = identifier_share

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> Selector:
        """Choose the columns.

        Raises
        ------
        UserError
            No column is left.
        """
        self.dropped_ = useless(X, self.identifier_share)
        rest = [str(name) for name in X if name not in self.dropped_]
        if self.chooser is not None and rest:
            chooser = clone(self.chooser).fit(_as_numbers(X[rest]), y)
            for name, stays in zip(rest, chooser.get_support(), strict=True):
                if not stays:
                    self.dropped_[name] = f"not chosen by {type(chooser).__name__}"
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


class MutualInformation:
    """scikit-learn's mutual information with each feature, as a score of `SelectKBest`.

    Its estimate adds a little noise to numbers: without a seed, each choice would be another.

    Parameters
    ----------
    statistic : {"classif", "regression"}
        The kind of target.
    n_neighbors : int
        Rows around each, from which densities are estimated.
    random_state : int
    """

    def __init__(self, statistic: str, n_neighbors: int, random_state: int) -> None:
        self.statistic = statistic
        self.n_neighbors = n_neighbors
        self.random_state = random_state

    def __call__(self, X: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Score features of shape (n, p); return an array of shape (p,)."""
        from sklearn import feature_selection

        measure = getattr(feature_selection, f"mutual_info_{self.statistic}")
        return measure(X, y, n_neighbors=self.n_neighbors, random_state=self.random_state)


def _as_numbers(X: pd.DataFrame) -> np.ndarray:
    """Code texts by alphabetical order and fill gaps with medians, for the choice only."""
    numbers = pd.DataFrame(index=X.index)
    for name in X:
        values = X[name]
        if not pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            values = pd.Series(pd.Categorical(values).codes, index=X.index).replace(-1, np.nan)
        values = values.astype("float64")
        numbers[name] = values.fillna(values.median() if values.notna().any() else 0.0)
    return numbers.to_numpy()


if __name__ == "__main__":
    run("select")
