"""Predictions as tables: a line for each row, with its target value and the prediction of each predictor."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pedigree.base.tables import read_table, write_table
from pedigree.data.target import encode, row_key

if TYPE_CHECKING:
    from pedigree.base.problem import Grouped


@dataclass(frozen=True)
class PredictionTable:
    """Predictions of the same rows by several predictors.

    Parameters
    ----------
    row : ndarray of str, shape (n,)
        Name of each row, from its content (see `row_names`).
    group : ndarray of str, shape (n,), or None
        Name of each row's group (`problem.group`).
    truth : ndarray, shape (n,)
        Class codes, or numbers.
    classes : list of str
        Names of the k codes; empty for regression.
    of : dict of str to ndarray, shape (n, k) or (n,)
        By predictor ("model", "linear", "dummy", "champion"), class probabilities or numbers.
    rows : DataFrame, shape (n, p), or None
        The cleaned rows themselves, which are not written.
    """

    row: np.ndarray
    group: np.ndarray | None
    truth: np.ndarray
    classes: list[str]
    of: dict[str, np.ndarray]
    rows: pd.DataFrame | None = None

    @classmethod
    def about(
        cls,
        rows: pd.DataFrame,
        problem: Grouped,
        truth: np.ndarray,
        classes: list[str],
        of: dict[str, np.ndarray],
    ) -> PredictionTable:
        """Make the table of cleaned rows, named by their content.

        Parameters
        ----------
        rows : DataFrame, shape (n, p)
        problem : Grouped
            With `group`.
        truth : ndarray, shape (n,)
            Class codes, or numbers.
        classes : list of str
            Names of the k codes; empty for regression.
        of : dict of str to ndarray, shape (n, k) or (n,)
            By predictor, class probabilities or numbers.
        """
        group = row_key(rows, problem.group).to_numpy(dtype=object) if problem.group else None
        return cls(row_names(rows), group, truth, classes, of, rows)

    def write(self, folder: Path) -> None:
        """Write columns `row`, `group`, `truth`, and `WHO:CLASS` or `WHO` for each predictor."""
        names = np.array(self.classes, dtype=object)
        group = pd.Series(self.group, index=range(len(self.row)), dtype="str")
        truth = names[self.truth] if self.classes else self.truth
        columns = {"row": self.row, "group": group, "truth": truth}
        for who, predicted in self.of.items():
            if self.classes:
                columns |= {f"{who}:{c}": predicted[:, i] for i, c in enumerate(self.classes)}
            else:
                columns[who] = predicted
        write_table(pd.DataFrame(columns), folder)

    @classmethod
    def read(cls, folder: Path) -> PredictionTable:
        """Read what `write` wrote."""
        return cls.of_table(read_table(folder))

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> PredictionTable:
        """Take predictions out of the table that `write` wrote."""
        predicted = [name for name in table if name not in ("row", "group", "truth")]
        group = None if table["group"].isna().all() else table["group"].to_numpy(dtype=object)
        row, truth = table["row"].to_numpy(dtype=object), table["truth"]
        if "model" in predicted:
            of = {who: table[who].to_numpy() for who in predicted}
            return cls(row, group, truth.to_numpy(dtype=float), [], of)
        heads = [name.partition(":") for name in predicted]
        classes = [name for who, _, name in heads if who == "model"]
        codes = truth.map({name: code for code, name in enumerate(classes)}).to_numpy(dtype=int)
        of = {
            who: table[[f"{who}:{name}" for name in classes]].to_numpy()
            for who in dict.fromkeys(who for who, *_ in heads)
        }
        return cls(row, group, codes, classes, of)


def dummy(answers: pd.Series, classes: list[str], n: int) -> np.ndarray:
    """Predict the class frequencies or the mean of the training target for each of n rows.

    Parameters
    ----------
    answers : Series
        The training target.
    classes : list of str
        Names of the k codes; empty for regression.
    n : int

    Returns
    -------
    ndarray, shape (n, k) or (n,)
    """
    y = encode(answers, classes)
    if not classes:
        return np.full(n, y.mean())
    return np.tile(np.bincount(y, minlength=len(classes)) / len(y), (n, 1))


def row_names(rows: pd.DataFrame) -> np.ndarray:
    """Name rows by their content, so that the same row has the same name in another run.

    Returns
    -------
    ndarray of str, shape (n,)
        The first 16 hexadecimal digits of a SHA-256; equal rows but the first have a number appended.
    """
    seen: Counter[str] = Counter()
    names = np.empty(len(rows), dtype=object)
    for position, text in enumerate(row_key(rows, sorted(rows))):
        name = hashlib.sha256(text.encode()).hexdigest()[:16]
        seen[name] += 1
        names[position] = name if seen[name] == 1 else f"{name}-{seen[name]}"
    return names
