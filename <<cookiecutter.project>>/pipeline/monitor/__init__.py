"""Step 16, monitoring and retraining: later batches against the training data.

Each batch of data/incoming/ takes the way of any request: bundle, contract, repairs, prediction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.bundle import Bundle
from pipeline.clean import apply
from pipeline.core.base.paths import INCOMING, PLOTS, REPORTS, SNAPSHOT, SPLIT
from pipeline.core.base.paths import METRICS as METRICS_FOLDER
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_json, read_table, replacing, write_json
from pipeline.core.data.engine import read_file
from pipeline.core.data.formats import readable
from pipeline.core.data.target import encode, features, group_key
from pipeline.core.model.intervals import bootstrap
from pipeline.core.model.metrics import METRICS, gain
from pipeline.core.report.page import Page
from pipeline.monitor.drift import drift
from pipeline.monitor.report import draw, report

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Measure drift and performance on data/incoming/ and decide whether to train again."""
    options, problem = settings.monitor, settings.problem
    paths = sorted(path for path in INCOMING.rglob("*") if readable(path))
    page = Page(f"Later batches against the training data: {problem.target}")
    drifted: list[dict[str, Any]] = []
    result: dict[str, Any] = {
        "retrain": False,
        "reasons": ["no batch in data/incoming/"],
        "rows": 0,
    }
    if not paths:
        page.paragraph("There is no batch in data/incoming/ yet.")
    else:
        bundle = Bundle.load()
        # Batches come in the spelling of the snapshot.
        reading = read_json(SNAPSHOT)["source"].get("reading")
        raw = pd.concat(
            [read_file(path, settings.load.missing, reading) for path in paths], ignore_index=True
        )
        typed, broken = bundle.check(raw)
        typed = typed.drop(index=broken.index.unique())
        batch, _ = apply(typed, settings.clean.steps, serving=True)
        train = read_table(SPLIT / "train")
        drifted = drift(
            features(train, problem), features(batch, problem), options.alpha, options.min_effect
        )
        needed = {name for name, column in bundle.signature["inputs"].items() if column["required"]}
        performance = judge(bundle, batch, problem, options)
        reasons = decide(drifted, needed, performance, options)
        result = {
            "retrain": bool(reasons),
            "reasons": reasons or ["neither drift nor loss beyond the limits"],
            "rows": len(batch),
            "rejected": broken.index.nunique(),
            "drifted_columns": sum(one["drifted"] for one in drifted if one["column"] in needed),
            "performance": performance,
        }
        report(page, result, drifted, paths, broken)
    with replacing(PLOTS / "monitor") as folder:
        folder.mkdir()
        draw(folder / "drift.png", drifted, options.min_effect)
        page.picture(folder / "drift.png", "bars of each column's distance")
    write_json(result, METRICS_FOLDER / "monitor.json")
    page.write(REPORTS / "monitor.html")
    say(f"retrain: {'yes' if result['retrain'] else 'no'} ({'; '.join(result['reasons'])})")


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
    needed: set[str],
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
