"""`collect=bigquery` against local servers that speak the calls of the REST and Storage APIs it uses."""

import datetime as dt
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import grpc
import pyarrow as pa
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery_storage
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)
from pyarrow import parquet

from pedigree.base.names import UserError
from pedigree.collecting import bigquery

pytestmark = pytest.mark.tools

SCHEMA: list[dict[str, Any]] = [
    {"name": "id", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "name", "type": "STRING"},
    {"name": "active", "type": "BOOLEAN"},
    {"name": "weight", "type": "FLOAT"},
    {"name": "paid", "type": "NUMERIC"},
    {"name": "day", "type": "DATE"},
    {"name": "at", "type": "TIMESTAMP"},
    {"name": "clock", "type": "DATETIME"},
    {"name": "hash", "type": "BYTES"},
    {"name": "page", "type": "JSON"},
    {"name": "tags", "type": "STRING", "mode": "REPEATED"},
    {
        "name": "plan",
        "type": "RECORD",
        "fields": [{"name": "name", "type": "STRING"}, {"name": "price", "type": "NUMERIC"}],
    },
]
ANN = {
    "id": "1", "name": "Zoë", "active": "true", "weight": "0.5", "paid": "12.50",
    "day": "2024-02-29", "at": "1709200800000000", "clock": "2024-02-29T12:00:00",
    "hash": "AP8=", "page": '{"a": [1]}', "tags": [{"v": "a"}, {"v": "ö"}],
    "plan": {"f": [{"v": "pro"}, {"v": "9.99"}]},
}  # fmt: skip
BEN = dict.fromkeys(ANN) | {"id": "2", "tags": []}
QUERY = "SELECT * FROM shop.visits ORDER BY id"
Answer = tuple[int, dict[str, Any]]


def error(status: int, reason: str, message: str) -> Answer:
    one = {"reason": reason, "message": message}
    return status, {"error": {"code": status, "message": message, "errors": [one]}}


@dataclass
class BigQuery:
    """What the server holds, how it behaves, and what it was asked."""

    rows: list[dict[str, Any]]
    schema: list[dict[str, Any]] = field(default_factory=lambda: SCHEMA)
    reads: int = 1000  # bytes
    statement: str = "SELECT"
    page: int = 10_000  # most rows of an answer
    waits: int = 0  # times that the query is not done yet
    fails: list[Answer | None] = field(
        default_factory=list
    )  # the next answers, in place of the true ones
    fails_running: dict[str, str] | None = None
    requests: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    endpoint: str = ""

    def answer(self, path: str, query: dict[str, str], body: dict[str, Any]) -> Answer:
        """Answer as the API does."""
        if self.fails and (failure := self.fails.pop(0)):
            return failure
        parts = path.removeprefix("/bigquery/v2/projects/").split("/")
        if body:
            return self._insert(parts[0], body)
        if parts[-1] == "cancel":
            return 200, {"job": self._job(parts[0], parts[2])}
        if parts[1] == "jobs":
            return 200, self._job(parts[0], parts[2])
        return self._results(parts[0], parts[2], query)

    def _job(self, project: str, name: str) -> dict[str, Any]:
        reference = {"projectId": project, "jobId": name, "location": "EU"}
        status: dict[str, Any] = {"state": "RUNNING" if self.waits else "DONE"}
        if self.fails_running:
            status["errorResult"] = self.fails_running
        target = {"projectId": project, "datasetId": "_anonymous", "tableId": "answer"}
        query = {"query": QUERY, "destinationTable": target}
        return {
            "jobReference": reference,
            "status": status,
            "configuration": {"jobType": "QUERY", "query": query},
            "statistics": {"query": {"statementType": self.statement}},
        }

    def _insert(self, project: str, body: dict[str, Any]) -> Answer:
        dry = body["configuration"].get("dryRun", False)
        job = self._job(project, body["jobReference"]["jobId"])
        job["configuration"] = body["configuration"]
        job["status"] = {"state": "DONE" if dry else "RUNNING"}
        job["statistics"]["query"]["totalBytesProcessed"] = str(self.reads)
        return 200, job

    def _results(self, project: str, name: str, query: dict[str, str]) -> Answer:
        job = {"jobReference": self._job(project, name)["jobReference"]}
        if self.waits:
            self.waits -= 1
            return 200, job | {"jobComplete": False}
        start = int(query.get("pageToken", 0))
        stop = start + min(self.page, int(query.get("maxResults", self.page)))
        fields = [one["name"] for one in self.schema]
        rows = [{"f": [{"v": row[one]} for one in fields]} for row in self.rows[start:stop]]
        return 200, job | {
            "jobComplete": True,
            "totalRows": str(len(self.rows)),
            "schema": {"fields": self.schema},
            **({"rows": rows} if rows else {}),
            **({"pageToken": str(stop)} if stop < len(self.rows) else {}),
        }

    def inserted(self) -> list[dict[str, Any]]:
        """Return the configurations of the jobs that it was asked to begin."""
        return [body["configuration"] for _, _, body in self.requests if body]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[BigQuery]:
    """Start a server on loopback; nothing else can be reached with credentials of this machine."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")
    state = BigQuery([ANN, BEN])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
            state.requests.append((url.path, query, body))
            state.headers.append(dict(self.headers))
            status, answer = state.answer(url.path, query, body)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.endpoint = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield state
        http.shutdown()


Take = Callable[..., tuple[pa.Table, dict[str, Any]]]


@pytest.fixture
def take(server: BigQuery, tmp_path: Path) -> Take:
    """Return a function that collects from the server, and gives the rows and the account."""

    def collect(**settings: Any) -> tuple[pa.Table, dict[str, Any]]:
        folder = tmp_path / f"snapshot-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        given = {"query": QUERY, "project": "shop-1", "endpoint": server.endpoint} | settings
        said = bigquery.collect(folder, **given)
        return pa.concat_tables(map(parquet.read_table, sorted(folder.iterdir()))), said

    return collect


# --- rows ----------------------------------------------------------------------------------------


def test_rows_keep_their_types_and_nested_values_become_json(take: Take) -> None:
    rows, _ = take()
    assert rows.to_pylist()[0] == {
        "id": 1,
        "name": "Zoë",
        "active": True,
        "weight": 0.5,
        "paid": Decimal("12.50"),
        "day": dt.date(2024, 2, 29),
        "at": dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC),
        "clock": dt.datetime(2024, 2, 29, 12),
        "hash": "00ff",
        "page": '{"a": [1]}',
        "tags": '["a", "ö"]',
        "plan": '{"name": "pro", "price": "9.990000000"}',
    }
    assert rows.to_pylist()[1] == dict.fromkeys(ANN) | {"id": 2, "tags": "[]"}


def test_rows_come_page_by_page_into_parts(
    server: BigQuery, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bigquery, "PAGE", 10)
    monkeypatch.setattr(bigquery, "ROWS_PER_PART", 12)
    server.rows = [BEN | {"id": str(number)} for number in range(25)]
    rows, _ = take()
    assert rows["id"].to_pylist() == list(range(25))
    asked = [
        query.get("pageToken") for _, query, _ in server.requests if query.get("maxResults") == "10"
    ]
    assert asked == [None, "10", "20"]


def test_a_query_without_rows_gives_none(server: BigQuery, tmp_path: Path) -> None:
    server.rows = []
    bigquery.collect(tmp_path, QUERY, project="shop-1", endpoint=server.endpoint)
    assert sum(parquet.read_metadata(file).num_rows for file in tmp_path.iterdir()) == 0


def test_a_query_that_takes_its_time_is_waited_for(server: BigQuery, take: Take) -> None:
    server.waits = 2
    assert take()[0].num_rows == 2


def test_collecting_twice_gives_the_same_bytes_and_account(
    server: BigQuery, tmp_path: Path
) -> None:
    said = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        said.append(bigquery.collect(tmp_path / name, QUERY, project="p", endpoint=server.endpoint))
    one, two = ((tmp_path / name / "part-00000.parquet").read_bytes() for name in ("one", "two"))
    assert one == two
    assert said[0] == said[1]


def test_the_account_says_what_was_asked_of_whom(take: Take) -> None:
    _, said = take(location="EU", parameters={"until": "2024-03-01"})
    assert said == {
        "kind": "bigquery",
        "project": "shop-1",
        "location": "EU",
        "query": QUERY,
        "parameters": {"until": "2024-03-01"},
    }


# --- the Storage API -----------------------------------------------------------------------------


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """Start a Storage API server on loopback that holds 25 rows; return what it does and did."""
    types: Any = bigquery_storage.types
    table = pa.table({"id": range(25), "tags": [[str(number)] for number in range(25)]})
    state: dict[str, Any] = {"denies": False, "streams": []}

    def create(request: Any, context: grpc.ServicerContext) -> Any:
        if state["denies"]:
            context.abort(grpc.StatusCode.PERMISSION_DENIED, "bigquery.readsessions.create denied")
        state["streams"].append(request.max_stream_count)
        schema = types.ArrowSchema(serialized_schema=table.schema.serialize().to_pybytes())
        return types.ReadSession(
            name="session", arrow_schema=schema, streams=[types.ReadStream(name="stream")]
        )

    def read(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        schema = types.ArrowSchema(serialized_schema=table.schema.serialize().to_pybytes())
        for batch in table.slice(request.offset).to_batches(max_chunksize=10):
            rows = types.ArrowRecordBatch(serialized_record_batch=batch.serialize().to_pybytes())
            yield types.ReadRowsResponse(
                arrow_record_batch=rows, arrow_schema=schema, row_count=batch.num_rows
            )

    methods = {
        "CreateReadSession": grpc.unary_unary_rpc_method_handler(
            create, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
        ),
        "ReadRows": grpc.unary_stream_rpc_method_handler(
            read, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
        ),
    }
    server = grpc.server(ThreadPoolExecutor(2))
    service = "google.cloud.bigquery.storage.v1.BigQueryRead"
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(service, methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        transport = BigQueryReadGrpcTransport(channel=channel)
        client = bigquery_storage.BigQueryReadClient(transport=transport)
        # Google's own would be asked through TLS and with credentials; the rest is as it is there.
        monkeypatch.setattr(bigquery, "_storage", lambda *given: client)
        yield state
    server.stop(None).wait()


@pytest.fixture
def many(server: BigQuery) -> BigQuery:
    """Return the server with 25 rows of two columns, of which an answer holds two."""
    server.schema = [SCHEMA[0], SCHEMA[10]]
    server.rows = [{"id": str(one), "tags": [{"v": str(one)}]} for one in range(25)]
    server.page = 2
    return server


def test_rows_come_through_the_storage_api_in_the_order_that_was_asked(
    many: BigQuery, storage: dict[str, Any], take: Take
) -> None:
    rows, _ = take()
    assert rows["id"].to_pylist() == list(range(25))
    assert rows["tags"].to_pylist()[-1] == '["24"]'
    assert storage["streams"] == [1]  # more would mix the rows
    assert not [query for _, query, _ in many.requests if "pageToken" in query]


def test_who_may_not_use_the_storage_api_gets_the_same_rows_by_rest(
    many: BigQuery, storage: dict[str, Any], take: Take
) -> None:
    through_storage, _ = take()
    storage["denies"] = True
    by_rest, _ = take()
    assert by_rest.to_pylist() == through_storage.to_pylist()
    assert [query for _, query, _ in many.requests if "pageToken" in query]


# --- what is sent --------------------------------------------------------------------------------


def test_a_query_is_tried_before_it_runs_within_the_limit(server: BigQuery, take: Take) -> None:
    take(max_bytes=20_000_000, timeout=60)
    trial, real = server.inserted()
    assert trial["dryRun"] is True
    assert trial["query"]["useQueryCache"] is False
    assert "dryRun" not in real
    assert real["query"]["maximumBytesBilled"] == "20000000"
    assert real["jobTimeoutMs"] == "60000"
    assert trial["query"]["query"] == real["query"]["query"] == QUERY


def test_parameters_have_the_types_of_their_values(server: BigQuery, take: Take) -> None:
    given = {"a": True, "b": 3, "c": 0.5, "d": "2024-01-01", "e": None, "f": [1, 2], "g": ["x"]}
    take(parameters=given)
    for job in server.inserted():
        sent = {one["name"]: one for one in job["query"]["queryParameters"]}
        assert [sent[name]["parameterType"]["type"] for name in "abcde"] == [
            "BOOL", "INT64", "FLOAT64", "STRING", "STRING",
        ]  # fmt: skip
        assert sent["d"]["parameterValue"] == {"value": "2024-01-01"}
        assert sent["e"]["parameterValue"] == {"value": None}
        assert sent["f"]["parameterType"]["arrayType"] == {"type": "INT64"}
        assert sent["g"]["parameterValue"] == {"arrayValues": [{"value": "x"}]}


def test_a_server_on_this_machine_is_asked_without_credentials(
    server: BigQuery, take: Take
) -> None:
    take()
    assert server.headers
    assert all("Authorization" not in headers for headers in server.headers)


# --- what is refused -----------------------------------------------------------------------------


def test_a_query_over_the_limit_is_refused_and_never_runs(server: BigQuery, take: Take) -> None:
    server.reads = 2_500_000_000
    sentence = r"would read 2500000000 bytes \(2\.5 GB\), but collect\.max_bytes allows 1000;"
    with pytest.raises(UserError, match=sentence):
        take(max_bytes=1000)
    assert [job["dryRun"] for job in server.inserted()] == [True]


@pytest.mark.parametrize("statement", ["DELETE", "SCRIPT", "CREATE_TABLE_AS_SELECT"])
def test_a_statement_that_does_more_than_read_never_runs(
    server: BigQuery, take: Take, statement: str
) -> None:
    server.statement = statement
    with pytest.raises(UserError, match=f"must be one SELECT, but BigQuery parsed a {statement}"):
        take()
    assert len(server.inserted()) == 1


@pytest.mark.parametrize(
    ("failure", "what"),
    [
        (error(400, "invalidQuery", "Syntax error: Unexpected FORM at [1:8]"), "Syntax error: Un"),
        (error(404, "notFound", "Not found: Table shop.vists was not found"), "Table shop.vists"),
        (error(403, "accessDenied", "Access Denied: Project shop-1"), "Access Denied"),
    ],
)
def test_what_bigquery_objects_to_is_said_in_its_words(
    server: BigQuery, take: Take, failure: Answer, what: str
) -> None:
    server.fails = [failure]
    with pytest.raises(UserError, match=f"BigQuery reports: .*{what}") as refusal:
        take()
    assert server.endpoint not in str(refusal.value)
    assert str(refusal.value).count("\n") == 0


def test_a_query_that_fails_while_it_runs_is_said_to_have_failed(
    server: BigQuery, take: Take
) -> None:
    server.fails_running = {"reason": "invalidQuery", "message": "division by zero: 1 / 0"}
    with pytest.raises(UserError, match=r"^BigQuery reports: division by zero: 1 / 0\.$"):
        take()


@pytest.mark.parametrize(
    "failure",
    [
        error(403, "rateLimitExceeded", "Exceeded rate limits"),
        error(429, "rateLimitExceeded", "Too many requests"),
        error(503, "backendError", "Try again"),
    ],
)
def test_a_request_that_is_throttled_is_made_again(
    server: BigQuery, take: Take, failure: Answer
) -> None:
    server.fails = [failure, None, failure]
    assert take()[0].num_rows == 2
    assert len(server.inserted()) == 4  # each of the two, twice


def test_a_page_that_is_throttled_is_asked_for_again(
    server: BigQuery, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.page = 1
    server.fails = [None, None, None, None, error(403, "rateLimitExceeded", "Exceeded rate limits")]
    assert take()[0]["id"].to_pylist() == [1, 2]
    assert not server.fails


def test_throttling_without_end_ends_with_the_time_allowed(server: BigQuery, take: Take) -> None:
    server.fails = [error(403, "rateLimitExceeded", "Exceeded rate limits.")] * 1000
    with pytest.raises(UserError, match=r"BigQuery reports: Exceeded rate limits\.$"):
        take(timeout=2)


def test_a_query_that_takes_too_long_is_cancelled(server: BigQuery, take: Take) -> None:
    server.waits = 10**9
    with pytest.raises(UserError, match=r"longer than collect\.timeout allows, 1 seconds"):
        take(timeout=1)
    assert server.requests[-1][0].endswith("/cancel")


def test_nobody_there_is_said_when_the_time_is_over(server: BigQuery, take: Take) -> None:
    with pytest.raises(UserError, match=r"BigQuery reports: .*refused"):
        take(endpoint="http://127.0.0.1:9", timeout=1)


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"query": None}, "collect.query is not set; set it to a SELECT"),
        (
            {"project": None},
            "collect.project is not set; set it to the Google Cloud project to bill",
        ),
        ({"endpoint": "http://example.org"}, "does not begin with https://"),
        ({"endpoint": None}, "no credentials for BigQuery were found; run `gcloud auth"),
    ],
)
def test_settings_that_lead_nowhere_are_named(take: Take, settings: dict, what: str) -> None:
    with pytest.raises(UserError) as refusal:
        take(**settings)
    assert what in str(refusal.value)


def test_a_package_that_is_missing_is_named_with_its_extra(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    with pytest.raises(UserError, match=re.escape("-r requirements/bigquery.txt`")):
        take()


def test_without_the_package_of_the_storage_api_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery_storage", None)
    assert bigquery._storage(AnonymousCredentials(), None) is None
