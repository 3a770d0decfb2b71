"""Feature selection: which columns are worth keeping, chosen on the training rows."""

from __future__ import annotations

from pedigree import (
    Selector,
    fold_scheme,
    instantiate,
    paths,
    read_subset,
    run,
    save_model,
    say,
    write_csv,
)
from pedigree.settings import SelectSettings


def main(settings: SelectSettings) -> None:
    """Fit the selector on data/features/train/; write which columns stay, which go, and how stable the choice is."""
    options = settings.select
    X, y, _ = read_subset("train", selected=False)
    folds = fold_scheme(settings, y)
    selector = instantiate(options.selector) if options.selector else None
    selector = Selector(selector, options.identifier_fraction).fit(X, y, folds)
    save_model(selector, paths.SELECT)
    for name, why in selector.dropped_.items():
        say(f"{name} is dropped: {why}")
    say(f"{len(selector.kept_)} of {X.shape[1]} features stay")
    stability, fractions = selector.stability(X, y, folds, options.stability_folds)
    selector.metrics(stability).write(paths.METRICS / "select.json")
    table = [
        {
            "feature": name,
            "kept": name in selector.kept_,
            "share_of_folds": fractions.get(name),
            "reason": selector.dropped_.get(name),
        }
        for name in map(str, X)
    ]
    write_csv(table, paths.REPORTS / "select.csv")


if __name__ == "__main__":
    run("select", main)
