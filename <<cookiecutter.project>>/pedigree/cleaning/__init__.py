"""Data cleaning: an ordered list of cleaning steps, each a function of a Narwhals frame.

Every step either changes rows one at a time or only drops rows, so it can run before the split:
nothing is learned from the data. The same functions clean the rows that are sent to the model. What is
learned, such as the limits of outliers, belongs after the split: `pedigree.features.engineering.Outliers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import narwhals as nw

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.settings import as_dict
from pedigree.base.tools import at, described
from pedigree.cleaning.rows import drop_duplicates, limit, require
from pedigree.cleaning.steps import apply_step
from pedigree.cleaning.text import (
    fuzzy_merge,
    replace_text,
    replace_values,
    trim_text,
    unify_case,
    unify_missing,
    unify_unicode,
)
from pedigree.cleaning.types import fix_types, parse_booleans, parse_dates, parse_numbers
from pedigree.data.records import CleanedStep, CleanMetrics

if TYPE_CHECKING:
    import pandas as pd

__all__ = [  # conf/clean/ refers to these as pedigree.cleaning.<function>
    "drop_duplicates",
    "fix_types",
    "fuzzy_merge",
    "limit",
    "parse_booleans",
    "parse_dates",
    "parse_numbers",
    "replace_text",
    "replace_values",
    "require",
    "trim_text",
    "unify_case",
    "unify_missing",
    "unify_unicode",
]


def clean_rows(
    rows: pd.DataFrame, steps: Mapping[str, Any], *, serving: bool = False
) -> tuple[pd.DataFrame, CleanMetrics]:
    """Apply the cleaning steps in order.

    Parameters
    ----------
    rows : DataFrame
        Typed rows.
    steps : mapping of str to mapping
        ``conf/clean``'s steps.
    serving : bool
        Leave out the steps that are for training only, so that every row gets a prediction, and
        the count of changed values, which takes longer than the steps.

    Returns
    -------
    cleaned : DataFrame
    counts : CleanMetrics
        With the number of dropped rows, and of changed values by column, of each step.

    Raises
    ------
    UserError
        A step names a column that is missing or of the wrong type, or drops rows and is not `training_only`.

    Examples
    --------
    >>> import pandas as pd
    >>> from pedigree import clean_rows
    >>> steps = {"trim": {"_target_": "pedigree.cleaning.trim_text"}}
    >>> cleaned, counts = clean_rows(pd.DataFrame({"name": [" Ada", "Bo"]}), steps)
    >>> cleaned["name"].tolist(), counts.steps["trim"].changed
    (['Ada', 'Bo'], {'name': 1})
    """
    counts: dict[str, CleanedStep] = {}
    frame = nw.from_native(rows, eager_only=True)
    for name, step in steps.items():
        options = as_dict(step)
        training_only = options.pop("training_only", False)
        if training_only and serving:
            continue
        with at(f"clean.steps.{name}"):
            for column in options.get("columns") or ():
                if column not in frame.columns:
                    hint = did_you_mean(column, frame.columns)
                    raise UserError(f"column '{column}' is not in the data; {hint}")
            target = options.pop("_target_")
            after = _as_frame(apply_step(frame, target, options), target)
        if not training_only and len(after) != len(frame):
            raise UserError(
                f"clean.steps.{name} drops rows, and a row that is sent to the model needs a prediction; set "
                "`training_only: true` for it in conf/clean/."
            )
        counted = not serving and len(after) == len(frame)
        counts[name] = CleanedStep(
            rows_dropped=len(frame) - len(after),
            changed=_count_changes(frame, after) if counted else {},
        )
        frame = after
    cleaned = frame.to_native().reset_index(drop=True)
    return cleaned, CleanMetrics(rows=len(rows), kept=len(cleaned), steps=counts)


def _as_frame(returned: Any, target: str) -> nw.DataFrame[Any]:
    """Return what a cleaning step returned as a Narwhals frame; it may also be one of pandas."""
    frame = nw.from_native(returned, eager_only=True, pass_through=True)
    if not (isinstance(frame, nw.DataFrame) and frame.implementation.is_pandas()):
        raise UserError(
            f"{target} returned {described(returned)}; a cleaning step must return a data frame, of Narwhals or pandas."
        )
    return frame


def _count_changes(before: nw.DataFrame[Any], after: nw.DataFrame[Any]) -> dict[str, int]:
    """Count the values of each column that differ; two missing values are equal."""
    counts = {}
    for name in before.columns:
        old, new = before[name], after[name]
        if old.dtype != new.dtype:  # a new type: count what could not be converted
            counts[name] = int((~old.is_null() & new.is_null()).sum())
            continue
        differ = ((old != new) & ~old.is_null() & ~new.is_null()) | (old.is_null() != new.is_null())
        counts[name] = int(differ.sum())
    return {name: count for name, count in counts.items() if count}
