"""The training rows, and their division into folds by the settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sklearn.base import clone

from pedigree.base.paths import ENGINEER, SELECT, SPLIT
from pedigree.base.tables import read_table
from pedigree.data.target import EncodedTarget, features, group_key
from pedigree.estimators.predicting import predict
from pedigree.folds.folding import Fold, FoldScheme, fold_groups, folds
from pedigree.folds.settings import FoldSettings, SeededFoldSettings
from pedigree.storage import artifact
from pedigree.training.cross_validation import fit_on

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from pedigree.base.problem import GroupedColumns
    from pedigree.estimators.settings import Model


class TrainingSettings(FoldSettings, Protocol):
    """Settings of a step that reads the training rows."""

    @property
    def problem(self) -> GroupedColumns:
        """With `target` and `exclude`, `group` and `time`."""


@dataclass(frozen=True)
class Training:
    """The training rows before feature engineering, with the transformers and scheme that divide them into folds.

    Parameters
    ----------
    X : DataFrame, shape (n, p)
        Before feature engineering.
    y : ndarray, shape (n,)
        Class codes, or numbers.
    classes : list of str
        Class names in the order of their codes; empty for regression.
    transformers : list of scikit-learn transformers
        Cloned and fitted on the training rows of each fold.
    scheme : FoldScheme
    """

    X: pd.DataFrame
    y: np.ndarray
    classes: list[str]
    transformers: list[Any]
    scheme: FoldScheme

    @classmethod
    def read(cls, settings: TrainingSettings) -> Training:
        """Read data/split/train/; `settings` hold `problem` and `split.name`, which folds follow."""
        rows = read_table(SPLIT / "train")
        problem = settings.problem
        target = EncodedTarget.read()
        y, classes = target.encode(rows), target.classes
        transformers = [artifact.load_model(ENGINEER), artifact.load_model(SELECT)]
        scheme = scheme_of(settings, rows, y, bool(classes), seed=0)
        return cls(features(rows, problem), y, classes, transformers, scheme)

    def cut(
        self,
        n: int,
        repeats: int,
        seed: int,
        within: np.ndarray | None = None,
        at_most: int | None = None,
        enough: int | None = None,
    ) -> list[Fold]:
        """Divide the rows into folds.

        Parameters
        ----------
        n, repeats, seed : int
            Number of folds and of repetitions, and the seed of the first repetition.
        within : ndarray of int, optional
            Positions of the rows to divide, for nested cross-validation; default: all rows.
        at_most : int, optional
            Maximum training rows of a fold; of more rows a sample is drawn.
        enough : int, optional
            Minimum number of held-out rows in total; superfluous folds are left out.
        """
        rows = np.arange(len(self.y)) if within is None else within
        how = vars(replace(self.scheme.of(rows), seed=seed))
        how |= {"n": n, "repeats": repeats, "at_most": at_most, "enough": enough}
        return list(folds(self.X.iloc[rows], transformers=self.transformers, **how))

    def out_of_fold(
        self,
        pipeline: Pipeline,
        model: Model | None,
        n: int,
        seed: int,
        enough: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict training rows, each by a model that was fitted on other folds, with features of other folds.

        Parameters
        ----------
        pipeline : Pipeline
            Cloned and fitted for each fold.
        model : Model or None
            The settings it was built from; None fits the pipeline by its own `fit`.
        n, seed : int
            Number of folds, and their seed. A split by time leaves the earliest rows without a prediction.
        enough : int, optional
            Minimum number of predicted rows; superfluous folds are left out, their rows without a prediction.

        Returns
        -------
        values, y : ndarray
            Predictions and target values of the held-out rows, in the order of the rows.
        """
        parts = []
        for fold in self.cut(n, repeats=1, seed=seed, enough=enough):
            fitted = fit_on(clone(pipeline), fold, bool(self.classes), model)
            predicted = predict(fitted, fold.X_held_out, len(self.classes), finite=True)
            parts.append((fold.rows_held_out, predicted, fold.y_held_out))
        rows, values, y = map(np.concatenate, zip(*parts, strict=True))
        order = np.argsort(rows, kind="stable")
        return values[order], y[order]


def scheme_of(
    settings: FoldSettings, rows: pd.DataFrame, y: np.ndarray, classify: bool, seed: int
) -> FoldScheme:
    """Return how the split's rows are divided into folds: in proportion of the classes, by group, or by time.

    Parameters
    ----------
    settings : FoldSettings
        With `problem` and `split.name`.
    rows, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Rows of a subset of the split, and their coded target.
    classify : bool
    seed : int
    """
    problem, method = settings.problem, settings.split.name
    groups = group_key(rows, problem) if method == "group" else None
    return FoldScheme(y, classify, groups, rows[problem.time] if method == "time" else None, seed)


def fold_scheme(settings: SeededFoldSettings, y: np.ndarray) -> FoldScheme:
    """Return how the training rows are divided into folds: as the split is, by class, group or time.

    Parameters
    ----------
    settings : SeededFoldSettings
        With `problem.group`, `problem.time`, `split.name` and `seed`.
    y : ndarray, shape (n,)
        Of data/split/train/, in its order: class codes (int), or numbers.

    Examples
    --------
    >>> from pedigree import fold_scheme, read_subset
    >>> from pedigree.settings import read_settings
    >>> X, y, classes = read_subset("train", selected=False)
    >>> folds = fold_scheme(read_settings("select"), y)
    >>> len(folds(3))
    3
    """
    classify = bool(EncodedTarget.read().classes)
    return scheme_of(settings, read_table(SPLIT / "train"), y, classify, settings.seed)


def training_groups(settings: FoldSettings) -> np.ndarray | None:
    """Return the group of each training row for folds inside a model, as the split keeps rows together (see `fold_groups`)."""
    rows = read_table(SPLIT / "train")
    how = scheme_of(settings, rows, np.empty(0), classify=False, seed=0)
    return fold_groups(how.groups, how.when)
