"""What to do next: each piece of advice follows from a fact that the run has measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pedigree.report.elements import el, interval, number, short
from pedigree.report.facts import Facts, parsed
from pedigree.report.page import Page, copyable
from pedigree.report.words import AGAINST, asked, weakest
from pedigree.scoring.metrics import METRICS

# What helps against a missed criterion; of a metric it is a better model.
HELPS = {
    "gap_to_validation": ("a simpler or more regularised model", "dvc exp run -S model=linear"),
    "leakage_findings": ("mending what the leakage table names", "dvc repro leakage"),
    "model_megabytes": ("a smaller model", "dvc exp run -S model=linear"),
    "ece": ("calibrating the probabilities", "dvc exp run -S train/calibration=isotonic"),
    "coverage": (
        "prediction intervals fitted on folds",
        "dvc exp run -S train/calibration=conformal",
    ),
}
BETTER = ("a longer search or a stronger model", "dvc exp run -S experiment=best")


@dataclass(frozen=True)
class Advice:
    """A fact, what follows from it, and the command with which to begin; some facts are warnings."""

    says: str
    then: str
    command: str
    warns: bool = False


def advice(facts: Facts) -> list[Advice]:
    """Derive what to do next; warnings come first."""
    found = [
        *of_criteria(facts),
        *of_rivals(facts),
        *of_rows(facts),
        *of_search(facts),
        *of_batches(facts),
    ]
    if facts.verdict["accepted"] and not any(one.warns for one in found):
        found.append(
            Advice("The model is accepted.", "Put it in use:", "python -m pedigree promote")
        )
        found.append(
            Advice("Its bundle answers requests.", "Serve it:", "python -m pedigree serve")
        )
    return sorted(found, key=lambda one: not one.warns)


def to_do(page: Page, found: Sequence[Advice]) -> None:
    """Write the last section."""
    page.heading("What to do next", "next")
    items = [
        el("li", el("b", one.says), f" {one.then}", el("pre", copyable(one.command)))
        for one in found
    ]
    page.add(el("ol", *items, class_="todo"))


def of_criteria(facts: Facts) -> Iterator[Advice]:
    """Look at the success criteria: missed, hardly met, or still to be measured."""
    scores = {one["metric"]: one for one in facts.verdict["metrics"]}
    for one in facts.verdict["criteria"]:
        name, judged = one["criterion"], one.get("judged", "value")
        if one["met"] is None:
            says = f"{name} can only be measured by the clock."
            yield Advice(says, "The check measures it:", "python -m pedigree check")
        elif not one["met"]:
            then, command = HELPS.get(name, BETTER)
            says = f"{name} is {number(one['value'])}, and {asked(one)} is asked."
            yield Advice(says, f"What may help: {then}.", command, warns=True)
        elif name in scores and judged == "value" and one.get("rows", "all") == "all":
            low, high = scores[name]["interval"]
            beyond = low < one["at_least"] if "at_least" in one else high > one["at_most"]
            if beyond:
                says = f"{name} meets its limit, but its interval ({interval(low, high)}) reaches beyond it."
                yield Advice(
                    says, "More test rows would tell:", "dvc exp run -S split.test=0.3", warns=True
                )


def of_rivals(facts: Facts) -> Iterator[Advice]:
    """Look at the comparisons with champion and baselines on the test rows."""
    for one in facts.verdict.get("comparisons", ()):
        low, high = one["interval"]
        who = AGAINST.get(one["against"], one["against"])
        itself = one["against"] == "champion" and low == high == 0  # it was promoted
        if one["metric"] != facts.headline["metric"] or low is None or low > 0 or itself:
            continue
        reach = f"gain in {one['metric']} {number(one['gain'])}, {interval(low, high)}"
        says = f"The model is {'surely worse' if high < 0 else 'not surely better'} than {who} ({reach})."
        simple = one["against"] == "linear"
        then, command = (
            ("a simpler model may do", "dvc exp run -S model=linear") if simple else BETTER
        )
        yield Advice(says, f"What may help: {then}.", command, warns=high < 0 or not simple)


def of_rows(facts: Facts) -> Iterator[Advice]:
    """Look at leakage, at the worst slice, at the distance between test and validation, at rejected rows."""
    for one in facts.rows("reports/leakage.csv"):
        if one["found"] == "yes":
            says = f"Leakage, {one['check'].replace('_', ' ')}: {short(one['says'], 160)}"
            says = says if says.endswith(".") else f"{says}."
            yield Advice(
                says,
                "Mend it in conf/ (problem.exclude, problem.group, split), then:",
                "dvc repro",
                warns=True,
            )
    first, worst = facts.headline, facts.worst
    higher = METRICS[first["metric"]].greater_is_better
    if worst and worst.get("surely_worse"):
        yield Advice(weakest(facts), "Collect more rows like these, then:", "dvc repro", warns=True)
    validation = first.get("validation")
    if validation is not None:
        low, high = first["interval"]
        if validation > high if higher else validation < low:
            says = f"{first['metric']} was {number(validation)} on the validation rows, outside of the test's interval."
            yield Advice(
                says, "Search less on the same rows, for example:", "dvc exp run -S tune=off"
            )
    rejected = facts.json("metrics/load.json").get("rejected", 0)
    if rejected:
        says = f"{rejected:,} rows broke the contract."
        yield Advice(says, "See which rules they broke:", "python -m pedigree contract validate")


def of_search(facts: Facts) -> Iterator[Advice]:
    """Look at the leaderboard and at the search for hyperparameters."""
    trained = facts.trained["model"]
    own = next((one for one in facts.board if one["model"] == trained), None)
    if own and (parsed(own["behind_low"]) or 0) > 0:
        winner = facts.board[0]["model"]
        says = f"{trained} was surely behind {winner} on the leaderboard."
        yield Advice(says, "Train the winner:", f"dvc exp run -S model={winner}")
    if facts.tuned.get("adopted") is False:
        says = f"{facts.tuned['trials']} trials found nothing surely better than the model's own settings."
        yield Advice(
            says, "Search longer:", f"dvc exp run -S tune.trials={4 * facts.tuned['trials']}"
        )


def of_batches(facts: Facts) -> Iterator[Advice]:
    """Look at later batches."""
    monitor = facts.json("metrics/monitor.json")
    if monitor.get("retrain"):
        says = f"Later batches call for a new training: {'; '.join(monitor['reasons'])}."
        yield Advice(
            says,
            "Add the new rows to the source (collect.as_of asks for a new snapshot), then:",
            "dvc repro",
            warns=True,
        )
    elif not monitor.get("rows"):
        says = "No later batch has been looked at."
        yield Advice(says, "Put one into data/incoming/, then:", "dvc repro monitor")
