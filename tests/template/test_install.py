"""A new environment, as a user makes it: with pip alone, and with uv where something stands in the way.

With uv and no trouble it is made in ``test_pipeline.py``, where all steps run in it.
"""

import os
import re
import shutil
from pathlib import Path

import pytest
from template.projects import (
    activated,
    command_line,
    commands_shown,
    run,
    succeed,
    terminal,
    without_the_tests_environment,
)

pytestmark = pytest.mark.slow


def test_a_project_is_set_up_with_pip_alone(tmp_path: Path) -> None:
    folders = without_the_tests_environment().split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if not (Path(folder) / "uv").exists())
    if not shutil.which("git", path=path):
        (tmp_path / "git").symlink_to(shutil.which("git") or "git")
        path = os.pathsep.join([str(tmp_path), path])
    shown = succeed(*command_line(tmp_path, project="p"), env={"PATH": path})
    assert "-m pip install --quiet --require-hashes -r requirements/core.txt" in shown
    assert "The project is ready. Start with:" in shown
    project = tmp_path / "p"
    active = activated(project, {"PATH": path})
    assert list(project.glob(".venv/lib/*/site-packages/sklearn/__pycache__/*.pyc"))
    succeed("dvc", "repro", "load", cwd=project, env=active)
    doctor = succeed("dvc", "doctor", cwd=project, env=active)
    used = re.search(r"^Repo.site_cache_dir: (.*)$", doctor, re.MULTILINE)
    assert used
    assert Path(used[1]).parents[1].stat().st_mode & 0o777 == 0o700
    assert not Path("/var/tmp/dvc/repo", Path(used[1]).name).exists()


def test_the_commands_shown_finish_what_the_network_stopped(tmp_path: Path, data: Path) -> None:
    online = terminal(tmp_path)
    output = tmp_path / "mes projets à moi"
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    cli = command_line(output, project="p", data=str(data), target="Churn")
    lines = commands_shown(succeed(*cli, env=online | offline))
    assert lines[1].startswith("uv pip install")
    succeed("bash", "-euc", "\n".join(lines[:-1]), env=online)
    assert succeed("git", "status", "--porcelain", cwd=output / "p") == ""
    assert (output / "p/data/external" / f"{data.name}.dvc").is_file()


def test_data_that_will_not_do_leave_nothing_behind(tmp_path: Path, data: Path) -> None:
    ragged = tmp_path / "ragged.csv"
    ragged.write_text(data.read_text() + "1,2,3,4\n")
    output = tmp_path / "output"
    cli = command_line(output, project="p", data=str(ragged), target="Churn")
    done = run(*cli, env=terminal(tmp_path))
    assert done.returncode == 1
    assert "ragged.csv, line 82: 4 values, but 3 are expected." in done.stderr
    assert list(output.iterdir()) == []
