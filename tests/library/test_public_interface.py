"""The public interface: what scripts, custom code and notebooks import from `pedigree`."""

import ast
import doctest
import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from library.projects import ROOT, Project

import pedigree

MOST = 40
WITHOUT_EXAMPLE = {"paths"}  # a module


def imported(file: Path) -> set[str]:
    """Name the modules of the library that a file imports from, but for the types of annotations."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing = [
        one
        for one in ast.walk(tree)
        if isinstance(one, ast.If) and "TYPE_CHECKING" in ast.unparse(one.test)
    ]
    annotations = {node for one in typing for node in ast.walk(one)}
    return {
        str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and str(node.module).startswith("pedigree")
        and node not in annotations
    }


def test_it_has_at_most_forty_names() -> None:
    assert len(pedigree.__all__) <= MOST


# `configure` composes and checks settings; what it imports for that is not public yet.
SCRIPTS = [
    file for file in sorted((ROOT / "pipeline").rglob("*.py")) if file.name != "configure.py"
]


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda f: f.stem)
def test_scripts_and_custom_code_import_nothing_else(file: Path) -> None:
    assert imported(file) <= {"pedigree"}


def test_importing_it_loads_no_library() -> None:
    code = "import pedigree, sys; print([m for m in ('pandas', 'sklearn', 'catboost') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", sorted(set(pedigree.__all__) - WITHOUT_EXAMPLE))
def test_the_example_of_each_name_runs(
    name: str, copy_of: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = copy_of("binary")
    monkeypatch.chdir(project.folder)
    tests = doctest.DocTestFinder(recurse=False).find(getattr(pedigree, name), name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for test in tests:
        assert test.examples, f"{name} has no example"
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).attempted
    assert not runner.failures, "".join(said)


def test_each_name_is_defined_under_that_name() -> None:
    """No aliases: what a traceback or an editor shows is what was imported."""
    objects: dict[str, Any] = {name: getattr(pedigree, name) for name in pedigree.__all__}
    for name, one in objects.items():
        own = one.__name__.rpartition(".")[2] if inspect.ismodule(one) else one.__name__
        assert own == name
