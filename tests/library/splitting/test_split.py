from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from library.projects import TARGETS, Project
from omegaconf import DictConfig, OmegaConf

from pedigree import splitting as split
from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table

SUBSETS = ("train", "validation", "test")


def question(**changes: object) -> DictConfig:
    known = {"kind": "classification", "target": "species", "time": None, "group": []}
    return OmegaConf.create(known | changes)


def shares(side: np.ndarray) -> dict[str, float]:
    return {name: float((side == name).mean()) for name in SUBSETS}


@pytest.mark.parametrize("task", TARGETS)
def test_every_labelled_row_is_on_one_side_and_the_others_are_set_aside(copy_of, task: str) -> None:
    project = copy_of(task)
    target = project.settings("split").problem.target
    asides = ("left_out", "unlabelled")
    sides = {name: read_table(Path("data/split", name)) for name in (*SUBSETS, *asides)}
    clean = read_table(Path("data/clean"))
    assert sum(map(len, sides.values())) == len(clean)
    key = ["species", "individual_id", "study_name", "sample_number"]
    assert len(pd.concat(sides.values())[key].drop_duplicates()) == len(
        clean[key].drop_duplicates()
    )
    assert sides["unlabelled"][target].isna().all()
    assert all(sides[name][target].notna().all() for name in SUBSETS)
    counts = read_json(Path("metrics/split.json"))
    assert {name: entry["rows"] for name, entry in counts.items()} == {
        name: len(rows) for name, rows in sides.items()
    }


@pytest.mark.parametrize("task", TARGETS)
def test_no_penguin_stands_on_two_sides(copy_of, task: str) -> None:
    copy_of(task)
    birds = {
        name: set(
            read_table(Path("data/split", name))[["species", "individual_id"]].apply(tuple, axis=1)
        )
        for name in SUBSETS
    }
    assert not birds["train"] & birds["validation"]
    assert not birds["train"] & birds["test"]
    assert not birds["validation"] & birds["test"]


def test_the_classes_are_written_with_the_positive_one_last(project: Project) -> None:
    assert read_json(Path("data/split/target.json")) == {
        "name": "sex",
        "classes": ["female", "male"],
    }


def test_chance_keeps_the_shares(penguins: pd.DataFrame) -> None:
    side = split.by_chance(penguins, question(), 0.2, 0.1, seed=1)
    assert shares(side) == pytest.approx({"train": 0.7, "validation": 0.2, "test": 0.1}, abs=0.002)


@pytest.mark.parametrize("method", [split.by_chance, split.by_stratum])
def test_the_same_seed_draws_the_same_sides(penguins: pd.DataFrame, method) -> None:
    first, again, other = (method(penguins, question(), 0.2, 0.2, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@given(st.integers(0, 99), st.sampled_from([0.1, 0.2, 0.3]))
def test_strata_keep_every_class_in_proportion(seed: int, share: float) -> None:
    rows = pd.DataFrame({"species": ["a"] * 60 + ["b"] * 30 + ["c"] * 10})
    side = split.by_stratum(rows, question(), share, share, seed=seed)
    for name in "abc":
        members = side[rows["species"] == name]
        assert (members == "test").sum() == round(len(members) * share)
        assert (members == "validation").sum() == round(len(members) * share)


def test_strata_need_classes(penguins: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="stratified requires classes; use random"):
        split.by_stratum(penguins, question(kind="regression"), 0.2, 0.2, seed=1)


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_groups_stay_whole_and_near_the_shares(penguins: pd.DataFrame, kind: str) -> None:
    asked = question(group=["species", "individual_id"], kind=kind)
    side = split.by_group(penguins, asked, 0.2, 0.2, seed=1)
    pairs = penguins["species"] + penguins["individual_id"]
    assert (pd.Series(side).groupby(pairs.to_numpy()).nunique() == 1).all()
    assert shares(side) == pytest.approx({"train": 0.6, "validation": 0.2, "test": 0.2}, abs=0.03)


def test_groups_need_their_columns(penguins: pd.DataFrame) -> None:
    with pytest.raises(UserError, match=r"set problem\.group"):
        split.by_group(penguins, question(), 0.2, 0.2, seed=1)


def test_too_few_groups_are_named(penguins: pd.DataFrame) -> None:
    with pytest.raises(UserError, match="too few groups or rows for a test set"):
        split.by_group(penguins, question(group=["region"]), 0.2, 0.2, seed=1)


@pytest.mark.parametrize("gap", [3, 30])
def test_a_gap_lies_between_the_past_and_the_future(penguins: pd.DataFrame, gap: int) -> None:
    asked = question(time="date_egg")
    whole, side = (split.by_time(penguins, asked, 0.2, 0.2, gap=days) for days in (0, gap))
    when = penguins["date_egg"]
    for name, following in (("train", "validation"), ("validation", "test")):
        assert when[whole == following].min() - when[side == name].max() >= pd.Timedelta(days=gap)
    assert (side == whole)[side != "left_out"].all()
    assert (side == "test").sum() == (whole == "test").sum()
    numbers = penguins.assign(date_egg=when.astype("int64") / 8.64e13)
    assert (split.by_time(numbers, asked, 0.2, 0.2, gap=gap) == side).mean() > 0.95


def test_a_column_may_say_the_side(penguins: pd.DataFrame) -> None:
    said = np.resize(["train", " Train", "test", "validation", None], len(penguins))
    side = split.by_column(penguins.assign(my_fold=said), question(), "My Fold")
    assert side[:5].tolist() == ["train", "train", "test", "validation", "left_out"]
    with pytest.raises(
        UserError,
        match=r"split\.column: column 'My Fold' has the value 'tset'; did you mean 'test'",
    ):
        split.by_column(penguins.assign(my_fold="tset"), question(), "My Fold")
    with pytest.raises(UserError, match=r"split\.column: column 'fold' is not in the data"):
        split.by_column(penguins, question(), "fold")


def test_the_past_trains_and_the_future_tests(penguins: pd.DataFrame) -> None:
    side = split.by_time(penguins, question(time="date_egg"), 0.2, 0.2)
    when = penguins["date_egg"]
    assert when[side == "train"].max() < when[side == "validation"].min()
    assert when[side == "validation"].max() < when[side == "test"].min()
    assert shares(side) == pytest.approx({"train": 0.6, "validation": 0.2, "test": 0.2}, abs=0.05)


@given(st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=3, max_size=30))
def test_rows_of_one_moment_stay_together_and_those_without_one_train(moments: list) -> None:
    rows = pd.DataFrame({"when": pd.Series(moments, dtype="float64")})
    side = pd.Series(split.by_time(rows, question(time="when"), 0.2, 0.2))
    assert (side.groupby(rows["when"]).nunique() <= 1).all()
    assert (side[rows["when"].isna()] == "train").all()


def test_time_needs_a_column_with_times(penguins: pd.DataFrame) -> None:
    with pytest.raises(UserError, match=r"set problem\.time"):
        split.by_time(penguins, question(), 0.2, 0.2)
    with pytest.raises(UserError, match="column 'island' is neither a date nor a number"):
        split.by_time(penguins, question(time="island"), 0.2, 0.2)


def test_hashes_keep_about_the_shares(penguins: pd.DataFrame) -> None:
    side = split.by_hash(penguins, question(), 0.2, 0.2, key=[], salt=1)
    assert shares(side) == pytest.approx({"train": 0.6, "validation": 0.2, "test": 0.2}, abs=0.06)


@given(st.data())
def test_a_hashed_row_keeps_its_side_when_others_come_and_go(data: st.DataObject) -> None:
    """Also when a column becomes fractional, or a date gets an hour, by the rows that come."""
    rows = pd.DataFrame(
        {
            "count": [1, 2, 3, None, 2.5, 4],
            "when": pd.to_datetime(
                ["2020-01-01", "2020-01-02", "2020-01-03", None, "2020-01-05T03:00", "2020-01-06"],
                format="ISO8601",
            ),
            "name": ["a", "b", None, "d", "e", "f"],
        }
    )
    everyone = split.by_hash(rows, question(), 0.3, 0.3, key=[], salt=7)
    chosen = data.draw(st.lists(st.integers(0, 5), min_size=1, unique=True))
    fewer = rows.iloc[chosen].infer_objects()
    if fewer["count"].notna().all() and (fewer["count"] % 1 == 0).all():
        fewer["count"] = fewer["count"].astype("int64")
    side = split.by_hash(fewer, question(), 0.3, 0.3, key=[], salt=7)
    assert side.tolist() == everyone[chosen].tolist()


def test_the_target_has_no_part_in_the_hash(penguins: pd.DataFrame) -> None:
    side = split.by_hash(penguins, question(), 0.2, 0.2, key=[], salt=1)
    other = split.by_hash(penguins.assign(species="?"), question(), 0.2, 0.2, key=[], salt=1)
    assert (side == other).all()


def test_rows_with_the_same_key_share_a_side(penguins: pd.DataFrame) -> None:
    side = split.by_hash(penguins, question(), 0.2, 0.2, key=["individual_id"], salt=1)
    assert (pd.Series(side).groupby(penguins["individual_id"]).nunique() == 1).all()


def test_another_salt_deals_anew(penguins: pd.DataFrame) -> None:
    one, other = (
        split.by_hash(penguins, question(), 0.2, 0.2, key=[], salt=salt) for salt in (1, 2)
    )
    assert (one != other).any()


def test_a_key_that_is_not_there_is_refused(penguins: pd.DataFrame) -> None:
    with pytest.raises(
        UserError, match=r"split\.key: column 'iland' is not in the data; did you mean 'island'"
    ):
        split.by_hash(penguins, question(), 0.2, 0.2, key=["iland"], salt=1)


@pytest.mark.parametrize("name", ["random", "stratified", "group", "time", "hash"])
def test_each_method_fills_every_side_of_the_penguins(project: Project, name: str) -> None:
    project.compose(f"split={name}")
    project.run("split")
    assert all(len(read_table(Path("data/split", side))) > 20 for side in SUBSETS)


def test_a_side_without_rows_is_refused_and_the_last_split_stays(project: Project) -> None:
    before = Path("data/split/target.json").read_bytes()
    project.compose("split=random")
    with pytest.raises(UserError, match="the test set is empty"):
        project.run("split", overrides=["split.test=0.001"])
    assert Path("data/split/target.json").read_bytes() == before


def test_a_positive_class_that_is_not_there_is_refused(project: Project) -> None:
    with pytest.raises(UserError, match=r"problem\.positive: no class 'mail'; did you mean 'male'"):
        project.run("split", overrides=["problem.positive=mail"])
