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
from pedigree import settings
from pedigree.base.steps import STEPS

MOST = 40
WITHOUT_EXAMPLE = {"paths"}  # a module


def imported(file: Path) -> set[str]:
    """Name the modules of the library that a file imports from."""
    nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    modules = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name for name in modules if name.startswith("pedigree")}


def test_it_has_at_most_forty_names() -> None:
    assert len(pedigree.__all__) <= MOST


@pytest.mark.parametrize("file", sorted((ROOT / "pipeline").rglob("*.py")), ids=lambda f: f.stem)
def test_scripts_and_custom_code_import_only_it_and_the_type_of_their_settings(file: Path) -> None:
    assert imported(file) <= {"pedigree", "pedigree.settings"}


def test_each_step_has_a_type_of_settings_of_its_name() -> None:
    types = set(settings.__all__) - {"read_settings"}
    assert types == {f"{name.title()}Settings" for name in STEPS}


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
