"""Step 8, data splitting: train, validation and test, before anything is fitted.

A method takes the keys of the labelled rows (target, group, time) and says for each row on which
side it stands, or that it is left out. Rows without an answer are set aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.data.target import labels
from pedigree.splitting.draws import by_chance, by_group, by_stratum
from pedigree.splitting.rules import by_column, by_hash, by_time

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

# Methods, by the names that conf/split/ calls them.
__all__ = ["by_chance", "by_column", "by_group", "by_hash", "by_stratum", "by_time", "main"]


def describe(rows: pd.DataFrame, problem: DictConfig) -> dict:
    answers = rows[problem.target]
    if problem.kind == "classification":
        shares = labels(answers).value_counts(normalize=True).sort_index()
        return {"rows": len(rows), "classes": shares.to_dict()}
    return {"rows": len(rows), "mean": float(answers.mean()), "std": float(answers.std())}
