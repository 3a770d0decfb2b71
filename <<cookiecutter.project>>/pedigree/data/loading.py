"""Data loading: read the snapshot, name and type its columns, enforce the contract."""

from __future__ import annotations

import warnings
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError, counted, did_you_mean
from pedigree.data.contract_file import read_contract
from pedigree.data.engine import infer, retype
from pedigree.data.records import LoadMetrics
from pedigree.data.rules import rule_in_words
from pedigree.data.target import labels

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.data.settings import LoadProblem


@dataclass(frozen=True)
class Contract:
    """The schema that the data must follow.

    Parameters
    ----------
    path : str
        Path of its file.
    schema : dict
        The pandera schema in that file.

    Examples
    --------
    >>> from pedigree import Contract, Snapshot
    >>> contract = Contract.read("contracts/penguins.yaml")
    >>> rows = Snapshot.read().table()
    >>> typed, broken = contract.enforce(rows, contract.types(rows))
    >>> len(typed) == len(rows)
    True
    """

    path: str
    schema: dict[str, Any]

    @classmethod
    def read(cls, path: str) -> Contract:
        """Read a file of contracts/ (see `read_contract`)."""
        return cls(path, read_contract(Path(path)))

    def types(self, rows: pd.DataFrame) -> dict[str, str]:
        """Return each column's type (see `column_types`)."""
        return column_types(rows, self.schema)

    def enforce(
        self, rows: pd.DataFrame, types: dict[str, str]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Return the typed rows, and the first violation of each row that violates a rule (see `enforce`)."""
        return enforce(rows, self.schema, types)

    def check_target(self, rows: pd.DataFrame, problem: LoadProblem) -> None:
        """Raise an error if `problem.target` cannot be learned from the rows (see `check_target`)."""
        check_target(rows, problem)

    def metrics(
        self, *, rows: int, loaded: int, rejected: int, types: dict[str, str]
    ) -> LoadMetrics:
        """Return what metrics/load.json contains.

        Parameters
        ----------
        rows, loaded, rejected : int
            How many were read, how many are kept, and how many violate the contract.
        types : dict of str to str
            See `types`.
        """
        return LoadMetrics(rows=rows, loaded=loaded, rejected=rejected, types=types)

    def error_message(self, broken: pd.DataFrame, limit: int) -> str:
        """Return an error message with the violated rules, their counts and first rows."""
        return violation_message(broken, limit, self.path)


def column_types(rows: pd.DataFrame, contract: dict[str, Any]) -> dict[str, str]:
    """Return each column's type: that of the contract, else inferred from the values.

    Raises
    ------
    UserError
        A column that the contract requires is missing.
    """
    promised = contract["columns"]
    for name, column in promised.items():
        if name not in rows and column.get("required", True):
            raise UserError(
                f"column '{name}' of the contract is missing in the data; {did_you_mean(name, rows.columns)}"
            )
    return {name: (promised.get(name) or {}).get("dtype") or infer(rows[name]) for name in rows}


def enforce(
    rows: pd.DataFrame, contract: dict[str, Any], types: dict[str, str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Convert the rows to their types and validate them.

    Parameters
    ----------
    rows : DataFrame
        As read, with a unique index.
    contract : dict
        A pandera schema as returned by `read_contract`.
    types : dict of str to str
        Type of each column.

    Returns
    -------
    typed : DataFrame
        All rows; values that cannot be converted are missing.
    broken : DataFrame
        A row for each row that violates the contract (same index) with columns `reason`, `column`,
        `check` and `failure_case` of its first violation.

    Raises
    ------
    UserError
        The table as a whole violates the contract.
    """
    import pandas as pd

    typed, breaches = retype(rows, types)
    failures = [breaches]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pandera.errors import SchemaErrors
    schema = _schema(contract, typed)
    try:
        schema.validate(typed, lazy=True)
    except SchemaErrors as error:
        failures.append(error.failure_cases)
    cases = pd.concat([case for case in failures if len(case)] or [breaches], ignore_index=True)
    if cases["index"].isna().any():  # a violation of the table as a whole, not of a row
        first = cases[cases["index"].isna()].iloc[0]
        raise UserError(
            f"the data violates its contract: {first['check']}: {first['failure_case']}."
        )
    cases["reason"] = cases["column"].astype("str") + ": " + cases["check"].astype("str")
    # A value of the wrong type also fails later checks, so only the first violation of a row is kept.
    first = cases.drop_duplicates("index").set_index("index").sort_index()
    return typed, first[["reason", "column", "check", "failure_case"]].rename_axis(None)


def _schema(contract: dict[str, Any], names: Container[str]) -> Any:
    """Build pandera's schema of these columns; their types are enforced by `retype`, row by row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pandera.io.pandas_io import deserialize_schema
    columns = {
        name: {**column, "dtype": None, "coerce": False}
        for name, column in contract["columns"].items()
        if name in names
    }
    return deserialize_schema({**contract, "columns": columns})


def check_schema(contract: dict[str, Any]) -> None:
    """Check that a contract, such as that of a bundle, is a schema of pandera.

    Raises
    ------
    UserError
        It is none.
    """
    try:
        _schema(contract, contract["columns"])
    except Exception as error:  # pandera raises many kinds
        raise UserError(
            f"its contract is no schema of pandera ({type(error).__name__}: {error!s:.100})."
        ) from None


def violation_message(broken: pd.DataFrame, limit: int, contract: str) -> str:
    """Return an error message with the violated rules, their counts and first rows.

    Parameters
    ----------
    broken : DataFrame
        As returned by `enforce`.
    limit : int
        `load.max_rejected`.
    contract : str
        Path of the contract.

    Returns
    -------
    str
        Of several lines.
    """
    lines = [
        f"the contract {contract} is violated by {counted(len(broken), 'row')}, but load.max_rejected allows {limit:,}:"
    ]
    for _, rows in broken.groupby("reason", sort=True):
        shown = ", ".join(
            f"row {row + 1} has {value!r}" for row, value in rows["failure_case"].head(3).items()
        )
        rule = f"column {rows['column'].iloc[0]} {rule_in_words(str(rows['check'].iloc[0]))}"
        lines.append(f"  {rule}: {counted(len(rows), 'row')} ({shown})")
    lines.append(
        "Fix the data, widen the contract (`python -m pedigree contract update` shows how), or raise "
        "load.max_rejected in conf/load/."
    )
    return "\n".join(lines)


def check_target(rows: pd.DataFrame, problem: LoadProblem) -> None:
    """Raise an error if the target cannot be learned from the rows.

    Raises
    ------
    UserError
        The target is missing, empty, of one value, or does not fit the task.
    """
    target, task = problem.target, problem.task
    where = f"problem.target '{target}'"
    if target not in rows:
        raise UserError(f"{where} is not in the data; {did_you_mean(target, rows.columns)}")
    values = rows[target].dropna()
    classes = values.nunique()
    if values.empty:
        raise UserError(f"{where} has no value in any row.")
    if classes == 1:
        raise UserError(
            f"{where} is {values.tolist()[0]!r} in every row; at least two different values are required."
        )
    if task == "binary" and classes > 2:
        raise UserError(
            f"{where} has {classes} values, but problem.task is binary; use multiclass or regression."
        )
    if task == "regression" and values.dtype.kind not in "if":
        raise UserError(
            f"{where} is not numeric, but problem.task is regression; its first value is {values.tolist()[0]!r}."
        )
    if task != "regression" and values.value_counts().min() < 3:
        rare = labels(values).value_counts().idxmin()
        raise UserError(
            f"{where}: the class {rare!r} has fewer than 3 rows, one each for training, validation and test."
        )
    for key in ("group", "exclude", "time"):
        for name in (
            [problem.time] if key == "time" and problem.time else getattr(problem, key) or ()
        ):
            if name not in rows:
                raise UserError(
                    f"problem.{key}: column '{name}' is not in the data; {did_you_mean(name, rows.columns)}"
                )
