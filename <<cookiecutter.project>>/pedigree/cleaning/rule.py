"""Rules between columns: `column operator column`, or a number or date on the right-hand side."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import narwhals as nw

from pedigree.base.names import UserError, did_you_mean

OPERATORS: dict[str, Callable[[Any, Any], nw.Expr]] = {
    ">=": ge,
    "<=": le,
    "==": eq,
    "!=": ne,
    ">": gt,
    "<": lt,
}
_RULE = re.compile(rf"\s*([a-z0-9_]+)\s*({'|'.join(OPERATORS)})\s*(\S(?:.*\S)?)\s*")


def parse_rule(rule: str) -> tuple[str, str, str | float | datetime]:
    """Parse a rule without executing anything in it.

    Returns
    -------
    left : str
        A column.
    operator : str
        One of `OPERATORS`.
    right : str, float or datetime
        A column, a number, or a date written as 2024-12-31.

    Raises
    ------
    ValueError
        The text is not a rule.

    Examples
    --------
    >>> parse_rule("ended_on >= started_on"), parse_rule("age <= 120")
    (('ended_on', '>=', 'started_on'), ('age', '<=', 120.0))
    """
    found = _RULE.fullmatch(rule)
    if not found:
        raise ValueError(
            f"'{rule}' is not a rule; write 'column operator column' (or a number, or a date such as "
            f"2024-12-31), the operator being one of {', '.join(OPERATORS)}"
        )
    left, operator, right = found.groups()
    if re.fullmatch(r"[a-z_][a-z0-9_]*", right):
        return left, operator, right
    for read in (float, lambda text: datetime.strptime(text, "%Y-%m-%d")):
        try:
            return left, operator, read(right)
        except ValueError:
            continue
    raise ValueError(f"'{right}' in '{rule}' is not a column, number or date such as 2024-12-31")


def rule_expression(frame: nw.DataFrame[Any], rule: str) -> tuple[nw.Expr, list[str]]:
    """Return a rule as an expression, and its columns.

    Returns
    -------
    valid : nw.Expr
        True where the rule holds or one of its values is missing.
    columns : list of str

    Raises
    ------
    UserError
        The rule cannot be parsed, names a missing column, or compares values of different types.
    """
    try:
        left, operator, right = parse_rule(rule)
    except ValueError as error:
        raise UserError(f"{error}.") from None
    names = [name for name in (left, right) if isinstance(name, str)]
    for name in names:
        if name not in frame.columns:
            raise UserError(
                f"column '{name}' is not in the data; {did_you_mean(name, frame.columns)}"
            )
    kinds = [_kind(frame.schema[name]) for name in names]
    if not isinstance(right, str):
        kinds.append("dates" if isinstance(right, datetime) else "numbers")
    ordered = kinds[0] in ("numbers", "dates")
    if kinds[0] != kinds[1] or not (ordered or operator in ("==", "!=")):
        raise UserError(f"rule '{rule}' compares {kinds[0]} with {kinds[1]}.")
    valid = OPERATORS[operator](
        nw.col(left), nw.col(right) if isinstance(right, str) else nw.lit(right)
    )
    for name in names:
        valid = valid | nw.col(name).is_null()
    return valid, names


def _kind(dtype: nw.dtypes.DType) -> str:
    if dtype.is_numeric():
        return "numbers"
    if dtype.is_temporal():
        return "dates"
    return "booleans" if dtype == nw.Boolean else "strings"
