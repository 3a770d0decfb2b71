"""Step 7, feature selection: which columns are worth keeping, chosen on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from pipeline.core.base.names import UserError
from pipeline.core.base.paths import FEATURES, METRICS, REPORTS, SELECT, SPLIT
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_json, read_table, write_json, write_rows
from pipeline.core.base.tools import instantiate
from pipeline.core.data.target import encode
from pipeline.core.model import artifact
from pipeline.core.model.training import cutter
from pipeline.select.selector import Selector, useless
from pipeline.select.stability import choices, nogueira

if TYPE_CHECKING:
    import numpy as np
    from omegaconf import DictConfig

    from pipeline.core.model.folding import Cut

__all__ = ["Selector", "main", "useless"]


def main(settings: DictConfig) -> None:
    """Fit the selector on data/features/train/; say what goes, why, and how sure the choice is."""
    options = settings.select
    rows = read_table(FEATURES / "train")
    target = read_json(SPLIT / "target.json")
    X, y = rows.drop(columns=target["name"]), encode(rows[target["name"]], target["classes"])
    # The features stand in the order of the split's rows, which hold the groups and times as well.
    split = read_table(SPLIT / "train")
    cut = cutter(settings, split, y, bool(target["classes"]), settings.seed)
    selector = Selector(
        options.chooser and instantiate(options.chooser), options.identifier_share
    ).fit(X, y, cut)
    artifact.save(selector, SELECT)
    for name, why in selector.dropped_.items():
        say(f"{name} goes: {why}")
    say(f"{len(selector.kept_)} of {X.shape[1]} features stay")
    stability, shares = measure(selector, X, y, cut, options.stability_folds)
    write_json(
        {"kept": selector.kept_, "dropped": selector.dropped_, "stability": stability},
        METRICS / "select.json",
    )
    write_rows(
        [
            {
                "feature": name,
                "kept": name in selector.kept_,
                "share_of_folds": shares.get(name),
                "reason": selector.dropped_.get(name),
            }
            for name in map(str, X)
        ],
        REPORTS / "select.csv",
    )


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
