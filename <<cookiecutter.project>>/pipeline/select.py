"""Step 7, feature selection: which columns are worth keeping, chosen on the training rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import FEATURES, METRICS, REPORTS, SELECT, SPLIT
from pedigree.base.stage import run, say
from pedigree.base.tables import read_json, read_table, write_json, write_rows
from pedigree.base.tools import instantiate
from pedigree.data.target import encode
from pedigree.estimators import artifact
from pedigree.features.selection import measure
from pedigree.features.selection.selector import Selector
from pedigree.training.data import cutter

if TYPE_CHECKING:
    from omegaconf import DictConfig


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


if __name__ == "__main__":
    run("select", main)
