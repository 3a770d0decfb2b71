"""Step 12, hyperparameter tuning: a search in the chosen model's space, within a budget.

A search is a function ``search(space, study, **settings)`` that begins trials and is told their
losses. The model's own settings are always the first trial; they stay unless the best one is surely better.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pedigree.base.stage import say
from pedigree.folds.folding import interval_of_gain, mean_and_spread
from pedigree.scoring.metrics import gain
from pedigree.training.search.libraries import hyperopt, optuna, ray
from pedigree.training.search.searches import grid, halving, off, random
from pedigree.training.search.study import Study, Trial

if TYPE_CHECKING:
    from pedigree.folds.folding import Fold

# What conf/tune/ names as pedigree.training.search.<search>
__all__ = ["grid", "halving", "hyperopt", "off", "optuna", "random", "ray"]


# Of plots/tune.csv.
COLUMNS = ("trial", "value", "std", "best", "folds", "pruned", "changes")


def rows(study: Study) -> list[dict[str, Any]]:
    """Tell each trial's mean score and standard deviation over its folds, and the best score so far.

    A pruned trial is not among the best: it was scored on other folds than those that were finished.
    """
    table: list[dict[str, Any]] = []
    best = study.trials[0]
    for number, trial in enumerate(scored(study), start=1):
        if not trial.pruned and trial.loss() < best.loss():
            best = trial
        mean, spread = mean_and_spread(trial.scores)
        table.append(
            {
                "trial": number,
                "value": mean,
                "std": spread,
                "best": mean_and_spread(best.scores)[0],
                "folds": len(trial.scores),
                "pruned": trial.pruned,
                "changes": text(trial.changes),
            }
        )
    return table


def scored(study: Study) -> list[Trial]:
    """Leave out the trial that the clock stopped before its first fold."""
    return [trial for trial in study.trials if trial.scores]


def summary(study: Study, metric: str) -> dict[str, Any]:
    """Tell what a search gained over the model's own settings."""
    untuned, (best, spread) = (
        mean_and_spread(study.trials[0].scores)[0],
        mean_and_spread(study.best().scores),
    )
    trials = scored(study)
    return {
        "trials": len(trials),
        "pruned": sum(trial.pruned for trial in trials),
        "untuned": untuned,
        "best": best,
        "std": spread,
        "gain": gain(metric, best, untuned),
        "beats_untuned": study.best() is not study.trials[0],
    }


def is_sure(study: Study, cut: Sequence[Fold], confidence: float) -> bool:
    """Tell whether the best trial's gain over the first, fold by fold, is more than what folds give by chance.

    Of many trials the best one owes part of its score to luck, most so where rows are few (the rule of
    one standard error: Breiman et al. 1984, Classification and Regression Trees, 3.4.3).
    """
    pairs = zip(study.best().scores, study.trials[0].scores, strict=True)
    sign = 1 if study.greater_is_better else -1
    return interval_of_gain([sign * (best - own) for best, own in pairs], cut, confidence)[0] > 0


def announce(report: Mapping[str, Any], changes: str) -> None:
    """Print the outcome of a search."""
    pruned = f" ({report['pruned']} pruned)" if report["pruned"] else ""
    say(f"{report['model']}: {report['trials']} trials{pruned}, stopped by {report['stopped_by']}")
    untuned = f"{report['metric']} {report['untuned']:.4g} untuned"
    if report["adopted"]:
        say(f"{untuned}, {report['best']:.4g} with {changes}")
    elif report["beats_untuned"]:
        say(
            f"{untuned}, {report['best']:.4g} with {changes}: so little that chance may give it, and the model's "
            f"own settings stay (tune.confidence is {report['confidence']})"
        )
    else:
        say(f"{untuned}; no trial beat the model's own settings, so they stay")
    if report["stopped_by"] == "seconds":
        say(
            "The clock ended the search: another run goes on from here, and may end elsewhere. Lower tune.trials or raise tune.seconds."
        )


def text(changes: Mapping[str, Any]) -> str:
    """Write hyperparameters for people."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in changes.items()
    )
