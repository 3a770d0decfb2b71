"""Step 8, data splitting: train, validation and test, before anything is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.paths import CLEAN, METRICS, SPLIT
from pedigree.base.stage import run, say
from pedigree.base.tables import read_table, replacing, write_json, write_table
from pedigree.base.tools import instantiate
from pedigree.data.target import classes
from pedigree.splitting import describe
from pedigree.splitting.subsets import LEFT_OUT, SUBSETS

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Put each row of data/clean/ into one subset; rows without a target go to data/split/unlabelled/."""
    rows = read_table(CLEAN)
    problem = settings.problem
    labelled = rows[rows[problem.target].notna()].reset_index(drop=True)
    method = {key: value for key, value in settings.split.items() if key != "name"}
    subset = instantiate(method, labelled, problem)
    parts = {name: labelled[subset == name] for name in SUBSETS}
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
        write_table(labelled[subset == LEFT_OUT], folder / LEFT_OUT)
        write_table(rows[rows[problem.target].isna()], folder / "unlabelled")
        write_json({"name": problem.target, "classes": names}, folder / "target.json")
    summary = {name: describe(part, problem) for name, part in parts.items()}
    summary[LEFT_OUT] = {"rows": int((subset == LEFT_OUT).sum())}
    summary["unlabelled"] = {"rows": len(rows) - len(labelled)}
    write_json(summary, METRICS / "split.json")
    say(", ".join(f"{name}: {entry['rows']} rows" for name, entry in summary.items()))


if __name__ == "__main__":
    run("split", main)
