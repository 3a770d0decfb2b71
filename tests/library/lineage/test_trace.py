import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo
from library.projects import ROOT, Project, stages

from pedigree.base.dvc_files.lock import digest
from pedigree.base.dvc_files.stored import cached
from pedigree.base.names import UserError
from pedigree.base.tables import read_json
from pedigree.lineage.trace import command, trace
from pedigree.lineage.trace.folders import Folders
from pedigree.lineage.trace.records import Record
from pedigree.lineage.trace.uses import uses
from pedigree.lineage.trace.wanted import find_version
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.sealed import seal
from pedigree.serving.batch import predict_file

pytestmark = pytest.mark.slow
EXTERNAL = "data/external/penguins.csv"
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
    for name in ("pedigree", "pipeline"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, dirs_exist_ok=True)
    for name in (".dvcignore", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    project, recorded = Project(folder), {"folder": folder}
    with chdir(folder):
        git("init", "--quiet", "-b", "main")
        git("config", "user.name", "Tests")
        git("config", "user.email", "tests@localhost")
        with Repo.init(str(folder)) as repo:
            (folder / ".dvc" / "config.local").write_text("[core]\n    analytics = false\n")
            repo.add(EXTERNAL)
            repo.commit(force=True)
            git("add", ".")
            git("commit", "--quiet", "-m", "first")
            recorded |= {"first": git("rev-parse", "HEAD"), "before": outputs()}
            for value, end in ((150, "experiment"), (200, "commit")):
                project.compose(f"{SETTING}={value}")
                project.run("monitor", "report")
                for stage in ("configure", "monitor", "report"):
                    repo.commit(stage, force=True)
                if end == "experiment":
                    repo.experiments.save(name="wider-interval")
                    recorded["tried"] = outputs()
            git("add", ".")
            git("commit", "--quiet", "-m", "second")
            recorded |= {"second": git("rev-parse", "HEAD"), "after": outputs()}
    return recorded


@pytest.fixture
def retrained(recorded: dict) -> dict:
    """Replace the bundle, as a new model would, and commit it to DVC."""
    old = Bundle.load().id
    Path("models/bundle/README.md").unlink()  # it may be a link into the cache
    Path("models/bundle/README.md").write_text("Another card.", encoding="utf-8")
    seal(Path("models/bundle"))
    with Repo(".") as repo:
        repo.commit("package", force=True)
    return recorded | {"old_bundle": old}


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
    assert set(names) == set(stages()) - {"profile", "explain", "monitor", "report", "track"}


def test_each_stage_tells_command_parameters_code_and_inputs(recorded: dict) -> None:
    found = {one["stage"]: one for one in trace("metrics/monitor.json")["stages"]}
    monitor = found["monitor"]
    assert monitor["command"] == "python -m pipeline.monitor"
    assert monitor["parameters"]["monitor"]["resamples"] == 200
    assert "pipeline/monitor.py" in monitor["code"]
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


@pytest.mark.parametrize("digits", [8, 20, 64])
def test_the_id_that_each_answer_carries_is_traced_to_the_snapshot(
    recorded: dict, digits: int
) -> None:
    found = trace(Bundle.load().id[:digits])
    assert (found["path"], found["bundle"]) == ("models/bundle", Bundle.load().id)
    assert found["md5"] == recorded["after"]["models/bundle"]
    assert found["stages"] == trace("models/bundle")["stages"]
    assert found["source"] == read_json(Path("data/raw/snapshot.json"))


def test_the_id_of_a_bundle_that_was_replaced_is_found_in_the_history(retrained: dict) -> None:
    found = trace(retrained["old_bundle"])
    assert found["commit"] == retrained["first"]
    assert found["recorded_in"] == retrained["second"]
    assert found["bundle"] == retrained["old_bundle"]
    assert trace(Bundle.load().id)["recorded_in"] == "the workspace"


def test_an_id_whose_bundle_is_not_in_the_cache_says_how_to_get_it(retrained: dict) -> None:
    shutil.rmtree(".dvc/cache")
    with pytest.raises(
        UserError, match=r"1 recorded bundles are not in DVC's cache; run `dvc fetch"
    ):
        trace(retrained["old_bundle"])


def test_a_file_of_predictions_is_traced_by_the_id_in_it(recorded: dict) -> None:
    predict_file(Path(EXTERNAL), Path("scored.parquet"), Bundle.load())
    found = trace("scored.parquet")
    assert found["md5"] == recorded["after"]["models/bundle"]
    assert found["notes"] == [f"scored.parquet contains predictions of bundle {Bundle.load().id}"]


def test_a_file_with_the_answers_of_two_bundles_asks_for_one(recorded: dict) -> None:
    Path("scored.csv").write_text(f"label,bundle\na,{'1' * 64}\nb,{'2' * 64}\n")
    with pytest.raises(UserError, match=r"predictions of 2 bundles: 1111.*; trace one of them"):
        trace("scored.csv")


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
        "metrics/monitor.json was changed after the run: no run recorded its MD5, 99914b932bd37a50b983c5e7c90ae93b"
    )


def test_an_output_that_is_not_there_is_still_traced(recorded: dict) -> None:
    shutil.rmtree("models/bundle")
    found = trace("models/bundle")
    assert found["md5"] == recorded["after"]["models/bundle"]
    assert found["notes"] == [
        "models/bundle is not in the workspace; run `dvc checkout models/bundle` to get it"
    ]


def test_an_earlier_version_in_the_workspace_is_recognised(recorded: dict) -> None:
    shutil.copyfile(cached(recorded["before"]["metrics/monitor.json"]), "metrics/monitor.json")
    found = trace("metrics/monitor.json")
    assert found["md5"] == recorded["before"]["metrics/monitor.json"]
    assert found["notes"] == ["the workspace contains an earlier version than its dvc.lock records"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("models/bundel", "models/bundel is not an output of any recorded stage; did you mean 'models/bundle'"),
        ("conf/config.yaml", "conf/config.yaml is a source that no stage made"),
        ("data/external", "data/external is a source that no stage made"),
        ("abcdef012345", "recorded an output with the MD5, or a bundle with the id, abcdef012345"),
    ],
)  # fmt: skip
def test_what_no_run_recorded_gets_a_clear_answer(recorded: dict, target: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        trace(target)


def test_a_project_that_has_not_run_says_what_to_run(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"dvc\.lock exists neither here.*run `dvc repro` first"):
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


@pytest.mark.parametrize("how", [[], ["--json"], ["--uses"]])
def test_a_reader_may_leave_early(recorded: dict, how: list[str]) -> None:
    command = shlex.join([sys.executable, "-m", "pedigree", "trace", "models/model.skops", *how])
    shell = f"set -o pipefail; {command} | true"
    ended = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_command_ends_with_1_and_a_sentence(recorded: dict, monkeypatch) -> None:
    monkeypatch.setattr(sys, "argv", ["trace", "nothing"])
    with pytest.raises(SystemExit, match=r"^trace: nothing is not an output of any recorded stage"):
        command.main()


def test_a_bundles_lineage_holds_what_dvc_recorded(recorded: dict) -> None:
    Project(Path.cwd()).run("package")
    lineage = read_json(Path("models/bundle/lineage.json"))
    locked = lock()
    assert list(lineage["stages"])[-2:] == ["train", "evaluate"]  # which chooses the threshold
    for name, one in lineage["stages"].items():
        assert one["command"] == locked[name]["cmd"]
        assert one["outputs"] == {out["path"]: out["md5"] for out in locked[name]["outs"]}


def test_settings_that_no_commit_holds_are_said_to_be_lost(recorded: dict) -> None:
    project = Project(Path.cwd())
    project.compose(f"{SETTING}=300")
    stages = lock()
    own = next(d for d in stages["monitor"]["deps"] if d["path"] == "settings/monitor.yaml")
    own["md5"] = "f" * 32  # of a run that was never committed
    project.write("dvc.lock", {"schema": "2.0", "stages": stages})
    found = trace("metrics/monitor.json")
    assert found["stages"][0]["parameters"] is None
    assert any(
        "the settings that monitor ran with were changed later, and are in no commit" in one
        for one in found["notes"]
    )


# --- the way back --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mending(history: dict, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """Take rows out of the source and run the first stages again: a third commit."""
    folder = tmp_path_factory.mktemp("mended") / "project"
    shutil.copytree(history["folder"], folder, symlinks=True)
    recorded = {**history, "folder": folder, "bad": digest(folder / EXTERNAL)}
    with chdir(folder), Repo(str(folder)) as repo:
        lines = Path(EXTERNAL).read_text(encoding="utf-8").splitlines(keepends=True)
        Path(EXTERNAL).unlink()  # it may be a link into the cache
        Path(EXTERNAL).write_text("".join(lines[:-20]), encoding="utf-8")
        repo.add(EXTERNAL)
        Project(folder).run("collect", "load")
        for stage in ("collect", "load"):
            repo.commit(stage, force=True)
        git("add", ".")
        git("commit", "--quiet", "-m", "third")
        recorded |= {"third": git("rev-parse", "HEAD"), "good": digest(Path(EXTERNAL))}
    return recorded


@pytest.fixture
def mended(mending: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict:
    """Return the records; the current folder is a copy of the project."""
    monkeypatch.chdir(shutil.copytree(mending["folder"], tmp_path / "project", symlinks=True))
    return mending


def test_a_bad_file_is_followed_into_every_commit_and_experiment(mended: dict) -> None:
    runs = uses(mended["bad"])["runs"]
    assert [run["experiment"] or run["subject"] for run in runs] == [
        "first", "wider-interval", "second", "third",
    ]  # fmt: skip
    assert [run["commit"] for run in runs if not run["experiment"]] == [
        mended["first"], mended["second"], mended["third"],
    ]  # fmt: skip
    first = runs[0]
    assert {"collect", "load"} <= set(first["used_by"])
    made = mended["before"]
    assert first["models"] == {
        path: md5 for path, md5 in made.items() if path.startswith("models/")
    }
    assert {path: one["md5"] for path, one in first["metrics"].items()} == {
        path: md5 for path, md5 in made.items() if path.startswith("metrics/")
    }
    assert set(first["outputs"]) == set(made) - {"params.yaml", "settings"}


def test_a_metric_is_told_with_the_value_that_it_had_then(mended: dict) -> None:
    runs = {run["subject"]: run for run in uses(mended["bad"])["runs"]}
    scores = list(read_json(Path("metrics/evaluate.json")).items())[:2]
    assert runs["first"]["metrics"]["metrics/evaluate.json"]["value"] == ", ".join(
        f"{name} {score:.4g}" for name, score in scores
    )
    rows = len(Path("data/raw/penguins.csv").read_text(encoding="utf-8").splitlines()) - 1
    (load,) = [run["metrics"]["metrics/load.json"] for run in uses(EXTERNAL)["runs"]]
    assert load["value"] == f"rows {rows}, loaded {rows}"


def test_what_ran_with_another_version_is_not_counted(mended: dict) -> None:
    """The third commit's dvc.lock holds a new `load` beside an old `clean`."""
    third = uses(mended["bad"])["runs"][-1]
    assert third["subject"] == "third"
    assert "collect" not in third["used_by"]
    assert "metrics/load.json" not in third["metrics"]
    (run,) = uses(mended["good"])["runs"]
    assert (run["subject"], run["used_by"]) == ("third", ["collect", "load"])
    assert set(run["outputs"]) == {"data/raw", "data/loaded", "data/rejected", "metrics/load.json"}
    assert run["models"] == {}


def test_a_run_that_only_carried_an_output_along_does_not_tell_how_it_was_made(
    mended: dict,
) -> None:
    """The third commit and an experiment hold the bundle beside data that it was not made from."""
    # As `dvc exp run load` leaves it; `dvc exp save` would record all stages anew.
    third = git("rev-parse", "HEAD")
    carried = git("commit-tree", "HEAD^{tree}", "-p", third, "-m", "carried")
    git("update-ref", f"refs/exps/{third[:2]}/{third[2:]}/carried", carried)
    found = trace("models/bundle")
    assert (found["recorded_in"], found["commit"]) == (mended["second"], mended["first"])
    assert list(found["experiments"]) == ["wider-interval"]
    assert found["notes"] == ["its inputs were made again later; this is the run that made it"]
    made = {path: md5 for one in found["stages"] for path, md5 in one["outputs"].items()}
    (raw,) = [one["inputs"]["data/raw"] for one in found["stages"] if one["stage"] == "load"]
    assert raw["md5"] == made["data/raw"] == mended["before"]["data/raw"]


def test_an_output_whose_making_no_commit_recorded_has_a_broken_chain_and_says_so(
    mended: dict,
) -> None:
    shutil.rmtree(".git")
    git("init", "--quiet")
    (note,) = trace("models/bundle")["notes"]
    assert note.startswith("its inputs were made again later, and no commit")


def test_a_path_means_the_version_in_the_workspace_and_the_others_are_named(mended: dict) -> None:
    found = uses(EXTERNAL)
    assert found["md5"] == mended["good"]
    assert found["other_versions"] == {mended["bad"]: mended["first"]}
    assert found["runs"] == uses(mended["good"])["runs"]


def test_a_path_that_is_gone_means_its_last_recorded_version(mended: dict) -> None:
    Path(EXTERNAL).unlink()
    assert uses(EXTERNAL)["md5"] == mended["good"]


def test_a_version_that_no_run_has_seen_was_used_by_nothing(mended: dict) -> None:
    Path(EXTERNAL).unlink()
    Path(EXTERNAL).write_text("a,b\n1,2\n", encoding="utf-8")
    found = uses(EXTERNAL)
    assert found["runs"] == []
    assert list(found["other_versions"]) == [mended["bad"], mended["good"]]


def test_digits_of_md5_or_sha256_do(mended: dict) -> None:
    file = read_json(Path("data/raw/snapshot.json"))["files"][0]
    for digits in (mended["good"][:6], mended["good"], file["sha256"], file["sha256"][:12]):
        assert uses(digits)["md5"] == mended["good"]
        assert [run["subject"] for run in uses(digits)["runs"]] == ["third"]


def test_digits_that_begin_several_files_are_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    outs = [
        {"path": name, "md5": f"abcdef{digit * 26}"} for name, digit in (("x", "1"), ("y", "2"))
    ]
    records = [Record("", {"make": {"deps": [], "outs": outs}})]
    assert find_version("abcdef1", records, Folders(records))[0].path == "x"
    with pytest.raises(UserError, match=r"2 recorded files begin with abcdef: .*give more digits"):
        find_version("abcdef", records, Folders(records))


@pytest.mark.parametrize("part", ["data/raw", "data/raw/penguins.csv", "data/raw/snapshot.json"])
def test_a_snapshot_and_its_files_are_followed(mended: dict, part: str) -> None:
    found = uses(part)
    assert found["made_by"] == "collect"
    (run,) = found["runs"]
    assert run["subject"] == "third"
    assert "load" in run["used_by"]


def test_a_folder_inside_of_an_output_is_followed(mended: dict) -> None:
    run = uses("data/split/test")["runs"][0]
    assert "verdict" in run["used_by"]
    assert "metrics/verdict.json" in run["metrics"]
    assert "metrics/split.json" not in run["metrics"]


def test_a_batch_is_followed_into_monitoring_only(mended: dict) -> None:
    runs = uses("data/incoming/later.csv")["runs"]
    assert {name for run in runs for name in run["used_by"]} == {"monitor"}
    assert set(runs[0]["metrics"]) == {"metrics/monitor.json"}


def test_a_file_that_lies_beside_the_source_is_not_used(mended: dict) -> None:
    Path("data/external/notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with Repo() as repo:
        repo.add("data/external/notes.csv")
        repo.commit("collect", force=True)
    git("add", ".")
    git("commit", "--quiet", "-m", "notes")
    found = uses("data/external/notes.csv")
    assert found["runs"] == []
    assert "but no setting named it" in found["notes"][0]


def test_without_the_cache_git_still_knows_what_a_source_was_used_for(mended: dict) -> None:
    shutil.rmtree(".dvc/cache")
    found = uses(mended["bad"])
    assert "models/model.skops" in found["runs"][0]["models"]
    assert any("run `git switch --detach COMMIT && dvc fetch`" in note for note in found["notes"])


def test_a_file_that_nobody_knows_is_refused_and_one_that_nobody_used_is_told(
    mended: dict, monkeypatch, capsys
) -> None:
    with pytest.raises(UserError, match=r"pengins\.csv is not in the workspace.*did you mean"):
        uses("data/external/pengins.csv")
    with pytest.raises(UserError, match="recorded a file with the MD5 or SHA-256 abcdef01"):
        uses("abcdef01")
    monkeypatch.setattr(sys, "argv", ["trace", "--uses", "constraints.txt.bak"])
    Path("constraints.txt.bak").write_text("x", encoding="utf-8")
    command.main()
    assert "it was not used" in capsys.readouterr().out


def test_the_uses_are_printed_by_commit_and_each_version_once(
    mended: dict, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(sys, "argv", ["trace", "--uses", mended["bad"]])
    command.main()
    said = capsys.readouterr().out
    model = mended["before"]["models/model.skops"]
    assert [line for line in said.splitlines() if model in line] == [
        f"  models/model.skops           {model}"
    ]
    titles = [line.partition(":")[0] for line in said.splitlines() if ": used by " in line]
    assert titles[0] == f"{mended['first'][:7]} first"
    assert titles[1].startswith("experiment wider-interval (")
    assert f"more, unchanged since {mended['first'][:7]}" in said
    monkeypatch.setattr(sys, "argv", ["trace", "--uses", mended["bad"], "--json"])
    command.main()
    assert json.loads(capsys.readouterr().out) == uses(mended["bad"])
