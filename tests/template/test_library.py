"""The library's manifest: what is published is sealed, and an edit in a project is noticed."""

import re
import shutil
import tomllib
from datetime import date
from pathlib import Path

import pytest
from template.projects import TEMPLATE, TREE

import pedigree
from pedigree.base.code.library import MANIFEST, changed, manifest

IGNORED = shutil.ignore_patterns("__pycache__")


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Return a copy of the library."""
    return Path(shutil.copytree(TREE / "pedigree", tmp_path / "pedigree", ignore=IGNORED))


def test_the_manifest_is_that_of_the_files() -> None:
    sealed = (TREE / "pedigree" / MANIFEST).read_text(encoding="utf-8")
    assert sealed == manifest(TREE / "pedigree"), "run `make manifest`"


def test_an_untouched_library_is_as_published(library: Path) -> None:
    assert changed(library) == []


def test_files_that_were_edited_added_or_removed_are_named(library: Path) -> None:
    with (library / "base/names.py").open("a") as file:
        file.write("# mine\n")
    (library / "base/mine.py").write_text("")
    (library / "base/git.py").unlink()
    assert changed(library) == ["base/git.py", "base/mine.py", "base/names.py"]


def test_without_a_manifest_every_file_differs(library: Path) -> None:
    (library / MANIFEST).unlink()
    assert "base/names.py" in changed(library)


def test_what_python_compiles_is_no_part_of_it(library: Path) -> None:
    (library / "base/__pycache__").mkdir()
    (library / "base/__pycache__/names.cpython-311.pyc").write_bytes(b"x")
    assert changed(library) == []


def test_the_version_is_the_same_wherever_it_stands() -> None:
    metadata = tomllib.loads((TEMPLATE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(
        r"^## \[(.*)\] - (.*)$", (TEMPLATE / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert newest
    assert metadata["version"] == pedigree.__version__ == newest[1]
    assert newest[2] == "Unreleased" or date.fromisoformat(newest[2])
