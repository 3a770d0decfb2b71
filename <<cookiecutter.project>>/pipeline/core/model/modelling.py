"""Models: encoder, imputer, scaler and estimator as one scikit-learn pipeline, and how it is fitted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from pipeline.core.base.names import UserError
from pipeline.core.base.paths import WINNER
from pipeline.core.base.settings import as_dict
from pipeline.core.base.tables import read_json
from pipeline.core.base.tools import instantiate
from pipeline.core.model.metrics import score

if TYPE_CHECKING:
    from omegaconf import DictConfig

# Early stopping needs two things of a library: the arguments that switch it on, and the form in
# which fit() takes the rows to watch.
WATCHED_ROWS = {
    "eval_set": lambda X, y: {"eval_set": [(X, y)]},
    "eval_X": lambda X, y: {"eval_X": X, "eval_y": y},
    "X_val": lambda X, y: {"X_val": X, "y_val": y},
}


def build(model: Mapping[str, Any], changes: Mapping[str, Any] | None = None) -> Pipeline:
    """Build an unfitted pipeline from the settings of ``conf/model``.

    Parameters
    ----------
    model : mapping
        With `estimator`, `encoder`, `imputer` and `scaler`.
    changes : mapping, optional
        Hyperparameters that replace those of the settings.
    """

    def made(part: Mapping[str, Any]) -> Any:
        return instantiate(part) if part["_target_"] else "passthrough"

    numbers = Pipeline([("impute", made(model["imputer"])), ("scale", made(model["scaler"]))])
    encode = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include=["number", "bool"])),
            (
                "texts",
                made(model["encoder"]),
                make_column_selector(dtype_exclude=["number", "bool"]),
            ),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    estimator = instantiate(model["estimator"]).set_params(**(changes or {}))
    return Pipeline([("encode", encode), ("estimator", estimator)])


def own_value(model: Mapping[str, Any], name: str) -> Any:
    """Return what a model's settings say of a hyperparameter; ``__`` leads to one of an inner estimator."""
    value: Any = model["estimator"]
    for part in name.split("__"):
        value = (value or {}).get(part)
    return value


def fit(
    pipeline: Pipeline,
    model: Mapping[str, Any],
    X: pd.DataFrame,
    y: np.ndarray,
    watched: tuple[pd.DataFrame, np.ndarray] | None = None,
) -> Pipeline:
    """Fit a pipeline in place.

    Parameters
    ----------
    pipeline : Pipeline
        As built by `build`.
    model : mapping
        The settings it was built from.
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows.
    watched : tuple of DataFrame and ndarray, optional
        Rows that decide when to stop, for libraries that can.
    """
    encode, estimator = pipeline["encode"], pipeline["estimator"]
    X = plain(X)
    encoded = encode.fit_transform(X, y)
    arguments: dict[str, Any] = {}
    if model["categorical_argument"]:
        categories = encoded.select_dtypes("category").columns
        estimator.set_params(**{model["categorical_argument"]: list(categories)})
    if watched is not None and model["early_stopping"]:
        estimator.set_params(**model["early_stopping"]["settings"])
        rows = WATCHED_ROWS[model["early_stopping"]["rows"]]
        arguments = rows(encode.transform(plain(watched[0])), watched[1])
        arguments |= model["early_stopping"].get("fit", {})
    estimator.fit(encoded, y, **arguments)
    if "n_jobs" in estimator.get_params():
        # Asked by several threads, a forest adds its trees up in the order in which they answer.
        estimator.set_params(n_jobs=1)
    return pipeline


def predict(pipeline: Pipeline, X: pd.DataFrame, n_classes: int) -> np.ndarray:
    """Predict class probabilities of shape (n, n_classes), or numbers of shape (n,) if there are none.

    A class that the pipeline was not fitted on gets the probability 0.
    """
    X = plain(X)
    if not n_classes:
        return np.asarray(pipeline.predict(X), dtype=float)
    probabilities = np.zeros((len(X), n_classes))
    probabilities[:, np.asarray(pipeline["estimator"].classes_, dtype=int)] = (
        pipeline.predict_proba(X)
    )
    return probabilities


def plain(X: pd.DataFrame) -> pd.DataFrame:
    """Give nullable booleans NumPy's float, which every estimator takes."""
    return X.astype({name: "float64" for name in X if X[name].dtype == "boolean"})


@dataclass(frozen=True)
class Fold:
    """One fold: features made by transformers that were fitted on its own training rows."""

    X: pd.DataFrame
    y: np.ndarray
    X_held_out: pd.DataFrame
    y_held_out: np.ndarray
    rows_held_out: np.ndarray


@dataclass(frozen=True)
class Cut:
    """How rows are cut into folds that follow the split, for whatever chooses by folds of its own.

    Parameters
    ----------
    y, classify, groups, when, seed
        As in `folds`.
    """

    y: np.ndarray
    classify: bool
    groups: np.ndarray | None
    when: pd.Series | None
    seed: int

    def of(self, rows: np.ndarray) -> Cut:
        """Restrict it to some of the rows, named by their positions."""
        groups = None if self.groups is None else self.groups[rows]
        when = None if self.when is None else self.when.iloc[rows]
        return replace(self, y=self.y[rows], groups=groups, when=when)

    def __call__(self, n: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the positions of n folds' training and held-out rows, as scikit-learn's `cv` takes them."""
        rows = pd.DataFrame(index=range(len(self.y)))
        made = folds(rows, transformers=[], n=n, repeats=1, **vars(self))
        return [(fold.X.index.to_numpy(), fold.rows_held_out) for fold in made]


def folds(
    X: pd.DataFrame,
    y: np.ndarray,
    transformers: list[Any],
    *,
    classify: bool,
    groups: np.ndarray | None,
    when: pd.Series | None,
    n: int,
    repeats: int,
    seed: int,
) -> Iterator[Fold]:
    """Cut the training rows into folds that follow the split.

    Parameters
    ----------
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Training rows before feature engineering.
    transformers : list of scikit-learn transformers
        Cloned and fitted again inside each fold, so that no held-out row takes part. One whose `fit`
        takes a `cut` (a `Cut` of its rows) chooses by folds of its own.
    classify : bool
        Keep the classes' proportions.
    groups : ndarray, shape (n,), or None
        Rows that stay together.
    when : Series, shape (n,), or None
        Times; each fold is held out from the past before it.
    n, repeats, seed : int
        Folds, how often they are drawn anew, and the first draw's seed.

    Raises
    ------
    UserError
        There are fewer rows of a class, or fewer groups, than folds; or no past has two classes.
    """
    scheme: Any
    for repeat in range(1 if when is not None else repeats):
        order = np.arange(len(X))
        if when is not None:
            dated = np.flatnonzero(when.notna())
            order = dated[np.argsort(when.to_numpy()[dated], kind="stable")]
            scheme = TimeSeriesSplit(n_splits=n)
        elif groups is not None:
            kind = StratifiedGroupKFold if classify else GroupKFold
            scheme = kind(n_splits=n, shuffle=True, random_state=seed + repeat)
        else:
            kind = StratifiedKFold if classify else KFold
            scheme = kind(n_splits=n, shuffle=True, random_state=seed + repeat)
        if classify and groups is None and when is None and np.bincount(y).min() < n:
            raise UserError(
                f"a class has {np.bincount(y).min()} training rows, fewer than the {n} folds; lower `folds`."
            )
        try:
            parts = list(scheme.split(order, y[order] if classify else None, groups))
        except ValueError as error:
            raise UserError(f"the training rows cannot be cut into {n} folds: {error}") from None
        too_early = 0
        for train, held_out in parts:
            train, held_out = order[train], order[held_out]
            if when is not None:  # as in the split: one moment, one side; rows without one train
                past = train[when.iloc[train] < when.iloc[held_out].min()]
                if not len(past):
                    raise UserError(
                        f"the training rows cannot be cut into {n} folds: too few moments."
                    )
                train = np.concatenate([np.flatnonzero(when.isna()), past])
                if classify and len(np.unique(y[train])) == 1:
                    too_early += 1  # there is nothing to tell apart yet
                    continue
            X_train, X_held_out = X.iloc[train], X.iloc[held_out]
            inner = Cut(y, classify, groups, when, seed).of(train)
            for transformer in map(clone, transformers):
                takes_cut = has_fit_parameter(transformer, "cut")
                further = {"cut": inner} if takes_cut else {}
                X_train = transformer.fit_transform(X_train, y[train], **further)
                X_held_out = transformer.transform(X_held_out)
            yield Fold(X_train, y[train], X_held_out, y[held_out], held_out)
        if too_early == n:
            raise UserError(
                f"none of the {n} folds by time has a past with more than one class; use another split."
            )


def cross_validate(
    model: Mapping[str, Any],
    cut: list[Fold],
    metrics: Sequence[str],
    n_classes: int,
    changes: Mapping[str, Any] | None = None,
) -> list[dict[str, float]]:
    """Fit and score a model on each fold; returns each fold's metrics."""
    scores = []
    for fold in cut:
        pipeline = fit(build(model, changes), model, fold.X, fold.y)
        prediction = predict(pipeline, fold.X_held_out, n_classes)
        scores.append({name: score(name, fold.y_held_out, prediction) for name in metrics})
    return scores


def chosen_model(settings: DictConfig) -> dict[str, Any]:
    """Return the settings of the model to train: the named one, or the leaderboard's winner."""
    return read_json(WINNER) if settings.model.name == "best" else as_dict(settings.model)
