"""SHAP values (Lundberg and Lee 2017, arXiv:1705.07874): contributions that add up to the prediction."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from pedigree.base.names import UserError
from pedigree.estimators.predicting import plain
from pedigree.explanation.algorithms import KNOWN, algorithm_for
from pedigree.explanation.encoded import column_features, display_values
from pedigree.explanation.interface import Contributions, Explanation, PairStrength
from pedigree.explanation.native import native_interactions, native_shap
from pedigree.explanation.scale import scale_of, unit
from pedigree.explanation.subject import Codes, Subject

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Shap:
    """SHAP values of the validation rows.

    Parameters
    ----------
    rows : int
        Maximum rows.
    interaction_rows : int
        Maximum rows for the interactions of two features, which only trees have; 0: none.
    algorithm : {"auto", "native", "tree", "linear", "permutation", "kernel"}
    background : int
        Training rows whose values replace those of a feature that is left out (permutation, kernel).
    draws : int
        Orders of the features for each row (permutation), or 2 p + 1 times as many coalitions (kernel).
    predictions : int
        Maximum predictions of the model (permutation, kernel), or of its trees for interactions (tree); it
        may reduce the number of rows.
    seed : int
    """

    rows: int
    interaction_rows: int
    algorithm: Literal["auto", "native", "tree", "linear", "permutation", "kernel"]
    background: int
    draws: int
    predictions: int
    seed: int

    def __call__(self, subject: Subject) -> Explanation:
        """Explain.

        Raises
        ------
        UserError
            The algorithm does not fit the model.
        """
        steps = subject.model.named_steps
        # In a pipeline of the owner's, the meaning of the estimator's inputs is not known.
        best = algorithm_for(type(subject.model[-1])) if "encode" in steps else "permutation"
        algorithm = best if self.algorithm == "auto" else self.algorithm
        if algorithm in KNOWN and algorithm != best:
            raise UserError(
                f"explain: the algorithm '{algorithm}' of shap does not support "
                f"{type(subject.model[-1]).__name__}; set `algorithm: auto`."
            )
        interactions: list[PairStrength] = []
        paired = self._interaction_sample(subject, algorithm)
        if algorithm in KNOWN:
            found = self._exact_values(subject, algorithm)
            if self.interaction_rows and algorithm != "linear":
                interactions = interaction_strengths(subject, paired)
        else:
            found = self._estimated_values(subject, algorithm)
        return Explanation(
            measure=found.measure,
            unit=unit(found.scale, subject),
            strengths=found.strengths(),
            contributions=found,
            interactions=interactions,
            interaction_measure=f"mean |SHAP interaction value|, {len(paired)} validation rows",
        )

    def _interaction_sample(self, subject: Subject, algorithm: str) -> np.ndarray:
        """Draw the rows for interactions; for every column, shap walks through all trees again."""
        rows = self.interaction_rows
        if algorithm == "tree":
            columns = subject.model["encode"].transform(plain(subject.X.head(1))).shape[1]
            trees = np.size(getattr(subject.model["estimator"], "estimators_", 1))
            rows = min(rows, self.predictions // (columns * trees))
        return subject.sample(rows)

    def _exact_values(self, subject: Subject, algorithm: str) -> Contributions:
        """Compute the exact values from the fitted estimator."""
        rows = subject.sample(self.rows)
        encode, estimator = subject.model["encode"], subject.model["estimator"]
        X = subject.X.iloc[rows]
        encoded = encode.transform(plain(X))
        if algorithm == "native":
            values, base = native_shap(estimator, encoded)
        else:
            import shap

            explainer: Any
            if algorithm == "tree":
                explainer = shap.TreeExplainer(estimator)
            else:
                usual = encode.transform(plain(subject.train))
                every = shap.maskers.Independent(usual, max_samples=len(usual))
                explainer = shap.LinearExplainer(estimator, every)
            result = explainer(encoded)
            values, base = np.asarray(result.values), np.asarray(result.base_values)
        values, base = as_outputs(values, base, subject)
        scale = scale_of(values.sum(axis=1) + base, subject.outputs(X), subject)
        membership = column_features(encode, encoded, X)
        values = np.einsum("nco,cf->nfo", values, membership.to_numpy())
        return Contributions(
            rows, display_values(membership, encoded, X), values, base, scale, "SHAP value"
        )

    def _estimated_values(self, subject: Subject, algorithm: str) -> Contributions:
        """Estimate the values of any model from its predictions of rows with replaced values."""
        import shap

        p = subject.X.shape[1]
        each = self.draws * (2 * p + 1)
        background = subject.background(self.background)
        affordable = self.predictions // (each * len(background))
        rows = subject.sample(min(self.rows, affordable))
        X = subject.X.iloc[rows]
        codes = Codes(X, background)
        coded, around = codes.code(X), codes.code(background)

        def output(mixed: np.ndarray) -> np.ndarray:
            return subject.outputs(codes.rows(mixed))

        if algorithm == "kernel":
            np.random.seed(self.seed)  # the only random generator of shap's kernel explainer
            kernel = shap.KernelExplainer(output, around)
            values = np.asarray(
                kernel.shap_values(coded, nsamples=each, l1_reg=0, silent=True, gc_collect=False)
            )
            base = np.tile(kernel.expected_value, (len(rows), 1))
        else:
            masker = shap.maskers.Independent(around, max_samples=len(around))
            explainer = shap.PermutationExplainer(output, masker, seed=self.seed)
            result = explainer(coded, max_evals=each, silent=True)
            values, base = np.asarray(result.values), np.asarray(result.base_values)
        values, base = as_outputs(values, base, subject)
        scale = "probability" if subject.classes else f"units of {subject.target}"
        return Contributions(rows, X.reset_index(drop=True), values, base, scale, "SHAP value")


def as_outputs(
    values: np.ndarray, base: np.ndarray, subject: Subject
) -> tuple[np.ndarray, np.ndarray]:
    """Reshape values to (n, q, outputs) and the base to (n, outputs), for the explained classes only.

    Parameters
    ----------
    values : ndarray, shape (n, q) or (n, q, k)
    base : ndarray, shape (), (k,), (n,) or (n, k)
    subject : Subject
    """
    values = values[..., np.newaxis] if values.ndim == 2 else values
    base = np.broadcast_to(
        base.reshape(-1, 1) if base.ndim < 2 and values.shape[2] == 1 else base,
        (len(values), values.shape[2]),
    )
    kept = subject.explained if values.shape[2] > len(subject.names) else slice(None)
    return values[:, :, kept], base[:, kept]


def interaction_strengths(subject: Subject, rows: np.ndarray) -> list[PairStrength]:
    """Average the sizes of SHAP interaction values (Lundberg, Erion and Lee 2018, arXiv:1802.03888)."""
    encode, estimator = subject.model["encode"], subject.model["estimator"]
    X = subject.X.iloc[rows]
    encoded = encode.transform(plain(X))
    values = interaction_values(estimator, encoded)
    if values is None:
        return []
    membership = column_features(encode, encoded, X)
    # Interactions of encoded columns within a feature are part of the feature's own effect.
    whole = np.einsum("ca,ncdo,db->nabo", membership, values, membership)
    if whole.shape[3] > len(subject.names):
        whole = whole[..., subject.explained]
    sizes = 2 * np.abs(whole).mean(axis=(0, 3))  # the two halves of a pair
    names = list(membership)
    return [
        PairStrength(names[a], names[b], sizes[a, b]) for a, b in combinations(range(len(names)), 2)
    ]


def interaction_values(estimator: Any, encoded: pd.DataFrame) -> np.ndarray | None:
    """Return SHAP interaction values of shape (n, c, c, outputs), or None if they cannot be computed."""
    values = native_interactions(estimator, encoded)
    if (
        values is None and not (encoded.dtypes == "category").any()
    ):  # shap does not support splits by category
        import shap

        values = np.asarray(shap.TreeExplainer(estimator).shap_interaction_values(encoded))
        values = values[..., np.newaxis] if values.ndim == 3 else values
    return values
