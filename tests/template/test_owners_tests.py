"""The tests that a project keeps: they hold in a fresh project, follow its owner's stages, and find what was forgotten."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from template.projects import files, generate, run, succeed

pytestmark = pytest.mark.slow
TRIED = "tests/test_stages.py"
STRUCTURE = "tests/test_structure.py"
# Stages as an owner may write them: of each kind that DVC knows, with code, settings and data beside those of the template.
STAGES = """
  lookup:
    wdir: own
    cmd:
    - mkdir -p ../data/lookup
    - python make.py ../data/lookup/islands.txt
    deps: [make.py, names.txt]
    outs: [../data/lookup]

  count:
    foreach: [species, island]
    do:
      cmd: python -m own.count ${item} metrics/${item}.json
      params: [seed, {own/more.yaml: [unit]}]
      deps: [data/loaded, own, pedigree/__init__.py, pedigree/base]
      metrics:
      - metrics/${item}.json: {cache: false}

  pairs:
    matrix: {one: [metrics/species.json], other: [metrics/island.json]}
    cmd: mkdir -p reports && cat ${item.one} ${item.other} > reports/pairs.txt
    deps: ["${item.one}", "${item.other}", data/lookup/islands.txt]
    outs: [reports/pairs.txt]
"""
MAKE = """import shutil, sys
shutil.copy("names.txt", sys.argv[1])
"""
COUNT = """import sys
from pathlib import Path
from own import where
from pedigree.base.tables import read_table

rows = read_table(where.DATA)
assert len(rows) == 50, len(rows)
Path(sys.argv[2]).write_text('{"n": %d}' % rows[sys.argv[1]].nunique())
"""


def outcome(printed: str) -> dict[str, int]:
    """Return how many tests passed, failed or were skipped."""
    return {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|skipped|error)", printed)}


@pytest.fixture
def project(example: Path, tmp_path: Path) -> Path:
    """Return a fresh project, nothing of which has run."""
    return Path(shutil.copytree(example, tmp_path / "project"))


@pytest.fixture
def edit(project: Path) -> Callable[[str, str, str], None]:
    """Return a function that replaces a text in a file of the project."""

    def replace(path: str, before: str, after: str) -> None:
        text = (project / path).read_text(encoding="utf-8")
        assert before in text
        (project / path).write_text(text.replace(before, after, 1), encoding="utf-8")

    return replace


@pytest.fixture
def owned(project: Path, edit: Callable[[str, str, str], None]) -> Path:
    """Return a project to which its owner has added stages."""
    edit("dvc.yaml", "\nparams:", f"{STAGES}\nparams:")
    edit("tests/sandbox.py", "ROWS = 2000", "ROWS = 50")
    for name, text in {
        "__init__.py": "",
        "make.py": MAKE,
        "count.py": COUNT,
        "where.py": "from pathlib import Path\n\nDATA = Path('data/loaded')\n",
        "names.txt": "Biscoe\n",
        "more.yaml": "unit: 1\n",
    }.items():
        (project / "own").mkdir(exist_ok=True)
        (project / "own" / name).write_text(text, encoding="utf-8")
    return project


@pytest.mark.parametrize("task", ["multiclass", "regression"])  # binary: test_pipeline.py
def test_the_structure_of_a_fresh_project_is_sound(tmp_path: Path, task: str) -> None:
    succeed("pytest", "-q", STRUCTURE, cwd=generate(tmp_path, task=task))


def test_stages_of_the_owners_are_tried_and_the_project_is_left_as_it_was(owned: Path) -> None:
    before = files(owned)
    chosen = "lookup or count or pairs"
    found = outcome(succeed("pytest", "-q", STRUCTURE, TRIED, "-k", chosen, cwd=owned))
    assert found == {"passed": 3 * 3 + 3}
    assert files(owned) == before


def test_what_the_owner_forgot_is_named(owned: Path, edit: Callable[[str, str, str], None]) -> None:
    edit("dvc.yaml", "deps: [data/loaded, own,", "deps: [data/loaded, own/count.py,")
    edit("dvc.yaml", "data/lookup/islands.txt]", "data/looked.txt]")
    edit("dvc.yaml", "    - settings/clean.yaml\n", "")
    edit("dvc.yaml", "\n- plots/explain\n", "\n- plots/explained\n")
    done = run("pytest", "-q", STRUCTURE, cwd=owned)
    for said in (
        "add own/where.py to stages.count@species.deps in dvc.yaml",
        "AssertionError: data/looked.txt",
        "add ['clean.steps', 'clean'] to stages.clean.params in dvc.yaml",
        "AssertionError: plots/explained",
    ):
        assert said in done.stdout
    assert outcome(done.stdout)["failed"] == 4


def test_a_stage_that_breaks_fails_with_what_it_printed(
    project: Path, edit: Callable[[str, str, str], None]
) -> None:
    edit("pipeline/load.py", "    kept = ", "    1 / 0\n    kept = ")
    edit("pipeline/clean.py", "def main(", "def main_(")
    done = run("pytest", "-q", TRIED, "-k", "collect or load or clean", cwd=project)
    assert outcome(done.stdout) == {"passed": 1, "failed": 2}
    assert "ZeroDivisionError" in done.stdout


def test_an_output_that_is_not_written_is_named(
    project: Path, edit: Callable[[str, str, str], None]
) -> None:
    edit("dvc.yaml", "    - data/loaded: {persist: true}", "    - data/loaded\n    - data/more")
    done = run("pytest", "-q", TRIED, "-k", "load", cwd=project)
    assert "data/more" in done.stdout
    assert outcome(done.stdout) == {"failed": 1}


def test_a_server_is_not_asked_and_its_last_snapshot_serves(
    project: Path, edit: Callable[[str, str, str], None]
) -> None:
    for stage in ("configure", "collect"):
        succeed("python", "-m", f"pipeline.{stage}", cwd=project)
    edit("conf/config.yaml", "collect: example", "collect: openml")
    tried = ("pytest", "-q", TRIED, "-k", "collect or load")
    done = succeed(*tried, cwd=project)
    assert outcome(done) == {"passed": 1, "skipped": 1}
    assert "collect asks a server; `dvc repro collect` tries it" in done
    shutil.rmtree(project / "data/raw")
    assert outcome(succeed(*tried, cwd=project)) == {"skipped": 2}


def test_data_that_are_not_there_are_named(own: Path, tmp_path: Path) -> None:
    """As in a clone for which nobody has called `dvc pull`."""
    project = Path(shutil.copytree(own, tmp_path / "project"))
    succeed(
        "python",
        "-m",
        "pedigree",
        "adopt",
        "data/external/telco-churn.csv",
        "--target=Churn",
        cwd=project,
    )
    (project / "data/external/telco-churn.csv").unlink()
    done = succeed("pytest", "-q", TRIED, "-k", "collect or load", cwd=project)
    assert outcome(done) == {"skipped": 2}
    assert "telco-churn.csv" in done
