"""Proposing the problem for a target: task, positive class, metrics and a first criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pedigree.adopting.association import SUSPECT, explained_by_ranks, explained_by_values
from pedigree.adopting.columns import ColumnDecision
from pedigree.adopting.scan import Scan
from pedigree.base.names import UNNAMED, UserError, did_you_mean, snake_case
from pedigree.data.engine import parse
from pedigree.data.target import labels

if TYPE_CHECKING:
    import pandas as pd

MAX_CLASSES = 100  # with more classes, a leaderboard of classifiers is not informative
MAX_NUMBERED = 10  # distinct integers that are still classes, such as grades from 1 to 6
MIN_CLASS = 3  # rows of a class: one for each of training, validation and test set
MIN_PAIRS = 30  # rows with both values, below which a column is not a suspect
# Fraction of the minority class below which average precision is the first metric: ROC AUC is high even if most
# positive predictions are false (Saito and Rehmsmeier 2015, doi:10.1371/journal.pone.0118432).
IMBALANCE = 0.1
POSITIVE = ("yes", "true", "1", "y", "t", "positive", "pos")
METRICS = {
    "binary": ["roc_auc", "average_precision", "f1", "accuracy", "log_loss"],
    "multiclass": ["f1_macro", "balanced_accuracy", "accuracy", "roc_auc", "log_loss"],
    "regression": ["rmse", "mae", "r2"],
}


@dataclass(frozen=True)
class ProposedProblem:
    """Target, task, metrics and first criterion, proposed from the data."""

    target: ColumnDecision
    task: str
    positive: str | None
    metrics: list[str]
    gain: float  # criterion: gain over the dummy, in units of the first metric
    why: str


def propose_problem(
    name: str, columns: list[ColumnDecision], scan: Scan, task: str | None = None
) -> ProposedProblem:
    """Propose the problem for a target.

    Parameters
    ----------
    name : str
        Name of the target: as in the source, else in snake_case, else in any spelling that fits one column.
    columns : list of Column
    scan : Scan
    task : {"binary", "multiclass", "regression"}, optional
        Inferred from the values if None.

    Returns
    -------
    ProposedProblem

    Raises
    ------
    UserError
        The column does not exist, its name is ambiguous, or it cannot be a target.
    """
    target = _find(name, columns)
    target.kind, target.left_out = "target", None
    if target.dtype == "boolean" and scan.sample[target.name].dtype != "boolean":
        target.dtype = "str"  # keep the labels as in the source
    values = scan.sample[target.name].dropna()
    if scan.columns[target.name].missing == scan.rows or values.empty:
        raise UserError(f"the target '{target.source_name}' has no value in any row.")
    counts = labels(parse(values, target.dtype)).value_counts()
    if len(counts) == 1:
        raise UserError(
            f"the target '{target.source_name}' is {counts.index[0]!r} in every row; at least two different values are required."
        )
    known = scan.columns[target.name].values
    classes = len(known) if known is not None else len(counts)
    number = target.dtype in ("int64", "float64")
    found = "binary" if classes == 2 else "multiclass"
    if number and (target.dtype == "float64" or classes > MAX_NUMBERED) and classes > 2:
        found = "regression"
    task = task or found
    if task == "regression":
        return _regression(target, values)
    _refuse_classes(target, task, counts, max(classes, len(counts)), number)
    if task == "multiclass":
        why = f"{len(counts)} classes, the rarest {counts.min() / counts.sum():.1%} of the rows"
        return ProposedProblem(target, task, None, METRICS[task], 0.01, why)
    rarer = counts.index[-1]
    usual = [one for one in counts.index if one.strip().lower() in POSITIVE]
    positive = usual[0] if len(usual) == 1 else rarer
    fraction = counts[positive] / counts.sum()
    metrics = list(METRICS[task])
    if counts.min() / counts.sum() < IMBALANCE:
        metrics[:2] = reversed(metrics[:2])
    return ProposedProblem(
        target, task, positive, metrics, 0.01, f"{positive!r} in {fraction:.1%} of the rows"
    )


def _find(name: str, columns: list[ColumnDecision]) -> ColumnDecision:
    """Find a column by its exact name in the source, else in another spelling, else by the name that `load` gives it."""
    found = [one for one in columns if one.source_name == name]
    if found[1:]:
        raise UserError(
            f"the data have {len(found)} columns named '{name}'; rename all but the target."
        )
    alike = snake_case(name)
    found = found or [one for one in columns if alike == snake_case(one.source_name) != UNNAMED]
    found = found or [one for one in columns if one.name == name]
    if found[1:]:
        spelled = " or ".join(f"'{one.source_name}'" for one in found)
        raise UserError(f"the target '{name}' may be {spelled}; spell it as in the data.")
    if not found:
        hint = did_you_mean(name, [column.source_name for column in columns])
        raise UserError(f"the target '{name}' is not a column of the data; {hint}")
    return found[0]


def _regression(target: ColumnDecision, values: pd.Series) -> ProposedProblem:
    if target.dtype not in ("int64", "float64"):
        raise UserError(
            f"the target '{target.source_name}' is not numeric, but task is regression; it is {target.why}."
        )
    spread = _spread(parse(values, "float64"))
    # One hundredth of the target's standard deviation, which is the dummy's RMSE.
    why = f"{target.why}, standard deviation {spread:.4g}"
    return ProposedProblem(
        target, "regression", None, METRICS["regression"], float(f"{spread / 100:.1g}"), why
    )


def _spread(numbers: pd.Series) -> float:
    """Return the standard deviation, also of numbers whose squares are no floats."""
    spread = float(numbers.std())
    largest = float(numbers.abs().max())
    return spread if math.isfinite(spread) else float((numbers / largest).std()) * largest


def _refuse_classes(
    target: ColumnDecision, task: str, counts: pd.Series, classes: int, number: bool
) -> None:
    """Raise an error for classes that cannot be learned."""
    name = target.source_name
    if task == "binary" and classes > 2:
        raise UserError(
            f"the target '{name}' has {classes} values, but task is binary; use multiclass."
        )
    if task == "multiclass" and classes == 2:
        raise UserError(f"the target '{name}' has two values; use task binary.")
    if classes > MAX_CLASSES:
        way = "use --task regression" if number else "group them into fewer"
        raise UserError(
            f"the target '{name}' has {classes:,} classes, more than {MAX_CLASSES}; {way}."
        )
    if counts.min() < MIN_CLASS:
        raise UserError(
            f"the target '{name}': the class {counts.index[-1]!r} has "
            f"{'1 row' if counts.min() == 1 else f'{counts.min()} rows'}, too few for a training, validation and test set; drop it or merge it with another."
        )


def mark_suspects(columns: list[ColumnDecision], problem: ProposedProblem, scan: Scan) -> None:
    """Find the columns that leak the target, and leave out those that certainly do.

    A column certainly leaks the target if its values and the classes map one to one, or if it is a linear function
    of a numeric target. Other columns that explain almost all of the target are only reported, since only
    a person knows when their values are known.

    Parameters
    ----------
    columns : list of Column
        `suspect` and `left_out` are set in place.
    problem : ProposedProblem
        With `target` and `task`.
    scan : Scan
        With the sample from which the association is computed.
    """
    target = parse(scan.sample[problem.target.name], problem.target.dtype)
    classes = target.factorize()[0]  # missing: -1
    for column in columns:
        if column is problem.target or column.left_out or column.kind == "date":
            continue
        values = parse(scan.sample[column.name], column.dtype)
        both = (values.notna() & target.notna()).to_numpy()
        if both.sum() < max(MIN_PAIRS, len(both) / 2):
            continue
        if problem.task == "regression":
            explained = explained_by_ranks(values[both], target[both])
        else:
            explained = explained_by_values(values[both], classes[both])
        if explained == 1:
            column.suspect = column.left_out = "is the target in another form"
        elif explained > SUSPECT:
            column.suspect = f"explains {explained:.1%} of the target by itself; check that it is known before the target"
