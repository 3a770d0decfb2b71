"""Databases: a query or a table, through SQLAlchemy, read in chunks so that memory stays flat."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pedigree.base.names import UserError, did_you_mean
from pedigree.collecting.parts import ROWS_PER_PART, write_parts
from pedigree.collecting.sql.connection import connected
from pedigree.collecting.sql.values import joined, to_arrow

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Executable, Select, TextClause

VALUES_PER_PART = 20_000_000  # a wide table makes parts of fewer rows

# Texts, quoted names and comments: a semicolon in them ends no statement.
_APART = re.compile(
    r"""[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*`
    | \$(\w*)\$.*?\$\1\$ | --[^\n]* | /\*.*?\*/""",
    re.DOTALL | re.VERBOSE,
)


def collect(
    folder: Path,
    url_env: str,
    query: str | None = None,
    table: str | None = None,
    schema: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    timeout: float | None = None,
    chunk: int = 10_000,
) -> dict[str, Any]:
    """Collect the rows of a query or a table as Parquet parts.

    A table is read in the order of its primary key, or of all its columns where it has none. A query
    needs an ORDER BY of its own: without one a database returns rows as it likes, and two snapshots
    of the same rows differ.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    url_env : str
        Name of the environment variable that holds the SQLAlchemy URL of the database.
    query : str, optional
        One statement that begins with SELECT or WITH. Either this or `table` is given.
    table : str, optional
        Name of a table or view.
    schema : str, optional
        Schema of the table, where it is not the database's default one.
    parameters : mapping, optional
        Values that stand for `:name` in the query; a list stands for several, after IN.
    timeout : float, optional
        Seconds that one request to a PostgreSQL server may take.
    chunk : int
        Rows that are fetched at a time.

    Returns
    -------
    dict
        Dialect, database and query or table; neither host nor user.

    Raises
    ------
    UserError
        The settings, the database or its driver do not allow it.
    """
    if bool(query) == bool(table):
        raise UserError("give either collect.query or collect.table, one of them and not both.")
    if chunk < 1:
        raise UserError(f"collect.chunk is {chunk}; at least one row is fetched at a time.")
    given = dict(parameters or {})
    if query:
        _refuse_other_statements(query)
    elif given:
        raise UserError("collect.parameters are for a query, and collect.table is given.")
    with connected(url_env, timeout) as connection:
        url = connection.engine.url
        account: dict[str, Any] = {"kind": "sql", "dialect": url.get_backend_name()}
        # Of a file, its name alone: where it lies differs from machine to machine.
        account["database"] = Path(url.database or "").name
        statement: Executable
        if query:
            statement = _bound(query, given)
            account |= {"query": query, "parameters": given}
        else:
            statement, order = _ordered(connection, str(table), schema)
            account |= {"table": table, "schema": schema, "ordered_by": order}
        _write(connection.execution_options(yield_per=chunk).execute(statement), folder, chunk)
    return account


collect.needs = ("sqlalchemy",)  # type: ignore[attr-defined]


def _refuse_other_statements(query: str) -> None:
    """Refuse what is not one statement that reads."""
    bare = _APART.sub(" ", query).strip().removesuffix(";").strip()
    if not re.match(r"[\s(]*(select|with)\b", bare, re.IGNORECASE):
        first = bare.split(maxsplit=1)[0] if bare else ""
        raise UserError(f"collect.query must begin with SELECT or WITH; it begins with '{first}'.")
    if ";" in bare:
        raise UserError("collect.query holds more than one statement; give the one that reads.")


def _bound(query: str, given: Mapping[str, Any]) -> TextClause:
    """Bind the parameters by their names."""
    from sqlalchemy import bindparam, text
    from sqlalchemy.types import NullType

    # To SQLAlchemy, a colon in a text or comment begins a name too, and that of `:name::date` is cut.
    query = _APART.sub(lambda apart: apart[0].replace(":", r"\:"), query)
    clause = text(re.sub(r"(?<![:\w\\]):(\w+)(?=::)", r"(:\1)", query))
    asked = set(clause.compile().params)
    for name in sorted(asked - set(given)):
        raise UserError(f"collect.query asks for ':{name}'; give its value in collect.parameters.")
    for name in sorted(set(given) - asked):
        raise UserError(
            f"collect.parameters: collect.query has no ':{name}'; {did_you_mean(name, asked)}"
        )
    # Without a type of SQLAlchemy's own, the database compares a text with a date as a date.
    bound = (
        bindparam(name, value, NullType(), expanding=isinstance(value, list))
        for name, value in given.items()
    )
    return clause.bindparams(*bound)


def _ordered(
    connection: Connection, table: str, schema: str | None
) -> tuple[Select[Any], list[str]]:
    """Select a table in the order of its primary key, and name that."""
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    if schema and schema not in (known := inspector.get_schema_names()):
        raise UserError(f"collect.schema: there is no '{schema}'; {did_you_mean(schema, known)}")
    if not inspector.has_table(table, schema):
        known = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        raise UserError(f"collect.table: there is no '{table}'; {did_you_mean(table, known)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that SQLAlchemy has no name for
        columns = {one["name"]: one["type"] for one in inspector.get_columns(table, schema)}
    # Columns without their types: values come as the driver gives them, and a date that is none
    # (SQLite allows it) is collected like any other text.
    source = sa.table(table, *(sa.column(name) for name in columns), schema=schema)
    order = inspector.get_pk_constraint(table, schema)["constrained_columns"] or list(columns)
    keys = [
        sa.cast(source.c[name], sa.Text) if isinstance(columns[name], sa.JSON) else source.c[name]
        for name in order
    ]
    return sa.select(source).order_by(*keys), order


def _write(result: CursorResult[Any], folder: Path, chunk: int) -> None:
    """Write what a cursor yields as Parquet parts."""
    from tqdm import tqdm

    names = list(result.keys())
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"collect.query returns two columns called '{name}'; tell them apart with AS."
            )
    rows = min(ROWS_PER_PART, VALUES_PER_PART // len(names)) // chunk * chunk or chunk

    def tables() -> Iterator[pa.Table]:
        with tqdm(desc="sql", unit=" rows", disable=None, leave=False) as progress:
            for some in result.partitions(chunk):
                yield pa.table([to_arrow(values) for values in zip(*some, strict=True)], names)
                progress.update(len(some))

    write_parts(joined(tables(), rows), folder, rows)
