"""The transformer that keeps selected columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.estimators.frames import FrameTransformer, as_frame
from pedigree.features.selection.select_metrics import SelectMetrics
from pedigree.features.selection.selecting import columns_to_drop
from pedigree.features.selection.stability import nogueira, selected_by_fold
from pedigree.features.selection.uninformative import uninformative_columns

if TYPE_CHECKING:
    import numpy as np

    from pedigree.folds.folding import FoldScheme


class Selector(FrameTransformer):
    """Drop uninformative columns, then apply a scikit-learn selector to the others.

    Parameters
    ----------
    selector : object or None
        A selector of `sklearn.feature_selection`, or one like it; its input is encoded by `encode_ordinal`.
        None = keep all informative columns.
    identifier_fraction : float
        A string column with at least this fraction of distinct values is dropped as an identifier.

    Attributes
    ----------
    kept_ : list of str
        Selected columns.
    dropped_ : dict of str to str
        Dropped columns with the reason.
    uninformative_ : list of str
        Columns that were dropped before the selector was fitted.

    Examples
    --------
    >>> import pandas as pd
    >>> from pedigree import Selector
    >>> X = pd.DataFrame({"a": [1.0, 2.5, 3.1], "same": [1, 1, 1]})
    >>> Selector().fit(X, None).kept_
    ['a']
    """

    def __init__(self, selector: Any = None, identifier_fraction: float = 0.95) -> None:
        self.selector = selector
        self.identifier_fraction = identifier_fraction

    def fit(self, X: pd.DataFrame, y: np.ndarray, scheme: FoldScheme | None = None) -> Selector:
        """Select the columns; a selector with cross-validation uses the folds of `scheme`.

        Parameters
        ----------
        X, y : DataFrame of shape (n, p), ndarray of shape (n,)
            The training set.
        scheme : FoldScheme, optional
            Divides the rows into folds.

        Returns
        -------
        Selector
            The fitted transformer.

        Raises
        ------
        UserError
            No column is left.
        """
        X = as_frame(self, X, reset=True)
        self.dropped_ = uninformative_columns(X, self.identifier_fraction)
        self.uninformative_ = list(self.dropped_)
        rest = X[[name for name in map(str, X) if name not in self.dropped_]]
        self.dropped_ |= columns_to_drop(self.selector, rest, y, scheme)
        self.kept_ = [name for name in rest if name not in self.dropped_]
        if not self.kept_:
            raise UserError(
                f"select: no feature is left of {', '.join(map(str, X))}; see conf/select/."
            )
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the kept columns."""
        check_is_fitted(self)
        X = as_frame(self, X)
        return X[self.kept_]

    def metrics(self, stability: dict[str, Any] | None) -> SelectMetrics:
        """Return what metrics/select.json contains; for the argument see `stability`."""
        return SelectMetrics(kept=self.kept_, dropped=self.dropped_, stability=stability)

    def stability(
        self, X: pd.DataFrame, y: np.ndarray, scheme: FoldScheme, n: int
    ) -> tuple[dict[str, Any] | None, dict[str, float]]:
        """Repeat the selection on the training set of each of n folds, and measure its stability.

        Parameters
        ----------
        X, y : DataFrame of shape (rows, p), ndarray of shape (rows,)
            The training set.
        scheme : FoldScheme
            Divides the rows into folds.
        n : int
            Number of folds.

        Returns
        -------
        stability : dict or None
            `index` (see `nogueira`) and the number of `folds`; None without a selector.
        fractions : dict of str to float
            For each candidate, the fraction of folds in which it was selected.
        """
        if self.selector is None or not n:
            return None, {}
        candidates = X[[name for name in map(str, X) if name not in self.uninformative_]]
        try:
            chosen = selected_by_fold(self.selector, candidates, y, scheme, n)
        except UserError as error:
            say(f"the stability of the selection was not measured: {error}")
            return None, {}
        index = nogueira(chosen.to_numpy())
        fractions = chosen.mean()
        varying = [f"{name} ({one:.0%})" for name, one in fractions.items() if 0 < one < 1]
        say(
            f"stability over {len(chosen)} folds: {index:.2f} (1: the same features in each, 0: no better than chance)"
            + (f"; selected in some folds only: {', '.join(varying)}" if varying else "")
        )
        return {"index": index, "folds": len(chosen)}, fractions.to_dict()
