"""How the library's tests run: settings of the process, legacy tools apart, and finished projects."""

from __future__ import annotations

import os

# On so few rows, threads wait for each other longer than they work.
os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")

import gc
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pandas as pd
import pytest
import yaml
from library.projects import IN_LEGACY, RAW, ROOT, Project, make_project, stages

from pedigree.base.logs import set_level
from pedigree.base.settings import Loader

# The libraries' million objects live as long as the tests do: looking through them less often saves a twelfth of the time.
gc.set_threshold(100_000, 20, 50)
# libyaml parses ten times as fast as the parser in Python, which is what Hydra asks for.
yaml.SafeLoader = Loader  # type: ignore[misc]

hypothesis.settings.register_profile(
    "project", derandomize=True, deadline=None, max_examples=25, database=None
)
hypothesis.settings.load_profile("project")

# Options of the extra `legacy`, which has an environment of its own: `pytest -m legacy` there, never here.
LEGACY = ("featuretools", "ydata")
# Of the extra `explanations`.
collect_ignore = ["explanation/test_lime_and_eli5.py"] if IN_LEGACY else []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tools", metavar="FILE", help="write which options ran, as CSV")
    parser.addoption(
        "--passed", metavar="FILE", help="write which tests passed; leave out those that it lists"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave tests of legacy tools to their environment, and out what has passed in another."""
    legacy = [
        item
        for item in items
        if item.get_closest_marker("legacy") or any(name in item.nodeid for name in LEGACY)
    ]
    for item in legacy:
        item.add_marker("legacy")
    if not IN_LEGACY:
        leave_out(config, items, {item.nodeid for item in legacy})
    leave_out(config, items, earlier_passed(config))


def earlier_passed(config: pytest.Config) -> set[str]:
    file = config.getoption("--passed")
    return set(Path(file).read_text().splitlines()) if file and Path(file).exists() else set()


def leave_out(config: pytest.Config, items: list[pytest.Item], names: set[str]) -> None:
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid in names])
    items[:] = [item for item in items if item.nodeid not in names]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write which tests passed, in the process that collects the results of parallel ones."""
    config = session.config
    if not (passed := config.getoption("--passed")) or hasattr(config, "workerinput"):
        return
    reports = config.pluginmanager.get_plugin("terminalreporter").getreports("passed")
    names = earlier_passed(config) | {one.nodeid for one in reports if one.when == "call"}
    Path(passed).write_text("".join(f"{name}\n" for name in sorted(names)))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Show option by task with outcome and seconds, as tests/library/test_tools.py reported them."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    lines = []
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            told = [value for name, value in report.user_properties if name == "tool"]
            if report.when == "call" and told:
                group, option, task, how, seconds = told[-1]
                shown = f"{seconds:.1f} s" if how == "run" else "-"
                rows.setdefault((group, option), {})[task] = shown if report.passed else "FAILED"
                lines.append(f"{group},{option},{task},{outcome},{how},{seconds:.2f}")
    if not rows:
        return
    terminalreporter.section("options (-: refused, since it does not fit the task)")
    tasks = sorted({task for row in rows.values() for task in row})
    terminalreporter.write_line(f"{'':<40}" + "".join(f"{task:>12}" for task in tasks))
    for (group, option), row in sorted(rows.items()):
        told = "".join(f"{row.get(task, ''):>12}" for task in tasks)
        terminalreporter.write_line(f"{group + '=' + option:<40}{told}")
    if config.getoption("--tools"):
        head = "group,option,task,outcome,how,seconds"
        Path(config.getoption("--tools")).write_text("\n".join([head, *sorted(lines)]) + "\n")


@pytest.fixture(autouse=True)
def in_the_project() -> Iterator[None]:
    """Begin in the project's folder, as stages and commands do."""
    with chdir(ROOT):
        yield


@pytest.fixture(autouse=True)
def usual_level() -> Iterator[None]:
    """Let no test print more or less for what `-v` or `-q` set in another, in the same process."""
    yield
    set_level(logging.INFO)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    """Return a project of a task in which the stages have run; it is shared, so only to be read."""

    @cache
    def make(task: str) -> Project:
        project = make_project(tmp_path_factory.mktemp(task) / "project", task)
        left_out = ["configure"] if task == "binary" else ["configure", "profile"]
        project.run(*(stage for stage in stages() if stage not in left_out))
        return project

    return make


@pytest.fixture
def copy_of(
    finished: Callable[[str], Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Project]:
    """Return a copy of a task's finished project, to be changed at will, as the current folder."""

    def make(task: str) -> Project:
        folder = shutil.copytree(finished(task).folder, tmp_path / "project")
        monkeypatch.chdir(folder)
        return Project(folder)

    return make


@pytest.fixture
def project(copy_of: Callable[[str], Project]) -> Project:
    """Return a copy of the finished binary project, as the current folder."""
    return copy_of("binary")


@pytest.fixture(scope="session")
def shared_penguins() -> pd.DataFrame:
    from pedigree.data.engine import read_file, retype

    rows = read_file(RAW, ["", "NA"])
    types = {name: "float64" for name in rows if name.endswith(("_mm", "_g", "_oo"))}
    return retype(rows, types | {"date_egg": "datetime64[ns]", "sample_number": "int64"})[0]


@pytest.fixture
def penguins(shared_penguins: pd.DataFrame) -> pd.DataFrame:
    """Return all 344 raw penguins, typed, with columns in snake_case."""
    return shared_penguins.copy()
