import datetime as dt
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import ROOT, Project
from pyarrow import parquet

from pedigree.base.names import UserError
from pedigree.collecting import sql
from pedigree.collecting.sql.values import merged_types, to_arrow

COUNT = """
WITH RECURSIVE numbers(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < :rows)
SELECT i, i * 0.5 AS half, 'customer ' || i AS name FROM numbers ORDER BY i
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a SQLite database of customers, named by the environment variable SHOP_URL."""
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as database:
        database.executescript(
            """
            CREATE TABLE customers (
                id INTEGER PRIMARY KEY, name TEXT, merged_types DATE, balance NUMERIC, photo BLOB, note TEXT
            );
            INSERT INTO customers VALUES
                (3, 'Zoë: 100 % :sure', '2024-02-29', 12.5, x'00ff', NULL),
                (1, 'it''s; DELETE', '2023-01-01', 7, NULL, NULL),
                (2, NULL, 'yesterday', -0.25, x'', NULL);
            CREATE VIEW solvent AS SELECT * FROM customers WHERE balance > 0;
            CREATE TABLE visits (customer, page);
            INSERT INTO visits VALUES (2, 'b'), (1, 'z'), (2, 'a');
            """
        )
    monkeypatch.setenv("SHOP_URL", f"sqlite:///{file}")
    return file


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., tuple[pa.Table, dict[str, Any]]]:
    """Return a function that collects from a database, and gives the rows and the account."""

    def collect(**settings: Any) -> tuple[pa.Table, dict[str, Any]]:
        folder = tmp_path / f"snapshot-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        said = sql.collect(folder, **{"url_env": "SHOP_URL"} | settings)
        json.dumps(said)
        files = sorted(folder.iterdir())
        parts = [parquet.read_table(file) for file in files]
        return pa.concat_tables(parts, promote_options="permissive"), said

    return collect


Take = Callable[..., tuple[pa.Table, dict[str, Any]]]


# --- tables and queries --------------------------------------------------------------------------


def test_a_table_is_read_in_the_order_of_its_primary_key(shop: Path, take: Take) -> None:
    rows, said = take(table="customers")
    assert rows["id"].to_pylist() == [1, 2, 3]
    assert rows["name"].to_pylist() == ["it's; DELETE", None, "Zoë: 100 % :sure"]
    assert rows["merged_types"].to_pylist() == ["2023-01-01", "yesterday", "2024-02-29"]
    assert rows["balance"].to_pylist() == [7, -0.25, 12.5]
    assert rows["photo"].to_pylist() == [None, "", "00ff"]
    assert rows["note"].to_pylist() == [None, None, None]
    assert said["ordered_by"] == ["id"]


def test_a_table_without_a_key_is_read_in_the_order_of_all_columns(shop: Path, take: Take) -> None:
    rows, said = take(table="visits")
    assert rows.to_pylist() == [
        {"customer": 1, "page": "z"},
        {"customer": 2, "page": "a"},
        {"customer": 2, "page": "b"},
    ]
    assert said["ordered_by"] == ["customer", "page"]


def test_a_view_is_read_like_a_table(shop: Path, take: Take) -> None:
    assert take(table="solvent")[0]["id"].to_pylist() == [1, 3]


def test_a_query_returns_its_own_columns_in_its_own_order(shop: Path, take: Take) -> None:
    rows, _ = take(query="SELECT upper(name) AS loud, id FROM customers ORDER BY id DESC")
    assert rows.column_names == ["loud", "id"]
    assert rows["id"].to_pylist() == [3, 2, 1]


def test_parameters_are_bound_by_their_names(shop: Path, take: Take) -> None:
    """So a date of the settings decides which rows there are, and no quote in a value does harm."""
    rows, _ = take(
        query="SELECT id FROM customers WHERE merged_types < :until AND name = :name",
        parameters={"until": "2024-01-01", "name": "it's; DELETE"},
    )
    assert rows["id"].to_pylist() == [1]


def test_a_list_stands_for_several_values(shop: Path, take: Take) -> None:
    query = "SELECT id FROM customers WHERE id IN :ids ORDER BY id"
    assert take(query=query, parameters={"ids": [3, 1]})[0]["id"].to_pylist() == [1, 3]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT name FROM customers WHERE name LIKE '%100 % :sure%'",
        "SELECT name FROM customers WHERE name LIKE 'Zo%' -- :what; DROP TABLE customers\n;",
        "/* of ; all */ \nSELECT name FROM customers WHERE id = 3 ;\n",
        "with some as (select * from customers) select name from some where id = 3",
    ],
)
def test_colons_semicolons_and_percents_in_texts_and_comments_mean_nothing(
    shop: Path, take: Take, query: str
) -> None:
    assert take(query=query)[0]["name"].to_pylist() == ["Zoë: 100 % :sure"]


def test_a_colon_in_a_text_names_no_parameter_even_beside_some(shop: Path, take: Take) -> None:
    query = "SELECT :a || ' :a:a ::a C:\\:a' AS \"x:a\", -- :a\n '%' || :b AS b"
    rows, _ = take(query=query, parameters={"a": "1", "b": "%s"})
    assert rows.to_pylist() == [{"x:a": r"1 :a:a ::a C:\:a", "b": "%%s"}]


def test_the_account_says_what_was_asked_and_not_where_the_database_lies(
    shop: Path, take: Take
) -> None:
    query = "SELECT id FROM customers WHERE id > :least ORDER BY id"
    _, said = take(query=query, parameters={"least": 1})
    assert said == {
        "kind": "sql",
        "dialect": "sqlite",
        "database": "shop.db",
        "query": query,
        "parameters": {"least": 1},
    }


def test_collecting_twice_gives_the_same_bytes(shop: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        sql.collect(tmp_path / name, url_env="SHOP_URL", table="customers", chunk=2)
    assert [file.read_bytes() for file in sorted((tmp_path / "one").iterdir())] == [
        file.read_bytes() for file in sorted((tmp_path / "two").iterdir())
    ]


# --- chunks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_rows_are_the_same_whatever_the_chunk(
    shop: Path, take: Take, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "ROWS_PER_PART", 20)
    rows, _ = take(query=COUNT, parameters={"rows": 50}, chunk=chunk)
    assert rows["i"].to_pylist() == list(range(1, 51))
    assert rows["half"].to_pylist() == [i / 2 for i in range(1, 51)]


def test_parts_have_equal_numbers_of_rows_and_wide_tables_fewer(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sizes(folder: Path) -> list[int]:
        folder.mkdir()
        sql.collect(folder, "SHOP_URL", query=COUNT, parameters={"rows": 50}, chunk=10)
        return [parquet.read_metadata(file).num_rows for file in sorted(folder.iterdir())]

    monkeypatch.setattr(sql, "ROWS_PER_PART", 25)
    assert sizes(tmp_path / "by rows") == [20, 20, 10]
    monkeypatch.setattr(sql, "VALUES_PER_PART", 30)
    assert sizes(tmp_path / "by values") == [10] * 5


def test_a_column_whose_chunks_have_other_types_keeps_every_value(shop: Path, take: Take) -> None:
    """SQLite lets any value into any column, and the first ten thousand may all be missing."""
    with sqlite3.connect(shop) as database:
        database.execute("CREATE TABLE mixed (id INTEGER PRIMARY KEY, late, widened, dirty)")
        rows = [
            (1, None, 1, 1),
            (2, None, 2, "n/a"),
            (3, 0.5, 2.5, 2),
            (4, None, None, b"\x01"),
        ]
        database.executemany("INSERT INTO mixed VALUES (?, ?, ?, ?)", rows)
    rows, _ = take(table="mixed", chunk=1)
    assert rows["late"].to_pylist() == [None, None, 0.5, None]
    assert rows["widened"].to_pylist() == [1.0, 2.0, 2.5, None]
    assert rows["dirty"].to_pylist() == ["1", "n/a", "2", "01"]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(shop: Path, tmp_path: Path) -> None:
    """In parts of 50,000 rows, a million rows take hardly more than 100,000."""
    program = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from pedigree.collecting import sql\n"
        "sql.ROWS_PER_PART = 50_000\n"
        "folder = Path(sys.argv[1]); folder.mkdir()\n"
        f"sql.collect(folder, 'SHOP_URL', query='''{COUNT}''', parameters={{'rows': int(sys.argv[2])}})\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )

    def peak(rows: int) -> int:
        command = [sys.executable, "-c", program, str(tmp_path / str(rows)), str(rows)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert peak(1_000_000) < 1.25 * peak(100_000)


# --- values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([None, None], pa.null(), [None, None]),
        ([True, None, False], pa.bool_(), [True, None, False]),
        ([2**62, None], pa.int64(), [2**62, None]),
        ([2**64, 1], pa.string(), ["18446744073709551616", "1"]),
        ([Decimal("12.50"), None], pa.float64(), [12.5, None]),
        ([Decimal("1"), 2, 0.5], pa.float64(), [1.0, 2.0, 0.5]),
        ([Decimal(10**20 + 1), None], pa.string(), ["100000000000000000001", None]),
        ([Decimal("Infinity"), 1.0], pa.float64(), [float("inf"), 1.0]),
        ([10**400, 0.5], pa.string(), ["1" + "0" * 400, "0.5"]),
        ([dt.date(2024, 2, 29)], pa.date32(), [dt.date(2024, 2, 29)]),
        ([dt.timedelta(days=2)], pa.duration("us"), [dt.timedelta(days=2)]),
        ([dt.time(12, 30)], pa.string(), ["12:30:00"]),
        ([b"\x00\xff", memoryview(b"")], pa.string(), ["00ff", ""]),
        ([{"ä": [1, None]}, [Decimal("0.1")]], pa.string(), ['{"ä": [1, null]}', '["0.1"]']),
        ([1, "one", True], pa.string(), ["1", "one", "true"]),
    ],
)
def test_values_keep_their_meaning(values: list, kind: pa.DataType, expected: list) -> None:
    array = to_arrow(values)
    assert array.type == kind
    assert array.to_pylist() == expected


def test_moments_are_kept_in_utc_and_clock_times_as_they_are() -> None:
    local = dt.timezone(dt.timedelta(hours=2))
    moment, clock = dt.datetime(2024, 6, 1, 12, tzinfo=local), dt.datetime(2024, 6, 1, 12)
    assert to_arrow([moment, None]).type == pa.timestamp("us", "UTC")
    assert to_arrow([moment])[0].as_py() == moment
    assert to_arrow([clock]) == pa.array([clock], pa.timestamp("us"))
    assert to_arrow([moment, clock]).to_pylist() == [
        "2024-06-01T12:00:00+02:00",
        "2024-06-01T12:00:00",
    ]


WILD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.decimals(allow_nan=False),
    st.text(st.characters(codec="utf-8")),
    st.binary(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.uuids(),
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.integers()),
)


@given(st.lists(st.lists(WILD, min_size=1, max_size=4), min_size=1, max_size=4))
def test_no_value_is_lost_whatever_comes_with_it(chunks: list[list[Any]]) -> None:
    tables = [pa.table([to_arrow(values)], ["value"]) for values in chunks]
    (whole,) = merged_types(tables, sum(map(len, chunks)))
    values = [value for chunk in chunks for value in chunk]
    missing = [value is None for value in values]
    assert [value is None for value in whole["value"].to_pylist()] == missing


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1))
def test_whole_numbers_are_exact(values: list[int | None]) -> None:
    assert to_arrow(values).to_pylist() == values


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({}, "set exactly one of collect.query and collect.table"),
        (
            {"query": "SELECT 1", "table": "visits"},
            "set exactly one of collect.query and collect.table",
        ),
        ({"table": "visits", "chunk": 0}, "set it to at least 1"),
        (
            {"table": "custmers"},
            "collect.table: 'custmers' does not exist; did you mean 'customers'?",
        ),
        ({"table": "visits", "schema": "mian"}, "'mian' does not exist; did you mean 'main'?"),
        ({"query": "DELETE FROM visits"}, "begin with SELECT or WITH; it begins with 'DELETE'"),
        ({"query": "-- SELECT"}, "must begin with SELECT or WITH"),
        ({"query": "SELECT 1; SELECT 2"}, "more than one statement"),
        ({"query": "SELECT ';'; DELETE FROM visits"}, "more than one statement"),
        ({"query": "SELECT 1 FORM visits"}, "the sqlite database of $SHOP_URL reports: near"),
        ({"query": "SELECT * FROM vists"}, "no such table: vists."),
        ({"query": "SELECT 1 AS a, 2 AS a"}, "two columns named 'a'; rename one with AS"),
        ({"query": "SELECT :least"}, "requires ':least'; set it in collect.parameters"),
        (
            {"query": "SELECT :least", "parameters": {"least": 1, "laest": 2}},
            "collect.query has no ':laest'; did you mean 'least'?",
        ),
        ({"table": "visits", "parameters": {"x": 1}}, "collect.parameters require collect.query"),
        ({"url_env": "NO_SUCH_URL", "table": "t"}, "the environment variable NO_SUCH_URL is not"),
    ],
)
def test_what_cannot_be_collected_is_said_in_a_sentence(
    shop: Path, tmp_path: Path, settings: dict[str, Any], what: str
) -> None:
    with pytest.raises(UserError) as refusal:
        sql.collect(tmp_path, **{"url_env": "SHOP_URL"} | settings)
    assert what in str(refusal.value)
    assert not list(tmp_path.glob("part-*"))


def test_a_query_that_begins_with_with_cannot_write(shop: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="attempt to write a readonly database"):
        sql.collect(tmp_path, "SHOP_URL", query="WITH a AS (SELECT 1) DELETE FROM customers")
    with sqlite3.connect(shop) as database:
        assert database.execute("SELECT count(*) FROM customers").fetchone() == (3,)


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sqlite:///{folder}/shpo.db", "the file shpo.db of SHOP_URL does not exist; did you"),
        ("sqlite://", "the file :memory: of SHOP_URL does not exist"),
        ("sqlite:///{folder}/notes.txt", "file is not a database"),
        ("mysql://tim:s3cret@", "requires the driver '{driver}', which is not installed"),
        ("oracel://tim:s3cret@host/db", "SQLAlchemy has no dialect 'oracel'"),
        ("tim:s3cret", "is not a URL of the form dialect://user:password@host/database"),
        ("postgresql://tim:s3cret@host:s3cret/db", "is not a URL of the form"),
    ],
)
def test_a_url_that_leads_nowhere_is_not_repeated(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, what: str
) -> None:
    monkeypatch.setitem(sys.modules, "MySQLdb", None)
    (tmp_path / "notes.txt").write_text("no database at all, but text " * 50)
    monkeypatch.setenv("SHOP_URL", url.format(folder=tmp_path))
    with pytest.raises(UserError) as refusal:
        sql.collect(tmp_path, "SHOP_URL", table="customers")
    assert what.format(driver="MySQLdb") in str(refusal.value)
    assert "s3cret" not in str(refusal.value)
    assert not (tmp_path / "shpo.db").exists()


def test_a_url_in_the_place_of_its_variable_is_refused_unseen(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name of an environment variable") as refusal:
        sql.collect(tmp_path, "postgresql://tim:s3cret@host/db", table="t")
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("missing", "url"), [("sqlalchemy.exc", "sqlite://"), ("psycopg", "postgresql://host/db")]
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, url: str
) -> None:
    monkeypatch.setenv("SHOP_URL", url)
    monkeypatch.setitem(sys.modules, missing, None)  # as Python does for what does not exist
    with pytest.raises(
        UserError, match=re.escape("pip install --require-hashes -r requirements/sql.txt")
    ):
        sql.collect(tmp_path, "SHOP_URL", table="customers")


# --- in a project --------------------------------------------------------------------------------


def test_a_project_collects_from_a_database_and_keeps_the_snapshot(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    penguins = pd.read_csv("data/external/penguins.csv")
    with sqlite3.connect("penguins.db") as database:
        penguins.to_sql("penguins", database, index=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite:///penguins.db")
    chosen = ("collect=sql", "~collect.path", "collect.table=penguins")
    project.compose(*chosen)
    project.run("collect", "load")
    said = json.loads(Path("data/raw/snapshot.json").read_text(encoding="utf-8"))
    assert said["rows"] == len(penguins)
    assert said["columns"] == list(penguins)
    assert os.environ["DATABASE_URL"] not in json.dumps(said)
    Path("penguins.db").unlink()
    project.run("collect")  # the snapshot of `first` stays, and the database is not asked
    project.compose(*chosen, "collect.as_of=second")
    with pytest.raises(UserError, match=r"the file penguins\.db of DATABASE_URL does not exist"):
        project.run("collect")
    assert json.loads(Path("data/raw/snapshot.json").read_text(encoding="utf-8")) == said
