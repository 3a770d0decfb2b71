"""The widened contract: the smallest changes, rule by rule, with which the rows satisfy it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pedigree.data.bounds import bounds
from pedigree.data.engine import infer, parse

if TYPE_CHECKING:
    import pandas as pd

WIDER = {"int64": "float64"}  # every other type can only be widened to `str`
LOWER, UPPER = ("ge", "gt"), ("le", "lt")
NUMERIC = (*LOWER, *UPPER, "in_range", "isin")  # rules that do not apply to strings
MAX_NEW = 50  # a column with more new values is not categorical


@dataclass(frozen=True)
class Change:
    """A change of the rules for a column.

    Parameters
    ----------
    column : str
    remove : tuple of str
        Keys that are removed.
    add : dict
        Keys that are added or replaced.
    why : str
        The observation behind the change, for the person who decides.
    """

    column: str
    remove: tuple[str, ...]
    add: dict[str, Any]
    why: str


def widen(rows: pd.DataFrame, contract: dict[str, Any], new_columns: bool = True) -> list[Change]:
    """Propose changes: types, missing values, bounds, categories, lengths, duplicates, missing and new columns.

    Other rules (a pattern, a forbidden value, a rule for the whole table) cannot be widened; they
    are unchanged.

    Parameters
    ----------
    rows : DataFrame
        As returned by `Snapshot.table`.
    contract : dict
        As returned by `read_contract`.
    new_columns : bool
        Whether to propose columns that the contract does not contain.

    Returns
    -------
    list of Change
        In the order of the columns.
    """
    changes: list[Change] = []
    for name, promise in contract["columns"].items():
        if name in rows:
            changes += _column(name, rows[name], promise)
        elif promise.get("required", True):
            changes.append(Change(name, (), {"required": False}, "the column is missing"))
    for name in rows if new_columns else []:
        if name not in contract["columns"]:
            promise = {"dtype": infer(rows[name]), "nullable": True}
            changes.append(Change(name, (), promise, "the column is new"))
    return changes


def _column(name: str, values: pd.Series, promise: dict[str, Any]) -> Iterator[Change]:
    dtype = promise.get("dtype") or infer(values)
    typed = parse(values, dtype)
    while (lost := values.notna() & typed.isna()).any():
        wider = WIDER.get(dtype, "str")
        typed = parse(values, wider)
        rules = tuple(key for key in NUMERIC if key in promise) if wider == "str" else ()
        shown = ", ".join(map(repr, values[lost].unique()[:3]))
        without = f"; {', '.join(rules)} cannot apply to strings" if rules else ""
        why = f"{lost.sum()} of {len(values)} values cannot be read as {dtype} ({shown}){without}"
        yield Change(name, rules, {"dtype": wider}, why)
        dtype, promise = wider, {key: one for key, one in promise.items() if key not in rules}
    present = typed.dropna()
    if len(present) < len(typed) and not promise.get("nullable"):
        why = f"{len(typed) - len(present)} of {len(typed)} values are missing"
        yield Change(name, (), {"nullable": True}, why)
    if len(present):
        yield from _range(name, present, promise)
        yield from _isin(name, present, promise)
        yield from _length(name, present, promise)
    if promise.get("unique") and typed.duplicated().any():
        why = f"{typed.duplicated().sum()} values are duplicates"
        yield Change(name, (), {"unique": False}, why)


def _range(name: str, values: pd.Series, promise: dict[str, Any]) -> Iterator[Change]:
    """Move the bounds that are violated, and only these."""
    if values.dtype.kind not in "ifM":
        return
    low, high = values.min(), values.max()
    if values.dtype.kind == "M":  # a range of times needs no tolerance
        new = {"ge": low.floor("D").isoformat()[:10], "le": high.ceil("D").isoformat()[:10]}
    else:
        new = bounds(float(low), float(high))
    why = f"the values range from {low} to {high}"
    broken = {
        "ge": lambda bound: (values < bound).any(),
        "gt": lambda bound: (values <= bound).any(),
        "le": lambda bound: (values > bound).any(),
        "lt": lambda bound: (values >= bound).any(),
    }
    for key in broken:
        if isinstance(promise.get(key), int | float | str) and broken[key](promise[key]):
            to = "ge" if key in LOWER else "le"
            yield Change(name, (key,), {to: new[to]}, why)
    between = promise.get("in_range")
    if isinstance(between, dict):
        least, most = between["min_value"], between["max_value"]
        wider = dict(between)
        if broken["ge" if between.get("include_min", True) else "gt"](least):
            wider["min_value"] = new["ge"]
        if broken["le" if between.get("include_max", True) else "lt"](most):
            wider["max_value"] = new["le"]
        if wider != between:
            yield Change(name, (), {"in_range": wider}, why)


def _isin(name: str, values: pd.Series, promise: dict[str, Any]) -> Iterator[Change]:
    known = promise.get("isin")
    if not isinstance(known, list):
        return
    new = sorted(values[~values.isin(known)].unique().tolist())
    if values.dtype.kind == "M":
        new = [one.isoformat() for one in new]
    shown = ", ".join(map(repr, new[:5])) + (", ..." if new[5:] else "")
    count = f"{len(new)} new value{'s' if new[1:] else ''}: {shown}"
    if len(new) > MAX_NEW:
        yield Change(name, ("isin",), {}, f"{count}, too many for categories")
    elif new:
        yield Change(name, (), {"isin": [*known, *new]}, count)


def _length(name: str, values: pd.Series, promise: dict[str, Any]) -> Iterator[Change]:
    limits = promise.get("str_length")
    if not isinstance(limits, dict):
        return
    lengths = values.astype("str").str.len()
    wider = dict(limits)
    if limits.get("min_value") is not None:
        wider["min_value"] = min(limits["min_value"], int(lengths.min()))
    if limits.get("max_value") is not None:
        wider["max_value"] = max(limits["max_value"], int(lengths.max()))
    if wider != limits:
        why = f"the strings have {lengths.min()} to {lengths.max()} characters"
        yield Change(name, (), {"str_length": wider}, why)
