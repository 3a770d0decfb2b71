"""Servers that tests start: on loopback, on a free port, gone when the test is over."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from template.projects import TEMPLATE

NPM = TEMPLATE / "build/npm/node_modules/.bin"
HOST = "127.0.0.1"
BUCKET = "store"
SECONDS_TO_START = 60
# The one account that azurite knows, published by Microsoft for this purpose.
AZURE_ACCOUNT = "devstoreaccount1"
AZURE_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)


def leave_out(reason: str) -> None:
    """Skip a test for want of a program; where CI is set everything is installed, so fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason} CI is set, so that nothing may be left out.")
    pytest.skip(reason)


def program(name: str, way_out: str) -> str:
    """Return the path of an installed program, or leave the test out."""
    found = shutil.which(name, path=os.pathsep.join([str(NPM), os.environ["PATH"]]))
    if not found:
        leave_out(f"{name} is not installed; {way_out} installs it.")
    return str(found)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@contextmanager
def serve(*command: str, port: int, folder: Path) -> Iterator[None]:
    """Run a server that keeps its files in a folder, from its first open connection on."""
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} does not answer:\n{log.read_text()}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, and does not write a line for each."""

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """Serve a folder's files over HTTP; yield the address."""
    with ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


@contextmanager
def s3(folder: Path) -> Iterator[str]:
    """Serve Amazon's S3 with an empty bucket; yield the address."""
    command = program("moto_server", "`make setup-tools`")
    import boto3

    port = free_port()
    with serve(command, "--host", HOST, "--port", str(port), port=port, folder=folder):
        address = f"http://{HOST}:{port}"
        keys = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
        client = boto3.client("s3", endpoint_url=address, region_name="us-east-1", **keys)
        client.create_bucket(Bucket=BUCKET)
        yield address


@contextmanager
def azure(folder: Path) -> Iterator[str]:
    """Serve Azure's Blob Storage with an empty container; yield the connection string."""
    command = program("azurite-blob", "`make services`")
    from azure.storage.blob import BlobServiceClient

    port = free_port()
    address = ("--blobHost", HOST, "--blobPort", str(port), "--location", str(folder))
    # Azure's libraries move on to new versions of the interface before azurite knows their names.
    ways = ("--skipApiVersionCheck", "--disableTelemetry")
    with serve(command, *address, *ways, port=port, folder=folder):
        connection = (
            f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};"
            f"BlobEndpoint=http://{HOST}:{port}/{AZURE_ACCOUNT};"
        )
        BlobServiceClient.from_connection_string(connection).create_container(BUCKET)
        yield connection


@contextmanager
def google(folder: Path) -> Iterator[str]:
    """Serve Google's Cloud Storage with an empty bucket; yield the address."""
    command = program("gcp-storage-emulator", "`make setup-tools`")
    port = free_port()
    address = ("--host", HOST, "--port", str(port), "--default-bucket", BUCKET)
    with serve(command, "start", *address, "--in-memory", port=port, folder=folder):
        yield f"http://{HOST}:{port}"
