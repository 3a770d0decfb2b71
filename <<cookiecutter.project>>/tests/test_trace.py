import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Project, stages
from dvc.repo import Repo

from pipeline.core.base.names import UserError
from pipeline.core.base.tables import read_json
from pipeline.trace import __main__ as command
from pipeline.trace import trace
from pipeline.trace.records import digest

pytestmark = pytest.mark.slow
SETTING = "monitor.resamples"  # of the last stage: no other has to run again


def git(*arguments: str) -> str:
    options = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    return subprocess.run(
        ["git", *options, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def lock() -> dict:
    return yaml.safe_load(Path("dvc.lock").read_text(encoding="utf-8"))["stages"]


def outputs() -> dict[str, str]:
    return {out["path"]: out["md5"] for stage in lock().values() for out in stage["outs"]}


@pytest.fixture(scope="module")
def history(finished: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Record a finished project with DVC and Git: a first commit, an experiment, a second commit."""
    folder = tmp_path_factory.mktemp("trace") / "project"
    shutil.copytree(finished("binary").folder, folder)
    shutil.copytree(ROOT / "pipeline", folder / "pipeline", ignore=lambda *_: {"__pycache__"})
    for name in (".dvcignore", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    project, recorded = Project(folder), {"folder": folder}
    with chdir(folder):
        git("init", "--quiet", "-b", "main")
        git("config", "user.name", "Tests")
        git("config", "user.email", "tests@localhost")
        with Repo.init(str(folder)) as repo:
            (folder / ".dvc" / "config.local").write_text("[core]\n    analytics = false\n")
            repo.commit(force=True)
            git("add", ".")
            git("commit", "--quiet", "-m", "first")
            recorded |= {"first": git("rev-parse", "HEAD"), "before": outputs()}
            for value, end in ((150, "experiment"), (200, "commit")):
                project.compose(f"{SETTING}={value}")
                project.run("monitor")
                for stage in ("configure", "monitor"):
                    repo.commit(stage, force=True)
                if end == "experiment":
                    repo.experiments.save(name="wider-interval")
                    recorded["tried"] = outputs()
            git("add", ".")
            git("commit", "--quiet", "-m", "second")
            recorded |= {"second": git("rev-parse", "HEAD"), "after": outputs()}
    return recorded


@pytest.fixture
def recorded(history: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Return the records; the current folder is a copy of the project."""
    monkeypatch.chdir(shutil.copytree(history["folder"], tmp_path / "project", symlinks=True))
    return history


def test_a_bundle_is_traced_to_the_snapshot_and_the_commit(recorded: dict) -> None:
    found = trace("models/bundle")
    assert found["md5"] == recorded["after"]["models/bundle"]
    assert found["recorded_in"] == "the workspace"
    assert found["commit"] == recorded["first"]  # which brought it
    assert found["source"] == read_json(Path("data/raw/snapshot.json"))
    names = [one["stage"] for one in found["stages"]]
    assert names[0] == "package"
    assert set(names) == set(stages()) - {"profile", "explain", "monitor"}


def test_each_stage_tells_command_parameters_code_and_inputs(recorded: dict) -> None:
    found = {one["stage"]: one for one in trace("metrics/monitor.json")["stages"]}
    monitor = found["monitor"]
    assert monitor["command"] == "python -m pipeline.monitor"
    assert monitor["parameters"]["monitor"]["resamples"] == 200
    assert "pipeline/bundle.py" in monitor["code"]
    assert monitor["inputs"]["data/split"]["from"] == "split"
    assert monitor["outputs"]["metrics/monitor.json"] == outputs()["metrics/monitor.json"]


@pytest.mark.parametrize("out", [stage["outs"][-1] for stage in stages().values()], ids=str)
def test_every_output_has_an_unbroken_chain(recorded: dict, out: str | dict) -> None:
    found = trace(out if isinstance(out, str) else next(iter(out)))
    names = {one["stage"] for one in found["stages"]}
    made = {path: md5 for one in found["stages"] for path, md5 in one["outputs"].items()}
    for one in found["stages"]:
        for path, entry in one["inputs"].items():
            assert entry["from"] is None or entry["from"] in names
            if path in made:
                assert entry["md5"] == made[path]
    assert "configure" in names


def test_every_md5_is_the_one_that_dvc_gave(recorded: dict) -> None:
    for path, md5 in outputs().items():
        assert digest(Path(path)) == md5, path


@pytest.mark.parametrize("digits", [6, 12, 32])
def test_an_md5_or_its_first_digits_do(recorded: dict, digits: int) -> None:
    md5 = recorded["after"]["models/model.skops"]
    assert trace(md5[:digits])["path"] == "models/model.skops"


def test_a_file_inside_of_an_output_is_traced(recorded: dict) -> None:
    assert trace("models/bundle/README.md")["path"] == "models/bundle"
    assert trace(str(digest(Path("models/bundle/README.md"))))["path"] == "models/bundle"


def test_an_absolute_path_is_traced(recorded: dict) -> None:
    assert trace(str(Path("models/bundle").resolve()))["path"] == "models/bundle"


def test_an_output_of_an_earlier_commit_keeps_its_trace(recorded: dict) -> None:
    md5 = recorded["before"]["metrics/monitor.json"]
    assert md5 != recorded["after"]["metrics/monitor.json"]
    found = trace(md5)
    assert found["recorded_in"] == found["commit"] == recorded["first"]
    assert found["stages"][0]["parameters"]["monitor"]["resamples"] == 100


def test_an_output_of_an_experiment_keeps_its_trace(recorded: dict) -> None:
    found = trace(recorded["tried"]["metrics/monitor.json"])
    assert list(found["experiments"]) == ["wider-interval"]
    assert found["commit"] is None
    assert found["stages"][0]["parameters"]["monitor"]["resamples"] == 150


def test_an_output_that_did_not_change_belongs_to_the_commit_that_brought_it(
    recorded: dict,
) -> None:
    assert trace("models/model.skops")["commit"] == recorded["first"]


def test_an_output_that_was_changed_by_hand_is_told(recorded: dict) -> None:
    Path("metrics/monitor.json").write_text("{}", encoding="utf-8")
    (note,) = trace("metrics/monitor.json")["notes"]
    assert note.startswith(
        "metrics/monitor.json was changed since: its MD5 is 99914b932bd37a50b983c5e7c90ae93b"
    )


def test_an_output_that_is_not_there_is_still_traced(recorded: dict) -> None:
    shutil.rmtree("models/bundle")
    found = trace("models/bundle")
    assert found["md5"] == recorded["after"]["models/bundle"]
    assert found["notes"] == [
        "models/bundle is not in the workspace (`dvc checkout models/bundle` brings it)"
    ]


def test_an_earlier_version_in_the_workspace_is_recognised(recorded: dict) -> None:
    Path("metrics/monitor.json").write_text(
        git("show", f"{recorded['first']}:metrics/monitor.json") + "\n", encoding="utf-8"
    )
    found = trace("metrics/monitor.json")
    assert found["md5"] == recorded["before"]["metrics/monitor.json"]
    assert found["notes"] == ["the workspace holds an earlier version than its dvc.lock"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("models/bundel", "models/bundel is no output of any stage, now or before; did you mean 'models/bundle'"),
        ("conf/config.yaml", "conf/config.yaml is made by no stage: it is a source"),
        ("data/external", "data/external is made by no stage: it is a source"),
        ("abcdef012345", "no run recorded an output with the MD5 abcdef012345"),
    ],
)  # fmt: skip
def test_what_no_run_recorded_gets_a_clear_answer(recorded: dict, target: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        trace(target)


def test_a_project_that_has_not_run_says_what_to_run(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"there is no dvc\.lock here.*run `dvc repro` first"):
        trace("models/bundle")


def test_the_command_prints_the_chain_for_people(recorded: dict, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["trace", "models/bundle"])
    command.main()
    said = capsys.readouterr().out
    assert said.startswith(f"models/bundle  md5 {recorded['after']['models/bundle']}\n")
    assert f"Git commit: {recorded['first'][:7]} first" in said
    assert "\ntrain: python -m pipeline.train\n" in said
    digest_of_source = read_json(Path("data/raw/snapshot.json"))["files"][0]["sha256"]
    assert digest_of_source in said.splitlines()[-1]


def test_the_command_prints_json_for_machines(recorded: dict, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["trace", "models/bundle", "--json"])
    command.main()
    assert json.loads(capsys.readouterr().out) == trace("models/bundle")


def test_the_command_ends_with_1_and_a_sentence(recorded: dict, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["trace", "nothing"])
    with pytest.raises(SystemExit, match=r"^trace: nothing is no output of any stage"):
        command.main()


def test_a_bundles_lineage_holds_what_dvc_recorded(recorded: dict) -> None:
    Project(Path.cwd()).run("package")
    lineage = read_json(Path("models/bundle/lineage.json"))
    locked = lock()
    assert list(lineage["stages"])[-1] == "train"
    for name, one in lineage["stages"].items():
        assert one["command"] == locked[name]["cmd"]
        assert one["outputs"] == {out["path"]: out["md5"] for out in locked[name]["outs"]}
