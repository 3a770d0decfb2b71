"""A data set of OpenML, fetched by scikit-learn from a local server that speaks its calls."""

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import _openml

from pedigree.base.names import UserError
from pedigree.collecting import openml
from pedigree.collecting.snapshot import fingerprint

ARFF = """\
% Loans that were given, and what became of them
@RELATION credit
@ATTRIBUTE id NUMERIC
@ATTRIBUTE purpose {'new car',radio,education}
@ATTRIBUTE amount NUMERIC
@ATTRIBUTE years INTEGER
@ATTRIBUTE note STRING
@ATTRIBUTE class {good,bad}
@DATA
1,'new car',1200.5,2,"paid, late",good
2,radio,?,1,fine,bad
3,education,800,?,fine,good
4,radio,99.25,4,?,?
"""
COLUMNS = {"id": "numeric", "purpose": "nominal", "amount": "numeric", "years": "numeric"}
COLUMNS |= {"note": "string", "class": "nominal"}
LISTED = [
    (31, "credit-g", 1, "active"),
    (44, "credit-g", 3, "active"),
    (50, "old", 1, "deactivated"),
]
LISTED += [(60, "sparse", 1, "active"), (70, "german credit", 2, "active")]


class Server(http.server.ThreadingHTTPServer):
    """What OpenML answers; a test may change it."""

    arff = ARFF.encode()
    md5 = hashlib.md5(ARFF.encode()).hexdigest()
    failing = 0  # answer so many requests with 503 first
    asked: list[str]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client that was kept waiting has gone."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str) -> Any:
        """Return what stands at a path: an object, bytes, or None."""
        parts = path.strip("/").split("/")
        if parts[:3] == ["data", "v1", "download"]:
            return self.arff
        parts = parts[4:]  # api/v1/json/data
        if parts[0] == "list":
            return self.listed(dict(zip(parts[1::2], parts[2::2], strict=True)))
        known = [one for one in LISTED if str(one[0]) == parts[-1]]
        if not known:
            return None
        number, name, version, status = known[0]
        if parts[0] == "features":
            return {
                "data_features": {"feature": [self.feature(*one) for one in enumerate(COLUMNS)]}
            }
        if parts[0] == "qualities":
            return {"data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "4.0"}]}}
        description = {
            **{"id": str(number), "name": name, "version": str(version), "status": status},
            **{"format": "Sparse_ARFF" if name == "sparse" else "ARFF", "licence": "Public"},
            **{"description": "Loans.", "url": f"{self.address}/data/v1/download/{number}/x.arff"},
            **{"md5_checksum": self.md5, "default_target_attribute": "class"},
            "row_id_attribute": "id",
        }
        return {"data_set_description": description}

    def listed(self, asked: dict[str, str]) -> Any:
        """List what has the name, version and status, the active ones if none is asked for."""
        found = [
            {"did": number, "name": name, "version": version, "status": status}
            for number, name, version, status in LISTED
            if name.replace(" ", "%20") == asked["data_name"]
            and asked.get("data_version", str(version)) == str(version)
            and asked.get("status", "active") == status
        ]
        return {"data": {"dataset": found[: int(asked.get("limit", 99))]}} if found else None

    def feature(self, index: int, name: str) -> dict[str, str]:
        return {
            **{"index": str(index), "name": name, "data_type": COLUMNS[name]},
            **{"is_target": str(name == "class").lower(), "is_ignore": "false"},
            "is_row_identifier": str(name == "id").lower(),
            "number_of_missing_values": str(int(name in ("amount", "years", "note", "class"))),
        }


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.server.failing:
            self.server.failing -= 1
            status, body = 503, b"busy"
        else:
            found = self.server.answer(self.path)
            # OpenML's own code for "no results".
            status = 412 if found is None else 200
            body = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Let scikit-learn ask the local server, and not wait between two tries."""
    with Server(("127.0.0.1", 0), Handler) as server:
        server.asked = []
        for name in ("_SEARCH_NAME", "_DATA_INFO", "_DATA_FEATURES", "_DATA_QUALITIES"):
            real = getattr(_openml, name)
            monkeypatch.setattr(
                _openml, name, real.replace("https://www.openml.org", server.address)
            )
        monkeypatch.setattr(_openml, "time", SimpleNamespace(sleep=lambda seconds: None))
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def refused(folder: Path, **asked: Any) -> str:
    with pytest.raises(UserError) as refusal:
        openml.collect(folder, **asked)
    assert not list(folder.iterdir())
    return str(refusal.value)


def test_a_data_set_comes_as_one_table_with_its_types_and_gaps(
    tmp_path: Path, server: Server
) -> None:
    openml.collect(tmp_path, name="credit-g", version=1)
    rows = pd.read_parquet(tmp_path)
    assert list(rows) == ["purpose", "amount", "years", "note", "class"]
    assert rows["purpose"].tolist() == ["new car", "radio", "education", "radio"]
    assert rows["amount"].dropna().tolist() == [1200.5, 800, 99.25]
    assert rows["years"].isna().tolist() == [False, False, True, False]
    assert rows["note"][0] == "paid, late"
    assert rows["class"].isna().tolist() == [False, False, False, True]
    assert rows["class"].dtype == "str" or rows["class"].dtype == object


def test_the_account_says_which_file_it_is_and_what_was_left_out(
    tmp_path: Path, server: Server
) -> None:
    said = openml.collect(tmp_path, name="Credit-G", version=1)
    assert said == {
        "kind": "openml",
        "what": "OpenML's data set credit-g, version 1",
        "address": "https://www.openml.org/d/31",
        "file": f"{server.address}/data/v1/download/31/x.arff",
        "md5": server.md5,
        "status": "active",
        "licence": "Public",
        "target": "class",
        "left_out": ["id"],
    }
    assert fingerprint(tmp_path, said)["rows"] == 4


def test_two_fetches_give_the_same_bytes_and_nothing_comes_from_a_cache(
    tmp_path: Path, server: Server
) -> None:
    files = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        openml.collect(tmp_path / name, name="credit-g", version=1)
        files.append((tmp_path / name / "part-00000.parquet").read_bytes())
    assert files[0] == files[1]
    assert len([path for path in server.asked if path.endswith(".arff")]) == 2


@pytest.mark.parametrize(
    ("asked", "which"),
    [
        ({"data_id": 44}, "credit-g, version 3"),
        ({"name": "credit-g", "version": 3}, "credit-g, version 3"),
        ({"name": "German Credit", "version": 2}, "german credit, version 2"),
        ({"name": "credit-g", "version": "active"}, "credit-g, version 1"),
        ({"name": "old", "version": 1}, "old, version 1"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # of several active versions, and of one that is not
def test_a_data_set_is_named_by_its_number_or_by_name_and_version(
    tmp_path: Path, server: Server, asked: dict[str, Any], which: str
) -> None:
    assert openml.collect(tmp_path, **asked)["what"] == f"OpenML's data set {which}"


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"name": "credit-g", "version": 2}, "has no version 2; active are 1, 3."),
        ({"name": "credt-g", "version": 1}, "no active data set named 'credt-g'"),
        ({"name": "Credt G", "version": 1}, "no active data set named 'credt g'"),
        ({"name": "credt-g", "version": "active"}, "no active data set named 'credt-g'"),
        ({"data_id": 999}, "collect.data_id: OpenML has no data set with the ID 999"),
        ({"name": "sparse", "version": 1}, "is sparse"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_data_set_that_cannot_be_had_is_named(
    tmp_path: Path, server: Server, asked: dict[str, Any], what: str
) -> None:
    assert what in refused(tmp_path, **asked)


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({}, "collect.name is not set; set it to the name of a data set"),
        ({"name": "credit-g"}, "collect.version is None"),
        ({"name": "credit-g", "version": "latest"}, "collect.version is 'latest'"),
        ({"name": "credit-g", "version": 0}, "collect.version is 0"),
        (
            {"name": "credit-g", "version": 1, "data_id": 31},
            "collect.data_id is an integer and",
        ),
        ({"data_id": "31"}, "collect.data_id is an integer and"),
    ],
)
def test_settings_that_name_no_data_set_are_refused_before_anything_is_asked(
    tmp_path: Path, server: Server, asked: dict[str, Any], what: str
) -> None:
    assert what in refused(tmp_path, **asked)
    assert server.asked == []


@pytest.mark.filterwarnings("ignore")
def test_a_file_with_another_checksum_is_refused(tmp_path: Path, server: Server) -> None:
    server.arff = server.arff.replace(b"1200.5", b"9999.9")
    assert "is damaged" in refused(tmp_path, name="credit-g", version=1)


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_is_no_arff_is_refused(tmp_path: Path, server: Server) -> None:
    server.arff = b"@DATA\n1,2\n"
    server.md5 = hashlib.md5(server.arff).hexdigest()
    assert "cannot be read" in refused(tmp_path, name="credit-g", version=1)


@pytest.mark.filterwarnings("ignore:A network error")
def test_a_server_that_is_busy_for_a_while_is_asked_again(tmp_path: Path, server: Server) -> None:
    server.failing = 2
    openml.collect(tmp_path, name="credit-g", version=1)
    assert list(tmp_path.iterdir())


@pytest.mark.filterwarnings("ignore:A network error")
def test_a_server_that_stays_busy_is_given_up(tmp_path: Path, server: Server) -> None:
    server.failing = 99
    said = refused(tmp_path, name="credit-g", version=1)
    assert "OpenML returned 503" in said
    assert "the last snapshot is kept" in said


@pytest.mark.filterwarnings("ignore:A network error")
def test_a_server_that_cannot_be_reached_is_named(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_openml, "_SEARCH_NAME", "http://127.0.0.1:1/{}")
    assert "OpenML cannot be reached for name credit-g version 1" in refused(
        tmp_path, name="credit-g", version=1
    )


@pytest.mark.filterwarnings("ignore")
def test_a_server_that_says_nothing_is_given_up(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(Server, "answer", lambda self, path: silent.wait(20))
    monkeypatch.setattr(openml, "SECONDS", 0.05)
    try:
        assert "cannot be reached" in refused(tmp_path, name="credit-g", version=1)
    finally:
        silent.set()
