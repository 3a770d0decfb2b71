"""What `collect=file` does not follow: other sites, private addresses, local files by a detour, and links out of data/external/."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pedigree.base.names import UserError
from pedigree.collecting import file
from pedigree.collecting.web import hosts

ROWS = "name;weight\nAda;1,5\nBo;2\n"
Pages = dict[str, str | tuple[int, dict[str, str], str]]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Pages], str]]:
    """Return a function that starts a server with these pages; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    (tmp_path / "data/external").mkdir(parents=True)
    (tmp_path / "raw").mkdir()
    running: list[ThreadingHTTPServer] = []

    def start(pages: Pages) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page = pages.get(self.path.partition("?")[0], (404, {}, "no"))
                status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: Any) -> None:
                """Stay silent."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        running.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for one in running:
        one.shutdown()
        one.server_close()


def refused(path: str | list[str], what: str, **settings: Any) -> str:
    with pytest.raises(UserError, match=what) as refusal:
        file.collect(Path("raw"), path, **{"retries": 0, **settings})
    assert "Traceback" not in str(refusal.value)
    return str(refusal.value)


def to(address: str, status: int = 302) -> tuple[int, dict[str, str], str]:
    return status, {"Location": address}, ""


def test_a_redirect_within_the_site_is_followed(serve: Callable[[Pages], str]) -> None:
    site = serve({"/old.csv": to("/new/x.csv?v=2", 301), "/new/x.csv": ROWS})
    said = file.collect(Path("raw"), f"{site}/old.csv")
    assert Path("raw/old.csv").read_text() == ROWS
    assert said["path"] == f"{site}/old.csv"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_site_is_not_followed(
    serve: Callable[[Pages], str], status: int
) -> None:
    asked: Pages = {"/x.csv": ROWS}
    other = serve(asked)
    site = serve({"/x.csv": to(f"{other}/x.csv?api_key=hunter2", status)})
    said = refused(
        f"{site}/x.csv", f"leads to {other}/x.csv.* on another site, which is not followed"
    )
    assert "set collect.path to it" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/x.csv",
        "http://localhost/x.csv",
        "http://[::1]/x.csv",
        "http://10.0.0.1/x.csv",
        "https://127.0.0.1/x.csv",
        "//example.org/x.csv",
        "file:///etc/hostname",
        "http://me:hunter2@127.0.0.1/x.csv",
    ],
)
def test_no_redirect_leads_to_this_machine_or_its_network(
    serve: Callable[[Pages], str], target: str
) -> None:
    site = serve({"/x.csv": to(target)})
    said = refused(f"{site}/x.csv", r"collect\.path|not followed")
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("address", "followed"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("93.184.215.14", True),
    ],
)
def test_a_host_that_is_allowed_must_be_public(
    monkeypatch: pytest.MonkeyPatch, address: str, followed: bool
) -> None:
    """Names are not known here, so what they stand for is given."""
    found = [(socket.AF_INET, None, None, None, (address, 0))]
    monkeypatch.setattr(hosts.socket, "getaddrinfo", lambda *_: found)
    if followed:
        hosts.refuse_private("cdn.example.org", "collect.path")
    else:
        with pytest.raises(UserError, match="which is not a public address"):
            hosts.refuse_private("cdn.example.org", "collect.path")


def test_a_host_that_is_allowed_is_looked_up(serve: Callable[[Pages], str]) -> None:
    other = serve({"/x.csv": ROWS}).replace("127.0.0.1", "localhost")
    site = serve({"/x.csv": to(f"{other}/x.csv")})
    refused(
        f"{site}/x.csv", r"leads to localhost \(.*\), which is not a public", hosts=["localhost"]
    )


def test_a_download_has_a_limit(serve: Callable[[Pages], str]) -> None:
    site = serve({"/a.csv": ROWS, "/b.csv": ROWS})
    refused(f"{site}/a.csv", r"more than the 9 bytes.*collect\.max_bytes", max_bytes=9)
    Path("raw/a.csv").unlink()
    both = [f"{site}/a.csv", f"{site}/b.csv"]
    refused(both, "more than the 4 bytes that remain", max_bytes=len(ROWS) + 4)


@pytest.mark.parametrize(
    "address",
    [
        "simplecache::file:///etc/hostname",
        "filecache::file:///etc/hostname",
        "blockcache::file:///etc/hostname",
        "zip://x.csv::file:///tmp/x.zip",
        "zip://..::s3://bucket/x.zip",
        "tar://x.csv::https://example.org/x.tar",
        "simplecache::https://example.org/x.csv",
        "simplecache::s3://bucket/x.csv",
        "s3://bucket/x.csv::file:///etc/hostname",
        "file:///etc/hostname",
        "local:///etc/hostname",
        "FILE:///etc/hostname",
        "memory://x.csv",
        "dir://x.csv",
        "reference://x",
        "git://x.csv",
        "github://o:r@/x.csv",
        "sftp://host/x.csv",
        "nonsense://bucket/x.csv",
    ],
)
def test_an_address_that_is_no_web_server_or_store_is_refused(
    serve: Callable[[Pages], str], address: str
) -> None:
    refused(address, "is neither an address of the web nor of a store|is not an address")
    assert list(Path("raw").iterdir()) == []


@pytest.mark.parametrize(
    "address", ["https://example.org/a::b/..", "https://example.org/", "https://example.org/%2e%2e%2fx.csv", "https://example.org/%2Fetc%2Fx.csv"]
)  # fmt: skip
def test_an_address_without_a_file_name_is_refused(
    serve: Callable[[Pages], str], address: str
) -> None:
    refused(address, "has no valid file name")


def test_a_link_out_of_the_folder_is_refused(serve: Callable[[Pages], str]) -> None:
    Path("secret.csv").write_text(ROWS)
    Path("other").mkdir()
    Path("other/rows.csv").write_text(ROWS)
    external = Path("data/external")
    (external / "link.csv").symlink_to(Path("secret.csv").resolve())
    (external / "relative.csv").symlink_to("../../secret.csv")
    (external / "folder").symlink_to(Path("other").resolve())
    (external / "more").mkdir()
    (external / "more/inner.csv").symlink_to(Path("secret.csv").resolve())
    for name in ("link.csv", "relative.csv", "folder", "folder/rows.csv", "more"):
        refused(
            f"data/external/{name}", "is a link to a file outside data/external/; copy the file"
        )


def test_links_within_the_folder_and_into_dvcs_cache_are_followed(
    serve: Callable[[Pages], str],
) -> None:
    external, cache = Path("data/external"), Path("cache/files/md5/5d")
    cache.mkdir(parents=True)
    (cache / "41402abc4b2a76b9719d911017c592").write_text(ROWS)
    (external / "a.csv").symlink_to((cache / "41402abc4b2a76b9719d911017c592").resolve())
    (external / "b.csv").write_text(ROWS)
    (external / "c.csv").symlink_to("b.csv")
    file.collect(Path("raw"), [f"data/external/{name}.csv" for name in "abc"])
    assert {one.name for one in Path("raw").iterdir()} == {"a.csv", "b.csv", "c.csv"}
    assert not any(one.is_symlink() for one in Path("raw").iterdir())
