"""Generated projects for the tests: by the command line, as a user makes them, or in-process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[2]
TREE = TEMPLATE / "<<cookiecutter.project>>"
BIN = Path(sys.executable).parent
CSV = "age,plan,Churn\n" + "".join(
    f"{20 + n % 50},{'pro' if n % 3 else 'basic'},{'yes' if n % 4 == 0 else 'no'}\n"
    for n in range(80)
)
Completed = subprocess.CompletedProcess[str]


def run(
    *command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Completed:
    """Run a command; the tests' own environment comes first on PATH."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **({"PWD": str(cwd)} if cwd else {}), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def succeed(*command: str | Path, **options: Any) -> str:
    """Run a command that must succeed; return what it prints."""
    done = run(*command, **options)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def command_line(output: Path, *options: str, **answers: str) -> tuple[str, ...]:
    """Return the command with which a user generates a project."""
    given = (f"{name}={answer}" for name, answer in answers.items())
    cli = (sys.executable, "-m", "cookiecutter", str(TEMPLATE), "--no-input", "-o", str(output))
    return (*cli, *options, *given)


def generate(output: Path, **answers: str) -> Path:
    """Generate a project in-process, without setting it up."""
    folder = cookiecutter(
        str(TEMPLATE),
        no_input=True,
        output_dir=str(output),
        extra_context={"setup": "no"} | answers,
        config_file=os.environ["COOKIECUTTER_CONFIG"],
    )
    return Path(folder)


def commands_shown(output: str) -> list[str]:
    """Return the command lines that a message asks the user to run."""
    _, _, message = output.partition("Run these commands:\n")
    return [line.strip() for line in message.splitlines() if line.startswith("    ")]


def finish(project: Path, output: str) -> Path:
    """Run the commands that were shown, with the tests' environment in place of a new one."""
    (project / ".venv").symlink_to(BIN.parent)
    installs = ("uv ", ".venv/bin/python -m pip ", f"{sys.executable} -m venv ")
    lines = [line for line in commands_shown(output)[:-1] if not line.startswith(installs)]
    succeed("bash", "-euc", "\n".join(lines), cwd=project)
    return project


def terminal(folder: Path) -> dict[str, str]:
    """Return the variables of a new terminal: uv and Git are there, the tests' environment is not."""
    (folder / "tools").mkdir()
    (folder / "tools/uv").symlink_to(shutil.which("uv") or "uv")
    return {"PATH": os.pathsep.join([str(folder / "tools"), without_the_tests_environment()])}


def without_the_tests_environment() -> str:
    """Return PATH as it is in a new terminal."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder) != BIN)


def activated(project: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables after `. .venv/bin/activate`."""
    return {"PATH": os.pathsep.join([str(project / ".venv/bin"), variables["PATH"]])}


def files(folder: Path) -> set[str]:
    """Return the paths of all files in a folder, leaving out Git's, DVC's and caches."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    hidden = {".git", "__pycache__", ".hypothesis", ".ruff_cache", ".mypy_cache", ".pytest_cache"}
    return {path.as_posix() for path in paths if not hidden & set(path.parts)}


def answers_stored(project: Path) -> dict[str, str]:
    """Return the answers that cruft has stored in a project."""
    stored = json.loads((project / ".cruft.json").read_text())
    return stored["context"]["cookiecutter"]
