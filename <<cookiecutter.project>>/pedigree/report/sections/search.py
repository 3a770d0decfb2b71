"""How the model was found: the leaderboard of families, and the search for hyperparameters."""

from __future__ import annotations

from pedigree.report.charts import Mark, intervals
from pedigree.report.elements import number
from pedigree.report.facts import Facts, parsed
from pedigree.report.page import Page
from pedigree.report.plots import Series, plot
from pedigree.report.words import surely

BEHIND = {"better": "yes", "no sure difference": "no"}  # whether the winner is surely better


def search(page: Page, facts: Facts, most: int) -> None:
    """Write what `compare` and `tune` found."""
    page.heading("How it was found", "search")
    leaderboard(page, facts, most)
    tuning(page, facts)


def leaderboard(page: Page, facts: Facts, most: int) -> None:
    """Draw and list the families of models."""
    page.subheading("Leaderboard")
    board = facts.board
    if not board:
        page.paragraph("There is none.")
        return
    metrics = [name.removesuffix("_std") for name in board[0] if name.endswith("_std")]
    first, trained = metrics[0], facts.trained["model"]
    marks = []
    for row in board[:most]:
        strong = row["model"] == trained
        name = row["model"] + (" (trained)" if strong else "")
        value, spread = parsed(row[first]), parsed(row[f"{first}_std"])
        marks.append(Mark.around(name, value, spread, strong=strong))
    page.add(
        intervals(
            marks,
            caption=f"{first} on training rows that were held out: mean and standard deviation over "
            f"{board[0]['folds']} folds, each family with its own settings, not tuned.",
        )
    )
    lines = []
    for row in board[:most]:
        low, high = parsed(row["behind_low"]), parsed(row["behind_high"])
        behind = "" if row is board[0] else BEHIND.get(surely(low, high), "not known")
        lines.append(
            {"rank": int(row["rank"]), "model": row["model"]}
            | {name: parsed(row[name]) for name in metrics}
            | {"behind": parsed(row["behind"]), "surely": behind}
        )
    page.table(lines, f"mean over the folds; behind: of the winner, in {first}")


def tuning(page: Page, facts: Facts) -> None:
    """Draw the history of the search."""
    page.subheading("Tuning")
    trials, tuned = facts.rows("plots/tune.csv"), facts.tuned
    if not tuned.get("trials"):
        page.paragraph("The model was not tuned: its settings are those of conf/model/.")
        return
    if tuned["beats_untuned"]:
        outcome = f"{number(tuned['best'])} with the best ones, which " + (
            "are used." if tuned["adopted"] else "are not surely better, so its own ones stay."
        )
    else:
        outcome = "and no trial did better, so they stay."
    page.paragraph(
        f"{tuned['trials']} trials of {tuned['model']} (ended by: {tuned['stopped_by']}): {tuned['metric']} "
        f"{number(tuned['untuned'])} with its own settings, {outcome}"
    )
    known = [one for one in trials if parsed(one["value"]) is not None]

    def drawn(name: str, which: list[dict[str, str]], value: str, kind: str = "points") -> Series:
        points = [(float(one["trial"]), parsed(one[value])) for one in which]
        tips = [one["changes"] for one in which] if kind == "points" else []
        return Series(name, [(a, b) for a, b in points if b is not None], kind, tips)

    # On fewer folds a trial may look better than the best, and is not.
    stopped = [one for one in known if one["pruned"] == "True"]
    series = [
        drawn("trial", [one for one in known if one["pruned"] != "True"], "value"),
        drawn("best so far", known, "best", "line"),
        *([drawn("trial that was stopped early", stopped, "value")] if stopped else []),
    ]
    page.add(
        plot(
            series,
            "trial",
            tuned["metric"],
            whole=True,
            caption=f"mean over {trials[0]['folds']} folds of the training rows"
            + ("; trials that were stopped early: over fewer" if stopped else ""),
        )
    )
