"""Split rows into subsets, and check that a model can be fitted on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.tools import instantiate
from pedigree.data.records import SplitMetrics
from pedigree.data.target import EncodedTarget, classes, labels
from pedigree.splitting.subsets import LEFT_OUT, SUBSETS, UNLABELLED

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.splitting.settings import SplitMethod, SplitProblem


@dataclass(frozen=True)
class Split:
    """Rows by subset.

    Parameters
    ----------
    subsets : dict of str to DataFrame
        `train`, `validation` and `test`; `left_out` by the method; `unlabelled`, without a target.
    target : EncodedTarget
        With the classes of the training rows; of two, the positive one is last.
    """

    subsets: dict[str, pd.DataFrame]
    target: EncodedTarget

    def metrics(self) -> SplitMetrics:
        """Return what metrics/split.json contains."""
        found: dict[str, dict[str, Any]] = {
            name: {"rows": len(rows)} for name, rows in self.subsets.items()
        }
        for name in SUBSETS:
            found[name] |= self._describe(self.subsets[name][self.target.name])
        return SplitMetrics.model_validate(found)

    def _describe(self, values: pd.Series) -> dict[str, Any]:
        if self.target.classes:
            return {"classes": labels(values).value_counts(normalize=True).sort_index().to_dict()}
        return {"mean": float(values.mean()), "std": float(values.std())}


def split_rows(rows: pd.DataFrame, method: SplitMethod, problem: SplitProblem) -> Split:
    """Split cleaned rows.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
    method : mapping
        A file of ``conf/split/``: `_target_` and its arguments.
    problem : SplitProblem
        With `target`, `kind`, `task`, `positive`, `group` and `time`.

    Returns
    -------
    Split
        The rows of each subset, and the classes.

    Raises
    ------
    UserError
        A subset is empty, the training rows have one class only, or `problem.positive` is not among them.

    Examples
    --------
    >>> from pedigree import paths, read_table, split_rows
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("split")
    >>> split = split_rows(read_table(paths.CLEAN), settings.split, settings.problem)
    >>> list(split.subsets)
    ['train', 'validation', 'test', 'left_out', 'unlabelled']
    """
    labelled = rows[rows[problem.target].notna()].reset_index(drop=True)
    arguments = method.without("name")
    subset = instantiate(arguments, labelled, problem)
    subsets = {name: labelled[subset == name] for name in (*SUBSETS, LEFT_OUT)}
    for name in SUBSETS:
        if subsets[name].empty:
            raise UserError(
                f"split: the {name} set is empty; there are {len(labelled)} labelled rows."
            )
    names = classes(subsets["train"][problem.target], problem)
    _check_classes(names, problem)
    target = EncodedTarget(name=problem.target, classes=names)
    return Split(subsets | {UNLABELLED: rows[rows[problem.target].isna()]}, target)


def _check_classes(names: list[str], problem: SplitProblem) -> None:
    if problem.kind != "classification":
        return
    if len(names) < 2:
        raise UserError(
            f"the training rows have only one class of '{problem.target}'; choose another option of "
            "conf/split/, or check in metrics/clean.json whether a cleaning step drops too many rows."
        )
    if problem.positive is not None and str(problem.positive) not in names:
        raise UserError(
            f"problem.positive: class '{problem.positive}' does not exist; {did_you_mean(str(problem.positive), names)}"
        )
