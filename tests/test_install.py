"""From nothing to results, as a user would: a new environment, with uv and with pip alone."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import BIN, command_line, commands_shown, run, succeed

pytestmark = pytest.mark.slow


def without_the_tests_environment() -> str:
    """Return PATH as it is in a new terminal, where uv and Git are."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder) != BIN)


@pytest.fixture
def terminal(tmp_path: Path) -> dict[str, str]:
    """Return the variables of a terminal with uv, and nothing of the tests' environment."""
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "uv").symlink_to(shutil.which("uv") or "uv")
    return {"PATH": os.pathsep.join([str(tools), without_the_tests_environment()])}


def activated(project: Path, terminal: dict[str, str]) -> dict[str, str]:
    """Return the variables after `. .venv/bin/activate`."""
    return {"PATH": os.pathsep.join([str(project / ".venv/bin"), terminal["PATH"]])}


def test_a_project_is_set_up_with_uv_and_runs(tmp_path: Path, terminal: dict[str, str]) -> None:
    shown = succeed(*command_line(tmp_path, project="my-project"), env=terminal)
    assert "Ready. Begin with:" in shown
    project = tmp_path / "my-project"
    active = activated(project, terminal)
    assert succeed("git", "status", "--porcelain", cwd=project) == ""
    assert list(project.glob(".venv/lib/*/site-packages/sklearn/__pycache__/*.pyc"))

    succeed("dvc", "repro", cwd=project, env=active)
    assert "up to date" in succeed("dvc", "repro", cwd=project, env=active)
    verdict = run("python", "-m", "pipeline.check", cwd=project, env=active)
    assert verdict.returncode in (0, 1)
    assert "Traceback" not in verdict.stderr
    succeed("dvc", "push", cwd=project, env=active)
    assert succeed("make", "show", cwd=project, env=active)
    succeed("make", "lint", cwd=project, env=active)
    # What the tests need is there; all of them run in test_pipeline.
    succeed("pytest", "tests/test_names.py", "tests/test_serve.py", cwd=project, env=active)


def test_a_project_is_set_up_with_pip_alone(tmp_path: Path) -> None:
    folders = without_the_tests_environment().split(os.pathsep)
    path = os.pathsep.join(folder for folder in folders if not (Path(folder) / "uv").exists())
    if not shutil.which("git", path=path):
        (tmp_path / "git").symlink_to(shutil.which("git") or "git")
        path = os.pathsep.join([str(tmp_path), path])
    shown = succeed(*command_line(tmp_path, project="p"), env={"PATH": path})
    assert "-m pip install" in shown
    assert "Ready. Begin with:" in shown
    project = tmp_path / "p"
    active = activated(project, {"PATH": path})
    assert list(project.glob(".venv/lib/*/site-packages/sklearn/__pycache__/*.pyc"))
    succeed("dvc", "repro", "load", cwd=project, env=active)


def test_the_commands_shown_finish_what_the_network_stopped(
    tmp_path: Path, terminal: dict[str, str], data: Path
) -> None:
    output = tmp_path / "mes projets à moi"
    offline = {"UV_OFFLINE": "1", "UV_CACHE_DIR": str(tmp_path / "cache")}
    cli = command_line(output, project="p", data=str(data), target="Churn")
    lines = commands_shown(succeed(*cli, env=terminal | offline))
    assert lines[1].startswith("uv pip install")
    succeed("bash", "-euc", "\n".join(lines[:-1]), env=terminal)
    assert succeed("git", "status", "--porcelain", cwd=output / "p") == ""
    assert (output / "p/data/external" / f"{data.name}.dvc").is_file()


def test_data_that_will_not_do_leave_nothing_behind(
    tmp_path: Path, terminal: dict[str, str], data: Path
) -> None:
    ragged = tmp_path / "ragged.csv"
    ragged.write_text(data.read_text() + "1,2,3,4\n")
    output = tmp_path / "output"
    cli = command_line(output, project="p", data=str(ragged), target="Churn")
    done = run(*cli, env=terminal)
    assert done.returncode == 1
    assert "ragged.csv, line 82: 4 values, and 3 are expected." in done.stderr
    assert list(output.iterdir()) == []
