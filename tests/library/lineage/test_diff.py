import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dvc.repo import Repo
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames, range_indexes
from library.projects import ROOT, Project

from pedigree.base.dvc_files.lock import recorded_stages
from pedigree.base.dvc_files.stored import cached, listing
from pedigree.base.names import UserError
from pedigree.lineage.diff import command, compare_versions
from pedigree.lineage.diff.report import lines
from pedigree.lineage.diff.versions import dataset_of, read_version
from pedigree.lineage.runs.runs import open_run

EXTERNAL = Path("data/external/penguins.csv")
LOADED = Path("data/loaded")


def values(found: dict) -> dict[str, dict]:
    return {one["column"]: one for one in found["values"]}


# --- two tables ----------------------------------------------------------------------------------


def test_the_same_rows_differ_in_nothing(penguins: pd.DataFrame) -> None:
    found = compare_versions(penguins, penguins)
    assert found["rows"] == {
        "before": 344, "after": 344, "added": 0, "gone": 0, "changed": 0, "same": 344, "reordered": False,
    }  # fmt: skip
    assert found["columns"] == {"added": {}, "gone": {}, "retyped": {}}
    assert {one["changed"] for one in found["values"]} == {0, None}
    assert {one["distance"] for one in found["values"]} == {0, None}
    assert found["examples"] == {"added": [], "gone": [], "changed": []}


def test_rows_are_added_gone_and_changed_by_key(penguins: pd.DataFrame) -> None:
    before, after = penguins.iloc[:300], penguins.iloc[20:].copy()
    after.loc[30, "body_mass_g"] = 1.0
    after.loc[[30, 40], "island"] = "Rook"
    found = compare_versions(before, after, ["species", "sample_number"])
    rows = found["rows"]
    assert (rows["added"], rows["gone"], rows["changed"], rows["same"]) == (44, 20, 2, 278)
    changed = {name: one["changed"] for name, one in values(found).items() if one["changed"]}
    assert changed == {"body_mass_g": 1, "island": 2}
    assert found["examples"]["changed"][0] == {
        "species": penguins["species"][30],
        "sample_number": penguins["sample_number"][30],
        "column": "island",
        "before": penguins["island"][30],
        "after": "Rook",
    }
    assert [one["sample_number"] for one in found["examples"]["gone"]] == [1, 2, 3, 4, 5]


def test_a_key_is_found_where_columns_identify_rows(penguins: pd.DataFrame) -> None:
    shuffled = penguins.sample(frac=1, random_state=0)
    found = compare_versions(penguins, shuffled)
    assert not penguins.duplicated(found["key"]).any()
    assert 1 < len(found["key"]) <= 3
    assert found["rows"]["same"] == 344
    assert found["rows"]["reordered"]
    numbered = penguins.assign(number=range(len(penguins)))
    assert compare_versions(numbered, numbered.iloc[:-1])["key"] == ["number"]


def test_what_is_new_in_each_version_is_no_key(penguins: pd.DataFrame) -> None:
    """A timestamp of the export identifies rows, but not across versions."""
    before = penguins[["species", "sex"]].assign(exported=[f"a{n}" for n in range(344)])
    after = before.assign(exported=[f"b{n}" for n in range(344)])
    assert compare_versions(before, after)["key"] == []


def test_without_a_key_rows_are_counted_as_wholes(penguins: pd.DataFrame) -> None:
    before = penguins[["species", "island", "sex"]]
    after = pd.concat([before.iloc[2:], before.iloc[[5, 5, 5]]], ignore_index=True)
    found = compare_versions(before, after)
    assert found["key"] == []
    rows = found["rows"]
    assert (rows["added"], rows["gone"], rows["changed"]) == (
        sum((Counter(map(tuple, after.astype("str").to_numpy())) - Counter(map(tuple, before.astype("str").to_numpy()))).values()),
        sum((Counter(map(tuple, before.astype("str").to_numpy())) - Counter(map(tuple, after.astype("str").to_numpy()))).values()),
        None,
    )  # fmt: skip
    assert rows["same"] + rows["gone"] == 344


def test_columns_and_types_that_change_are_named(penguins: pd.DataFrame) -> None:
    after = penguins.drop(columns="region").assign(
        colony=1, sample_number=penguins["sample_number"].astype("float64")
    )
    found = compare_versions(penguins, after)
    assert found["columns"]["added"] == {"colony": "int64"}
    assert list(found["columns"]["gone"]) == ["region"]
    assert found["columns"]["retyped"] == {"sample_number": ["int64", "float64"]}
    assert found["rows"]["changed"] == 0  # 1 and 1.0 are the same number


def test_a_number_that_became_a_text_is_compared_as_it_reads(penguins: pd.DataFrame) -> None:
    after = penguins.assign(sample_number=penguins["sample_number"].astype("str"))
    found = compare_versions(penguins, after, ["species", "individual_id", "study_name"])
    assert values(found)["sample_number"]["changed"] == 0
    assert compare_versions(penguins, after, ["species", "sample_number"])["rows"]["same"] == 344


def test_gaps_and_shifts_are_told_for_each_column(penguins: pd.DataFrame) -> None:
    after = penguins.copy()
    after["body_mass_g"] += 1000
    after.loc[:85, "sex"] = None
    told = values(compare_versions(penguins, after))
    assert told["body_mass_g"]["shifted"]
    assert told["body_mass_g"]["distance"] > 0.4
    assert not told["culmen_length_mm"]["shifted"]
    assert told["sex"]["missing_before"] == pytest.approx(penguins["sex"].isna().mean())
    assert told["sex"]["missing_after"] == pytest.approx(after["sex"].isna().mean())
    assert told["date_egg"]["distance"] is None  # time always moves on


def test_only_columns_that_moved_are_reported(penguins: pd.DataFrame) -> None:
    before = pd.concat([penguins] * 20, ignore_index=True)
    after = before.iloc[1:].copy()
    after["body_mass_g"] += 1000
    assert [one["column"] for one in lines(compare_versions(before, after))] == ["body_mass_g"]


def test_two_gaps_are_equal_and_a_gap_differs_from_a_value() -> None:
    before = pd.DataFrame({"id": [1, 2, 3], "a": [None, None, "x"], "b": [np.nan, 1.0, 2.0]})
    after = pd.DataFrame({"id": [1, 2, 3], "a": [None, "y", None], "b": [np.nan, 1.0, np.nan]})
    found = compare_versions(before, after, ["id"])
    assert {name: one["changed"] for name, one in values(found).items()} == {
        "id": None, "a": 2, "b": 1,
    }  # fmt: skip
    assert found["rows"]["same"] == 1


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (["sample_nummer"], "--key: 'sample_nummer' is not a column of the first version; did you mean 'sample_number'?"),
        (["sample_number"], "--key: sample_number does not identify the rows of the first version: sample_number 1 occurs more than once (192 duplicate rows)"),
    ],
)  # fmt: skip
def test_a_key_that_does_not_identify_rows_is_refused(
    penguins: pd.DataFrame, key: list[str], said: str
) -> None:
    with pytest.raises(UserError) as error:
        compare_versions(penguins, penguins, key)
    assert str(error.value).startswith(said)


TABLES = data_frames(
    [
        column("id", st.integers(0, 12)),
        column("a", st.one_of(st.none(), st.sampled_from(["x", "y"])), dtype=object),
        column("b", st.one_of(st.just(np.nan), st.integers(0, 3).map(float)), dtype=float),
    ],
    index=range_indexes(max_size=8),
)


@given(TABLES, TABLES)
def test_counts_are_those_of_plain_python(before: pd.DataFrame, after: pd.DataFrame) -> None:
    before, after = (one.astype({"a": "str"}).where(one.notna()) for one in (before, after))
    key = (
        ["id"] if not before["id"].duplicated().any() and not after["id"].duplicated().any() else []
    )
    found = compare_versions(before, after, key)
    old, new = ([tuple(map(str, row)) for row in one.to_numpy()] for one in (before, after))
    rows = found["rows"]
    if not found["key"]:
        assert rows["gone"] == (Counter(old) - Counter(new)).total()
        assert rows["added"] == (Counter(new) - Counter(old)).total()
    elif found["key"] == ["id"]:
        left, right = {row[0]: row for row in old}, {row[0]: row for row in new}
        assert rows["gone"] == len(left.keys() - right.keys())
        assert rows["added"] == len(right.keys() - left.keys())
        assert rows["changed"] == sum(left[k] != right[k] for k in left.keys() & right.keys())
    assert rows["before"] - rows["gone"] == rows["same"] + (rows["changed"] or 0)
    assert rows["after"] - rows["added"] == rows["same"] + (rows["changed"] or 0)
    json.dumps(found, allow_nan=False)


# --- versions of DVC and Git ---------------------------------------------------------------------


def git(*arguments: str) -> None:
    options = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    subprocess.run(["git", *options, *arguments], capture_output=True, text=True, check=True)


def edit_source(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    rows = pd.read_csv(EXTERNAL, dtype=str, keep_default_na=False)
    change(rows).to_csv(EXTERNAL, index=False)


def heavier(rows: pd.DataFrame) -> pd.DataFrame:
    rows.loc[[0, 1], "Body Mass (g)"] = ["4000", "4100"]
    return rows


@pytest.fixture(scope="module")
def recorded(finished: Callable[[str], Project], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Record three versions: a tag, an experiment (two values) and a commit (rows and a column)."""
    folder = tmp_path_factory.mktemp("diff") / "project"
    project = Project(shutil.copytree(finished("binary").folder, folder))
    for name in ("pedigree", "pipeline"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored, dirs_exist_ok=True)
    for name in (".dvcignore", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    with chdir(folder):
        git("init", "--quiet", "-b", "main")
        git("config", "user.name", "Tests")
        git("config", "user.email", "tests@localhost")
        with Repo.init(str(folder)) as repo:
            settings = "[core]\n    analytics = false\n    remote = storage\n['remote \"storage\"']\n    url = ../.dvc-storage\n"
            (folder / ".dvc" / "config").write_text(settings, encoding="utf-8")
        with Repo(str(folder)) as repo:

            def record(change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
                edit_source(change)
                project.run("collect", "load")
                for stage in ("collect", "load"):
                    repo.commit(stage, force=True)
                repo.push(["load"])

            repo.commit(force=True)
            repo.push(["load"])
            git("add", ".")
            git("commit", "--quiet", "-m", "first")
            git("tag", "v1")
            record(heavier)
            repo.experiments.save(name="heavier")
            record(lambda rows: rows.iloc[:-10].assign(Colony="A1"))
            git("add", ".")
            git("commit", "--quiet", "-m", "second")
    return folder


@pytest.fixture
def versions(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a copy of the project, as the current folder."""
    folder = shutil.copytree(recorded, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(folder)
    return Project(folder)


def said(monkeypatch: pytest.MonkeyPatch, capsys, *arguments: str) -> str:
    monkeypatch.setattr(sys, "argv", ["diff", *arguments])
    command.main()
    return capsys.readouterr().out


@pytest.mark.slow
def test_versions_of_a_tag_an_experiment_a_branch_and_the_workspace_are_read(
    versions: Project,
) -> None:
    rows = len(pd.read_csv(EXTERNAL)) + 10
    names = ("v1", "heavier", "main", "HEAD", "workspace")
    frames = {name: read_version(name, LOADED) for name in names}
    assert {name: len(frame) for name, frame in frames.items()} == {
        "v1": rows, "heavier": rows, "main": rows - 10, "HEAD": rows - 10, "workspace": rows - 10,
    }  # fmt: skip
    assert frames["heavier"]["body_mass_g"].tolist()[:2] == [4000, 4100]
    pd.testing.assert_frame_equal(frames["main"], frames["workspace"])


@pytest.mark.slow
def test_the_command_says_what_changed(versions: Project, monkeypatch, capsys) -> None:
    shown = said(monkeypatch, capsys, "v1", "heavier")
    rows = len(read_version("v1", LOADED))
    assert shown.startswith("data/loaded: v1 -> heavier\n")
    assert f"0 added, 0 gone, 2 changed, {rows - 2:,} the same." in shown
    assert "\nbody_mass_g  2 " in shown
    shown = said(monkeypatch, capsys, "heavier")
    assert "0 added, 10 gone, 0 changed" in shown
    assert "Columns added: colony (str)." in shown


@pytest.mark.slow
def test_the_command_prints_json_and_writes_a_page(versions: Project, monkeypatch, capsys) -> None:
    shown = said(monkeypatch, capsys, "v1", "--json", "--html", "out/diff.html")
    found = json.loads(shown)
    assert (found["before"], found["after"], found["data"]) == ("v1", "workspace", "data/loaded")
    assert found["rows"]["gone"] == 10
    page = Path("out/diff.html").read_text(encoding="utf-8")
    assert '<h1 dir="auto">data/loaded: v1 -&gt; workspace</h1>' in page
    assert "body_<wbr>mass_<wbr>g" in page
    assert 'src="data:image/png;base64,' in page


@pytest.mark.slow
def test_a_version_comes_from_the_remote_where_the_cache_has_lost_it(versions: Project) -> None:
    before = read_version("v1", LOADED)
    shutil.rmtree(".dvc/cache")
    pd.testing.assert_frame_equal(read_version("v1", LOADED), before)


@pytest.mark.slow
def test_a_version_that_is_nowhere_says_how_to_bring_it(versions: Project) -> None:
    shutil.rmtree(".dvc/cache")
    shutil.rmtree(".dvc-storage")
    with pytest.raises(UserError, match=r"neither in DVC's cache nor in its remote.*`dvc fetch`"):
        read_version("v1", LOADED)


@pytest.mark.slow
def test_a_version_that_is_damaged_in_the_cache_is_not_compared(versions: Project) -> None:
    (loaded,) = (one for one in recorded_stages()["load"]["outs"] if one["path"] == "data/loaded")
    path = cached(listing(loaded["md5"])[0]["md5"])
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    path.chmod(0o444)
    with pytest.raises(UserError, match=r"is damaged; `python -m pedigree check --cache`"):
        read_version("HEAD", Path("data/loaded"))


def test_what_is_not_recorded_is_named(versions: Project) -> None:
    with pytest.raises(UserError, match=r"'heavyer' is not a commit, .*did you mean 'heavier'\?"):
        read_version("heavyer", LOADED)
    with pytest.raises(UserError, match="data/lodaed is not recorded in v1"):
        read_version("v1", Path("data/lodaed"))
    with pytest.raises(UserError, match="data/raw of v1 contains no Parquet parts"):
        read_version("v1", Path("data/raw"))
    shutil.rmtree(LOADED)
    with pytest.raises(UserError, match=r"run `dvc checkout data/loaded`"):
        read_version("workspace", LOADED)


def test_versions_need_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="nothing is committed here yet; run `git init` if"):
        read_version("HEAD", LOADED)
    subprocess.run(["git", "init", "--quiet"], check=True)
    with pytest.raises(UserError, match="nothing is committed here yet"):
        open_run("HEAD")


def test_a_stage_stands_for_its_dataset(project: Project) -> None:
    assert dataset_of("clean") == Path("data/clean")
    assert dataset_of("load") == LOADED
    with pytest.raises(UserError, match=r"stage 'lode' is not in dvc\.yaml; did you mean 'load'"):
        dataset_of("lode")
    with pytest.raises(UserError, match="the stage 'train' writes no dataset"):
        dataset_of("train")
