"""Generated projects for the tests: by the command line, as a user makes them, or in-process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cookiecutter.main import cookiecutter

TEMPLATE = Path(__file__).parents[2]
TREE = TEMPLATE / "<<cookiecutter.project>>"
BIN = Path(sys.executable).parent
CSV = "age,plan,Churn\n" + "".join(
    f"{20 + n % 50},{'pro' if n % 3 else 'basic'},{'yes' if n % 4 == 0 else 'no'}\n"
    for n in range(80)
)
Completed = subprocess.CompletedProcess[str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that two workers end at about the same time."""
    longest = ("test_pipeline", "test_install")
    items.sort(key=lambda item: [item.path.stem != name for name in longest])


@pytest.fixture(scope="session", autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep out what the user, an enclosing repository or `make test` has set."""
    folder = tmp_path_factory.mktemp("surroundings")
    settings = {name: str(folder / name) for name in ("cookiecutters_dir", "replay_dir")}
    (folder / "cookiecutter.yaml").write_text(yaml.safe_dump(settings))
    (folder / "gitconfig").write_text("[user]\nname = Tester\nemail = tester@example.org\n")
    for name in list(os.environ):
        if name.startswith(("GIT_", "MAKE")) or name == "VIRTUAL_ENV":
            del os.environ[name]
    os.environ["COOKIECUTTER_CONFIG"] = str(folder / "cookiecutter.yaml")
    os.environ["GIT_CONFIG_GLOBAL"] = str(folder / "gitconfig")
    os.environ["GIT_CONFIG_SYSTEM"] = os.devnull
    os.environ["PATH"] = os.pathsep.join([str(BIN), os.environ["PATH"]])


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
    _, _, message = output.partition("still to be run:\n")
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


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a CSV file of the user's own."""
    path = tmp_path_factory.mktemp("data") / "telco-churn.csv"
    path.write_text(CSV)
    return path


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with the defaults, not set up."""
    return generate(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    """Return a project on the user's own data, not set up."""
    return generate(tmp_path_factory.mktemp("own"), data=str(data), target="Churn")


@pytest.fixture
def make_ready(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that generates a project and finishes it by the commands shown."""

    def make(**answers: str) -> Path:
        answers = {"project": "ready", "setup": "no"} | answers
        output = succeed(*command_line(tmp_path, **answers), cwd=tmp_path)
        return finish(tmp_path / answers["project"], output)

    return make


@pytest.fixture(scope="session")
def template_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Git repository with the template as it stands, for cruft to clone."""
    folder = tmp_path_factory.mktemp("template") / "pedigree"
    left_out = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache")
    shutil.copytree(TEMPLATE, folder, ignore=left_out)
    succeed("git", "init", "-q", "-b", "main", cwd=folder)
    succeed("git", "add", ".", cwd=folder)
    succeed("git", "commit", "-q", "-m", "Template", cwd=folder)
    return folder


def answers_stored(project: Path) -> dict[str, str]:
    """Return the answers that cruft has stored in a project."""
    stored = json.loads((project / ".cruft.json").read_text())
    return stored["context"]["cookiecutter"]
