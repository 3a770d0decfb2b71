"""LIME (Ribeiro, Singh and Guestrin 2016, arXiv:1602.04938): a linear model in the neighbourhood of a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from pedigree.explanation.interface import Contributions, Explanation
from pedigree.explanation.scale import unit
from pedigree.explanation.subject import Codes, Subject

if TYPE_CHECKING:
    from lime.lime_tabular import LimeTabularExplainer


@dataclass
class Lime:
    """LIME's explanations of single rows, and the average strength of each feature in them.

    A contribution is the linear model's weight of the row's quartile in the training rows, or of its
    category: the change of the prediction if it were another one.

    Parameters
    ----------
    rows : int
        Validation rows to explain.
    samples : int
        Random rows around each.
    kernel_width : float or None
        Width of the neighbourhood; None: LIME's default, 0.75 times the root of the number of features.
    seed : int
    """

    needs: ClassVar = ("lime",)
    rows: int
    samples: int
    kernel_width: float | None
    seed: int

    def __call__(self, subject: Subject) -> Explanation:
        """Explain."""
        codes = Codes(subject.train, subject.X)
        rows = subject.sample(self.rows)
        coded = codes.code(subject.X.iloc[rows])
        usual = codes.code(subject.train)
        missing = missing_codes(usual)

        def output(drawn: np.ndarray) -> np.ndarray:
            predicted = subject.predict(codes.rows(np.where(drawn == missing, np.nan, drawn)))
            return predicted if subject.classes else predicted.ravel()

        explainer = self.explainer(np.where(np.isnan(usual), missing, usual), codes, subject)
        values = np.zeros((*coded.shape, len(subject.names)))
        base = np.zeros((len(rows), len(subject.names)))
        for i, row in enumerate(np.where(np.isnan(coded), missing, coded)):
            result = explainer.explain_instance(
                row,
                output,
                labels=subject.explained,
                num_features=coded.shape[1],
                num_samples=self.samples,
            )
            for place, code in enumerate(subject.explained):
                label = code if subject.classes else 1  # LIME's word for "larger"
                base[i, place] = result.intercept[label]
                for feature, weight in result.local_exp[label]:
                    values[i, feature, place] = weight
        scale = "probability" if subject.classes else f"units of {subject.target}"
        shown = subject.X.iloc[rows].reset_index(drop=True)
        found = Contributions(rows, shown, values, base, scale, "LIME weight")
        return Explanation(
            measure=found.measure,
            unit=unit(scale, subject),
            strengths=found.strengths(),
            contributions=found,
        )

    def explainer(self, usual: np.ndarray, codes: Codes, subject: Subject) -> LimeTabularExplainer:
        """Make LIME's explainer of tables, which samples from the distribution of the training rows.

        Parameters
        ----------
        usual : ndarray, shape (m, p)
            Coded training rows.
        codes : Codes
        subject : Subject
        """
        from lime.lime_tabular import LimeTabularExplainer

        random = np.random.RandomState(self.seed)
        return LimeTabularExplainer(
            usual,
            mode="classification" if subject.classes else "regression",
            feature_names=codes.names,
            categorical_features=codes.texts,
            kernel_width=self.kernel_width,
            discretizer=quartiles(usual, codes, missing_codes(usual), random),
            random_state=random,
        )


def missing_codes(usual: np.ndarray) -> np.ndarray:
    """Return a number for each column, smaller than all its values, as code of a missing value."""
    least = np.nan_to_num(np.nanmin(usual, axis=0, initial=0))
    return np.asarray(least - np.maximum(np.abs(least), 1))


def quartiles(usual: np.ndarray, codes: Codes, missing: np.ndarray, random: Any) -> Any:
    """Make LIME's discretizer by quartiles, with a separate bin for missing values.

    Parameters
    ----------
    usual : ndarray, shape (m, p)
        Coded training rows.
    codes : Codes
    missing : ndarray, shape (p,)
        Of `missing_codes`.
    random : RandomState
    """
    from lime.discretize import QuartileDiscretizer

    class QuartilesAndGaps(QuartileDiscretizer):
        def bins(self, data: np.ndarray, labels: Any) -> list[np.ndarray]:
            """Return the quartiles of the values that are not missing."""
            cuts = []
            for place in self.to_discretize:
                there = data[data[:, place] != missing[place], place]
                edges = np.percentile(there, [25, 50, 75]) if len(there) else []
                cuts.append(np.array([missing[place], *edges]))
            return cuts

        def get_undiscretize_values(self, feature: int, values: np.ndarray) -> np.ndarray:
            """Draw a value of each bin; LIME itself would give 0 for a bin of one value."""
            low, high = (np.array(ends[feature])[values] for ends in (self.mins, self.maxs))
            return np.asarray(
                np.where(low == high, low, super().get_undiscretize_values(feature, values))
            )

    made = QuartilesAndGaps(usual, codes.texts, codes.names, random_state=random)
    for place in made.to_discretize:  # the first bin begins at the smallest value
        there = usual[usual[:, place] != missing[place], place]
        made.mins[place][0] = missing[place]
        made.mins[place][1] = there.min() if len(there) else missing[place]
    return made
