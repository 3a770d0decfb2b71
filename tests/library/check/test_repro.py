"""`repro` waits for other runs, and names the way out of a damaged list of them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from library.projects import ROOT

from pedigree.base.dvc_files import rwlock
from pedigree.base.names import UserError
from pedigree.check import repro
from pedigree.check.command import main as check

WAY_OUT = "delete it: rm .dvc/tmp/rwlock"
SLOW = "import time; time.sleep(4); open('out', 'w').write('x')"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a DVC project with a stage that takes a few seconds, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Path(".dvc/tmp").mkdir(parents=True)
    Path(".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    Path("slow.py").write_text(SLOW)
    Path("dvc.yaml").write_text(
        "stages: {slow: {cmd: python slow.py, deps: [slow.py], outs: [out]}}"
    )
    return tmp_path


@pytest.mark.parametrize("content", ["", "{", "[]", '{"write": {"x": 1}}', '{"read": {"x": [{}]}}'])
def test_a_damaged_list_of_runs_is_named_with_the_way_out(
    content: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / rwlock.RWLOCK).write_text(content)
    with pytest.raises(SystemExit) as ended:
        repro.main([])
    assert str(ended.value).endswith(f"{WAY_OUT}.")
    with pytest.raises(SystemExit):
        check([])
    assert WAY_OUT in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{}", '{"write": {}, "read": {}}', None])
def test_an_intact_list_is_none(content: str | None, project: Path) -> None:
    if content is not None:
        (project / rwlock.RWLOCK).write_text(content)
    assert rwlock.damage() == ""
    assert rwlock.running_commands() == {}


def test_a_damaged_list_has_no_running_commands(project: Path) -> None:
    (project / rwlock.RWLOCK).touch()
    with pytest.raises(UserError, match="damaged"):
        rwlock.running_commands()


def test_a_run_waits_for_another_and_both_succeed(project: Path) -> None:
    plain = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    while not rwlock.running_commands():
        assert plain.poll() is None
        time.sleep(0.05)
    waiting = subprocess.run(
        [sys.executable, "-m", "pedigree", "repro"], capture_output=True, text=True, check=False
    )
    assert plain.wait() == 0
    assert waiting.returncode == 0, waiting.stderr
    assert waiting.stdout.startswith(f"waiting for process {plain.pid}, `")
    assert "up to date" in waiting.stdout


def test_outside_of_a_project_dvc_says_so(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pedigree", "repro"]
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 253
    assert "you are not inside of a DVC repository" in done.stderr
    assert list(tmp_path.iterdir()) == []
