"""Your own metrics, named in conf/problem/ under `custom_metrics` as `_target_: pipeline.custom.metrics.NAME`.

A metric is a class. Its parameters are settings; it is called with the true and the predicted values of n rows, and
returns a number, or n of them, whose mean is then the score. Three attributes say how to use it:

- `greater_is_better`;
- `tasks`: any of "binary", "multiclass" and "regression";
- `response_method`: "predict" (the default) for labels or numbers, "predict_proba" for probabilities.

Of two classes the positive one is 1 and the other 0, and the probabilities are the positive one's, of shape (n,). Several
classes are 0, 1, ... in the order of their names, with probabilities of shape (n, k). A ValueError says that the rows
do not allow the metric, as in scikit-learn. The one below is an example; change it or delete it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass
class RecallAtTop:
    """Fraction of the positive rows that are among the most probable ones.

    Of rows with the same probability, it counts what a random order of them would find on average.

    Parameters
    ----------
    fraction : float
        Of all rows that can be acted on, such as customers who can be called.

    Examples
    --------
    >>> RecallAtTop(fraction=0.5)(np.array([1, 0, 1, 0]), np.array([0.9, 0.8, 0.4, 0.1]))
    0.5
    """

    greater_is_better: ClassVar = True
    tasks: ClassVar = ("binary",)
    response_method: ClassVar = "predict_proba"
    fraction: float = 0.1

    def __call__(self, y_true: np.ndarray, y_proba: np.ndarray) -> float:
        """Score n rows."""
        if not y_true.any():
            raise ValueError("no row is positive")
        n = max(1, round(self.fraction * len(y_true)))
        last = np.sort(y_proba)[-n]
        above, level = y_proba > last, y_proba == last
        found = y_true[above].sum() + y_true[level].mean() * (n - above.sum())
        return float(found / y_true.sum())
