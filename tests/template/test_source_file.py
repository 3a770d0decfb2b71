"""`collect=file` from addresses: a web server, and the three large stores as their emulators play them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import fsspec
import pytest
from template import servers

from pedigree.base.names import UserError
from pedigree.collecting import file

ROWS = "name;weight\nAda;1,5\nBo;2\n"
FILES = {
    "rows.csv": ROWS,
    "months/2026/a.csv": ROWS,
    "months/2026/b.csv": "name;weight\nCy;3\n",
    "months/notes.md": "not rows",
    "empty.csv": "",
}


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the files over HTTP."""
    folder = tmp_path_factory.mktemp("web")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    with servers.web(folder) as address:
        yield address


@pytest.fixture(
    scope="module",
    params=[pytest.param(kind, marks=pytest.mark.tools) for kind in ("s3", "az", "gs")],
)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Start a store that holds the files; the environment says how to reach it, as a user's does."""
    start = {"s3": servers.s3, "az": servers.azure, "gs": servers.google}[request.param]
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", servers.HOST)
        patch.setenv("no_proxy", servers.HOST)
        address = stack.enter_context(start(tmp_path_factory.mktemp("store")))
        environment = {
            "s3": {
                "AWS_ENDPOINT_URL": address,
                "AWS_ACCESS_KEY_ID": "someone",
                "AWS_SECRET_ACCESS_KEY": "something",
            },
            "az": {"AZURE_STORAGE_CONNECTION_STRING": address},
            # Else gcsfs asks over gRPC what kind of bucket it is, which no emulator answers.
            "gs": {"STORAGE_EMULATOR_HOST": address, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"},
        }
        for name, value in environment[request.param].items():
            patch.setenv(name, value)
        files, root = fsspec.url_to_fs(f"{request.param}://{servers.BUCKET}/p")
        for name, text in FILES.items():
            files.pipe_file(f"{root}/{name}", text.encode())
        yield f"{request.param}://{servers.BUCKET}/p"


Take = Callable[[str | list[str]], tuple[dict[str, str], dict[str, Any]]]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Return a function that collects addresses, and gives the files and the account."""

    def collect(path: str | list[str]) -> tuple[dict[str, str], dict[str, Any]]:
        said = file.collect(tmp_path, path)
        found = sorted(one for one in tmp_path.rglob("*") if one.is_file())
        return {one.relative_to(tmp_path).as_posix(): one.read_text() for one in found}, said

    return collect


def test_a_file_of_a_web_server_is_collected_as_it_is(take: Take, web: str) -> None:
    found, said = take(f"{web}/rows.csv?version=3")
    assert found == {"rows.csv": ROWS}
    assert said["kind"] == "file"
    assert said["path"] == f"{web}/rows.csv?version=3"
    assert (said["reading"]["separator"], said["reading"]["decimal"]) == (";", ",")


def test_a_file_of_a_store_is_collected_as_it_is(take: Take, store: str) -> None:
    found, said = take(f"{store}/rows.csv")
    assert found == {"rows.csv": ROWS}
    assert said["path"] == f"{store}/rows.csv"


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("months", ["2026/a.csv", "2026/b.csv"]),
        ("months/2026/", ["a.csv", "b.csv"]),
        ("months/*/b.csv", ["2026/b.csv"]),
        ("months/2026/[ab].csv", ["a.csv", "b.csv"]),
    ],
)
def test_the_files_of_a_folder_or_pattern_that_can_be_read_are_collected(
    take: Take, store: str, asked: str, names: list[str]
) -> None:
    found, _ = take(f"{store}/{asked}")
    assert list(found) == names


def test_addresses_and_local_files_go_together(
    take: Take, web: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/external").mkdir(parents=True)
    (tmp_path / "data/external/here.csv").write_text(ROWS)
    file.collect(tmp_path, ["data/external/here.csv", f"{web}/rows.csv"])
    assert (tmp_path / "here.csv").read_text() == (tmp_path / "rows.csv").read_text() == ROWS


mistakes = pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("row.csv", r"://.*/row\.csv does not exist"),
        ("empty.csv", r"://.*/empty\.csv is empty"),
        ("months/notes.md", r"notes\.md has an unknown suffix"),
    ],
)


@mistakes
def test_what_a_web_server_does_not_give_is_named(
    take: Take, web: str, asked: str, what: str
) -> None:
    with pytest.raises(UserError, match=what):
        take(f"{web}/{asked}")


@mistakes
def test_what_a_store_does_not_give_is_named(take: Take, store: str, asked: str, what: str) -> None:
    with pytest.raises(UserError, match=what):
        take(f"{store}/{asked}")


def test_a_store_sends_no_more_than_the_limit(store: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bytes, but 5 remain of collect\.max_bytes"):
        file.collect(tmp_path, f"{store}/months", max_bytes=5)
    assert list(tmp_path.iterdir()) == []


def test_a_pattern_that_nothing_fits_is_named(take: Take, store: str) -> None:
    with pytest.raises(UserError, match=r"\*\.xlsx contains no file of a known format"):
        take(f"{store}/*.xlsx")


def test_a_name_that_leads_out_of_the_snapshot_is_refused(take: Take, web: str) -> None:
    with pytest.raises(UserError, match="has no valid file name"):
        take(f"{web}/")


def test_two_files_of_one_name_are_refused(take: Take, web: str) -> None:
    with pytest.raises(UserError, match=r"two files are named rows\.csv"):
        take([f"{web}/rows.csv", f"{web}/rows.csv"])


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("file:///etc/hostname", "copy other files to data/external/"),
        ("http://127.0.0.1:1/rows.csv", "cannot be downloaded: "),
        ("nonsense://bucket/rows.csv", "is neither an address of the web nor of a store"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_in_a_sentence(
    take: Take, address: str, what: str
) -> None:
    with pytest.raises(UserError, match=what):
        take(address)
