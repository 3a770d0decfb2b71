"""The scale of what is explained: probabilities, log-odds, units of the target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pedigree.explanation.subject import Subject


def unit(scale: str, subject: Subject) -> str:
    """Return the unit of an average over the outputs."""
    if not subject.classes:
        return scale
    return f"{scale} of {subject.names[0] if len(subject.names) == 1 else 'a class (mean over classes)'}"


def scale_of(output: np.ndarray, probability: np.ndarray, subject: Subject) -> str:
    """Return the scale of an estimator's own output, by comparison with the predictions.

    Parameters
    ----------
    output, probability : ndarray, shape (n, outputs)
        The sum of an explanation, and the model's prediction.
    """
    from scipy.special import expit, softmax

    def same(made: np.ndarray) -> bool:
        return bool(np.allclose(made, probability, rtol=1e-3, atol=1e-4))

    if same(output):
        return "probability" if subject.classes else f"units of {subject.target}"
    if subject.classes and len(subject.names) == 1 and same(expit(output)):
        return "log-odds"
    if len(subject.names) > 1 and same(softmax(output, axis=1)):
        return "softmax score"  # a log-probability up to a constant of each row
    return "raw score"
