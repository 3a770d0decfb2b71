"""Step 14, final evaluation: the test rows, once, held against the success criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.base.paths import METRICS as METRICS_FOLDER
from pipeline.core.base.paths import SPLIT
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_json, read_table, write_json
from pipeline.core.data.target import encode, features, group_key
from pipeline.core.model.metrics import METRICS, bootstrap, gain, score
from pipeline.core.model.predictor import Predictor

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Judge the model on data/split/test/.

    A model that fails is a result, not a crash: the stage ends well and `python -m pipeline.check`
    turns the verdict into an exit code.
    """
    problem, options = settings.problem, settings.verdict
    classes = read_json(SPLIT / "target.json")["classes"]
    rows = read_table(SPLIT / "test")
    truth = encode(rows[problem.target], classes)
    known = truth >= 0 if classes else np.ones(len(rows), dtype=bool)
    rows, truth = rows[known].reset_index(drop=True), truth[known]
    prediction = Predictor.load(None, classes).predict(features(rows, problem))
    dummy = baseline(read_table(SPLIT / "train")[problem.target], classes, len(rows))
    validation = read_json(METRICS_FOLDER / "evaluate.json")
    first = problem.metrics[0]
    wanted = list(
        dict.fromkeys([*problem.metrics, *(name for name in problem.criteria if name in METRICS)])
    )
    intervals = bootstrap(
        wanted,
        truth,
        prediction,
        groups=group_key(rows, problem),
        resamples=options.resamples,
        confidence=options.confidence,
        seed=options.seed,
    )
    values = {name: entry["value"] for name, entry in intervals.items()}
    values["gain_over_dummy"] = gain(first, values[first], score(first, truth, dummy))
    values["gap_to_validation"] = gain(first, validation[first], values[first])
    criteria = judge(values, problem.criteria)
    accepted = all(one["met"] for one in criteria)
    write_json(
        {
            "accepted": accepted,
            "test": {first: values[first]},
            # DVC shows numbers and leaves lists alone, so its table stays readable.
            "criteria": criteria,
            "metrics": [
                {
                    "metric": name,
                    **entry,
                    "dummy": score(name, truth, dummy),
                    "validation": validation.get(name),
                }
                for name, entry in intervals.items()
            ],
            "about": [
                f"{len(rows)} test rows",
                f"{(~known).sum()} more of classes that do not train",
                f"{options.confidence:.0%} percentile bootstrap, {options.resamples} resamples"
                + (" of groups" if problem.group else ""),
            ],
        },
        METRICS_FOLDER / "verdict.json",
    )
    for name, entry in intervals.items():
        low, high = entry["interval"]
        say(f"test {name} {entry['value']:.4g} [{low:.4g}, {high:.4g}]")
    say("accepted" if accepted else "not accepted: see metrics/verdict.json")


def baseline(train_answers: Any, classes: list[str], n: int) -> np.ndarray:
    """Predict what the training rows' frequencies or mean say, for n rows."""
    y = encode(train_answers, classes)
    if not classes:
        return np.full(n, y.mean())
    return np.tile(np.bincount(y, minlength=len(classes)) / len(y), (n, 1))


def judge(values: dict[str, float], criteria: DictConfig) -> list[dict[str, Any]]:
    """Hold values against limits.

    Parameters
    ----------
    values : dict of str to float
        Each measured quantity.
    criteria : mapping of str to mapping
        ``{quantity: {"at_least": limit}}`` or ``at_most``, or both.

    Returns
    -------
    list of dict
        For each limit: criterion, value, at_least or at_most, met. A value that could not be
        computed meets no limit.
    """
    lines = []
    for name, limits in as_dict(criteria).items():
        for kind, limit in limits.items():
            if limit is None:
                continue
            value = values[name]
            met = value >= limit if kind == "at_least" else value <= limit
            lines.append({"criterion": name, "value": value, kind: limit, "met": bool(met)})
    return lines


if __name__ == "__main__":
    run("verdict")
