import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from library.projects import ROOT, Project, record

from pedigree.base.dvc_files.lock import digest, folder_md5
from pedigree.base.dvc_files.stored import cached
from pedigree.base.names import UserError
from pedigree.base.settings import read_yaml
from pedigree.base.tables import read_json, write_json
from pedigree.check import clock
from pedigree.check import command as check
from pedigree.check.budget import looks
from pedigree.prediction.bundle import Bundle

VERDICT = Path("metrics/verdict.json")
SPLIT = "1" * 32 + ".dir"


def exit_code(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> object:
    monkeypatch.setattr(sys, "argv", ["check", *arguments])
    with pytest.raises(SystemExit) as end:
        check.main()
    return end.value.code


def ask(**criterion: Any) -> None:
    """Add a criterion that the clock measures to the last verdict."""
    verdict = read_json(VERDICT)
    timed = {"value": None, "met": None, "judged": "value", "rows": "all"}
    write_json(verdict | {"criteria": [*verdict["criteria"], criterion | timed]}, VERDICT)


def git(*arguments: str) -> str:
    options = (
        "-c",
        "user.name=Tests",
        "-c",
        "user.email=tests@localhost",
        "-c",
        "commit.gpgsign=false",
    )
    return subprocess.run(
        ["git", *options, *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def lock(model: str, split: str = SPLIT, **others: str) -> None:
    """Write a dvc.lock whose verdict was about a model."""
    deps = {"data/split": split, "models/model.skops": model, **others}
    verdict = {
        "cmd": "python -m pipeline.verdict",
        "deps": [{"path": path, "hash": "md5", "md5": md5} for path, md5 in deps.items()],
        "params": {"params.yaml": {"problem.exclude": {"name": "two\n\nparagraphs: of text"}}},
    }
    train = {
        "cmd": "python -m pipeline.train",
        "outs": [{"path": "models/model.skops", "md5": model}],
    }
    stages = {"train": train, "verdict": verdict, "package": {"cmd": "python -m pipeline.package"}}
    text = yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)
    Path("dvc.lock").write_text(text, encoding="utf-8")


def commit(model: str, split: str = SPLIT, **others: str) -> str:
    lock(model, split, **others)
    git("add", "dvc.lock")
    git("commit", "--quiet", "--allow-empty", "-m", f"model {model}")
    return git("rev-parse", "HEAD")


def test_a_verdict_on_an_earlier_model_opens_no_gate(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `dvc exp run evaluate` leaves it."""
    record(project)
    assert exit_code(monkeypatch) == 0
    recorded = read_yaml(Path("dvc.lock"))
    for out in recorded["stages"]["train"]["outs"]:
        out["md5"] = "b" * 32
    project.write("dvc.lock", recorded)
    assert "is about an earlier run: models/baseline.skops, " in str(exit_code(monkeypatch))


def test_what_the_page_warns_of_is_printed_beside_the_verdict(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor = read_json(Path("metrics/monitor.json"))
    write_json(
        monitor | {"retrain": True, "reasons": ["all has drifted"]}, Path("metrics/monitor.json")
    )
    assert exit_code(monkeypatch) == 0
    *_, end = capsys.readouterr().out.split("accepted, with reservations:\n")
    assert "  Monitoring recommends to retrain the model: all has drifted.\n" in end


def test_a_verdict_on_a_run_whose_outputs_are_gone_opens_no_gate(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `dvc repro` leaves it that fails in `train`, whose outputs it has deleted, but not from its cache."""
    record(project)
    for path in ("models/baseline.skops", "models/model.skops"):
        kept = cached(str(digest(Path(path))))
        kept.parent.mkdir(parents=True, exist_ok=True)
        Path(path).rename(kept)
    assert exit_code(monkeypatch) == (
        "check: metrics/verdict.json is about an earlier run: models/baseline.skops is missing, "
        "models/model.skops is missing (compared with dvc.lock); run `dvc repro`."
    )


def test_a_clone_without_data_and_models_has_its_verdict(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(project)
    for path in ("data/features", "models/model.skops", "models/bundle", "data/predictions"):
        shutil.rmtree(path) if Path(path).is_dir() else Path(path).unlink()
    assert exit_code(monkeypatch) == 0


@pytest.mark.parametrize(
    "path",
    [
        "data/predictions/test/part-00000.parquet",  # in an output
        "metrics/verdict.json",
        "metrics/evaluate.json",
        "settings/verdict.yaml",  # in an output of another stage
    ],
)
def test_a_verdict_on_other_files_opens_no_gate(
    project: Project, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    record(project)
    file = Path(path)
    file.write_bytes(file.read_bytes() + b"\n")
    recorded = path if file.suffix != ".parquet" else "data/predictions/test"
    assert f"an earlier run: {recorded} differs (" in str(exit_code(monkeypatch))


def test_a_promoted_model_keeps_its_verdict(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(project)
    project.write("models/champion/README.md", "The champion is new.\n")
    assert exit_code(monkeypatch) == 0


def test_a_verdict_that_dvc_does_not_record_is_read_and_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock("a" * 32)
    recorded = read_yaml(Path("dvc.lock"))
    del recorded["stages"]["verdict"]
    project.write("dvc.lock", recorded)
    assert exit_code(monkeypatch) == 0
    assert "dvc.lock records no verdict" in capsys.readouterr().out


def cache(files: Mapping[str, str]) -> str:
    """Let DVC's cache hold the listing of a folder; return its MD5."""
    md5 = folder_md5(files)
    entries = [{"md5": files[name], "relpath": name} for name in sorted(files)]
    cached(md5).parent.mkdir(parents=True, exist_ok=True)
    cached(md5).write_text(json.dumps(entries, sort_keys=True), encoding="utf-8")
    return md5


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty repository, as the current folder."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "-b", "main")
    return tmp_path


def test_damaged_objects_in_dvcs_cache_are_listed_with_what_contains_them(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = (md5(text) for text in ("good", "bad"))
    split = cache({"train/part-00000.parquet": bad, "test/part-00000.parquet": good})
    for name, text in ((good, "good"), (bad, "bad")):
        cached(name).parent.mkdir(parents=True, exist_ok=True)
        cached(name).write_text(text)
    commit("a", split)
    lock_of = {"stages": {"split": {"cmd": "", "outs": [{"path": "data/split", "md5": split}]}}}
    Path("dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", **lock_of}))
    check.main(["--cache"])
    assert capsys.readouterr().out == "DVC's cache is intact: 3 objects\n"
    cached(bad).write_text("dad")
    end = str(exit_code(monkeypatch, "--cache"))
    assert end.startswith("check: 1 object of 3 in DVC's cache is damaged; delete it, ")
    assert capsys.readouterr().out == (
        f"  damaged: {cached(bad)}, of data/split/train/part-00000.parquet\n"
    )
    cached(split).write_text("[]")
    assert "2 objects of 3" in str(exit_code(monkeypatch, "--cache"))
    assert f"  damaged: {cached(split)}, of data/split\n" in capsys.readouterr().out


# --- the verdict ---------------------------------------------------------------------------------


def test_an_accepted_model_is_exit_code_0(project: Project, monkeypatch, capsys) -> None:
    assert exit_code(monkeypatch) == 0
    said = capsys.readouterr().out
    assert "roc_auc" in said
    assert "met    gain_over_dummy" in said
    assert said.endswith("\naccepted\n")


def test_an_edited_library_is_said_and_changes_no_exit_code(
    project: Project, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(check, "changed", lambda: ["base/a.py", "base/b.py", "c.py", "d.py"])
    assert exit_code(monkeypatch) == 0
    assert (
        "the library differs from pedigree 0.1.0: pedigree/base/a.py, pedigree/base/b.py, "
        "pedigree/c.py and 1 more" in capsys.readouterr().out
    )


def test_a_model_that_is_not_accepted_is_exit_code_1(project: Project, monkeypatch, capsys) -> None:
    project.compose("problem.criteria.gain_over_dummy.at_least=2")
    project.run("verdict")
    assert exit_code(monkeypatch) == 1
    said = capsys.readouterr().out
    assert "MISSED gain_over_dummy" in said
    assert said.endswith("\nNOT ACCEPTED\n")


def test_no_verdict_is_exit_code_1_and_says_what_to_run(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (
        exit_code(monkeypatch)
        == "check: metrics/verdict.json does not exist; run `dvc repro` first."
    )


def test_another_verdict_can_be_named(project: Project, monkeypatch, capsys) -> None:
    verdict = read_json(project.folder / "metrics/verdict.json")
    verdict["criteria"][0]["value"] = None
    write_json(verdict | {"accepted": False}, project.folder / "old.json")
    assert exit_code(monkeypatch, "old.json") == 1
    assert "gain_over_dummy - >= 0" in capsys.readouterr().out


def test_what_the_model_is_compared_with_and_where_it_is_weakest_is_told(
    project: Project, monkeypatch, capsys
) -> None:
    worst = {"column": "island", "slice": "Dream", "rows": 12, "metric": "roc_auc", "value": 0.7}
    worst |= {"interval": [0.5, 0.9], "surely_worse": True}
    write_json(read_json(VERDICT) | {"worst": [worst]}, VERDICT)
    exit_code(monkeypatch)
    said = capsys.readouterr().out
    against = {one["against"] for one in read_json(VERDICT)["comparisons"]}
    assert {"dummy", "linear"} <= against
    for who in against:  # once: by the metric that decides
        assert said.count(f"gain over {who} ") == 1
    assert "worst slice" in said
    assert "island = Dream, 12 rows" in said


def test_which_end_and_which_rows_a_criterion_is_about_is_told(
    project: Project, monkeypatch, capsys
) -> None:
    line = {"criterion": "f1", "at_least": 0.5, "value": 0.6, "met": True}
    line |= {"judged": "lower", "rows": "worst_slice"}
    write_json(read_json(VERDICT) | {"criteria": [line]}, VERDICT)
    exit_code(monkeypatch)
    assert "met    f1, lower end, worst slice 0.6 >= 0.5" in capsys.readouterr().out


# --- the clock -----------------------------------------------------------------------------------


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "ROWS", 5)


@pytest.mark.parametrize(
    ("limit", "code", "state"), [(60_000, 0, "met   "), (0.001, 1, "MISSED")], ids=str
)
def test_the_latency_of_the_bundle_is_measured_here_and_now(
    project: Project, few_rows, monkeypatch, capsys, limit: float, code: int, state: str
) -> None:
    ask(criterion="latency_ms", at_most=limit)
    assert exit_code(monkeypatch) == code
    said = capsys.readouterr().out
    assert f"{state} latency_ms" in said
    assert "rows of data/loaded, one at a time" in said
    assert said.endswith("\naccepted\n" if code == 0 else "\nNOT ACCEPTED\n")


def test_a_row_takes_longer_if_the_bundle_does(project: Project, few_rows, monkeypatch) -> None:
    answer = Bundle.answer

    def slow(self: Bundle, typed: Any) -> Any:
        time.sleep(0.3)
        return answer(self, typed)

    monkeypatch.setattr(Bundle, "answer", slow)
    assert clock.latency()[0] >= 300


def test_the_clock_of_another_verdict_stands_still(project: Project, monkeypatch, capsys) -> None:
    ask(criterion="latency_ms", at_most=0.001)
    VERDICT.rename("old.json")
    assert exit_code(monkeypatch, "old.json") == 0
    assert "not measured: latency_ms" in capsys.readouterr().out


def test_a_bundle_that_is_not_there_is_not_taken_for_fast(project: Project, monkeypatch) -> None:
    ask(criterion="latency_ms", at_most=60_000)
    (project.folder / "models/bundle/model.skops").unlink()
    assert "model.skops is missing" in str(exit_code(monkeypatch))


def with_code(project: Project) -> None:
    """Give a project the owner's scripts beside its templates, and the library."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        ROOT / "pipeline", project.folder / "pipeline", ignore=ignored, dirs_exist_ok=True
    )
    (project.folder / "pedigree").symlink_to(ROOT / "pedigree")


def test_training_is_timed_in_a_copy(project: Project) -> None:
    with_code(project)
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*") if path.is_file()}
    Path("timings").mkdir(exist_ok=True)
    Path("timings/train.json").write_text('{"seconds": 1e9}')  # of another machine
    before[Path("timings/train.json")] = Path("timings/train.json").stat().st_mtime_ns
    seconds, about = clock.training(limit=600)
    assert seconds is not None
    assert 0 < seconds < 600
    assert about == "trained again in a copy"
    after = {path: path.stat().st_mtime_ns for path in Path().rglob("*") if path.is_file()}
    assert {p: t for p, t in after.items() if "__pycache__" not in p.parts} == {
        p: t for p, t in before.items() if "__pycache__" not in p.parts
    }


def test_training_that_takes_too_long_is_ended_and_missed(
    project: Project, monkeypatch, capsys
) -> None:
    with_code(project)
    monkeypatch.setattr(clock, "GRACE", 0)
    ask(criterion="training_seconds", at_most=0.01)
    assert exit_code(monkeypatch) == 1
    assert "MISSED training_seconds - <= 0.01" in capsys.readouterr().out


def test_training_needs_what_the_stage_reads(project: Project) -> None:
    with pytest.raises(UserError, match=r"another training, but p\w+/\S+ does not exist"):
        clock.training(limit=None)


# --- the test set is a budget --------------------------------------------------------------------


def test_every_model_of_the_history_counts_once(repository: Path) -> None:
    for model in ("a", "b", "a", "b", "c"):
        commit(model)
    found = looks()
    assert found is not None
    assert (found.models, found.unknown) == (3, 0)
    assert str(found) == "3 different models have been evaluated on this test set"


def test_one_model_is_told_in_the_singular(repository: Path) -> None:
    commit("a")
    assert str(looks()) == "1 model has been evaluated on this test set"


def test_branches_and_experiments_count(repository: Path) -> None:
    commit("a")
    git("switch", "--quiet", "-c", "other")
    commit("b")
    git("switch", "--quiet", "main")
    tried = commit("c")
    git("update-ref", "refs/exps/ab/cdef/brisk-tope", tried)  # as DVC keeps an experiment
    git("reset", "--quiet", "--hard", "HEAD~1")
    found = looks()
    assert found is not None
    assert found.models == 3


def test_the_workspace_counts_before_it_is_committed(repository: Path) -> None:
    commit("a")
    lock("b")
    found = looks()
    assert found is not None
    assert found.models == 2


def test_another_threshold_or_calibrator_is_another_model(repository: Path) -> None:
    commit("a")
    commit("a", **{"models/threshold.json": "x"})
    commit("a", **{"models/threshold.json": "y"})
    commit("a", **{"models/threshold.json": "y", "models/calibrator.skops": "z"})
    commit(
        "a",
        **{"models/threshold.json": "y", "models/calibrator.skops": "z", "models/champion": "w"},
    )
    found = looks()
    assert found is not None
    assert found.models == 4


def test_another_test_set_has_a_budget_of_its_own(repository: Path) -> None:
    one = cache({"train/part-00000.parquet": "t", "test/part-00000.parquet": "old"})
    other = cache({"train/part-00000.parquet": "t", "test/part-00000.parquet": "new"})
    for model in ("a", "b", "c"):
        commit(model, one)
    commit("c", other)
    found = looks()
    assert found is not None
    assert (found.models, found.unknown) == (1, 0)


def test_the_same_test_rows_in_another_split_are_the_same_test_set(repository: Path) -> None:
    one = cache({"train/part-00000.parquet": "t", "test/part-00000.parquet": "same"})
    other = cache({"train/part-00000.parquet": "fewer", "test/part-00000.parquet": "same"})
    commit("a", one)
    commit("b", other)
    found = looks()
    assert found is not None
    assert found.models == 2


def test_a_split_that_is_not_in_the_cache_is_told(repository: Path) -> None:
    commit("a")
    commit("b", "2" * 32 + ".dir")
    found = looks()
    assert found is not None
    assert (found.models, found.unknown) == (1, 1)
    assert "and 1 more on versions of data/split that are not in DVC's cache" in str(found)


def test_without_git_only_this_folder_is_known(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    lock("a")
    assert "dvc.lock is not in Git's history" in str(looks())


def test_without_a_recorded_verdict_nothing_is_counted(repository: Path) -> None:
    assert looks() is None


@pytest.mark.parametrize(("budget", "code"), [("null", 0), ("2", 0), ("1", 1)])
def test_a_budget_that_is_spent_turns_the_exit_code(
    project: Project, monkeypatch, capsys, budget: str, code: int
) -> None:
    git("init", "--quiet")
    project.compose(f"problem.test_budget={budget}")
    commit("a", str(digest(Path("data/split"))))
    record(project)
    assert exit_code(monkeypatch) == code
    said = capsys.readouterr().out
    told = "no budget" if budget == "null" else f"budget {budget}"
    assert f"2 different models have been evaluated on this test set ({told})" in said
    assert ("MISSED 2 different" in said) is (code == 1)


def test_a_thousand_commits_are_read_in_seconds(repository: Path) -> None:
    lock("0" * 32)
    text = Path("dvc.lock").read_text(encoding="utf-8")
    stream = []
    for number in range(1000):
        content = text.replace("0" * 32, f"{number:032x}").encode()
        head = f"commit refs/heads/main\ncommitter T <t@x> {1700000000 + number} +0000\ndata 0\n"
        stream.append(head.encode() + b"M 100644 inline dvc.lock\n")
        stream.append(f"data {len(content)}\n".encode() + content + b"\n")
    subprocess.run(["git", "fast-import", "--quiet"], input=b"".join(stream), check=True)
    began = time.process_time()
    found = looks()
    assert found is not None
    assert found.models == 1000
    assert time.process_time() - began < 10
