"""Stages of the owner's own, added as DVC's users do: every command and the page cope with each form."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from library.projects import ROOT, Project

from pedigree.base.dvc_files.declared import declared, declared_stage
from pedigree.base.dvc_files.lock import recorded_stages, settings_of, whole
from pedigree.base.names import UserError
from pedigree.base.settings import read_settings
from pedigree.check.budget import looks
from pedigree.config.dependencies import undeclared
from pedigree.lineage.runs import compare_runs
from pedigree.lineage.trace import trace
from pedigree.lineage.trace.uses import uses
from pedigree.packaging.parts import make_lineage
from pedigree.report.sections.pipeline import levels, links
from pedigree.tracking.result import Result

pytestmark = pytest.mark.slow

SUMMARY = """
import sys
from pathlib import Path

import pandas as pd

rows = pd.read_parquet("data/clean")
kept = rows[rows["island"].isin(sys.argv[2:])] if sys.argv[2:] else rows
Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
Path(sys.argv[1]).write_text(kept.describe().to_csv(), encoding="utf-8")
"""
GROUPS = {
    "islands": {
        "foreach": ["Biscoe", "Dream"],
        "do": {
            "cmd": "python -m pipeline.summary reports/islands/${item}.csv ${item}",
            "deps": ["data/clean", "pipeline/summary.py"],
            "outs": ["reports/islands/${item}.csv"],
        },
    },
    "pairs": {
        "desc": "each island with a number",
        "matrix": {"island": ["Biscoe", "Dream"], "number": [1, 2]},
        "cmd": "cat reports/islands/${item.island}.csv > pair-${item.island}-${item.number}.csv",
        "deps": ["reports/islands"],
        "outs": ["pair-${item.island}-${item.number}.csv"],
    },
}
ADDED = (
    # No description; settings of another file; a metric; an imported file.
    *(
        [
            "-n",
            "summary",
            "-d",
            "data/clean",
            "-d",
            "pipeline/summary.py",
            "-d",
            "other.csv",
            "-p",
            "mine.yaml:mine.least",
            "-p",
            "seed",
        ],
    ),
    *(
        ["-n", "sums", "-d", "data/clean", "-M", "sums.json"],
        ["-n", "says"],
        ["-n", "once", "-o", "once.csv"],
    ),
)
COMMANDS = (
    ["-O", "reports/summary.csv", "python -m pipeline.summary reports/summary.csv"],
    ["python -c \"import json; json.dump({'rows': 3}, open('sums.json', 'w'))\""],
    ["echo nothing"],
    ["echo 1 > once.csv"],
)


def run(*arguments: str, folder: Path | None = None) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dvc(*arguments: str, folder: Path | None = None) -> str:
    return run(sys.executable, "-m", "dvc", *arguments, folder=folder)


def other_repository(folder: Path) -> Path:
    """Make a repository to import from."""
    folder.mkdir()
    run("git", "init", "--quiet", folder=folder)
    dvc("init", "--quiet", folder=folder)
    (folder / "other.csv").write_text("a\n1\n")
    dvc("add", "--quiet", "other.csv", folder=folder)
    run("git", "add", ".", folder=folder)
    run("git", "-c", "user.name=T", "-c", "user.email=t@x", "commit", "-qm", "x", folder=folder)
    return folder


@pytest.fixture(scope="module")
def made(finished: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a finished project with stages of its owner's that have run, committed twice."""
    folder = tmp_path_factory.mktemp("stages") / "project"
    shutil.copytree(finished("binary").folder, folder)
    for name in ("pedigree", "pipeline"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, dirs_exist_ok=True)
    for name in (".dvcignore", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    other = other_repository(tmp_path_factory.mktemp("other") / "other")
    with chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
        run("git", "init", "--quiet", "-b", "main")
        run("git", "config", "user.name", "Tests")
        run("git", "config", "user.email", "tests@localhost")
        with Repo.init(str(folder)) as repo:
            (folder / ".dvc/config.local").write_text("[core]\n    analytics = false\n")
            repo.add("data/external/penguins.csv")
            repo.commit(force=True)
        run("git", "add", ".")
        run("git", "commit", "--quiet", "-m", "first")
        Path("pipeline/summary.py").write_text(SUMMARY)
        Path("mine.yaml").write_text("mine: {least: 3}\n")
        dvc("import", "--quiet", str(other), "other.csv")
        for options, command in zip(ADDED, COMMANDS, strict=True):
            dvc("stage", "add", "--quiet", *options, *command)
        file = yaml.safe_load(Path("dvc.yaml").read_text())
        file["stages"] |= GROUPS
        Path("dvc.yaml").write_text(yaml.safe_dump(file, sort_keys=False))
        Path(".gitignore").write_text(f"{Path('.gitignore').read_text()}\npair-*.csv\n")
        dvc("repro", "--quiet", "summary", "sums", "says", "once", "pairs")
        dvc("freeze", "once")
        run("git", "add", ".")
        run("git", "commit", "--quiet", "-m", "second")
    return folder


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a copy of it, as the current folder."""
    folder = shutil.copytree(made, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return Project(folder)


OWN = {"summary", "sums", "says", "once", "islands", "pairs"}


# --- what is declared ------------------------------------------------------------------------------


def test_every_form_of_a_stage_is_read(project: Project) -> None:
    stages = declared()
    assert set(stages) >= OWN
    assert stages["summary"].params == ["seed"]  # of params.yaml
    assert stages["summary"].outs == ["reports/summary.csv"]
    assert stages["summary"].description == ""
    assert stages["sums"].outs == ["sums.json"]  # a metric is an output
    assert stages["says"].outs == stages["says"].deps == []
    assert stages["islands"].deps == ["data/clean", "pipeline/summary.py"]
    assert stages["pairs"].description == "each island with a number"
    assert [name for name, one in stages.items() if one.frozen] == ["once"]


def test_paths_are_those_of_the_project_where_a_stage_works_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage = {"cmd": ["a", "b"], "wdir": "notes", "deps": ["../data/clean"], "outs": ["x.csv"]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"notes": stage}}))
    assert (declared_stage("notes").deps, declared_stage("notes").outs) == (
        ["data/clean"],
        ["notes/x.csv"],
    )
    assert declared_stage("notes").command == "a && b"
    with pytest.raises(
        UserError, match=r"stage 'note' is not in dvc\.yaml; did you mean 'notes'\?"
    ):
        declared_stage("note")


def test_an_own_stage_may_read_its_settings_as_the_others_do(project: Project) -> None:
    assert read_settings("summary").seed == 42


def test_configure_looks_at_own_stages_too(project: Project) -> None:
    data = {"clean": {"steps": {"mine": {"_target_": "mycode.Mine"}}}}
    Path("mycode.py").write_text("class Mine: ...")
    stages = declared()
    stages["pairs"].params.append("clean")
    assert any("stages.pairs.deps" in mistake for mistake in undeclared(data, stages))


# --- what dvc.lock records -------------------------------------------------------------------------


def test_what_dvc_leaves_out_or_calls_otherwise_is_completed() -> None:
    files = [{"relpath": "a", "md5": "0" * 32}]
    lock = {
        "stages": {
            "says": {"cmd": "echo"},
            "web": {
                "cmd": "x",
                "deps": [
                    {"path": "https://host/x", "checksum": "W/5"},
                    {"path": "s3://b/x", "etag": "e"},
                ],
                "outs": [{"path": "kept", "files": files}, {"path": "gone"}],
            },
        }
    }
    stages = whole(lock)
    assert stages["says"] == {"cmd": "echo", "params": {}, "deps": [], "outs": []}
    assert [one["md5"] for one in stages["web"]["deps"]] == ["W/5", "e"]
    (kept, gone) = stages["web"]["outs"]
    assert kept["md5"].endswith(".dir")
    assert gone["md5"] == ""
    assert whole({}) == {}


def test_settings_of_another_file_bear_its_name(project: Project) -> None:
    assert settings_of(recorded_stages(), "summary") == {"mine.yaml:mine.least": 3, "seed": 42}


# --- lineage ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "chain"),
    [
        ("reports/summary.csv", ["summary", "clean", "load", "collect", "configure"]),
        ("reports/islands/Dream.csv", ["islands@Dream", "clean", "load", "collect", "configure"]),
        ("sums.json", ["sums", "clean", "load", "collect", "configure"]),
        ("once.csv", ["once"]),
        (
            "pair-Dream-2.csv",
            ["pairs@Dream-2", "islands@Dream", "islands@Biscoe", "clean", "load", "collect", "configure"],
        ),
    ],
)  # fmt: skip
def test_an_output_of_an_own_stage_is_traced_to_the_snapshot(
    project: Project, path: str, chain: list[str]
) -> None:
    found = trace(path)
    assert [one["stage"] for one in found["stages"]] == chain
    snapshot = json.loads(Path("data/raw/snapshot.json").read_text())
    assert found["source"] == (snapshot if "collect" in chain else None)


def test_a_folder_that_several_stages_fill_is_traced_to_all_of_them(project: Project) -> None:
    first, *_ = trace("pair-Dream-2.csv")["stages"]
    assert first["inputs"]["reports/islands"]["from"] == "islands@Biscoe, islands@Dream"


def test_an_imported_file_is_followed_into_what_uses_it(project: Project) -> None:
    (run,) = uses("other.csv")["runs"]
    assert run["used_by"] == ["summary"]
    assert list(run["outputs"]) == ["reports/summary.csv"]
    with pytest.raises(UserError, match=r"other\.csv is a source that no stage made"):
        trace("other.csv")


def test_what_an_own_stage_gives_to_the_first_steps_is_in_the_lineage_of_the_bundle(
    project: Project,
) -> None:
    lock = yaml.safe_load(Path("dvc.lock").read_text())
    lock["stages"]["collect"]["deps"].append(lock["stages"]["once"]["outs"][0])
    Path("dvc.lock").write_text(yaml.safe_dump(lock))
    assert make_lineage().stages["once"].command == "echo 1 > once.csv"


def test_runs_results_and_the_test_budget_are_not_disturbed(project: Project) -> None:
    Path("dvc.lock").unlink()
    run("git", "checkout", "--quiet", "dvc.lock")
    said = looks()
    assert said
    assert said.models == 1
    assert Result.read().outputs
    assert any(
        "no significant difference" in line
        for line in compare_runs(["HEAD~1", "HEAD"], Path("x.html"))
    )


# --- the page --------------------------------------------------------------------------------------


def test_the_page_shows_own_stages_and_what_they_follow(project: Project) -> None:
    project.run("report")
    page = Path("reports/index.html").read_text(encoding="utf-8")
    for name in OWN:
        assert f">{name}<" in page
    assert "each island with a number" in page
    assert "islands after clean" in page
    assert "pairs after islands" in page


def test_a_stage_may_be_listed_before_what_it_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stages = {
        "last": {"cmd": "x", "deps": ["b", "a"]},
        "middle": {"cmd": "x", "deps": ["a"], "outs": ["b"]},
        "first": {"cmd": "x", "outs": ["a"]},
    }
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    parents = links(declared())
    assert parents == {"first": [], "middle": ["first"], "last": ["middle"]}
    assert levels(parents) == {"first": 0, "middle": 1, "last": 2}


def test_groups_that_follow_each_other_in_turns_are_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stages = {
        "fit": {"foreach": [1, 2], "do": {"cmd": "x", "deps": ["tests"], "outs": ["fits/${item}"]}},
        "test": {"foreach": [1, 2], "do": {"cmd": "x", "deps": ["fits"], "outs": ["tests/${item}"]}},
    }  # fmt: skip
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    assert set(levels(links(declared()))) == {"fit", "test"}
