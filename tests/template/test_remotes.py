"""DVC remotes, really used: what one person pushes another pulls, whole or not at all."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml
from template import servers
from template.projects import command_line, finish, run, succeed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("remotes")]

SECRET = "not-for-git"
# Reaches the objects of the project's remote as DVC does, whatever the remote is.
AT_THE_REMOTE = """
import sys
from dvc.repo import Repo
store = Repo().cloud.get_remote_odb("storage")
for name in sys.argv[2:]:
    path = store.oid_to_path(name)
    content = store.fs.cat_file(path)
    store.fs.remove(path)
    if sys.argv[1] == "spoil":  # one bit, so that the size stays
        store.fs.pipe_file(path, bytes([content[0] ^ 1]) + content[1:])
"""


@dataclass(frozen=True)
class Remote:
    """An address, which is committed, and what stays on one's own machine."""

    url: str
    local: dict[str, str] = field(default_factory=dict)  # for `dvc remote modify --local`
    env: dict[str, str] = field(default_factory=dict)


@pytest.fixture(
    scope="module",
    params=[
        "folder",
        *(pytest.param(kind, marks=pytest.mark.tools) for kind in ("s3", "azure", "gs")),
    ],
)
def remote(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Remote]:
    """Return a remote of each kind, empty; its server runs while tests use it."""
    folder = tmp_path_factory.mktemp(f"remote-{request.param}")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", servers.HOST)
        patch.setenv("no_proxy", servers.HOST)
        remote = start(request.param, folder, stack)
        for name, value in remote.env.items():
            patch.setenv(name, value)
        yield remote


def start(kind: str, folder: Path, stack: ExitStack) -> Remote:
    """Start the server of a kind of remote."""
    if kind == "folder":
        return Remote(str(folder / "store"))
    if kind == "s3":
        endpoint = {"endpointurl": stack.enter_context(servers.s3(folder))}
        keys = {"access_key_id": "someone", "secret_access_key": SECRET}
        return Remote(f"s3://{servers.BUCKET}/p", endpoint | keys)
    if kind == "azure":
        connection = stack.enter_context(servers.azure(folder))
        env = {"AZURE_STORAGE_CONNECTION_STRING": connection}
        return Remote(f"azure://{servers.BUCKET}/p", env=env)
    endpoint = {"endpointurl": stack.enter_context(servers.google(folder))}
    # Else gcsfs asks over gRPC what kind of bucket it is, which no emulator answers.
    env = {"GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"}
    return Remote(f"gs://{servers.BUCKET}/p", endpoint | {"allow_anonymous_login": "true"}, env)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project whose sixteen steps have run, quickly, and are committed."""
    folder = tmp_path_factory.mktemp("remotes")
    shown = succeed(*command_line(folder, project="p", setup="no"), cwd=folder)
    ready = finish(folder / "p", shown)
    succeed("dvc", "exp", "run", "-S", "experiment=quick", cwd=ready)
    succeed("git", "add", ".", cwd=ready)
    succeed("git", "commit", "-qm", "Run", cwd=ready)
    return ready


@pytest.fixture(scope="module")
def origin(project: Path, remote: Remote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project that has pushed everything to the remote."""
    folder = tmp_path_factory.mktemp("origin") / "p"
    shutil.copytree(project, folder, symlinks=True)
    succeed("dvc", "remote", "modify", "storage", "url", remote.url, cwd=folder)
    for name, value in remote.local.items():
        succeed("dvc", "remote", "modify", "--local", "storage", name, value, cwd=folder)
    succeed("dvc", "push", cwd=folder)
    succeed("git", "commit", "-qam", "Store data and models elsewhere", cwd=folder)
    return folder


@pytest.fixture
def clone(origin: Path, remote: Remote, tmp_path: Path) -> Path:
    """Return a fresh clone that knows the remote's credentials and has pulled nothing yet."""
    folder = tmp_path / "clone"
    succeed("git", "clone", "-q", origin, folder)
    if remote.local:
        shutil.copy(origin / ".dvc/config.local", folder / ".dvc")
    return folder


def test_a_fresh_clone_pulls_everything_and_nothing_is_left_to_do(clone: Path) -> None:
    assert not (clone / "data/raw").exists()
    succeed("dvc", "pull", cwd=clone)
    said = succeed("dvc", "repro", cwd=clone)
    assert "Running stage" not in said
    assert "up to date" in said
    assert succeed("git", "status", "--porcelain", cwd=clone) == ""


def test_what_is_set_with_local_stays_out_of_git(origin: Path, remote: Remote) -> None:
    history = succeed("git", "log", "--all", "--patch", cwd=origin)
    assert remote.url in history
    assert [name for name in remote.local if f"{name} = " in history] == []
    assert SECRET not in history
    assert servers.AZURE_KEY not in history
    assert succeed("git", "status", "--porcelain", cwd=origin) == ""


def test_a_corrupted_object_is_refused_by_name_until_it_is_put_right(
    origin: Path, clone: Path
) -> None:
    folder, file = objects(origin)
    succeed("python", "-c", AT_THE_REMOTE, "spoil", file, cwd=origin)
    done = run("dvc", "pull", "--verbose", "data/raw", cwd=clone)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    place = f"files/md5/{file[:2]}/{file[2:]}"
    assert re.search(f"corrupted cache file '.*{place}'", said)
    assert "Checkout failed for following targets:\ndata/raw\n" in said
    assert not (clone / "data/raw").exists()
    assert not (clone / ".dvc/cache" / place).exists()

    # Without its list, DVC looks for each file of a folder again; with it, it takes them as there.
    succeed("python", "-c", AT_THE_REMOTE, "remove", folder, file, cwd=origin)
    assert "2 files pushed" in succeed("dvc", "push", cwd=origin)
    succeed("dvc", "pull", "data/raw", cwd=clone)
    assert "up to date" in succeed("dvc", "status", "collect", cwd=clone)


def objects(project: Path) -> tuple[str, str]:
    """Return the names, in DVC's storage, of the raw data's folder and of the first file in it."""
    stage = yaml.safe_load((project / "dvc.lock").read_text())["stages"]["collect"]
    folder = next(out["md5"] for out in stage["outs"] if out["path"] == "data/raw")
    listed = project / ".dvc/cache/files/md5" / folder[:2] / folder[2:]
    return folder, yaml.safe_load(listed.read_text())[0]["md5"]
