"""A session with a database that cannot write, and whose messages hold no credentials."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pedigree.base.extras import way_to_add
from pedigree.base.names import UserError, did_you_mean

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

EXTRA = f"needs the packages of the extra 'sql'; {way_to_add('sql')}."
# What a session begins with: nothing is written, times are in UTC, no request takes forever.
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
def connected(url_env: str, timeout: float | None) -> Iterator[Connection]:
    """Open a session that cannot write; whatever the database says comes without credentials."""
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
        connection.commit()  # the next transaction is the first that cannot write
        yield connection
    except SQLAlchemyError as error:
        reason = _reason(error, url)
        way_out = f" collect.timeout is {timeout} seconds." if "timeout" in reason else ""
        raise UserError(f"the {dialect} database of ${url_env} says: {reason}{way_out}") from None
    finally:
        connection.close()


def _address(url_env: str) -> URL:
    """Read the URL from its environment variable."""
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    form = "dialect://user:password@host/database"
    if not re.fullmatch(r"[A-Za-z_]\w*", url_env):  # it may be the URL itself: it is not repeated
        raise UserError(
            "collect.url_env must be the name of an environment variable, such as DATABASE_URL, and not its value."
        )
    value = os.environ.get(url_env, "").strip()
    if not value:
        raise UserError(
            f"collect.url_env: the environment variable {url_env} is not set; set it to {form}."
        )
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):  # their message may hold a part of the password
        raise UserError(
            f"collect.url_env: the value of {url_env} is not a URL of the form {form} "
            "(special characters in a password are written as %40 for @, %2F for /)."
        ) from None
    if url.drivername in ("postgres", "postgresql"):  # SQLAlchemy 2.0 would take an older driver
        url = url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() == "sqlite" and not (url.database or "").startswith("file:"):
        file = Path(url.database or ":memory:")
        if not file.is_file():  # SQLite would make it
            there = [one.name for one in file.parent.glob("*") if one.is_file()]
            raise UserError(
                f"collect.url_env: there is no file {file.name} where {url_env} says; {did_you_mean(file.name, there)}"
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
            f"SQLAlchemy knows no dialect '{url.drivername}'; install the package that brings it, or fix the URL."
        ) from None
    except ImportError as error:
        if url.get_backend_name() == "postgresql":
            raise UserError(f"collect=sql with a {url.drivername} URL {EXTRA}") from None
        raise UserError(
            f"collect=sql with a {url.drivername} URL needs the driver '{error.name}', which is not installed; "
            f"run `uv pip install {error.name}` or `pip install {error.name}`."
        ) from None


def _reason(error: Exception, url: URL) -> str:
    """Return the database's own words in one line, without credentials."""
    own = str(getattr(error, "orig", None) or error)
    # A copy of the statement helps nobody who wrote it, and would show the parameters.
    said = (line.strip() for line in own.splitlines())
    left_out = re.compile(r"LINE \d+:|\^|\[SQL|\[param|\(Background|$")
    text = " ".join(line for line in said if not left_out.match(line))
    hidden = [url.username, url.password, quote(url.password or "")]
    for key, value in url.query.items():
        if re.search("user|pass|pwd|secret|token|key|connect", key, re.IGNORECASE):
            hidden += [value] if isinstance(value, str) else value
    for secret in filter(None, hidden):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", "***", text)
    return text.rstrip(".") + "."
