"""Step 16, monitoring and retraining: later batches against the training data.

Each batch of data/incoming/ takes the way of any request: bundle, contract, repairs, prediction.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pipeline.clean import apply
from pipeline.bundle import Bundle
from pipeline.core.data.engine import SUFFIXES, read_file
from pipeline.core.report.figures import BLUE, ORANGE, figure, shorten
from pipeline.core.model.metrics import METRICS, bootstrap, gain
from pipeline.core.report.page import Page
from pipeline.core.base.paths import INCOMING, METRICS as METRICS_FOLDER, PLOTS, REPORTS, SPLIT
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_json, read_table, replacing, write_json
from pipeline.core.data.target import encode, features, group_key

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Measure drift and performance on data/incoming/ and decide whether to train again."""
    options, problem = settings.monitor, settings.problem
    paths = sorted(path for path in INCOMING.iterdir() if path.suffix.lower() in SUFFIXES)
    page = Page(f"Later batches against the training data: {problem.target}")
    if not paths:
        reasons, result = [], {"retrain": False, "reasons": ["no batch in data/incoming/"], "rows": 0}
        drifted: list[dict[str, Any]] = []
        page.paragraph("There is no batch in data/incoming/ yet.")
    else:
        bundle = Bundle.load()
        raw = pd.concat([read_file(path, settings.load.missing) for path in paths], ignore_index=True)
        typed, broken = bundle.check(raw)
        typed = typed.drop(index=broken.index.unique())
        batch, _ = apply(typed, settings.clean.steps, serving=True)
        train = read_table(SPLIT / "train")
        drifted = drift(features(train, problem), features(batch, problem), options.alpha, options.min_effect)
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


def drift(train: pd.DataFrame, batch: pd.DataFrame, alpha: float, min_effect: float) -> list[dict[str, Any]]:
    """Compare each column's distribution in a batch with that in the training rows.

    Numbers: two-sample Kolmogorov-Smirnov test; its distance D. Texts: chi-squared test of the
    counts; total variation distance of the shares. p values after Holm's correction (1979).
    Dates are left out, since time always moves on.

    Parameters
    ----------
    train, batch : DataFrame
        Cleaned rows with the same columns.
    alpha : float
        Significance after correction.
    min_effect : float
        Distance, in [0, 1], below which a significant difference does not matter.

    Returns
    -------
    list of dict
        column, kind, distance, p, drifted; the greatest distance first.
    """
    from scipy.stats import chi2_contingency, ks_2samp

    lines: list[dict[str, Any]] = []
    for name in map(str, train):
        old, new = train[name], batch[name]
        if old.dtype.kind == "M" or new.dropna().empty or old.dropna().empty:
            continue
        if pd.api.types.is_numeric_dtype(old) and not pd.api.types.is_bool_dtype(old):
            test = ks_2samp(old.dropna().to_numpy(float), new.dropna().to_numpy(float))
            line = {"column": name, "kind": "number", "distance": float(test.statistic), "p": float(test.pvalue)}
        else:
            counts = pd.DataFrame({s: v.astype("str").fillna("(missing)").value_counts() for s, v in (("old", old), ("new", new))})
            counts = counts.fillna(0).sort_index()
            shares = counts / counts.sum()
            p = chi2_contingency(counts).pvalue if len(counts) > 1 else 1.0
            line = {"column": name, "kind": "text", "distance": float((shares.old - shares.new).abs().sum() / 2), "p": float(p)}
        lines.append(line)
    smallest, worst = sorted(lines, key=lambda one: one["p"]), 0.0
    for rank, line in enumerate(smallest):
        worst = max(worst, min(1.0, (len(lines) - rank) * line["p"]))
        line["p"] = worst
        line["drifted"] = worst < alpha and line["distance"] >= min_effect
    return sorted(lines, key=lambda one: -one["distance"])


def judge(bundle: Bundle, batch: pd.DataFrame, problem: DictConfig, options: DictConfig) -> dict[str, Any] | None:
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
        [first], truth, prediction,
        groups=group_key(labelled, problem), resamples=options.resamples, confidence=0.95, seed=options.seed,
    )[first]
    validation = read_json(METRICS_FOLDER / "evaluate.json")[first]
    return {"labelled": len(truth), "metric": first, **scored, "validation": validation}


def decide(
    drifted: list[dict[str, Any]], needed: set[str], performance: dict[str, Any] | None, options: DictConfig
) -> list[str]:
    """Give the reasons to train again; none is a reason to leave the model."""
    reasons = []
    moved = [one["column"] for one in drifted if one["drifted"] and one["column"] in needed]
    if needed and len(moved) > options.max_drifted_share * len(needed):
        reasons.append(f"{len(moved)} of {len(needed)} columns that the model needs have drifted: {', '.join(moved)}")
    if performance:
        metric, validation = performance["metric"], performance["validation"]
        best = performance["interval"][1 if METRICS[metric].greater_is_better else 0]
        if gain(metric, validation, float(best)) > options.max_loss * abs(validation):
            reasons.append(f"{metric} fell from {validation:.4g} on validation to at best {best:.4g}")
    return reasons


def report(page: Page, result: dict[str, Any], drifted: list[dict[str, Any]], paths: list[Path], broken: pd.DataFrame) -> None:
    """Write the page's text and tables."""
    verb = "Train again" if result["retrain"] else "No need to train again"
    page.paragraph(f"{verb}: {'; '.join(result['reasons'])}.")
    page.paragraph(f"{result['rows']} rows of {', '.join(path.name for path in paths)}; {result['rejected']} broke the contract.")
    page.table([{"row": int(row) + 1, "breach": one["reason"], "value": str(one["failure_case"])} for row, one in broken.head(20).iterrows()])
    if result["performance"]:
        p = result["performance"]
        page.heading("Performance")
        page.table([{"metric": p["metric"], "labelled rows": p["labelled"], "value": float(p["value"]), "95 % from": float(p["interval"][0]),
                     "to": float(p["interval"][1]), "validation": float(p["validation"])}])
    page.heading("Drift")
    page.paragraph("Distance: Kolmogorov-Smirnov D for numbers, total variation for texts. p after Holm's correction.")
    page.table(drifted)


def draw(path: Path, drifted: list[dict[str, Any]], min_effect: float) -> None:
    """Draw each column's distance, the drifted in another colour."""
    with figure(path, size=(6, 1 + 0.3 * max(len(drifted), 1))) as axes:
        positions = range(len(drifted))
        axes.barh(positions, [one["distance"] for one in drifted], height=0.65,
                  color=[ORANGE if one["drifted"] else BLUE for one in drifted])
        axes.set_yticks(positions, [shorten(one["column"]) for one in drifted])
        axes.invert_yaxis()
        axes.axvline(min_effect, color=ORANGE, linewidth=0.8, linestyle="--")
        axes.set_title("distance from the training rows (orange: drifted)" if drifted else "no batch yet")


if __name__ == "__main__":
    run("monitor")
