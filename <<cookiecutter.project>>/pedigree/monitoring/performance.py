"""The performance of the bundle on a batch, and the reasons to retrain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pedigree.data.target import encode, features, group_key
from pedigree.evaluation.bootstrap import bootstrap
from pedigree.prediction.bundle import Bundle
from pedigree.scoring.custom import problem_metrics
from pedigree.scoring.results import BatchScore, ValidationMetrics

if TYPE_CHECKING:
    from pedigree.monitoring.settings import Monitor, MonitorProblem


def batch_performance(
    bundle: Bundle, batch: pd.DataFrame, problem: MonitorProblem, options: Monitor
) -> BatchScore | None:
    """Score the bundle on the labelled rows of a batch.

    Parameters
    ----------
    bundle : Bundle
        The bundle to score.
    batch : DataFrame
        Cleaned rows.
    problem : MonitorProblem
        With the target, groups and metrics.
    options : Monitor
        With `min_labelled`, `resamples` and `seed`.

    Returns
    -------
    dict or None
        Number of labelled rows, and the first metric with its interval; None if there are too few labelled rows.
    """
    classes = bundle.signature.target.classes
    labelled = batch[batch[problem.target].notna()].reset_index(drop=True)
    truth = encode(labelled[problem.target], classes)
    known = truth >= 0 if classes else np.ones(len(truth), dtype=bool)
    if known.sum() < options.min_labelled:
        return None
    labelled, truth = labelled[known].reset_index(drop=True), truth[known]
    first = problem_metrics(problem)[0]
    prediction = bundle.predictor.predict(features(labelled, problem))
    scored = bootstrap(
        [first],
        truth,
        {"model": prediction},
        groups=group_key(labelled, problem),
        resamples=options.resamples,
        confidence=0.95,
        seed=options.seed,
    )
    validation = ValidationMetrics.read().score(first.name)
    return BatchScore.model_validate(
        {"labelled": len(truth), **scored.table()[0], "validation": validation}
    )


def reasons(
    drifted: list[dict[str, Any]],
    needed: Sequence[str],
    score: BatchScore | None,
    options: Monitor,
) -> list[str]:
    """Return the reasons to retrain; empty if there are none.

    Parameters
    ----------
    drifted : list of dict
        As returned by `drift`.
    needed : sequence of str
        Columns that the model requires.
    scores : dict or None
        As returned by `performance`.
    options : Monitor
        With `max_drifted_share` and `max_loss`.

    Returns
    -------
    list of str
    """
    found = []
    moved = [one["column"] for one in drifted if one["drifted"] and one["column"] in needed]
    if needed and len(moved) > options.max_drifted_share * len(needed):
        found.append(
            f"{len(moved)} of {len(needed)} columns that the model needs have drifted: {', '.join(moved)}"
        )
    if score and score.best is not None and score.validation is not None:
        sign, before = 1 if score.greater_is_better else -1, score.validation
        if sign * (before - score.best) > options.max_loss * abs(before):
            found.append(
                f"{score.metric} fell from {before:.4g} on validation to at best {score.best:.4g}"
            )
    return found
