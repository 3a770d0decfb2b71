"""A run waits for what an interrupted one left running, and starts from clean outputs."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from library.projects import TREE

from pedigree.base.guards.orphan import only_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="fork and SIGKILL are Unix's")

DVC_YAML = """
stages:
  slow:
    cmd: python slow.py
    deps:
    - name
    outs:
    - out
    - kept: {persist: true}
"""
# Says that it runs, and writes what it was started with as soon as it may.
SLOW = """
import time
from pathlib import Path
from pedigree import run

def main() -> None:
    name = Path("name").read_text()
    Path(f"{name} runs").touch()
    while not Path("go").exists():
        time.sleep(0.02)
    Path("out").mkdir(exist_ok=True)
    Path("out", name).touch()
    Path("kept").write_text(name)

run("slow", main)
"""
HOLDER = """
import os, time
from pedigree.base.guards.orphan import only_process
with only_process("slow"):
    if {forks} and not os.fork():
        print(os.getpid(), flush=True)
        time.sleep(60)
        os._exit(0)
    {forks} or print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(TREE))
    monkeypatch.setenv(
        "PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    (tmp_path / "dvc.yaml").write_text(DVC_YAML)
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/slow.yaml").write_text("{}")
    return tmp_path


@pytest.fixture
def holder(project: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Start a process that runs the stage until it is killed."""
    code = HOLDER.format(forks=getattr(request, "param", False))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout
        written = int(one.stdout.readline())
        yield one
        one.kill()
        if written != one.pid:
            os.kill(written, signal.SIGKILL)


def seconds_to_enter(stage: str = "slow") -> float:
    began = time.monotonic()
    with only_process(stage):
        return time.monotonic() - began


def test_a_run_waits_for_the_process_that_runs_the_stage_and_names_it(
    holder: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert seconds_to_enter("other") < 0.5  # another stage does not wait
    with subprocess.Popen(["sh", "-c", f"sleep 2; kill -9 {holder.pid}"]):
        assert 1.5 < seconds_to_enter() < 5
    line = f"waiting for process {holder.pid}, which still runs `slow` of an interrupted run\n"
    assert capsys.readouterr().err == line


@pytest.mark.parametrize("holder", [True], indirect=True)
def test_workers_that_outlive_a_killed_stage_stop_nobody(holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    assert seconds_to_enter() < 1


def test_a_stage_that_failed_stops_nobody(project: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_process("slow"):
        _ = 1 / 0
    assert seconds_to_enter() < 0.5


def test_only_what_dvc_deletes_is_deleted_and_only_under_dvc(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left(stage: str) -> set[str]:
        (project / "out").mkdir(exist_ok=True)
        (project / "out/rest").touch()
        (project / "kept").touch()
        monkeypatch.setenv("DVC_STAGE", stage)
        with only_process("slow"):
            return {one.name for one in project.iterdir()} & {"out", "kept"}

    assert left("") == {"out", "kept"}
    assert left("other") == {"out", "kept"}
    assert left("slow") == {"kept"}
    assert left("../dvc.yaml:slow") == {"kept"}


def test_a_run_after_dvc_was_killed_alone_has_nothing_of_the_earlier_run(project: Path) -> None:
    def repro(name: str) -> subprocess.Popen[str]:
        (project / "name").write_text(name)
        return subprocess.Popen(["dvc", "repro"], stderr=subprocess.PIPE, text=True)

    subprocess.run(["dvc", "init", "--no-scm", "--quiet"], check=True)
    with repro("first") as dvc:
        wait_for(project / "first runs")
        dvc.kill()
    with repro("second") as dvc:
        assert dvc.stderr
        while "waiting for process" not in dvc.stderr.readline():
            assert dvc.poll() is None
        assert not (project / "second runs").exists()
        (project / "go").touch()
    assert dvc.returncode == 0
    assert [one.name for one in (project / "out").iterdir()] == ["second"]
    assert (project / "kept").read_text() == "second"


def wait_for(path: Path) -> None:
    began = time.monotonic()
    while not path.exists():
        assert time.monotonic() - began < 30, path
        time.sleep(0.02)
