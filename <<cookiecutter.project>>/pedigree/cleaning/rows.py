"""Cleaning steps for whole rows: impossible values and duplicate rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import narwhals as nw

from pedigree.base.names import UserError, did_you_mean
from pedigree.cleaning.arguments import Action, Bounds, Column, Columns, Rule
from pedigree.cleaning.rule import rule_expression
from pedigree.cleaning.text import WHITESPACE, string_columns


def limit(
    frame: nw.DataFrame[Any],
    columns: Mapping[Column, Bounds],
    action: Literal["missing", "clip", "drop"] = "missing",
) -> nw.DataFrame[Any]:
    """Handle numbers outside of known bounds.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : mapping of str to [low, high]
        Inclusive bounds, known beforehand and not learned from these rows; null = no bound.
    action : {"missing", "clip", "drop"}
        Set the value to missing, clip it to the nearest bound, or drop the row.

    Returns
    -------
    nw.DataFrame

    Raises
    ------
    UserError
        A column is not numeric.
    """
    for name, (low, high) in columns.items():
        value = nw.col(name)
        if not frame.schema[name].is_numeric():
            raise UserError(
                f"column '{name}' is not numeric; convert it with parse_numbers or fix_types first."
            )
        if action == "clip":
            frame = frame.with_columns(value.clip(low, high))
            continue
        valid = value.is_null()
        valid |= (value >= (-float("inf") if low is None else low)) & (
            value <= (float("inf") if high is None else high)
        )
        frame = _handle_invalid(frame, valid, [name], action)
    return frame


def require(
    frame: nw.DataFrame[Any],
    rule: Rule,
    action: Action = "missing",
    columns: Columns | None = None,
) -> nw.DataFrame[Any]:
    """Handle rows that violate a rule between columns.

    Parameters
    ----------
    frame : nw.DataFrame
    rule : str
        ``column operator column``, such as ``ended_on >= started_on``; on the right also a number or
        a date (2024-12-31). A row in which one of the values is missing satisfies the rule.
    action : {"missing", "drop"}
        Set values to missing, or drop the row.
    columns : sequence of str, optional
        Columns to set to missing. None = the columns of the rule, since any of them can be wrong.

    Returns
    -------
    nw.DataFrame

    Raises
    ------
    UserError
        The rule cannot be parsed, or a column is missing or of another type than the rule requires.
    """
    valid, named = rule_expression(frame, rule)
    for name in columns or ():
        if name not in frame.columns:
            raise UserError(
                f"column '{name}' is not in the data; {did_you_mean(name, frame.columns)}"
            )
    return _handle_invalid(frame, valid, columns or named, action)


def drop_duplicates(
    frame: nw.DataFrame[Any],
    columns: Columns | None = None,
    near: bool = False,
    latest_by: Column | None = None,
) -> nw.DataFrame[Any]:
    """Keep one of each set of duplicate rows.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str, optional
        Key columns. Rows in which a part of the key is missing are all kept. None = all columns, where
        two missing values are equal.
    near : bool
        Ignore case and whitespace when comparing strings.
    latest_by : str, optional
        A column of dates or numbers: the row with the greatest value is kept (the last of equal ones; a
        missing value counts as the smallest). None = keep the first row.

    Returns
    -------
    nw.DataFrame
        In the order of the input.

    Raises
    ------
    UserError
        The column `latest_by` is missing.
    """
    if latest_by is not None and latest_by not in frame.columns:
        hint = did_you_mean(latest_by, frame.columns)
        raise UserError(f"column '{latest_by}' is not in the data; {hint}")
    position = nw.generate_temporary_column_name(8, frame.columns)
    key = list(columns or frame.columns)
    rows = frame.with_row_index(position)
    if near:
        rows = rows.with_columns(
            nw.col(name).str.replace_all(f"[{WHITESPACE}]", "").str.to_lowercase()
            for name in string_columns(frame, None)
            if name in key
        )
    lacks_key = nw.any_horizontal(*(nw.col(name).is_null() for name in key), ignore_nulls=True)
    known = rows.filter(~lacks_key) if columns else rows
    if latest_by is not None:
        known = known.sort(latest_by, position, nulls_last=False)
    keep: Literal["first", "last"] = "first" if latest_by is None else "last"
    kept = known.unique(subset=key, keep=keep, maintain_order=True)[position].to_list()
    if columns:
        kept += rows.filter(lacks_key)[position].to_list()
    return frame[sorted(kept)]


def _handle_invalid(
    frame: nw.DataFrame[Any], valid: nw.Expr, columns: Sequence[str], action: str
) -> nw.DataFrame[Any]:
    """Set columns of the rows that are not valid to missing, or drop these rows."""
    if action == "drop":
        return frame.filter(valid)
    if action != "missing":
        raise UserError(
            f"unknown action '{action}'; {did_you_mean(action, ['missing', 'clip', 'drop'])}"
        )
    return frame.with_columns(nw.when(valid).then(nw.col(name)).alias(name) for name in columns)
