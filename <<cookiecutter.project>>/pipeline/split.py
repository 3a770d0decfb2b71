"""Step 8, data splitting: train, validation and test, before anything is fitted.

A method takes the keys of the labelled rows (target, group, time) and says for each row on which
side it stands, or that it is left out. Rows without an answer are set aside.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline.core.base.names import UserError, did_you_mean, snake_case
from pipeline.core.base.paths import CLEAN, METRICS, SPLIT
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import read_table, replacing, write_json, write_table
from pipeline.core.base.tools import instantiate
from pipeline.core.data.target import classes, group_key, labels, row_key

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

SIDES = ("train", "validation", "test")
LEFT_OUT = "left_out"
LACKS = {  # what a method says of a problem that does not fit it; `configure` says it first
    "group": "split: group needs the columns that say which rows belong together; name them in problem.group.",
    "time": "split: time needs the column that tells when; name it in problem.time.",
    "stratified": "split: stratified needs classes; regression can use random, group, time or hash.",
}


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


def by_chance(
    rows: pd.DataFrame, problem: DictConfig, validation: float, test: float, seed: int
) -> np.ndarray:
    """Draw each row's side at random.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
        Labelled rows.
    problem : DictConfig
        Names the target, group and time columns.
    validation, test : float
        Shares of the rows, in (0, 1), together less than 1.
    seed : int

    Returns
    -------
    ndarray of str, shape (n,)
        One of "train", "validation", "test" for each row.
    """
    order = np.random.default_rng(seed).permutation(len(rows))
    return _cut(order, validation, test)


def by_stratum(
    rows: pd.DataFrame, problem: DictConfig, validation: float, test: float, seed: int
) -> np.ndarray:
    """Draw each row's side at random, every class in the same proportion; see `by_chance`."""
    if problem.kind == "regression":
        raise UserError(LACKS["stratified"])
    random = np.random.default_rng(seed)
    side = np.full(len(rows), "train", dtype="<U10")
    answers = labels(rows[problem.target]).to_numpy()
    for name in sorted(set(answers)):
        members = np.flatnonzero(answers == name)
        side[members] = _cut(random.permutation(len(members)), validation, test)
    return side


def by_group(
    rows: pd.DataFrame, problem: DictConfig, validation: float, test: float, seed: int
) -> np.ndarray:
    """Draw the side of whole groups, classes in about the same proportion; see `by_chance`.

    Raises
    ------
    UserError
        `problem.group` names no column.
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    key = group_key(rows, problem)
    if key is None:
        raise UserError(LACKS["group"])
    side = np.full(len(rows), "train", dtype="<U10")
    rest = np.arange(len(rows))
    stratify = problem.kind == "classification"
    answers = labels(rows[problem.target]).to_numpy() if stratify else np.zeros(len(rows))
    for name, share in (("test", test), ("validation", validation / (1 - test))):
        folds = (StratifiedGroupKFold if stratify else GroupKFold)(
            n_splits=max(2, round(1 / share)), shuffle=True, random_state=seed
        )
        try:
            _, taken = next(folds.split(rest, answers[rest], key[rest]))
        except ValueError as error:
            raise UserError(f"split: too few groups or rows for a {name} side: {error}") from None
        side[rest[taken]] = name
        rest = np.delete(rest, taken)
    return side


def by_time(
    rows: pd.DataFrame, problem: DictConfig, validation: float, test: float, gap: float = 0
) -> np.ndarray:
    """Put the past on the training side and the future on the test side; see `by_chance`.

    Rows of one moment stay together. Rows without a time train. So that answers that come late, and
    features that look back, do not reach over a cut, rows less than `gap` (days, or units of a time
    that is a number) before it are left out.

    Raises
    ------
    UserError
        `problem.time` names no column, or one without dates or numbers.
    """
    if problem.time is None:
        raise UserError(LACKS["time"])
    when = rows[problem.time]
    if when.dtype.kind not in "Mifu":
        raise UserError(f"problem.time: '{problem.time}' holds neither dates nor numbers.")
    moments = when.rank(method="max", pct=True)
    side = np.full(len(rows), "train", dtype="<U10")
    side[moments > 1 - test - validation] = "validation"
    side[moments > 1 - test] = "test"
    if gap:
        import pandas as pd

        width = pd.Timedelta(days=gap) if when.dtype.kind == "M" else gap
        starts = {name: when[side == name].min() for name in SIDES[1:]}
        for name, following in (("train", "validation"), ("validation", "test")):
            side[(side == name) & (when > starts[following] - width)] = LEFT_OUT
    return side


def by_column(rows: pd.DataFrame, problem: DictConfig, column: str | None) -> np.ndarray:
    """Take each row's side from a column that says train, validation or test; see `by_chance`.

    Rows without a value are left out.

    Raises
    ------
    UserError
        There is no such column, or it says something else.
    """
    name = snake_case(column or "")
    if not column or name not in rows:
        raise UserError(
            f"split.column: '{column}' is no column of the data; {did_you_mean(name, rows.columns)}"
        )
    said = rows[name].astype("str").str.strip().str.lower().where(rows[name].notna(), LEFT_OUT)
    for value in sorted(set(said) - {*SIDES, LEFT_OUT}):
        raise UserError(
            f"split.column: '{column}' says '{value}' of a row; {did_you_mean(value, SIDES)}"
        )
    return said.to_numpy(dtype="<U10")


def by_hash(
    rows: pd.DataFrame,
    problem: DictConfig,
    validation: float,
    test: float,
    key: Sequence[str],
    salt: int,
) -> np.ndarray:
    """Put each row where a hash of its own values says; see `by_chance`.

    Parameters
    ----------
    key : sequence of str
        Columns that identify a row; rows that agree in them share a side. Empty = all but the target.
    salt : int
        Another salt deals the rows anew.
    """
    for name in key:
        if name not in rows:
            raise UserError(
                f"split.key: '{name}' is no column of the data; {did_you_mean(name, rows.columns)}"
            )
    columns = list(key) or [name for name in rows.columns if name != problem.target]
    draws = np.array([_unit_interval(f"{salt}\x1f{text}") for text in row_key(rows, columns)])
    side = np.full(len(rows), "train", dtype="<U10")
    side[draws < test + validation] = "validation"
    side[draws < test] = "test"
    return side


def _unit_interval(text: str) -> float:
    """Map a text to [0, 1) evenly (53 bits of BLAKE2b, as many as a float holds)."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / 2**53


def _cut(order: np.ndarray, validation: float, test: float) -> np.ndarray:
    """Deal positions 0..n-1, given in random order, to the sides by share."""
    side = np.full(len(order), "train", dtype="<U10")
    tests, validations = round(len(order) * test), round(len(order) * validation)
    side[order[:tests]] = "test"
    side[order[tests : tests + validations]] = "validation"
    return side


def _describe(rows: pd.DataFrame, problem: DictConfig) -> dict:
    answers = rows[problem.target]
    if problem.kind == "classification":
        shares = labels(answers).value_counts(normalize=True).sort_index()
        return {"rows": len(rows), "classes": shares.to_dict()}
    return {"rows": len(rows), "mean": float(answers.mean()), "std": float(answers.std())}


if __name__ == "__main__":
    run("split")
