"""Step 7, feature selection: which columns are worth keeping, chosen on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pedigree.base.names import UserError
from pedigree.base.stage import say
from pedigree.features.selection.selector import Selector, useless
from pedigree.features.selection.stability import choices, nogueira

if TYPE_CHECKING:
    import numpy as np

    from pedigree.folds.folding import Cut

__all__ = ["Selector", "main", "useless"]


def measure(
    selector: Selector, X: pd.DataFrame, y: np.ndarray, cut: Cut, n: int
) -> tuple[dict[str, Any] | None, dict[str, float]]:
    """Choose anew on the training part of each of n folds, and compare the choices.

    Returns
    -------
    stability : dict or None
        `index` (Nogueira's, see `nogueira`) and the number of `folds`; None where nothing is chosen.
    shares : dict of str to float
        For each feature among which was chosen, the share of folds in which it was kept.
    """
    if selector.chooser is None or not n:
        return None, {}
    try:
        chosen = choices(selector, X, y, cut, n)
    except UserError as error:
        say(f"how stable the choice is was not measured: {error}")
        return None, {}
    index = nogueira(chosen.to_numpy())
    shares = chosen.mean()
    wavering = [f"{name} ({share:.0%})" for name, share in shares.items() if 0 < share < 1]
    say(
        f"stability over {len(chosen)} folds: {index:.2f} (1: the same features in each, 0: as by chance)"
        + (f"; kept in some: {', '.join(wavering)}" if wavering else "")
    )
    return {"index": index, "folds": len(chosen)}, shares.to_dict()
