"""The model card: what the model is for, how good it is, on what data, in Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.base.paths import METRICS, THRESHOLD
from pipeline.core.base.tables import read_json

if TYPE_CHECKING:
    from omegaconf import DictConfig

STATES = {True: "met", False: "**missed**", None: "for the clock"}
ENDS = {"value": "", "lower": " (lower end)", "upper": " (upper end)"}


def card(settings: DictConfig, signature: dict[str, Any], lineage: dict[str, Any]) -> str:
    """Write the model card (Mitchell et al. 2019) in Markdown."""
    problem, trained, verdict = (
        settings.problem,
        read_json(METRICS / "train.json"),
        read_json(METRICS / "verdict.json"),
    )

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.4g}"

    scores = "\n".join(
        f"| {m['metric']} | {number(m['value'])} | {number(m['interval'][0])} to {number(m['interval'][1])} "
        f"| {number(m['validation'])} | {number(m['dummy'])} |"
        for m in verdict["metrics"]
    )
    criteria = "\n".join(
        f"- {STATES[c['met']]}: {c['criterion']}{ENDS[c['judged']]} is {number(c['value'])}, "
        + (f"at least {c['at_least']:g}" if "at_least" in c else f"at most {c['at_most']:g}")
        + " is asked"
        for c in verdict["criteria"]
    )
    inputs = "\n".join(
        f"| {n} | {c['type']} | {'yes' if c['required'] else 'no'} |"
        for n, c in signature["inputs"].items()
    )
    excluded = "\n".join(f"- `{name}`: {why}" for name, why in problem.exclude.items()) or "- none"
    files = "\n".join(
        f"- {f['name']}: {f['rows']} rows, SHA-256 `{f['sha256']}`"
        for f in lineage["snapshot"]["files"]
    )
    return f"""# Model card: {problem.target}

{problem.goal}

**{"Accepted" if verdict["accepted"] else "Not accepted"}** on the test rows ({"; ".join(verdict["about"])}).

- Model: {trained["model"]} (`{trained["estimator"]}`), {trained["rows"]} training rows, {len(trained["features"])} features
- Task: {problem.task}{", classes " + ", ".join(signature["target"]["classes"]) if signature["target"]["classes"] else ""}
{decision(signature, problem.target)}

## Scores

| metric | test | interval | validation | dummy on test |
|---|---|---|---|---|
{scores}

{criteria}

## Inputs

| column | type | required |
|---|---|---|
{inputs}

Left out on purpose:

{excluded}

## Data

{lineage["snapshot"]["source"]["kind"]}: {lineage["snapshot"]["source"].get("what") or lineage["snapshot"]["source"].get("path")}

{files}

`lineage.json` names every stage, file and package; `python -m pipeline.trace models/bundle` follows them.
"""


def decision(signature: dict[str, Any], target: str) -> str:
    """Say what becomes of the model's probabilities or numbers, as items of a list in Markdown."""
    calibration, chosen = signature["calibration"], read_json(THRESHOLD)
    classes = signature["target"]["classes"]
    if not classes:
        if not calibration:
            return "- Intervals: none"
        return (
            f"- Intervals: {target} ± {calibration['half_width']:.4g}, for {calibration['confidence']:.0%} of rows "
            f"(conformal, {calibration['rows']} out-of-fold residuals of training rows)"
        )
    probabilities = (
        f"calibrated ({calibration['method']}, {calibration['rows']} out-of-fold predictions of training rows); "
        "explanations are of the model before"
        if calibration
        else "as the model gives them"
    )
    decided = "the most probable class"
    if chosen["value"] is not None:
        ((kind, wanted),) = ((key, one) for key, one in chosen["asked"].items() if one is not None)
        decided = (
            f"`{classes[1]}` from a probability of {chosen['value']:.4g} on, chosen on the validation rows by {kind} "
            f"({wanted}): {chosen['criterion']} {chosen['at_value']:.4g}, {chosen['acted_on']:.1%} of the rows"
        )
    return f"- Probabilities: {probabilities}\n- Decision: {decided}"
