"""Step 12, hyperparameter tuning: a search in the chosen model's space, within a budget.

A method yields the hyperparameters to try and is told each trial's score. The model's own settings
are always the first trial, so a search never ends below them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.base.paths import BEST_PARAMS, PLOTS, REPORTS
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import write_json, write_rows
from pipeline.core.base.tools import instantiate
from pipeline.core.model.folding import mean_and_spread, training_folds
from pipeline.core.model.metrics import METRICS
from pipeline.core.model.modelling import chosen_model, cross_validate, own_value

if TYPE_CHECKING:
    from omegaconf import DictConfig

# What a method is: a generator of hyperparameters that is sent each one's loss (lower is better).
Search = Generator[dict[str, Any], float, None]


def main(settings: DictConfig) -> None:
    """Search the chosen model's hyperparameters by cross-validation on the training rows."""
    model = chosen_model(settings)
    metric = settings.problem.metrics[0]
    sign = -1.0 if METRICS[metric].greater_is_better else 1.0
    options = as_dict(settings.tune)
    budget = {key: options.pop(key, None) for key in ("trials", "seconds", "folds")}
    trials: list[dict[str, Any]] = []
    stopped_by = "there being nothing to search"
    if budget["trials"] and model["search_space"]:
        cut, classes = training_folds(settings, budget["folds"], 1, settings.seed)

        def trial(changes: dict[str, Any]) -> float:
            scores = cross_validate(model, cut, [metric], len(classes), changes)
            mean, spread = mean_and_spread([one[metric] for one in scores])
            trials.append({"changes": changes, "value": mean, "std": spread})
            return sign * mean

        search = instantiate(options, model["search_space"])
        stopped_by = run_trials(trial, search, budget["trials"], budget["seconds"])
    nothing: dict[str, Any] = {"changes": {}}
    best = min(trials, key=lambda one: sign * one["value"], default=nothing)
    tuned = {
        name: {"from": own_value(model, name), "to": value}
        for name, value in best["changes"].items()
    }
    write_json({"model": model["name"], "tuned": tuned}, BEST_PARAMS)
    write_json(
        {"model": model["name"], "trials": len(trials), "stopped_by": stopped_by, "metric": metric}
        | (
            {"untuned": trials[0]["value"], "best": best["value"], "std": best["std"]}
            if trials
            else {}
        ),
        REPORTS / "tune.json",
    )
    history = [
        {
            "trial": number,
            "value": one["value"],
            "std": one["std"],
            "changes": _text(one["changes"]),
        }
        for number, one in enumerate(trials, start=1)
    ]
    write_rows(
        history or [{"trial": 0, "value": None, "std": None, "changes": ""}], PLOTS / "tune.csv"
    )
    say(f"{model['name']}: {len(trials)} trials, stopped by {stopped_by}")
    if trials:
        say(
            f"{metric} {trials[0]['value']:.4g} untuned, {best['value']:.4g} with {_text(best['changes']) or 'the same settings'}"
        )
    if stopped_by == "seconds":
        say(
            "The clock ended the search: another run may do more trials. Lower tune.trials or raise tune.seconds."
        )


def run_trials(
    trial: Callable[[dict[str, Any]], float], search: Search, trials: int, seconds: float
) -> str:
    """Try the model's own settings, then what the search proposes, until a budget is spent.

    Returns
    -------
    str
        What ended the search: "trials", "seconds" or "the end of the space".
    """
    from tqdm import tqdm

    started = time.monotonic()
    changes: dict[str, Any] = {}
    with tqdm(total=trials, desc="tune", unit="trial", mininterval=2) as progress:
        for number in range(trials):
            loss = trial(changes)
            progress.update()
            if number + 1 == trials:
                return "trials"
            if time.monotonic() - started > seconds:
                return "seconds"
            try:
                changes = next(search) if number == 0 else search.send(loss)
            except StopIteration:
                return "the end of the space"
    return "trials"


def off(space: Mapping[str, Any]) -> Search:
    """Propose nothing."""
    yield from ()


def grid(space: Mapping[str, Any], points: int) -> Search:
    """Propose every combination of a few values of each hyperparameter.

    Parameters
    ----------
    space : mapping
        The neutral search space of ``conf/model``.
    points : int
        Values of each number, evenly (or, if `log`, geometrically) spaced from low to high.
    """
    axes = [list(dict.fromkeys(_points(one, points))) for one in space.values()]
    for values in itertools.product(*axes):
        yield dict(zip(space, values, strict=True))


def random(space: Mapping[str, Any], seed: int) -> Search:
    """Propose hyperparameters drawn evenly (or, if `log`, evenly in the logarithm)."""
    generator = np.random.default_rng(seed)
    while True:
        yield {name: _draw(one, generator) for name, one in space.items()}


def optuna(space: Mapping[str, Any], seed: int) -> Search:
    """Propose what Optuna's TPE sampler expects to be good (Bergstra et al. 2011)."""
    import optuna as library

    library.logging.set_verbosity(library.logging.ERROR)
    study = library.create_study(sampler=library.samplers.TPESampler(seed=seed, n_startup_trials=5))
    distributions = {name: _distribution(one) for name, one in space.items()}
    while True:
        trial = study.ask(distributions)
        loss = yield dict(trial.params)
        study.tell(trial, loss)


def _points(one: Mapping[str, Any], points: int) -> list[Any]:
    if one["type"] == "choice":
        return list(one["choices"])
    space = np.geomspace if one.get("log") else np.linspace
    values = space(one["low"], one["high"], points)
    if one["type"] == "int":
        return [round(v) for v in values]
    return [float(np.clip(float(f"{v:.6g}"), one["low"], one["high"])) for v in values]


def _draw(one: Mapping[str, Any], generator: np.random.Generator) -> Any:
    if one["type"] == "choice":
        return one["choices"][generator.integers(len(one["choices"]))]
    low, high = one["low"], one["high"]
    if one.get("log"):
        value = float(np.exp(generator.uniform(np.log(low), np.log(high))))
    else:
        value = float(generator.uniform(low, high))
    return int(np.clip(round(value), low, high)) if one["type"] == "int" else value


def _distribution(one: Mapping[str, Any]) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if one["type"] == "choice":
        return CategoricalDistribution(one["choices"])
    kind = IntDistribution if one["type"] == "int" else FloatDistribution
    return kind(one["low"], one["high"], log=bool(one.get("log")))


def _text(changes: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in changes.items()
    )


if __name__ == "__main__":
    run("tune")
