"""Step 14, final evaluation: the test rows, once, held against the success criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.base.paths import BASELINE, PREDICTIONS, SPLIT
from pipeline.core.base.paths import METRICS as METRICS_FOLDER
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_json, read_table, write_json
from pipeline.core.data.target import encode, features
from pipeline.core.model import artifact
from pipeline.core.model.decision import Prediction, decided
from pipeline.core.model.intervals import bootstrap
from pipeline.core.model.metrics import METRICS, gain, reported
from pipeline.core.model.modelling import predict
from pipeline.core.model.predictions import Predictions, dummy
from pipeline.core.model.predictor import Predictor

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Judge the model on data/split/test/.

    A model that fails is a result, not a crash: the stage ends well and `python -m pipeline.check`
    turns the verdict into an exit code.
    """
    problem, options = settings.problem, settings.verdict
    found, prediction, unknown = ask(problem)
    found.write(PREDICTIONS / "test")
    validation = read_json(METRICS_FOLDER / "evaluate.json")
    first = problem.metrics[0]
    wanted = dict.fromkeys(
        [
            *reported(problem.metrics, prediction),
            *(name for name in problem.criteria if name in METRICS),
        ]
    )
    scores = bootstrap(
        list(wanted),
        found.truth,
        decided(found.of, prediction),
        groups=found.group,
        resamples=options.resamples,
        confidence=options.confidence,
        seed=options.seed,
    )
    values = {name: of["model"] for name, of in scores.values.items()}
    values["gain_over_dummy"] = scores.better(first, "dummy")["gain"]
    values["gap_to_validation"] = gain(first, validation[first], values[first])
    criteria = judge(values, problem.criteria)
    accepted = all(one["met"] for one in criteria)
    write_json(
        {
            "accepted": accepted,
            # DVC shows numbers and leaves lists alone, so its table stays readable.
            "test": {first: values[first], f"{first}_half_width": scores.half_width(first)},
            "criteria": criteria,
            "metrics": [
                {**one, "validation": validation.get(one["metric"])} for one in scores.table()
            ],
            "comparisons": scores.comparisons(),
            "about": [
                f"{len(found.row)} test rows",
                f"{unknown} more of classes that do not train",
                f"{options.confidence:.0%} percentile bootstrap, {options.resamples} resamples"
                + (" of groups" if problem.group else ""),
            ],
        },
        METRICS_FOLDER / "verdict.json",
    )
    for one in scores.table():
        low, high = one["interval"]
        say(f"test {one['metric']} {one['value']:.4g} [{low:.4g}, {high:.4g}]")
    say("accepted" if accepted else "not accepted: see metrics/verdict.json")


def ask(problem: DictConfig) -> tuple[Predictions, Prediction, int]:
    """Ask model, linear baseline and dummy about the test rows.

    Returns
    -------
    found : Predictions
    prediction : Prediction
        The model's own, with its threshold and intervals.
    unknown : int
        Rows of classes that do not train, which are left out.
    """
    classes = read_json(SPLIT / "target.json")["classes"]
    rows = read_table(SPLIT / "test")
    truth = encode(rows[problem.target], classes)
    known = truth >= 0 if classes else np.ones(len(rows), dtype=bool)
    rows, truth = rows[known].reset_index(drop=True), truth[known]
    predictor = Predictor.load(None, classes)
    asked = features(rows, problem)
    prediction = predictor.predict(asked)
    of = {
        "model": prediction.values,
        "linear": predict(artifact.load(BASELINE), predictor.features(asked), len(classes)),
        "dummy": dummy(read_table(SPLIT / "train")[problem.target], classes, len(rows)),
    }
    return Predictions.about(rows, problem, truth, classes, of), prediction, int((~known).sum())


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
