"""How the template's tests run: in surroundings of their own, on projects that they generate."""

import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from template.projects import BIN, CSV, TEMPLATE, command_line, finish, generate, succeed

# What these import is not in the everyday environment. `make test-tools` makes sure that it is there.
TOOLS = ["test_source_bigquery.py", "test_source_sql.py"]
collect_ignore = [] if find_spec("grpc") else TOOLS


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
