"""A read-only session with a database, with error messages without credentials."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError, did_you_mean
from pedigree.base.secrets.redaction import mask, redact

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

EXTRA = f"requires the packages of the extra 'sql'; {way_to_add('sql')}."
# First statements of a session: read-only, times in UTC, a timeout.
SESSION = {
    "sqlite": ("PRAGMA query_only = ON",),
    "postgresql": (
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "SET TIME ZONE 'UTC'",
        "SET statement_timeout = {milliseconds}",
    ),
    "mysql": ("SET SESSION TRANSACTION READ ONLY",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY",),
}


@contextmanager
def read_only_connection(url_env: str, timeout: float | None) -> Iterator[Connection]:
    """Open a read-only session; errors of the database are raised without credentials."""
    try:
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError:
        raise UserError(f"collect=sql {EXTRA}") from None
    url = _address(url_env)
    dialect = url.get_backend_name()
    engine = _engine(url)
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise UserError(
            f"cannot connect to the {dialect} database of ${url_env}: {_reason(error, url)}"
        ) from None
    try:
        for statement in SESSION.get(dialect, ()):
            milliseconds = math.ceil(1000 * (timeout or 0))  # 0: no limit
            connection.exec_driver_sql(statement.format(milliseconds=milliseconds))
        connection.commit()  # read-only mode begins with the next transaction
        yield connection
    except SQLAlchemyError as error:
        reason = _reason(error, url)
        way_out = f" collect.timeout is {timeout} seconds." if "timeout" in reason else ""
        raise UserError(
            f"the {dialect} database of ${url_env} reports: {reason}{way_out}"
        ) from None
    finally:
        connection.close()


def _address(url_env: str) -> URL:
    """Read the URL from its environment variable."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    form = "dialect://user:password@host/database"
    if not re.fullmatch(r"[A-Za-z_]\w*", url_env):  # may be the URL itself, so it is not shown
        raise UserError(
            "collect.url_env must be the name of an environment variable, such as DATABASE_URL, not its value."
        )
    value = os.environ.get(url_env, "").strip()
    if not value:
        raise UserError(
            f"collect.url_env: the environment variable {url_env} is not set; set it to {form}."
        )
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # the message can contain a part of the password
        raise UserError(
            f"collect.url_env: the value of {url_env} is not a URL of the form {form} "
            "(special characters in a password are written as %40 for @, %2F for /)."
        ) from None
    if url.drivername in ("postgres", "postgresql"):  # SQLAlchemy 2.0 defaults to an older driver
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and not (url.database or "").startswith("file:"):
        file = Path(url.database or ":memory:")
        if not file.is_file():  # SQLite would create it
            existing = [one.name for one in file.parent.glob("*") if one.is_file()]
            raise UserError(
                f"collect.url_env: the file {file.name} of {url_env} does not exist; {did_you_mean(file.name, existing)}"
            )
    return url


def _engine(url: URL) -> Engine:
    """Find the dialect and its driver."""
    from sqlalchemy import create_engine
    from sqlalchemy.exc import NoSuchModuleError
    from sqlalchemy.pool import NullPool

    try:
        return create_engine(url, poolclass=NullPool)
    except NoSuchModuleError:
        raise UserError(
            f"SQLAlchemy has no dialect '{url.drivername}'; install the package that provides it, or fix the URL."
        ) from None
    except ImportError as error:
        if url.get_backend_name() == "postgresql":
            raise UserError(f"collect=sql with a {url.drivername} URL {EXTRA}") from None
        raise UserError(
            f"collect=sql with a {url.drivername} URL requires the driver '{error.name}', which is not installed; "
            f"run `uv pip install {error.name}` or `pip install {error.name}`."
        ) from None


def _reason(error: Exception, url: URL) -> str:
    """Return the database's message in one line, without credentials."""
    own = str(getattr(error, "orig", None) or error)
    # The copy of the statement is left out, since it contains the parameters.
    lines = (line.strip() for line in own.splitlines())
    left_out = re.compile(r"LINE \d+:|\^|\[SQL|\[param|\(Background|$")
    text = " ".join(line for line in lines if not left_out.match(line))
    hidden = [url.username, url.password]
    for key, value in url.query.items():
        if re.search("user|pass|pwd|secret|token|key|connect", key, re.IGNORECASE):
            hidden += [value] if isinstance(value, str) else value
    return redact(mask(text, filter(None, hidden))).rstrip(".") + "."
