"""ELI5 ("explain like I'm 5"): the weights of an estimator, and paths through its trees."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pedigree.base.stage import say
from pedigree.estimators.predicting import plain
from pedigree.explanation.encoded import column_features, display_values
from pedigree.explanation.interface import Contributions, Explanation, Strength
from pedigree.explanation.scale import scale_of
from pedigree.explanation.subject import Codes, Subject
from pedigree.scoring.metrics import gain, score

if TYPE_CHECKING:
    import pandas as pd

BIAS = "<BIAS>"  # ELI5's name for the base of the contributions


@dataclass
class Eli5:
    """ELI5's weights of an estimator's inputs, and its contributions to single predictions.

    For estimators whose weights it cannot read it shuffles the features; it computes contributions for
    scikit-learn's linear models and trees (Saabas 2014), and for boosters without native categories.

    Parameters
    ----------
    rows : int
        Validation rows whose predictions are explained.
    repeats : int
        Shuffles of each feature, for estimators whose weights ELI5 cannot read.
    seed : int
    """

    needs: ClassVar = ("eli5",)
    rows: int
    repeats: int
    seed: int

    def __call__(self, subject: Subject) -> Explanation:
        """Explain."""
        contributions = self._contributions(subject)
        encode, estimator = subject.model["encode"], subject.model["estimator"]
        encoded = encode.transform(plain(subject.X.head(1)))
        import eli5

        result = eli5.explain_weights(estimator, feature_names=list(encoded), top=None)
        if result.error:
            strengths = self._shuffled(subject)
            measure = f"loss when shuffled (ELI5), mean of {self.repeats}, {len(subject.X)} validation rows"
            return Explanation(measure, f"loss of {subject.metric.name}", strengths, contributions)
        if result.feature_importances:
            strengths = [
                Strength(str(one.feature), float(one.weight), one.std)
                for one in result.feature_importances.importances
            ]
            measure = "importance to the estimator (ELI5), from the training rows"
            return Explanation(measure, "share of all features", strengths, contributions)
        sizes: dict[str, list[float]] = {name: [] for name in encoded}
        for target in result.targets:
            for one in (*target.feature_weights.pos, *target.feature_weights.neg):
                if one.feature != BIAS:
                    sizes[one.feature].append(abs(one.weight))
        strengths = [
            Strength(name, sum(found) / len(result.targets)) for name, found in sizes.items()
        ]
        measure = "|weight| of the estimator's inputs (ELI5), from the training rows"
        return Explanation(measure, "per unit of the encoded input", strengths, contributions)

    def _contributions(self, subject: Subject) -> Contributions | None:
        """Return the contributions to predictions; None if ELI5 does not support the estimator."""
        import eli5

        rows = subject.sample(self.rows)
        X = subject.X.iloc[rows]
        encode, estimator = subject.model["encode"], subject.model["estimator"]
        encoded = encode.transform(plain(X))
        name = type(estimator).__name__
        if (encoded.dtypes == "category").any():
            say(
                f"eli5: single predictions are not explained, since it does not support native categories of {name}"
            )
            return None
        values = np.zeros((*encoded.shape, len(subject.names)))
        base = np.zeros((len(rows), len(subject.names)))
        places = {column: place for place, column in enumerate(encoded)}
        for i, row in enumerate(encoded.to_numpy(dtype=float)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # it passes the estimator an array without names
                result = eli5.explain_prediction(
                    estimator, row, feature_names=list(encoded), top=None
                )
            if result.error:
                say(f"eli5: single predictions are not explained, since it does not support {name}")
                return None
            for output, target in enumerate(result.targets):
                for one in (*target.feature_weights.pos, *target.feature_weights.neg):
                    if one.feature == BIAS:
                        base[i, output] = one.weight
                    else:
                        values[i, places[one.feature], output] = one.weight
            # Of two classes it explains the predicted one. (For the other one, it reverses the signs of a
            # forest's contributions, which then add up to minus the probability.)
            if len(subject.classes) == 2 and result.targets[0].target == estimator.classes_[0]:
                whole = 1 if result.targets[0].score is None else 0  # a probability, or log-odds
                values[i], base[i] = -values[i], whole - base[i]
        scale = scale_of(values.sum(axis=1) + base, subject.outputs(X), subject)
        membership = column_features(encode, encoded, X)
        values = np.einsum("nco,cf->nfo", values, membership.to_numpy())
        return Contributions(
            rows, display_values(membership, encoded, X), values, base, scale, "ELI5 contribution"
        )

    def _shuffled(self, subject: Subject) -> list[Strength]:
        from eli5.permutation_importance import get_score_importances

        codes = Codes(subject.X)

        def scoring(shuffled: np.ndarray, truth: np.ndarray) -> float:
            rows: pd.DataFrame = codes.rows(shuffled)
            return float(
                gain(subject.metric, score(subject.metric, truth, subject.predict(rows)), 0.0)
            )

        _, losses = get_score_importances(
            scoring, codes.code(subject.X), subject.y, self.repeats, random_state=self.seed
        )
        found: Any = zip(subject.X, np.mean(losses, axis=0), np.std(losses, axis=0), strict=True)
        return [Strength(str(name), loss, spread) for name, loss, spread in found]
