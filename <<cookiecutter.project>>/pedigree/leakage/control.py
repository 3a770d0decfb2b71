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

ONE_IN = 5  # one row of so many is in the evaluation set for early stopping
SPREAD = 3  # minimum fits for an estimate of their spread
MAX_BY_LUCK = 0.99  # maximum limit, for very few fits


def shuffled_target(
    evidence: Evidence, margin: float, significance: float, permutations: int, max_rows: int
) -> list[Finding]:
    """Fit the chosen model on a shuffled training target and predict the validation rows.

    If it predicts them better than chance, the target leaks. The measure is the mean over the fits of the
    area under the ROC curve (of each class against the rest), or 0.5 plus half the correlation with the
    target. A single fit may score far from 0.5 by chance, above or below, since rows with different
    targets differ in other columns too. So the limit is derived from the spread of the fits: the quantile
    of Student's t, plus a margin (for one or two fits, close to 1). Early stopping, for which `train` has
    the validation rows, uses a fifth of the shuffled rows.

    Parameters
    ----------
    evidence : Evidence
    margin : float
        Minimum distance of the limit from 0.5.
    significance : float
        Level of the test of the mean.
    permutations : int
        Number of fits.
    max_rows : int
        Maximum training rows of each fit; of more rows a sample is drawn.
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
        # The rows are in random order too, so each fit has another evaluation set.
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
    X_held_out: pd.DataFrame,
    n_classes: int,
) -> np.ndarray:
    """Fit as `train` does, with the tuned hyperparameters, and predict probabilities or numbers."""
    tuned = TunedParams.read().tuned.items()
    same = {name: one.after for name, one in tuned if own_value(model, name) == one.before}
    pipeline = build_model(model, same)
    evaluation_set = None
    if model.early_stopping:
        cut = len(y) - len(y) // ONE_IN
        evaluation_set, X, y = (X.iloc[cut:], y[cut:]), X.iloc[:cut], y[:cut]
        groups = None if groups is None else groups[:cut]
    if n_classes:  # a rare class may have no row, and some libraries require consecutive codes
        present, y = np.unique(y, return_inverse=True)
        if evaluation_set:
            seen = np.isin(evaluation_set[1], present)
            evaluation_set = (
                evaluation_set[0][seen],
                np.searchsorted(present, evaluation_set[1][seen]),
            )
    cuts = "cv" in pipeline["estimator"].get_params(deep=False)
    fit(pipeline, model, X, y, evaluation_set, groups if cuts else None)
    if not n_classes:
        return predict(pipeline, X_held_out, 0)
    prediction = np.zeros((len(X_held_out), n_classes))
    prediction[:, present] = predict(pipeline, X_held_out, len(present))
    return prediction


def ranking_accuracy(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Return the fraction of pairs that predictions rank correctly: 0.5 is chance, 1 is perfect.

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
