"""Repairs that look at whole rows: impossible values, and rows that stand twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import narwhals as nw

from pedigree.base.names import UserError, did_you_mean
from pedigree.cleaning.arguments import Action, Bounds, Column, Columns, Rule
from pedigree.cleaning.rule import hold
from pedigree.cleaning.text import BLANKS, text_columns


def limit(
    frame: nw.DataFrame[Any],
    columns: Mapping[Column, Bounds],
    action: Literal["missing", "clip", "drop"] = "missing",
) -> nw.DataFrame[Any]:
    """Treat numbers outside of known bounds.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : mapping of str to [low, high]
        Inclusive bounds, known beforehand and not learnt from these rows; null = no bound.
    action : {"missing", "clip", "drop"}
        Blank the value, move it to the nearest bound, or drop the row.
    """
    for name, (low, high) in columns.items():
        value = nw.col(name)
        if not frame.schema[name].is_numeric():
            raise UserError(f"'{name}' holds no numbers; parse_numbers or fix_types makes them.")
        if action == "clip":
            frame = frame.with_columns(value.clip(low, high))
            continue
        fine = value.is_null()
        fine |= (value >= (-float("inf") if low is None else low)) & (
            value <= (float("inf") if high is None else high)
        )
        frame = _treat(frame, fine, [name], action)
    return frame


def require(
    frame: nw.DataFrame[Any],
    rule: Rule,
    action: Action = "missing",
    blank: Columns | None = None,
) -> nw.DataFrame[Any]:
    """Treat rows that break a rule between columns.

    Parameters
    ----------
    frame : nw.DataFrame
    rule : str
        ``column operator column``, such as ``ended_on >= started_on``; on the right also a number or
        a date (2024-12-31). A row that lacks one of the values breaks no rule.
    action : {"missing", "drop"}
        Blank values, or drop the row.
    blank : sequence of str, optional
        The columns to blank; None = those of the rule, since nobody knows which of them is wrong.
    """
    fine, named = hold(frame, rule)
    for name in blank or ():
        if name not in frame.columns:
            raise UserError(
                f"'{name}' is not a column of the data; {did_you_mean(name, frame.columns)}"
            )
    return _treat(frame, fine, blank or named, action)


def drop_duplicates(
    frame: nw.DataFrame[Any],
    columns: Columns | None = None,
    near: bool = False,
    latest_by: Column | None = None,
) -> nw.DataFrame[Any]:
    """Keep one of the rows that agree.

    Parameters
    ----------
    frame : nw.DataFrame
    columns : sequence of str, optional
        The key: columns in which they agree. None = all of them, where missing values agree with each
        other. Of a row that lacks a part of its key nobody knows whose it is: it stays.
    near : bool
        Texts agree although their case or blanks differ.
    latest_by : str, optional
        A column of dates or numbers: the row in which it is greatest stays (of several, the last that
        is given; a row without a value counts as the earliest). None = the first row stays.
    """
    if latest_by is not None and latest_by not in frame.columns:
        hint = did_you_mean(latest_by, frame.columns)
        raise UserError(f"'{latest_by}' is not a column of the data; {hint}")
    position = nw.generate_temporary_column_name(8, frame.columns)
    key = list(columns or frame.columns)
    rows = frame.with_row_index(position)
    if near:
        rows = rows.with_columns(
            nw.col(name).str.replace_all(f"[{BLANKS}]", "").str.to_lowercase()
            for name in text_columns(frame, None)
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


def _treat(
    frame: nw.DataFrame[Any], fine: nw.Expr, columns: Sequence[str], action: str
) -> nw.DataFrame[Any]:
    """Blank some columns of the rows that are not fine, or drop the rows."""
    if action == "drop":
        return frame.filter(fine)
    if action != "missing":
        raise UserError(
            f"no action '{action}'; {did_you_mean(action, ['missing', 'clip', 'drop'])}"
        )
    return frame.with_columns(nw.when(fine).then(nw.col(name)).alias(name) for name in columns)
