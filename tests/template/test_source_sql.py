"""`collect=sql` on a real PostgreSQL: Debian's package, started here in a folder of its own."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pyarrow as pa
import pytest
from pyarrow import parquet
from template.projects import TREE

from pedigree.base.names import UserError
from pedigree.collecting import sql

pytestmark = pytest.mark.tools

PASSWORD = "p@ss/wörd: 100%"  # each of these needs an escape in a URL
TABLES = """
CREATE TYPE plan AS ENUM ('basic', 'pro');
CREATE TABLE visits (
    customer int, day date, at timestamptz, clock timestamp, paid numeric(10, 2), active boolean,
    plan plan, page jsonb, raw json, hash bytea, id uuid, tags text[], address inet,
    stayed interval, opened time, weight real, total bigint, missing text,
    PRIMARY KEY (day, customer)
);
INSERT INTO visits VALUES
    (2, '2024-02-29', '2024-02-29 12:00+02', '2024-02-29 12:00', 12.50, true, 'pro',
     '{"b": [1, null]}', '{"a": 0.1}', '\\x00ff', '0e37df36-f698-11e6-8dd4-cb9ced3df976',
     '{a,"ö, b"}', '10.0.0.1', '1 day 01:00', '08:30', 0.5, 9007199254740993, NULL),
    (3, '2023-01-01', '2023-01-01 00:00+00', '2023-01-01 00:00', 'NaN', false, 'basic',
     '"text"', NULL, '', NULL, '{}', NULL, NULL, NULL, NULL, NULL, NULL),
    (1, '2024-02-29', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL);
CREATE TABLE notes (note text, page json);
INSERT INTO notes VALUES ('b', '{}'), ('a', '[2]'), ('a', '[1]'), (NULL, NULL);
CREATE MATERIALIZED VIEW days AS SELECT day, count(*) AS visits FROM visits GROUP BY day;
CREATE SCHEMA archive;
CREATE TABLE archive.visits (customer int PRIMARY KEY);
INSERT INTO archive.visits VALUES (7), (5);
CREATE SEQUENCE tickets;
CREATE TABLE wages (customer int);
CREATE ROLE reader LOGIN PASSWORD 'p@ss/wörd: 100%';
GRANT SELECT ON visits TO reader;
"""
Take = Callable[..., tuple[pa.Table, dict[str, Any]]]


def programs() -> Path | None:
    """Return the folder with PostgreSQL's programs: of Debian's newest version, or on PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: one.parts[4])
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def server() -> Iterator[Path]:
    """Start a PostgreSQL server; return the folder of its socket."""
    binaries = programs()
    if not binaries:
        reason = "PostgreSQL's programs are not installed: apt-get install postgresql"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="pedigree-postgresql-"))
    other: dict[str, Any] = {}
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        other = {"user": "postgres", "group": "postgres", "extra_groups": []}
        shutil.chown(folder, "postgres", "postgres")

    def run(program: str, *arguments: str) -> None:
        with (folder / "output.txt").open("a") as output:
            done = subprocess.run(
                [binaries / program, "-D", folder / "data", *arguments],
                cwd=folder, stdout=output, stderr=output, check=False, **other,
            )  # fmt: skip
        assert done.returncode == 0, (folder / "output.txt").read_text()

    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    access = ("--username=owner", f"--pwfile={password}", "--auth=scram-sha-256")
    try:
        run("initdb", *access, "--locale=C.UTF-8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c timezone=Asia/Tokyo"
        run("pg_ctl", "-w", "-o", options, "start")
        try:
            with psycopg.connect(
                host=str(folder), user="owner", password=PASSWORD, dbname="postgres"
            ) as connection:
                connection.execute(TABLES)
            yield folder
        finally:
            run("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def url(server: Path, user: str = "owner", password: str = PASSWORD, name: str = "postgres") -> str:
    return f"postgresql://{user}:{quote(password, safe='')}@/{name}?host={quote(str(server))}"


@pytest.fixture
def database(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url(server))


@pytest.fixture
def take(database: None, tmp_path: Path) -> Take:
    """Return a function that collects from the database, and gives the rows and the account."""

    def collect(**settings: Any) -> tuple[pa.Table, dict[str, Any]]:
        folder = tmp_path / f"snapshot-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        said = sql.collect(folder, "DATABASE_URL", **settings)
        parts = [parquet.read_table(file) for file in sorted(folder.iterdir())]
        return pa.concat_tables(parts, promote_options="permissive"), said

    return collect


# --- values --------------------------------------------------------------------------------------


def test_values_of_every_type_keep_their_meaning(take: Take) -> None:
    rows, _ = take(table="visits")
    first, empty, last = rows.to_pylist()
    assert set(empty.values()) == {None, 1, dt.date(2024, 2, 29)}
    assert last == {
        "customer": 2,
        "day": dt.date(2024, 2, 29),
        "at": dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC),
        "clock": dt.datetime(2024, 2, 29, 12),
        "paid": 12.5,
        "active": True,
        "plan": "pro",
        "page": '{"b": [1, null]}',
        "raw": '{"a": 0.1}',
        "hash": "00ff",
        "id": "0e37df36-f698-11e6-8dd4-cb9ced3df976",
        "tags": '["a", "ö, b"]',
        "address": "10.0.0.1",
        "stayed": dt.timedelta(days=1, hours=1),
        "opened": "08:30:00",
        "weight": 0.5,
        "total": 9007199254740993,
        "missing": None,
    }
    assert (first["hash"], first["tags"], first["paid"] != first["paid"]) == ("", "[]", True)


def test_types_do_not_depend_on_the_chunk(take: Take) -> None:
    whole, _ = take(table="visits")
    single, _ = take(table="visits", chunk=1)
    assert single.schema == whole.schema
    assert single.drop_columns("paid") == whole.drop_columns("paid")  # it holds a NaN


def test_a_value_that_python_has_no_word_for_is_said_to_be_one(take: Take) -> None:
    with pytest.raises(UserError, match=r"database of \$DATABASE_URL reports: date too"):
        take(query="SELECT 'infinity'::date AS day")


# --- tables --------------------------------------------------------------------------------------


def test_a_table_is_read_in_the_order_of_its_primary_key(take: Take) -> None:
    rows, said = take(table="visits")
    assert rows["customer"].to_pylist() == [3, 1, 2]
    assert said["ordered_by"] == ["day", "customer"]


def test_a_table_without_a_key_is_ordered_even_by_json(take: Take) -> None:
    rows, said = take(table="notes")
    assert [tuple(row.values()) for row in rows.to_pylist()] == [
        ("a", "[1]"),
        ("a", "[2]"),
        ("b", "{}"),
        (None, None),
    ]
    assert said["ordered_by"] == ["note", "page"]


def test_a_table_of_another_schema_and_a_materialized_view_are_read(take: Take) -> None:
    assert take(table="visits", schema="archive")[0]["customer"].to_pylist() == [5, 7]
    assert take(table="days")[0]["visits"].to_pylist() == [1, 2]


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"table": "vists"}, "collect.table: 'vists' does not exist; did you mean 'visits'?"),
        ({"table": "visit", "schema": "archive"}, "did you mean 'visits'?"),
        (
            {"table": "visits", "schema": "archiv"},
            "'archiv' does not exist; did you mean 'archive'?",
        ),
        ({"query": "SELECT * FROM vists"}, 'reports: relation "vists" does not exist.'),
        ({"query": "SELECT custmer FROM visits"}, "HINT:  Perhaps you meant to reference"),
        ({"query": "SELECT FROM WHERE"}, 'syntax error at or near "WHERE".'),
        ({"query": "SELECT 1 / 0"}, "division by zero."),
    ],
)
def test_mistakes_are_said_in_one_line(take: Take, settings: dict[str, Any], what: str) -> None:
    with pytest.raises(UserError) as refusal:
        take(**settings)
    assert what in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "LINE 1" not in str(refusal.value)


# --- queries -------------------------------------------------------------------------------------


def test_a_parameter_is_compared_as_what_it_stands_beside(take: Take) -> None:
    """A date of the settings is a text; PostgreSQL would not compare a date with one."""
    rows, said = take(
        query="SELECT customer, :one::int + 1 AS two FROM visits "
        "WHERE day < :until AND plan IN :plans AND active = :active",
        parameters={"until": "2024-01-01", "plans": ["basic", "pro"], "active": False, "one": "1"},
    )
    assert rows.to_pylist() == [{"customer": 3, "two": 2}]
    assert said["parameters"]["until"] == "2024-01-01"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT '100 % :x; ''' || 1::text AS a",
        "SELECT E'100 % :x; \\'' || 1 AS a",
        "SELECT $q$100 % :x; '$q$ || 1 AS a; -- ; and that is all",
        "(SELECT '100 % :x; ''1' AS a) /* ;\n:y */",
    ],
)
def test_a_query_is_passed_on_as_it_is_written(take: Take, query: str) -> None:
    assert take(query=query)[0]["a"].to_pylist() == ["100 % :x; '1"]


def test_rows_are_fetched_through_a_cursor_of_the_server(take: Take) -> None:
    rows, _ = take(query="SELECT statement FROM pg_cursors")
    assert "pg_cursors" in rows["statement"][0].as_py()
    with_parameters, _ = take(
        query="SELECT statement FROM pg_cursors WHERE statement LIKE :like",
        parameters={"like": "DECLARE %"},
    )
    assert with_parameters.num_rows == 1


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(database: None, tmp_path: Path) -> None:
    """In parts of 50,000 rows, a million rows take hardly more than 100,000."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from pedigree.collecting import sql\n"
        "sql.ROWS_PER_PART = 50_000\n"
        "folder = Path(sys.argv[1]); folder.mkdir()\n"
        "query = f'SELECT i, i / 2.0 AS half, md5(i::text) AS name FROM generate_series(1, {sys.argv[2]}) i'\n"
        "sql.collect(folder, 'DATABASE_URL', query=query)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(rows: int) -> int:
        command = [sys.executable, "-c", program, str(tmp_path / str(rows)), str(rows)]
        done = subprocess.run(command, cwd=TREE, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert peak(1_000_000) < 1.25 * peak(100_000)


# --- safety --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "SELECT nextval('tickets')",
        "WITH gone AS (DELETE FROM notes RETURNING *) SELECT * FROM gone",
        "SELECT * INTO copied FROM notes",
        "SELECT note FROM notes FOR UPDATE",
    ],
)
def test_a_query_cannot_write(take: Take, query: str) -> None:
    with pytest.raises(
        UserError, match=r"read-only transaction|DECLARE CURSOR|data-modifying|INTO"
    ):
        take(query=query)
    assert take(table="notes")[0].num_rows == 4


def test_a_query_that_takes_too_long_is_ended(take: Take) -> None:
    with pytest.raises(UserError, match=r"statement timeout\. collect\.timeout is 0\.2 seconds"):
        take(query="SELECT pg_sleep(60)", timeout=0.2)


def test_a_connection_that_breaks_midway_is_said_to_have_broken(take: Take) -> None:
    query = (
        "SELECT i, CASE WHEN i = 25000 THEN pg_terminate_backend(pg_backend_pid()) END AS b "
        "FROM generate_series(1, 50000) AS i"
    )
    with pytest.raises(UserError, match="terminating connection"):
        take(query=query)


def test_the_account_shows_neither_user_nor_password_nor_host(take: Take, server: Path) -> None:
    _, said = take(table="days")
    assert said == {
        "kind": "sql",
        "dialect": "postgresql",
        "database": "postgres",
        "table": "days",
        "schema": None,
        "ordered_by": ["day", "visits"],
    }
    assert str(server) not in json.dumps(said)


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ({"password": "wr0ng%pass"}, "password authentication failed for user"),
        ({"user": "nobody"}, "password authentication failed for user"),
        ({"name": "shop"}, 'database "shop" does not exist'),
        ({"server": Path("/nowhere")}, "No such file or directory"),
    ],
)
def test_what_hinders_a_connection_is_said_without_credentials(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: dict, what: str
) -> None:
    parts = {"server": server, "user": "owner", "password": PASSWORD} | parts
    monkeypatch.setenv("DATABASE_URL", url(**parts))
    with pytest.raises(UserError, match="cannot connect to the postgresql database") as refusal:
        sql.collect(tmp_path, "DATABASE_URL", table="visits")
    message = str(refusal.value)
    assert what in message
    for secret in (parts["user"], parts["password"], quote(parts["password"], safe="")):
        assert secret not in message
    assert not refusal.value.__cause__
    assert refusal.value.__suppress_context__


def test_a_user_without_the_right_to_read_is_told_so(
    server: Path, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", url(server, user="reader"))
    assert take(table="visits")[0].num_rows == 3
    with pytest.raises(UserError, match=r"permission denied for table wages\."):
        take(table="wages")


def test_collecting_twice_gives_the_same_bytes(database: None, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sql.collect(tmp_path / name, "DATABASE_URL", table="visits", chunk=2)
    assert [file.read_bytes() for file in sorted((tmp_path / "one").iterdir())] == [
        file.read_bytes() for file in sorted((tmp_path / "two").iterdir())
    ]
