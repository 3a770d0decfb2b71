"""The contract and later data: which rules the data violates, and a contract that the data would satisfy.

`load` rejects rows that violate their contract. Whether the rows or the contract are wrong is for a person to
decide; this package reports the violations (`violations`) and proposes a wider contract (`widen`).
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError
from pedigree.data.loading import enforce

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 3  # rows that are listed for each violation


@dataclass(frozen=True)
class Violation:
    """A rule of the contract that the data violates.

    Parameters
    ----------
    column : str
        Empty for a rule for the whole table.
    check : str
    count : int
        Number of values that violate it; 0 if the rule is not about values.
    first : list of str
        The first of them, with their row numbers.
    """

    column: str
    check: str
    count: int
    first: list[str]


def violations(rows: pd.DataFrame, contract: dict[str, Any]) -> list[Violation]:
    """List every rule that the rows violate, column by column.

    `load` reports only the first violation of each row; here a row counts once for each column in which
    it violates a rule.
    """
    found = []
    whole = {key: value for key, value in contract.items() if key not in ("strict", "unique")}
    for name, promise in contract["columns"].items():
        if name not in rows:
            if promise.get("required", True):
                found.append(Violation(name, "required", 0, []))
            continue
        alone = {**whole, "columns": {name: deepcopy(promise)}, "checks": None}
        types = {name: promise["dtype"]} if promise.get("dtype") else {}
        _, broken = enforce(rows[[name]], alone, types)
        for check, cases in broken.groupby("check", sort=False):
            first = cases["failure_case"].head(SHOWN).items()
            shown = [f"row {row + 1} has {value!r}" for row, value in first]
            found.append(Violation(name, str(check), len(cases), shown))
    known = {(one.column, one.check) for one in found}
    table = _of_the_table(rows, contract)
    return found + [one for one in table if (one.column, one.check) not in known]


def _of_the_table(rows: pd.DataFrame, contract: dict[str, Any]) -> list[Violation]:
    """Find the first violation of a rule for the whole table (strict, unique, checks)."""
    types = {
        name: promise["dtype"]
        for name, promise in contract["columns"].items()
        if name in rows and promise.get("dtype")
    }
    try:
        _, broken = enforce(rows, deepcopy(contract), types)
    except UserError as error:
        return [Violation("", str(error), 0, [])]
    return [
        Violation(str(column or ""), str(check), len(cases), [])
        for (column, check), cases in broken.groupby(["column", "check"], dropna=False)
    ]
