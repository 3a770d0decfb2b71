"""The library's rooms: imports point downwards only, no module imports itself by a detour."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from template.projects import TEMPLATE, TREE

# From the bottom up; rooms of one line do not import each other.
LEVELS = (
    "base",
    "data environment folds storage",
    "cleaning collecting scoring splitting",
    "contract estimators tracking",
    "features",
    "report",
    "prediction profiling training",
    "evaluation explanation leaderboard leakage packaging search serving",
    "monitoring verdict",
    "config lineage",
    "adopting check",
)
LEVEL = {room: number for number, rooms in enumerate(LEVELS) for room in rooms.split()}
MOST_LINES = 1600  # that lie directly in a folder: about 1,500


def modules() -> list[str]:
    return sorted(path.relative_to(TREE).as_posix() for path in (TREE / "pedigree").rglob("*.py"))


def file_of(name: str) -> str | None:
    path = name.replace(".", "/")
    found = (one for one in (f"{path}.py", f"{path}/__init__.py") if (TREE / one).is_file())
    return next(found, None)


@cache
def imported(module: str) -> frozenset[str]:
    """Return the files of the project that a module imports anywhere, also inside functions."""
    found: set[str | None] = set()
    for node in ast.walk(ast.parse((TREE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {file_of(alias.name) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module, f"{module}: import by full names"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {file_of(name) or file_of(str(node.module)) for name in names}
    return frozenset(one for one in found if one and one != module)


def rooms(module: str) -> Iterator[str]:
    for other in imported(module):
        if other.count("/") > 1:
            yield other.split("/")[1]


def test_every_room_has_its_level() -> None:
    assert {one.split("/")[1] for one in modules() if one.count("/") > 1} == set(LEVEL)


def test_the_tests_mirror_the_library() -> None:
    tested = {
        file.parent.relative_to(TEMPLATE / "tests/library")
        for file in (TEMPLATE / "tests/library").rglob("test_*.py")
    }
    assert all((TREE / "pedigree" / folder).is_dir() for folder in tested)
    assert {folder.parts[0] for folder in tested if folder.parts} == set(LEVEL)


def test_imports_point_downwards() -> None:
    inside = [one for one in modules() if one.count("/") > 1]
    pairs = [(one, one.split("/")[1], other) for one in inside for other in rooms(one)]
    assert [pair for pair in pairs if pair[2] != pair[1] and LEVEL[pair[2]] >= LEVEL[pair[1]]] == []


def test_no_module_imports_itself_by_a_detour() -> None:
    def reach(module: str) -> set[str]:
        seen: set[str] = set()
        waiting = list(imported(module))
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += imported(one)
        return seen

    assert [one for one in modules() if one in reach(one)] == []


def test_the_library_imports_nothing_of_the_owners() -> None:
    found = [(one, other) for one in modules() for other in imported(one)]
    assert [pair for pair in found if not pair[1].startswith("pedigree/")] == []


def test_a_folder_holds_what_fits_a_head() -> None:
    for folder in {Path(one).parent for one in modules()}:
        lines = sum(
            len((TREE / one).read_text(encoding="utf-8").splitlines())
            for one in modules()
            if Path(one).parent == folder
        )
        assert lines <= MOST_LINES, folder


@pytest.mark.parametrize(
    "script", sorted(path.name for path in (TREE / "pipeline").glob("[a-z]*.py"))
)
def test_a_steps_script_is_short(script: str) -> None:
    lines = (TREE / "pipeline" / script).read_text(encoding="utf-8").splitlines()
    assert 10 <= len(lines) <= 60


@pytest.mark.parametrize(("folder", "most"), [("pipeline", 1500), ("tests", 1000)])
def test_the_owner_of_a_fresh_project_has_little_to_read(folder: str, most: int) -> None:
    files = (TREE / folder).rglob("*.py")
    assert sum(len(one.read_text(encoding="utf-8").splitlines()) for one in files) <= most
