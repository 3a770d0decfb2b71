"""The fitted selector, which knows the columns that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.features.frames import FrameTransformer, as_frame
from pedigree.features.selection.choosing import choose
from pedigree.features.selection.stability import choices, nogueira
from pedigree.features.selection.useless import useless

if TYPE_CHECKING:
    import numpy as np

    from pedigree.folds.folding import FoldScheme


class Selector(FrameTransformer):
    """Drop useless columns, then let a scikit-learn selector choose among the rest.

    Parameters
    ----------
    chooser : object or None
        A selector of `sklearn.feature_selection`, or one like it; it sees what `as_numbers` makes.
    identifier_share : float
        A text column with at least this share of distinct values names rows instead of describing them.

    Attributes
    ----------
    kept_ : list of str
    dropped_ : dict of str to str
        Each dropped column with the reason.
    useless_ : list of str
        Those of them that the chooser has not seen.

    Examples
    --------
    >>> import pandas as pd
    >>> from pedigree import Selector
    >>> X = pd.DataFrame({"a": [1.0, 2.5, 3.1], "same": [1, 1, 1]})
    >>> Selector().fit(X, None).kept_
    ['a']
    """

    def __init__(self, chooser: Any = None, identifier_share: float = 0.95) -> None:
        self.chooser = chooser
        self.identifier_share = identifier_share

    def fit(self, X: pd.DataFrame, y: np.ndarray, cut: FoldScheme | None = None) -> Selector:
        """Choose the columns; a chooser with folds of its own cuts them as `cut` says.

        Raises
        ------
        UserError
            No column is left.
        """
        X = as_frame(self, X, reset=True)
        self.dropped_ = useless(X, self.identifier_share)
        self.useless_ = list(self.dropped_)
        rest = X[[name for name in map(str, X) if name not in self.dropped_]]
        self.dropped_ |= choose(self.chooser, rest, y, cut)
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

    def stability(
        self, X: pd.DataFrame, y: np.ndarray, cut: FoldScheme, n: int
    ) -> tuple[dict[str, Any] | None, dict[str, float]]:
        """Choose anew on the training part of each of n folds, and compare the choices.

        Parameters
        ----------
        X, y : DataFrame of shape (rows, p), ndarray of shape (rows,)
            What it was fitted on.
        cut : FoldScheme
            How the rows are divided into folds.
        n : int
            Folds.

        Returns
        -------
        stability : dict or None
            `index` (Nogueira's, see `nogueira`) and the number of `folds`; None where nothing is chosen.
        fractions : dict of str to float
            For each feature among which was chosen, the fraction of folds in which it was kept.
        """
        if self.chooser is None or not n:
            return None, {}
        candidates = X[[name for name in map(str, X) if name not in self.useless_]]
        try:
            chosen = choices(self.chooser, candidates, y, cut, n)
        except UserError as error:
            say(f"the stability of the selection was not measured: {error}")
            return None, {}
        index = nogueira(chosen.to_numpy())
        fractions = chosen.mean()
        varying = [f"{name} ({one:.0%})" for name, one in fractions.items() if 0 < one < 1]
        say(
            f"stability over {len(chosen)} folds: {index:.2f} (1: the same features in each, 0: as by chance)"
            + (f"; kept in some: {', '.join(varying)}" if varying else "")
        )
        return {"index": index, "folds": len(chosen)}, fractions.to_dict()
