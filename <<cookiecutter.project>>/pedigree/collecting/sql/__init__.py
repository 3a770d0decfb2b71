"""Source: a query or table of a database, read with SQLAlchemy in chunks of constant memory."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pedigree.base.names import UserError, did_you_mean
from pedigree.collecting.parts import ROWS_PER_PART, write_parts
from pedigree.collecting.sql.connection import read_only_connection
from pedigree.collecting.sql.values import merged_types, to_arrow

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Executable, Select, TextClause

VALUES_PER_PART = 20_000_000  # files of wide tables have fewer rows

# Strings, quoted names and comments: a semicolon in them does not end the statement.
_QUOTED = re.compile(
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
    """Collect the rows of a query or a table as Parquet files.

    A table is read in the order of its primary key, or of all columns if it has none. A query needs an
    ORDER BY: without one the order of rows is undefined, and two snapshots of the same rows can differ.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    url_env : str
        Name of the environment variable with the SQLAlchemy URL of the database.
    query : str, optional
        One statement that begins with SELECT or WITH; exclusive with `table`.
    table : str, optional
        Name of a table or view.
    schema : str, optional
        Schema of the table; None = the default schema of the database.
    parameters : mapping, optional
        Values of `:name` in the query; a list expands to several values, for IN.
    timeout : float, optional
        Seconds that a statement may take, for PostgreSQL.
    chunk : int
        Rows that are fetched at a time.

    Returns
    -------
    dict
        SQL dialect, database and query or table, but neither host nor user.

    Raises
    ------
    UserError
        The settings are invalid, a driver is missing, or the database reports an error.
    """
    if bool(query) == bool(table):
        raise UserError("set exactly one of collect.query and collect.table; the other is null.")
    if chunk < 1:
        raise UserError(f"collect.chunk is {chunk}; set it to at least 1.")
    given = dict(parameters or {})
    if query:
        _refuse_other_statements(query)
    elif given:
        raise UserError("collect.parameters require collect.query, but collect.table is set.")
    with read_only_connection(url_env, timeout) as connection:
        url = connection.engine.url
        account: dict[str, Any] = {"kind": "sql", "dialect": url.get_backend_name()}
        # Only the name of a file, since its folder differs between machines.
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
    """Raise an error unless the query is a single SELECT."""
    bare = _QUOTED.sub(" ", query).strip().removesuffix(";").strip()
    if not re.match(r"[\s(]*(select|with)\b", bare, re.IGNORECASE):
        first = bare.split(maxsplit=1)[0] if bare else ""
        raise UserError(f"collect.query must begin with SELECT or WITH; it begins with '{first}'.")
    if ";" in bare:
        raise UserError("collect.query has more than one statement; keep only the SELECT.")


def _bound(query: str, given: Mapping[str, Any]) -> TextClause:
    """Bind the parameters by name."""
    from sqlalchemy import bindparam, text
    from sqlalchemy.types import NullType

    # SQLAlchemy also finds names in strings and comments, and misses the name in `:name::date`.
    query = _QUOTED.sub(lambda apart: apart[0].replace(":", r"\:"), query)
    clause = text(re.sub(r"(?<![:\w\\]):(\w+)(?=::)", r"(:\1)", query))
    required = set(clause.compile().params)
    for name in sorted(required - set(given)):
        raise UserError(f"collect.query requires ':{name}'; set it in collect.parameters.")
    for name in sorted(set(given) - required):
        raise UserError(
            f"collect.parameters: collect.query has no ':{name}'; {did_you_mean(name, required)}"
        )
    # Without a type of SQLAlchemy, the database compares a string with a date as a date.
    bound = (
        bindparam(name, value, NullType(), expanding=isinstance(value, list))
        for name, value in given.items()
    )
    return clause.bindparams(*bound)


def _ordered(
    connection: Connection, table: str, schema: str | None
) -> tuple[Select[Any], list[str]]:
    """Return a SELECT of a table in the order of its primary key, and the key's columns."""
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    if schema and schema not in (known := inspector.get_schema_names()):
        raise UserError(f"collect.schema: '{schema}' does not exist; {did_you_mean(schema, known)}")
    if not inspector.has_table(table, schema):
        known = [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]
        raise UserError(f"collect.table: '{table}' does not exist; {did_you_mean(table, known)}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about types that SQLAlchemy does not support
        columns = {one["name"]: one["type"] for one in inspector.get_columns(table, schema)}
    # Columns without types: values are as the driver returns them, so that an invalid date (which
    # SQLite allows) is collected as a string.
    source = sa.table(table, *(sa.column(name) for name in columns), schema=schema)
    order = inspector.get_pk_constraint(table, schema)["constrained_columns"] or list(columns)
    keys = [
        sa.cast(source.c[name], sa.Text) if isinstance(columns[name], sa.JSON) else source.c[name]
        for name in order
    ]
    return sa.select(source).order_by(*keys), order


def _write(result: CursorResult[Any], folder: Path, chunk: int) -> None:
    """Write the rows of a cursor as Parquet files."""
    from tqdm import tqdm

    names = list(result.keys())
    for name in names:
        if names.count(name) > 1:
            raise UserError(
                f"collect.query returns two columns named '{name}'; rename one with AS."
            )
    rows = min(ROWS_PER_PART, VALUES_PER_PART // len(names)) // chunk * chunk or chunk

    def tables() -> Iterator[pa.Table]:
        with tqdm(desc="sql", unit=" rows", disable=None, leave=False) as progress:
            for some in result.partitions(chunk):
                yield pa.table([to_arrow(values) for values in zip(*some, strict=True)], names)
                progress.update(len(some))

    write_parts(merged_types(tables(), rows), folder, rows)
