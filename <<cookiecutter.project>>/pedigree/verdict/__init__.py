"""Step 14, final evaluation: the test rows, once, held against the success criteria."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.paths import BASELINE, SPLIT
from pedigree.base.tables import read_json, read_table
from pedigree.data.target import encode, features
from pedigree.estimators import artifact
from pedigree.estimators.predicting import predict
from pedigree.evaluation.bootstrap import Scores, cluster
from pedigree.prediction.predictor import Predictor
from pedigree.scoring.decision import Prediction, decided
from pedigree.scoring.metrics import METRICS
from pedigree.scoring.predictions import Predictions, dummy
from pedigree.verdict import champion
from pedigree.verdict.criteria import Case

if TYPE_CHECKING:
    from omegaconf import DictConfig


def as_metrics(verdict: dict[str, Any], case: Case) -> dict[str, Any]:
    """Shape a verdict for DVC, whose tables show numbers and leave lists alone.

    Parameters
    ----------
    verdict : dict
        `accepted`, `criteria` and `about`.
    case : Case
        The scores on the test rows, and those on validation.
    """
    first, scores, worst = case.metric, case.scores, case.weak.told()
    return {
        "accepted": verdict["accepted"],
        "test": {
            first: scores.values[first]["model"],
            f"{first}_half_width": scores.half_width(first),
            "worst_slice": worst["worst_slice"],
        },
        "criteria": verdict["criteria"],
        "metrics": [
            {**one, "validation": case.validation.get(one["metric"])} for one in scores.table()
        ],
        "comparisons": scores.comparisons(),
        "worst": worst["worst"],
        "about": verdict["about"],
    }


def remarks(
    scores: Scores, group: np.ndarray | None, rows: int, criteria: list[dict[str, Any]]
) -> list[str]:
    """List what a reader of the scores has to know: how they were measured, and what they leave open.

    Parameters
    ----------
    scores : Scores
    group : ndarray of shape (rows,) or None
        Which rows were resampled together.
    rows : int
        Rows that were judged.
    criteria : list of dict
        Lines of the verdict.
    """
    return [
        f"{scores.confidence:.0%} percentile bootstrap, {scores.resamples} resamples"
        + (" of groups" if group is not None else ""),
        *unseen(scores, cluster(group, rows).max() + 1),
        *([] if criteria else ["no success criteria in conf/problem, so none is missed"]),
    ]


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
