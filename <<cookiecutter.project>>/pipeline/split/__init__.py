"""Step 8, data splitting: train, validation and test, before anything is fitted.

A method takes the keys of the labelled rows (target, group, time) and says for each row on which
side it stands, or that it is left out. Rows without an answer are set aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import CLEAN, METRICS, SPLIT
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_table, replacing, write_json, write_table
from pipeline.core.base.tools import instantiate
from pipeline.core.data.target import classes, labels
from pipeline.split.draws import by_chance, by_group, by_stratum
from pipeline.split.rules import by_column, by_hash, by_time
from pipeline.split.sides import LEFT_OUT, SIDES

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

# Methods, by the names that conf/split/ calls them.
__all__ = ["by_chance", "by_column", "by_group", "by_hash", "by_stratum", "by_time", "main"]


def main(settings: DictConfig) -> None:
    """Put each row of data/clean/ on one side; rows without an answer go to data/split/unlabelled/."""
    rows = read_table(CLEAN)
    problem = settings.problem
    labelled = rows[rows[problem.target].notna()].reset_index(drop=True)
    method = {key: value for key, value in settings.split.items() if key != "name"}
    side = instantiate(method, labelled, problem)
    parts = {name: labelled[side == name] for name in SIDES}
    for name, part in parts.items():
        if part.empty:
            raise UserError(
                f"split: no row falls on the side '{name}'; there are {len(labelled)} labelled rows."
            )
    names = classes(parts["train"][problem.target], problem)
    if problem.kind == "classification":
        if len(names) < 2:
            raise UserError(
                f"split: the training rows hold one class of '{problem.target}' only; split otherwise."
            )
        if problem.positive is not None and str(problem.positive) not in names:
            raise UserError(
                f"problem.positive: no class '{problem.positive}'; {did_you_mean(str(problem.positive), names)}"
            )
    with replacing(SPLIT) as folder:
        folder.mkdir()
        for name, part in parts.items():
            write_table(part, folder / name)
        write_table(labelled[side == LEFT_OUT], folder / LEFT_OUT)
        write_table(rows[rows[problem.target].isna()], folder / "unlabelled")
        write_json({"name": problem.target, "classes": names}, folder / "target.json")
    summary = {name: _describe(part, problem) for name, part in parts.items()}
    summary[LEFT_OUT] = {"rows": int((side == LEFT_OUT).sum())}
    summary["unlabelled"] = {"rows": len(rows) - len(labelled)}
    write_json(summary, METRICS / "split.json")
    say(", ".join(f"{name}: {entry['rows']} rows" for name, entry in summary.items()))


def _describe(rows: pd.DataFrame, problem: DictConfig) -> dict:
    answers = rows[problem.target]
    if problem.kind == "classification":
        shares = labels(answers).value_counts(normalize=True).sort_index()
        return {"rows": len(rows), "classes": shares.to_dict()}
    return {"rows": len(rows), "mean": float(answers.mean()), "std": float(answers.std())}
