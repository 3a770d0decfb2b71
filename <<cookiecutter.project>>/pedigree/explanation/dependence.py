"""Partial dependence (Friedman 2001) and its single rows (ICE, Goldstein et al. 2015, arXiv:1309.6392)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pedigree.estimators.predicting import plain
from pedigree.explanation.interface import Curve, Explanation, Strength
from pedigree.explanation.scale import unit
from pedigree.explanation.subject import Subject

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class PartialDependence:
    """How the prediction depends on each feature, with all others as they are.

    A feature's strength is the unevenness of its curve: the standard deviation for a number, a quarter of
    the range for a category (Greenwell, Boehmke and McCarthy 2018, arXiv:1805.04755).

    Parameters
    ----------
    rows : int
        Validation rows whose curves are averaged.
    points : int
        Values of a feature at which the model predicts; the most frequent ones of a category.
    predictions : int
        Maximum predictions of the model; it may reduce the number of rows.
    """

    rows: int
    points: int
    predictions: int

    def __call__(self, subject: Subject) -> Explanation:
        """Explain."""
        from sklearn.inspection import partial_dependence

        affordable = self.predictions // (subject.X.shape[1] * self.points)
        rows = subject.sample(max(1, min(self.rows, affordable)))
        X = plain(subject.X.iloc[rows]).reset_index(drop=True)
        # As floats, since a point between two integers must not be rounded down.
        X = X.astype({name: "float64" for name in X if X[name].dtype.kind in "biu"})
        curves, strengths = [], []
        for name in X:
            x = curve_points(plain(subject.X)[name], self.points)
            if not len(x):
                continue
            found = partial_dependence(
                subject.model,
                X,
                [name],
                custom_values={name: x},
                response_method="predict_proba" if subject.classes else "auto",
                method="brute",
                kind="individual",
            )
            lines = found["individual"]  # (outputs, rows, points)
            curves += [
                Curve(str(name), output, list(x), one)
                for output, one in zip(subject.names, lines, strict=True)
            ]
            means = lines.mean(axis=1)
            uneven = np.ptp(means, axis=1) / 4 if x.dtype == object else means.std(axis=1)
            strengths.append(Strength(str(name), float(uneven.mean())))
        scale = "probability" if subject.classes else f"units of {subject.target}"
        return Explanation(
            measure=f"unevenness of the partial dependence, {len(rows)} validation rows",
            unit=unit(scale, subject),
            strengths=strengths,
            curves=curves,
        )


def curve_points(values: pd.Series, points: int) -> np.ndarray:
    """Choose the values at which a curve is drawn: quantiles of numbers, the most frequent categories."""
    there = values.dropna()
    if there.dtype.kind in "biuf":
        there = there.astype("float64")
        distinct = np.unique(there)
        if len(distinct) <= points:
            return distinct
        return np.unique(np.quantile(there, np.linspace(0.05, 0.95, points)))
    counts = there.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    return np.sort(np.array(counts.index[:points], dtype=object))
