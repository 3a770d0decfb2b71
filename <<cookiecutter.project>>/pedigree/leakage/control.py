"""Negative control: a model that was fitted on a shuffled target must predict no better than chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pedigree.estimators.building import build_model, chosen_model, own_value
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import predict
from pedigree.estimators.tuned import TunedParams
from pedigree.leakage.drift import area
from pedigree.leakage.evidence import Evidence, Finding
from pedigree.training.data import training_groups
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.estimators.settings import Model

WATCHED = 5  # one row of so many is watched
SPREAD = 3  # fits, below which their spread says nothing
MAX_BY_LUCK = 0.99  # what luck does not reach, however few the fits


def shuffled_target(
    evidence: Evidence, margin: float, significance: float, permutations: int, max_rows: int
) -> list[Finding]:
    """Fit the chosen model on shuffled training answers and ask it about the validation rows.

    Whatever it knows of them, it has from elsewhere. Measured is the mean over the fits of the area
    under the ROC curve (of each class against the rest), or 0.5 and half the correlation with the
    answers; one fit may reach much by luck, since rows that differ in what matters differ in other
    things, too, but as often to one side as to the other. So the limit comes from the spread of the
    fits: the quantile of Student's t, plus a margin (of one or two fits, almost everything has to be
    known). What stops early, for which `train` has the validation rows, stops by a fifth of the
    shuffled rows.

    Parameters
    ----------
    evidence : Evidence
    margin : float
        Above 0.5, below which nothing counts.
    significance : float
        How improbable the mean must be.
    permutations, max_rows : int
        Fits; training rows of each, drawn at random.
    """
    from scipy.stats import t

    model = chosen_model(evidence.settings)
    X, y, classes = read_subset("train")
    X_validation, truth, _ = read_subset("validation")
    kept = evidence.draw(len(y), max_rows)
    groups = training_groups(evidence.settings)
    random = np.random.default_rng(evidence.settings.seed)
    scores = []
    for _ in range(permutations):
        # The rows are in random order, too: of those that are watched, each fit has others.
        order, answers = random.permutation(kept), random.permutation(y[kept])
        inside = None if groups is None else groups[order]
        prediction = _fit_predict(model, X.iloc[order], answers, inside, X_validation, len(classes))
        scores.append(ranking_accuracy(truth, prediction))
    mean, limit = float(np.mean(scores)), MAX_BY_LUCK
    if permutations >= SPREAD:
        quantile = float(t.ppf(1 - significance, permutations - 1))
        reach = quantile * float(np.std(scores, ddof=1)) / np.sqrt(permutations)
        limit = min(0.5 + margin + reach, MAX_BY_LUCK)
    says = (
        f"{model.name}, fitted {permutations} times on a shuffled target, ranks {mean:.0%} of the pairs of "
        "validation rows correctly; 50% is chance."
    )
    return [Finding("model", mean > limit, mean, limit, says)]


def _fit_predict(
    model: Model,
    X: pd.DataFrame,
    y: np.ndarray,
    groups: np.ndarray | None,
    asked: pd.DataFrame,
    n_classes: int,
) -> np.ndarray:
    """Fit as `train` does, with the tuned hyperparameters, and predict; see `predict`."""
    tuned = TunedParams.read().tuned.items()
    same = {name: one.after for name, one in tuned if own_value(model, name) == one.before}
    pipeline = build_model(model, same)
    watched = None
    if model.early_stopping:
        cut = len(y) - len(y) // WATCHED
        watched, X, y = (X.iloc[cut:], y[cut:]), X.iloc[:cut], y[:cut]
        groups = None if groups is None else groups[:cut]
    if n_classes:  # of a rare class there may be no row; some libraries want codes without gaps
        present, y = np.unique(y, return_inverse=True)
        if watched:
            seen = np.isin(watched[1], present)
            watched = watched[0][seen], np.searchsorted(present, watched[1][seen])
    cuts = "cv" in pipeline["estimator"].get_params(deep=False)
    fit(pipeline, model, X, y, watched, groups if cuts else None)
    if not n_classes:
        return predict(pipeline, asked, 0)
    prediction = np.zeros((len(asked), n_classes))
    prediction[:, present] = predict(pipeline, asked, len(present))
    return prediction


def ranking_accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Return how often predictions rank rows right: 0.5 is chance, 1 is perfect.

    Parameters
    ----------
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    prediction : ndarray, shape (n, k) or (n,)
        Class probabilities, or numbers.
    """
    if prediction.ndim == 1:
        if not np.ptp(prediction) or not np.ptp(truth):
            return 0.5
        return float(0.5 + np.corrcoef(truth, prediction)[0, 1] / 2)
    rows = np.arange(len(truth))
    present = [code for code in np.unique(truth) if (truth != code).any()]
    areas = [area((truth == c).astype(int), prediction[:, c], rows)[0] for c in present]
    return float(np.mean(areas)) if areas else 0.5
