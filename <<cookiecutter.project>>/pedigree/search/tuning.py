"""One model's search for hyperparameters, from its settings to the report.

The model's own settings are always the first trial; they stay unless the best one is significantly better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pedigree.base.settings import as_dict
from pedigree.base.stage import say
from pedigree.estimators.building import as_trained, own_value
from pedigree.estimators.tuned import TunedParams, TuneReport
from pedigree.folds.folding import interval_of_gain, mean_and_spread
from pedigree.scoring.custom import problem_metrics
from pedigree.scoring.metrics import Metric, gain
from pedigree.search.study import Objective, Study, Trial
from pedigree.training.data import Training

if TYPE_CHECKING:
    from pedigree.estimators.settings import Model
    from pedigree.folds.folding import Fold
    from pedigree.search.settings import TuneSettings

COLUMNS = ("trial", "value", "std", "best", "folds", "pruned", "changes")  # of plots/tune.csv
BUDGET = ("trials", "seconds", "folds", "rows")


@dataclass
class Tuning:
    """A search for better hyperparameters of a model, by cross-validation on the training rows.

    Parameters
    ----------
    model : Model
    metric : Metric
        The metric that decides.
    search : dict
        `_target_` of the search and its arguments.
    budget : dict
        `trials`, `seconds`, `folds`, and `rows`, the maximum training rows of a fold.
    confidence : float
        Required confidence that the best trial is better than the model's own settings, in (0, 1).
    study : Study or None
        None without trials or without a search space.
    folds : list of Fold

    Examples
    --------
    >>> from pedigree import Tuning, chosen_model
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("tune")
    >>> tuning = Tuning.of(settings, chosen_model(settings))
    >>> sorted(tuning.budget)
    ['folds', 'rows', 'seconds', 'trials']
    """

    model: Model
    metric: Metric
    search: dict[str, Any]
    budget: dict[str, Any]
    confidence: float
    study: Study | None = None
    folds: list[Fold] = field(default_factory=list)
    stopped_by: str = "nothing to search"

    @classmethod
    def of(cls, settings: TuneSettings, model: Model) -> Tuning:
        """Prepare the search of the settings.

        Parameters
        ----------
        settings : TuneSettings
            Of the step: `tune`, `problem`, `split.name`, `seed` and `train.early_stopping`.
        model : Model
        """
        search = as_dict(settings.tune)
        confidence = search.pop("confidence", 0)
        budget = {key: search.pop(key, None) for key in BUDGET}
        metric = problem_metrics(settings.problem)[0]
        tuning = cls(model, metric, search, budget, confidence)
        if budget["trials"] and model.search_space:
            training = Training.read(settings)
            tuning.folds = training.cut(budget["folds"], 1, settings.seed, at_most=budget["rows"])
            tried = as_trained(model, settings.train.early_stopping)
            objective = Objective(tried, tuning.folds, metric, len(training.classes))
            tuning.study = Study.of(objective, budget["trials"], budget["seconds"])
        return tuning

    def run(self, search: Callable[[Study], None]) -> None:
        """Try the model's own settings, then the proposals of a search, until the budget is spent; print the outcome."""
        if not self.study:
            say(
                f"{self.model.name}: nothing is tuned, since there are no trials or no search space"
            )
            return
        self.stopped_by = self.study.run(search)
        announce(self.report(), format_changes(self.study.best().changes))

    @property
    def adopted(self) -> bool:
        """Whether the best trial's hyperparameters replace the model's own."""
        if self.study is None or not self.study.best().changes:
            return False
        return is_significant(self.study, self.folds, self.confidence)

    def tuned_params(self) -> TunedParams:
        """Return what models/best_params.json contains: the hyperparameters to adopt."""
        best = self.study.best().changes if self.study and self.adopted else {}
        tuned = {
            name: {"from": own_value(self.model, name), "to": value} for name, value in best.items()
        }
        return TunedParams.model_validate({"model": self.model.name, "tuned": tuned})

    def report(self) -> TuneReport:
        """Return what reports/tune.json contains."""
        known: dict[str, Any] = {"model": self.model.name, "metric": self.metric.name}
        known |= {"search": self.search, "budget": self.budget}
        known |= {"trials": 0, "stopped_by": self.stopped_by}
        if self.study:
            known |= summary(self.study, self.metric)
            known |= {"confidence": self.confidence, "adopted": self.adopted}
        return TuneReport.model_validate(known)

    def history(self) -> list[dict[str, Any]]:
        """List the trials for plots/tune.csv; one empty line if there was no trial."""
        return trial_history(self.study) if self.study else [dict.fromkeys(COLUMNS) | {"trial": 0}]


def trial_history(study: Study) -> list[dict[str, Any]]:
    """List each trial's mean score and standard deviation over its folds, and the best score so far.

    A pruned trial cannot be the best: it was scored on fewer folds than the finished ones.
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
                "changes": format_changes(trial.changes),
            }
        )
    return table


def scored(study: Study) -> list[Trial]:
    """Return the trials without one that the time limit stopped before its first fold."""
    return [trial for trial in study.trials if trial.scores]


def summary(study: Study, metric: Metric) -> dict[str, Any]:
    """Summarise what a search gained over the model's own settings."""
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


def is_significant(study: Study, cut: Sequence[Fold], confidence: float) -> bool:
    """Return whether the best trial is significantly better than the first, over the folds.

    The best of many trials owes part of its score to chance, more so with few rows (the rule of one
    standard error: Breiman et al. 1984, Classification and Regression Trees, 3.4.3).

    Parameters
    ----------
    study : Study
    cut : sequence of Fold
        On which its trials were scored.
    confidence : float
        In (0, 1).
    """
    pairs = zip(study.best().scores, study.trials[0].scores, strict=True)
    sign = 1 if study.greater_is_better else -1
    return interval_of_gain([sign * (best - own) for best, own in pairs], cut, confidence)[0] > 0


def announce(report: TuneReport, changes: str) -> None:
    """Print the outcome of a search."""
    pruned = f" ({report.pruned} pruned)" if report.pruned else ""
    say(f"{report.model}: {report.trials} trials{pruned}, stopped by {report.stopped_by}")
    own = "unknown" if report.untuned is None else f"{report.untuned:.4g}"
    untuned = f"{report.metric} {own} untuned"
    if report.adopted:
        say(f"{untuned}, {report.best:.4g} with {changes}")
    elif report.beats_untuned:
        say(
            f"{untuned}, {report.best:.4g} with {changes}: not significantly better, so the model's own settings stay "
            f"(tune.confidence is {report.confidence})"
        )
    else:
        say(f"{untuned}; no trial beat the model's own settings, so they stay")
    if report.stopped_by == "seconds":
        say(
            "tune.seconds ended the search early; another run continues it, and may end elsewhere: lower tune.trials or raise tune.seconds."
        )


def format_changes(changes: Mapping[str, Any]) -> str:
    """Format hyperparameters for people."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in changes.items()
    )
