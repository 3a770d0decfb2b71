"""Step 14, final evaluation: the test rows, once, held against the success criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.base.paths import BASELINE, CHAMPION, PREDICTIONS, REPORTS, SPLIT
from pipeline.core.base.paths import METRICS as METRICS_FOLDER
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_json, read_table, write_json
from pipeline.core.data.target import encode, features
from pipeline.core.model import artifact
from pipeline.core.model.decision import Prediction, decided
from pipeline.core.model.intervals import Scores, bootstrap, cluster
from pipeline.core.model.metrics import METRICS, reported
from pipeline.core.model.modelling import predict
from pipeline.core.model.predictions import Predictions, dummy
from pipeline.core.model.predictor import Predictor
from pipeline.core.model.weakness import weakness
from pipeline.verdict import champion
from pipeline.verdict.criteria import Case, judge

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Judge the model on data/split/test/.

    A model that fails is a result, not a crash: the stage ends well and `python -m pipeline.check`
    turns the verdict into an exit code.
    """
    problem, options = settings.problem, settings.verdict
    found, of, about = ask(problem)
    found.write(PREDICTIONS / "test")
    validation = read_json(METRICS_FOLDER / "evaluate.json")
    first = problem.metrics[0]
    wanted = dict.fromkeys(
        [
            *reported(problem.metrics, of["model"]),
            *(name for name in problem.criteria if name in METRICS),
        ]
    )
    scores = bootstrap(
        list(wanted),
        found.truth,
        of,
        groups=found.group,
        resamples=options.resamples,
        confidence=options.confidence,
        seed=options.seed,
    )
    weak = weakness(found, of["model"], problem, settings.evaluate.slices, options)
    weak.write(REPORTS / "verdict")
    told = weak.told()
    case = Case(first, scores, validation, CHAMPION.exists(), weak)
    criteria = judge(case, as_dict(problem.criteria))
    accepted = all(one["met"] is not False for one in criteria)
    write_json(
        {
            "accepted": accepted,
            # DVC shows numbers and leaves lists alone, so its table stays readable.
            "test": {
                first: scores.values[first]["model"],
                f"{first}_half_width": scores.half_width(first),
                "worst_slice": told["worst_slice"],
            },
            "criteria": criteria,
            "metrics": [
                {**one, "validation": validation.get(one["metric"])} for one in scores.table()
            ],
            "comparisons": scores.comparisons(),
            "worst": told["worst"],
            "about": [
                *about,
                f"{options.confidence:.0%} percentile bootstrap, {options.resamples} resamples"
                + (" of groups" if problem.group else ""),
                *unseen(scores, cluster(found.group, len(found.truth)).max() + 1),
                *([] if criteria else ["no success criteria in conf/problem, so none is missed"]),
            ],
        },
        METRICS_FOLDER / "verdict.json",
    )
    for one in scores.table():
        low, high = one["interval"]
        say(f"test {one['metric']} {one['value']:.4g} [{low:.4g}, {high:.4g}]")
    say("accepted" if accepted else "not accepted: see metrics/verdict.json")


def unseen(scores: Scores, n: int) -> list[str]:
    """Say what perfect scores leave open: no resample holds an error that the rows do not hold.

    What goes wrong in a share p of such rows is absent from n independent ones with probability (1 - p)^n
    (the rule of three: Hanley and Lippman-Hand 1983, doi:10.1001/jama.1983.03330370053031).

    Parameters
    ----------
    scores : Scores
    n : int
        Rows, or groups of rows, that vary on their own.
    """
    perfect = [
        name
        for name, said in scores.values.items()
        if METRICS[name].greater_is_better and said["model"] == 1
    ]
    if not perfect:
        return []
    share = 1 - (1 - scores.confidence) ** (1 / n)
    return [
        f"{', '.join(perfect)}: no error here, which leaves the interval no width; what goes wrong in {share:.1%} of cases "
        f"stays unseen in {n} with a probability of {1 - scores.confidence:.2g}"
    ]


def ask(problem: DictConfig) -> tuple[Predictions, dict[str, Prediction], list[str]]:
    """Ask model, baselines and champion about the test rows.

    Returns
    -------
    found : Predictions
    of : dict of str to Prediction
        The same, with thresholds and intervals.
    about : list of str
        How many rows there are, and which champion.
    """
    classes = read_json(SPLIT / "target.json")["classes"]
    rows = read_table(SPLIT / "test")
    truth = encode(rows[problem.target], classes)
    known = truth >= 0 if classes else np.ones(len(rows), dtype=bool)
    rows, truth = rows[known].reset_index(drop=True), truth[known]
    predictor = Predictor.load(None, classes)
    X = predictor.features(features(rows, problem))
    prediction = predictor.predict_features(X)
    values = {
        "model": prediction.values,
        "linear": predict(artifact.load(BASELINE), X, len(classes)),
        "dummy": dummy(read_table(SPLIT / "train")[problem.target], classes, len(rows)),
    }
    of = decided(values, prediction)
    said, which = champion.ask(rows, problem.target, classes)
    if said is not None:
        of["champion"] = champion.priced(said, prediction)
        values["champion"] = said.values
    about = [
        f"{len(rows)} test rows",
        f"{(~known).sum()} more of classes that do not train",
        which,
    ]
    return Predictions.about(rows, problem, truth, classes, values), of, about
