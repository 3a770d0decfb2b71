"""Step 16, monitoring and retraining: later batches against the training data.

Each batch of data/incoming/ takes the way of any request: bundle, contract, repairs, prediction.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pedigree.base.paths import INCOMING, SNAPSHOT
from pedigree.base.paths import METRICS as METRICS_FOLDER
from pedigree.base.tables import read_json
from pedigree.data.engine import read_file
from pedigree.data.formats import readable
from pedigree.data.target import encode, features, group_key
from pedigree.evaluation.bootstrap import bootstrap
from pedigree.prediction.bundle import Bundle
from pedigree.scoring.metrics import METRICS, gain

if TYPE_CHECKING:
    from omegaconf import DictConfig


def batches() -> list[Path]:
    """List the files of data/incoming/ that hold rows."""
    return sorted(path for path in INCOMING.rglob("*") if readable(path))


def read_batches(files: Sequence[Path], missing: Sequence[str]) -> pd.DataFrame:
    """Read batches as one table; they come in the format of the snapshot.

    Parameters
    ----------
    files : sequence of Path
        In the order of their rows.
    missing : sequence of str
        Words that stand for a missing value (`load.missing`).
    """
    reading = read_json(SNAPSHOT)["source"].get("reading")
    return pd.concat([read_file(file, missing, reading) for file in files], ignore_index=True)


def judge(
    bundle: Bundle, batch: pd.DataFrame, problem: DictConfig, options: DictConfig
) -> dict[str, Any] | None:
    """Score the bundle on the batch's labelled rows; None where they are too few."""
    classes = bundle.signature["target"]["classes"]
    labelled = batch[batch[problem.target].notna()].reset_index(drop=True)
    truth = encode(labelled[problem.target], classes)
    known = truth >= 0 if classes else np.ones(len(truth), dtype=bool)
    if known.sum() < options.min_labelled:
        return None
    labelled, truth = labelled[known].reset_index(drop=True), truth[known]
    first = problem.metrics[0]
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
    validation = read_json(METRICS_FOLDER / "evaluate.json")[first]
    return {"labelled": len(truth), **scored.table()[0], "validation": validation}


def decide(
    drifted: list[dict[str, Any]],
    needed: Sequence[str],
    performance: dict[str, Any] | None,
    options: DictConfig,
) -> list[str]:
    """Give the reasons to train again; none is a reason to leave the model."""
    reasons = []
    moved = [one["column"] for one in drifted if one["drifted"] and one["column"] in needed]
    if needed and len(moved) > options.max_drifted_share * len(needed):
        reasons.append(
            f"{len(moved)} of {len(needed)} columns that the model needs have drifted: {', '.join(moved)}"
        )
    if performance:
        metric, validation = performance["metric"], performance["validation"]
        best = performance["interval"][1 if METRICS[metric].greater_is_better else 0]
        if gain(metric, validation, float(best)) > options.max_loss * abs(validation or 0):
            reasons.append(
                f"{metric} fell from {validation:.4g} on validation to at best {best:.4g}"
            )
    return reasons


def summary(
    reasons: list[str],
    batch: pd.DataFrame,
    broken: pd.DataFrame,
    drifted: list[dict[str, Any]],
    needed: Sequence[str],
    performance: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return what metrics/monitor.json holds.

    Parameters
    ----------
    reasons : list of str
        To train again.
    batch : DataFrame
        Rows that honour the contract.
    broken : DataFrame
        Those that do not, with their indices.
    drifted : list of dict
        Of `drift`, a line for each column.
    needed : sequence of str
        Columns that the model needs.
    performance : dict or None
        Of `judge`.
    """
    return {
        "retrain": bool(reasons),
        "reasons": reasons or ["neither drift nor loss beyond the limits"],
        "rows": len(batch),
        "rejected": broken.index.nunique(),
        "drifted_columns": sum(one["drifted"] for one in drifted if one["column"] in needed),
        "performance": performance,
    }
