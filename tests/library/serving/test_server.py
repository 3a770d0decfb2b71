"""The server with real sockets: slow, half-sent and malformed requests, and its end."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from library.projects import ROOT, Project
from library.serving.requests import bird, body

from pedigree.serving import api, server
from pedigree.serving.core import Service

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@contextmanager
def served(service: Service) -> Iterator[int]:
    """Serve in a thread; yield the port."""
    running = server.make_server(api.Api(service), "127.0.0.1", 0, grace=5)
    thread = threading.Thread(target=running.run)
    thread.start()
    while not running.started:
        assert thread.is_alive()
    try:
        yield running.servers[0].sockets[0].getsockname()[1]
    finally:
        running.should_exit = True
        thread.join()


def exchange(port: int, *sent: bytes) -> bytes:
    """Send, and receive until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for one in sent:
            connection.sendall(one)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def request(sent: bytes) -> bytes:
    return HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(sent) + sent


def test_what_does_not_arrive_is_not_waited_for(project: Project, monkeypatch) -> None:
    monkeypatch.setattr(api, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    with served(Service.load()) as port:
        for half in (b"", b"POST", HEAD):
            assert exchange(port, half) == b""
        answer = exchange(port, HEAD + b"Content-Length: 100\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"the body did not arrive in time" in answer
        answer = exchange(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n")
        assert answer.startswith(b"HTTP/1.1 408 ")
        # After an answer, the next request must arrive in time, too.
        answer = exchange(port, b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\nGET /health")
        assert answer.count(b"HTTP/1.1 200 ") == 1
        assert exchange(port, request(body(bird()))).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_is_larger_than_it_claims_or_claims_nothing_is_cut_off(
    project: Project,
) -> None:
    chunk = b"%x\r\n%b\r\n" % (1_000_000, b" " * 1_000_000)
    with served(Service.load()) as port:
        chunks = [*[chunk] * 8, b"0\r\n\r\n"]
        answer = exchange(port, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *chunks)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert exchange(port, request(b" " * 8_000_000)).startswith(b"HTTP/1.1 413 ")
        claims = b"Content-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert exchange(port, HEAD + claims).startswith(b"HTTP/1.1 400 ")
        answer = exchange(port, HEAD + b"Content-Length: 99999999999\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: " + b"9" * 400 + b"\r\n\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
        b"X: " + b"x" * 100_000 + b"\r\n\r\n",
        b"bad header\r\n\r\n",
    ],
)
def test_a_malformed_head_is_refused(project: Project, head: bytes) -> None:
    with served(Service.load()) as port:
        assert re.match(rb"HTTP/1\.1 (4\d\d|501) ", exchange(port, HEAD + head))


@pytest.fixture
def command(project: Project) -> Iterator[Any]:
    """Start `python -m pedigree serve` with arguments; return the process and its port."""
    started = []

    def start(*arguments: str) -> tuple[subprocess.Popen[str], int]:
        line = [sys.executable, "-m", "pedigree", "serve", "--port", "0", *arguments]
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        started.append(process)
        assert process.stderr is not None
        for said in process.stderr:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", said):
                return process, int(found[1])
        raise AssertionError("the server did not start")

    yield start
    for process in started:
        process.kill()
        process.communicate()


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "TOKEN_OF_TEST": "s3cret"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM")
def test_half_sent_bodies_do_not_keep_the_server_alive(command) -> None:
    process, port = command("--grace", "2")
    half = HEAD + b"Content-Length: 100\r\n\r\n{"
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(300)]
    for one in connections:
        one.sendall(half)
    assert exchange(port, request(body(bird()))).startswith(b"HTTP/1.1 200 ")
    process.send_signal(signal.SIGTERM)
    _, printed = process.communicate(timeout=60)
    assert "Traceback" not in printed
    for one in connections:
        one.close()


def test_the_token_is_read_from_the_environment(command) -> None:
    _, port = command("--token-env", "TOKEN_OF_TEST")
    assert exchange(port, request(body(bird()))).startswith(b"HTTP/1.1 401 ")
    head, rest = request(body(bird())).split(b"\r\n", 1)
    allowed = head + b"\r\nAuthorization: Bearer s3cret\r\n" + rest
    assert exchange(port, allowed).startswith(b"HTTP/1.1 200 ")


def test_the_command_says_what_is_missing(project: Project) -> None:
    with pytest.raises(SystemExit) as end:
        server.main(["--bundle", "nowhere"])
    assert str(end.value) == (
        "serve: nowhere contains no bundle (sha256.json is missing); run `dvc repro package`."
    )
    with pytest.raises(SystemExit, match="the environment variable NO_TOKEN is missing or empty"):
        server.main(["--token-env", "NO_TOKEN"])
