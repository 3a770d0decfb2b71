"""The model card: what the model is for, how good it is, where it is weak, on what data, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pedigree.report.elements import DASH, interval, number, short
from pedigree.report.facts import Facts, here, parsed
from pedigree.report.words import AGAINST, asked, decided, leaks, outcome, surely, weakest

if TYPE_CHECKING:
    from omegaconf import DictConfig

STATES = {True: "met", False: "**missed**", None: "for the clock"}
MOST = 10  # slices, and leaks, that the card names


def card(settings: DictConfig, signature: dict[str, Any], lineage: dict[str, Any]) -> str:
    """Write the model card (Mitchell et al. 2019) in Markdown; its sentences are those of the report."""
    problem = settings.problem
    facts = Facts({"target": problem.target}, here)
    trained, classes = facts.trained, signature["target"]["classes"]
    source = lineage["snapshot"]["source"]
    return f"""# Model card: {problem.target}

{problem.goal}

**{"Accepted" if facts.verdict["accepted"] else "Not accepted"}.** {outcome(facts)}

- Model: {trained["model"]} (`{trained["estimator"]}`), {trained["rows"]} training rows, {len(trained["features"])} features
- Task: {problem.task}{", classes " + ", ".join(classes) if classes else ""}
{lines(decided(facts, signature))}
- Judged: {"; ".join(facts.verdict["about"])}

## Scores

{scores(facts)}

{criteria(facts)}

## Against others, on the same test rows

{comparisons(facts)}

## Where it is weak

{weakest(facts)}

{slices(facts)}

{calibration(facts)}

{leakage(facts)}

## Inputs

{table([{"column": n, "type": c["type"], "required": "yes" if c["required"] else "no"} for n, c in signature["inputs"].items()])}

Left out on purpose:

{lines(f"`{name}`: {why}" for name, why in problem.exclude.items())}

## Data

{source["kind"]}: {source.get("what") or source.get("path")}

{lines(f"{f['name']}: {f['rows']} rows, SHA-256 `{f['sha256']}`" for f in lineage["snapshot"]["files"])}

`lineage.json` names every stage, file and package; `python -m pedigree trace models/bundle` follows them.
"""


def scores(facts: Facts) -> str:
    """List every metric on the test rows."""
    found = facts.verdict["metrics"]
    others = [who for who in AGAINST if any(one.get(who) is not None for one in found)]
    return table(
        [
            {
                "metric": one["metric"],
                "test": number(one["value"]),
                "interval": interval(*one["interval"]),
                "validation": number(one["validation"]),
                **{f"{AGAINST[who]} on test": number(one.get(who)) for who in others},
            }
            for one in found
        ]
    )


def criteria(facts: Facts) -> str:
    """List the success criteria."""
    return lines(
        f"{STATES[one['met']]}: {one['criterion']} is {number(one['value'])}, {asked(one)} is asked"
        for one in facts.verdict["criteria"]
    )


def comparisons(facts: Facts) -> str:
    """List the gains over champion and baselines, paired on the test rows."""
    return table(
        [
            {
                "against": AGAINST.get(one["against"], one["against"]),
                "metric": one["metric"],
                "gain": number(one["gain"]),
                "interval": interval(*one["interval"]),
                "so it is": surely(*one["interval"]),
            }
            for one in facts.verdict["comparisons"]
        ]
    )


def slices(facts: Facts) -> str:
    """List the first metric on parts of the test rows, and the fairness figures."""
    _, rows = facts.slices()
    fairness = facts.rows("reports/verdict/fairness.csv")
    parts = [
        table(
            [
                {
                    "slice": f"{short(one['column'])}: {short(one['slice'])}",
                    "rows": one["rows"],
                    **_value(one, one["metric"]),
                }
                for one in rows[:MOST]
            ]
        ),
        table(
            [
                {
                    "protected": short(one["column"]),
                    "measure": one["measure"].replace("_", " "),
                    **_value(one, "value"),
                }
                for one in fairness
            ]
        ),
    ]
    return "\n\n".join(part for part in parts if part != NONE) or NONE


def _value(row: Mapping[str, str], name: str) -> dict[str, str]:
    ends = interval(parsed(row["low"]), parsed(row["high"]))
    return {name: number(parsed(row["value"])), "interval": ends}


def calibration(facts: Facts) -> str:
    """Tell how far probabilities, or intervals of numbers, can be believed."""
    ece = facts.validation.get("ece")
    if ece is not None:
        return f"Expected calibration error on the validation rows: {number(ece)}."
    return ""


def leakage(facts: Facts) -> str:
    """Tell what the checks for leakage have found."""
    found = [one for one in facts.rows("reports/leakage.csv") if one["found"] == "yes"]
    said = [leaks(facts)]
    if found:
        said += ["", lines(f"{one['check']}: {one['says']}" for one in found[:MOST])]
    return "\n".join(said)


NONE = "- none"


def lines(items: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {one}" for one in items) or NONE


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Write equal mappings as a table; what a cell holds cannot end it."""
    if not rows:
        return NONE
    written = [list(rows[0]), ["---"] * len(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(_cell(one) for one in row)} |" for row in written)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split()) or DASH
