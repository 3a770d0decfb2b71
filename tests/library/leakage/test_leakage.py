"""Every planted leak is found in real data, and honest sides raise no alarm."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import ROOT, TARGETS, Project, compose
from omegaconf import OmegaConf
from sklearn import datasets
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import roc_auc_score

from pedigree import splitting as split
from pedigree.base.names import snake_cased
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json, read_table, write_json, write_table
from pedigree.base.tools import instantiate
from pedigree.data.target import classes
from pedigree.leakage.control import ranking_accuracy
from pedigree.leakage.drift import area
from pedigree.leakage.evidence import SUBSETS, Evidence, Finding, at_most, lower_bound
from pedigree.leakage.settings import LeakageSettings
from pipeline.leakage import main

GROUPS = ["species", "individual_id"]
HIDDEN = ["study_name", "sample_number", "individual_id", "comments", "date_egg"]
# How the sides are dealt, by the names of conf/split/.
DEALT: dict[str, Callable] = {
    "random": split.by_chance,
    "stratified": split.by_stratum,
    "group": split.by_group,
    "time": split.by_time,
    "hash": lambda *a, seed, **o: split.by_hash(*a, **o, key=[], salt=seed),
}


@cache
def checks() -> dict:
    """Return the settings of all checks, but the control's: it needs a model."""
    found = OmegaConf.to_container(compose(ROOT / "conf").leakage.checks)
    return {name: check for name, check in found.items() if name != "shuffled_target"}


@cache
def sklearn_set(name: str) -> pd.DataFrame:
    """Return a real set of scikit-learn with its answers in `target`, classes as words."""
    rows = getattr(datasets, f"load_{name}")(as_frame=True).frame
    rows.columns = snake_cased(rows.columns)
    return rows if name == "diabetes" else rows.assign(target="class " + rows.target.astype(str))


def deal(
    rows: pd.DataFrame,
    target: str = "target",
    method: str = "random",
    seed: int = 0,
    group: Sequence[str] = (),
    time: str | None = None,
    hidden: Sequence[str] = (),
) -> Evidence:
    """Deal rows to the sides."""
    rows = rows[rows[target].notna()].reset_index(drop=True)
    kind = "regression" if rows[target].dtype.kind == "f" else "classification"
    task = {"regression": kind}.get(kind, "binary" if rows[target].nunique() == 2 else "multiclass")
    problem = {"target": target, "kind": kind, "task": task, "positive": None, "time": time}
    problem |= {"group": list(group), "exclude": dict.fromkeys(hidden, "")}
    settings = OmegaConf.create({"problem": problem, "split": {"name": method}, "seed": seed})
    shares = {"validation": 0.2, "test": 0.2} | ({} if method == "time" else {"seed": seed})
    side = DEALT[method](rows, settings.problem, **shares)
    sides = {name: rows[side == name].reset_index(drop=True) for name in SUBSETS}
    names = classes(sides["train"][target], settings.problem)
    return Evidence(settings, sides, names, pd.DataFrame(index=sides["train"].index))


def look(evidence: Evidence, *names: str) -> dict[str, list[Finding]]:
    """Run checks (all of them by default) by the settings of conf/leakage/."""
    chosen = names or checks()
    return {name: instantiate(checks()[name], _partial_=True)(evidence) for name in chosen}


def alarms(evidence: Evidence, *names: str) -> set[str]:
    """Name the checks that raise an alarm."""
    return {name for name, found in look(evidence, *names).items() if any(f.found for f in found)}


# --- clean sets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("method", ["group", "time", "random", "hash"])
@pytest.mark.parametrize("target", ["sex", "species", "body_mass_g"])
def test_honest_sides_of_penguins_raise_no_alarm(
    penguins: pd.DataFrame, target: str, method: str, seed: int
) -> None:
    # Where birds are dealt one by one, each is to come once.
    rows = penguins if method in ("group", "time") else penguins.drop_duplicates(GROUPS)
    group = GROUPS if method == "group" else ()
    assert alarms(deal(rows, target, method, seed, group, "date_egg", HIDDEN)) == set()


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2, 3))])
@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("breast_cancer", "random"),
        ("breast_cancer", "stratified"),
        ("wine", "stratified"),
        ("wine", "hash"),
        ("diabetes", "random"),
        ("diabetes", "hash"),
        ("digits", "random"),
    ],
)
def test_honest_sides_of_real_sets_raise_no_alarm(name: str, method: str, seed: int) -> None:
    assert alarms(deal(sklearn_set(name), method=method, seed=seed)) == set()


# --- planted leaks -------------------------------------------------------------------------------


def planted(evidence: Evidence, **changed: pd.DataFrame) -> Evidence:
    """Put other rows on some sides."""
    return replace(evidence, rows=evidence.rows | changed)


def copies(
    evidence: Evidence, side: str, n: int, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw training rows; return them, and a side whose first rows they replace."""
    taken = evidence.rows["train"].sample(n, random_state=seed)
    return taken, pd.concat([taken, evidence.rows[side].iloc[n:]], ignore_index=True)


@pytest.mark.parametrize("side", ["validation", "test"])
@pytest.mark.parametrize("name", ["breast_cancer", "wine", "diabetes", "penguins"])
def test_copies_of_training_rows_are_found(penguins: pd.DataFrame, name: str, side: str) -> None:
    evidence = (
        deal(penguins, "sex", "group", 0, GROUPS, None, HIDDEN)
        if name == "penguins"
        else deal(sklearn_set(name))
    )
    _, rows = copies(evidence, side, max(5, len(evidence.rows[side]) // 10))
    leak = planted(evidence, **{side: rows})
    (found,) = look(leak, "duplicates")["duplicates"]
    assert found.found
    assert found.where == f"{side} in train"
    assert "near_duplicates" not in alarms(leak)  # told once


def test_copies_are_found_among_coarse_columns_where_chance_gives_twins(
    penguins: pd.DataFrame,
) -> None:
    """Of five columns in whole millimetres and pounds, honest rows have twins, and copies stand out."""
    rows = penguins[["species", "island", "sex", "culmen_length_mm", "flipper_length_mm"]].copy()
    rows["culmen_length_mm"] = (rows.culmen_length_mm / 4).round()
    rows["flipper_length_mm"] = (rows.flipper_length_mm / 8).round()
    evidence = deal(rows, "sex")
    (honest,) = look(evidence, "duplicates")["duplicates"]
    assert int(honest.says.split()[0]) > 20
    assert not honest.found


def test_copies_that_were_rounded_or_spelt_anew_are_found(penguins: pd.DataFrame) -> None:
    evidence = deal(penguins, "sex", "group", 0, GROUPS, None, HIDDEN)
    _, rows = copies(evidence, "test", 8)
    rows.loc[:7, "species"] = rows.species[:8].str.upper() + " "
    rows.loc[:7, "delta_15_n_o_oo"] = rows.delta_15_n_o_oo[:8].round(3)
    assert alarms(planted(evidence, test=rows), "duplicates", "near_duplicates") == {
        "near_duplicates"
    }


@pytest.mark.parametrize("noise", [1e-4, 1e-2])
@pytest.mark.parametrize("name", ["breast_cancer", "wine", "diabetes"])
def test_training_rows_with_a_little_noise_are_found(name: str, noise: float) -> None:
    evidence = deal(sklearn_set(name))
    _, rows = copies(evidence, "validation", 10)
    numbers = rows.columns.drop("target")
    shake = np.random.default_rng(0).normal(0, noise, (10, len(numbers)))
    rows[numbers] = rows[numbers].astype("float64")
    rows.loc[:9, numbers] += shake * rows[numbers].std().to_numpy()
    assert "neighbours" in alarms(planted(evidence, validation=rows), "neighbours")


def test_named_groups_on_both_sides_are_found(penguins: pd.DataFrame) -> None:
    (found,) = look(deal(penguins, "sex", "random", 0, GROUPS), "groups")["groups"]
    assert found.found
    assert found.where == "species and individual_id"


@pytest.mark.parametrize("target", ["sex", "species", "body_mass_g"])
def test_groups_that_nobody_named_are_found(penguins: pd.DataFrame, target: str) -> None:
    """Birds that were caught up to three times, one by one on the sides; hidden from the model or not."""
    bird = penguins.species.str[0] + penguins.individual_id
    rows = penguins.assign(bird_id=bird).drop(columns=["individual_id", "sample_number"])
    for hidden in ((), ("bird_id",)):
        (found,) = look(deal(rows, target, hidden=hidden), "groups")["groups"]
        assert found.found
        assert found.where == "bird_id"
    assert alarms(deal(rows, target, "group", 0, ("bird_id",)), "groups") == set()


def test_names_that_say_nothing_of_the_answer_are_no_groups(penguins: pd.DataFrame) -> None:
    names = np.random.default_rng(0).integers(100, size=len(penguins)).astype(str)
    assert alarms(deal(penguins.assign(station_id=names), "sex", hidden=HIDDEN), "groups") == set()


def test_training_rows_from_the_future_are_found(penguins: pd.DataFrame) -> None:
    evidence = deal(penguins, "sex", "time", time="date_egg")
    late, rest = evidence.rows["test"].iloc[-3:], evidence.rows["test"].iloc[:-3]
    leak = planted(evidence, test=rest, train=pd.concat([evidence.rows["train"], late]))
    found = look(leak, "time")["time"]
    assert {one.where for one in found} == {"train before validation", "train before test"}
    assert all(one.found for one in found)
    # The same sides, as a column of the data deals them.
    by_column = replace(
        leak, settings=OmegaConf.merge(leak.settings, {"split": {"name": "column"}})
    )
    assert alarms(by_column, "time") == {"time"}
    mixed = replace(deal(penguins, "sex", time="date_egg"), settings=by_column.settings)
    assert alarms(mixed, "time") == set()


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "diabetes"])
@pytest.mark.parametrize("kind", ["copy", "text", "curve", "engineered"])
def test_a_column_that_is_the_answer_in_other_words_is_found(name: str, kind: str) -> None:
    evidence = deal(sklearn_set(name))
    y = pd.Series(evidence.y.astype(float))
    noise = pd.Series(np.random.default_rng(0).normal(0, 0.02 * y.std(), len(y)))
    leak = {
        "copy": y + noise,
        "text": (y // (1 if evidence.classes else 20)).astype("str"),
        "curve": (y - y.median() + noise) ** 2 * np.sign(y - y.median() + noise) + 7,
        "engineered": y + noise,
    }[kind]
    train = evidence.rows["train"]
    leaky = (
        replace(evidence, made=pd.DataFrame({"answer": leak}))
        if kind == "engineered"
        else planted(evidence, train=train.assign(answer=leak))
    )
    (found,) = look(leaky, "single_columns")["single_columns"]
    assert found.found
    assert found.where == "answer"


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "diabetes"])
@pytest.mark.parametrize("spelled", ["{:.0f}", "P{:05.0f}"])
def test_numbers_of_rows_that_were_sorted_by_the_answer_are_found(name: str, spelled: str) -> None:
    rows = sklearn_set(name).sample(frac=1, random_state=0)
    order = pd.Series(pd.factorize(rows.target, sort=True)[0], rows.index).rank(
        method="first"
    ) + np.random.default_rng(0).normal(0, 40, len(rows))
    numbers = order.rank().map(spelled.format)
    named = numbers if "P" in spelled else numbers.astype(int)
    assert alarms(deal(rows.assign(record=named)), "identifiers") == {"identifiers"}
    shuffled = rows.assign(record=np.random.default_rng(1).permutation(named))
    assert alarms(deal(shuffled), "identifiers") == set()


@pytest.mark.parametrize("method", ["random", "group"])
def test_categories_that_only_later_rows_have_are_found(
    penguins: pd.DataFrame, method: str
) -> None:
    group = GROUPS if method == "group" else ()
    evidence = deal(penguins, "sex", method, group=group, hidden=HIDDEN)
    test = evidence.rows["test"].copy()
    test.loc[:9, "island"] = "Cormorant"
    (found,) = look(planted(evidence, test=test), "categories")["categories"]
    assert found.found
    assert found.where == "island, test"
    assert "Cormorant" in found.says


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "diabetes"])
def test_a_test_side_from_elsewhere_is_found_with_the_column_that_gives_it_away(name: str) -> None:
    evidence = deal(sklearn_set(name))
    column = evidence.rows["test"].columns[2]
    test = evidence.rows["test"].copy()
    test[column] += 2 * test[column].std()
    (found,) = look(planted(evidence, test=test), "drift")["drift"]
    assert found.found
    assert f"mostly by {column}" in found.says


def test_drift_is_told_and_not_counted_where_the_split_goes_by_time(penguins: pd.DataFrame) -> None:
    (found,) = look(deal(penguins, "sex", "time", time="date_egg"), "drift")["drift"]
    assert found.measured > 0.9
    assert not found.found
    assert "expected for a split by time" in found.says


# --- the control ---------------------------------------------------------------------------------


class KnowsAll(ClassifierMixin, BaseEstimator):
    """A classifier that looks its answers up in the file of the validation rows."""

    def fit(self, X: pd.DataFrame, y: np.ndarray) -> KnowsAll:
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        male = (read_table(Path("data/split/validation"))["sex"] == "male").to_numpy(dtype=float)
        return np.column_stack([1 - male, male])


def test_a_model_that_knows_the_answers_from_elsewhere_is_found(project: Project) -> None:
    project.compose("model=linear")
    settings = as_dict(project.settings("leakage"))
    settings["model"]["estimator"] = {"_target_": f"{__name__}.KnowsAll"}
    write_json({"model": "linear", "tuned": {}}, Path("models/best_params.json"))
    main(LeakageSettings.model_validate(settings))
    assert read_json(Path("metrics/leakage.json"))["found_by"] == ["shuffled_target"]


@pytest.mark.parametrize("model", ["catboost", "linear"])
def test_a_class_that_few_rows_have_does_not_stop_the_control(copy_of, model: str) -> None:
    project = copy_of("multiclass")
    for part in ("split", "features"):
        rows = read_table(Path(f"data/{part}/train"))
        rows.loc[3, "species"] = "Emperor"
        write_table(rows, Path(f"data/{part}/train"))
    names = ["Adelie", "Chinstrap", "Emperor", "Gentoo"]
    write_json({"name": "species", "classes": names}, Path("data/split/target.json"))
    write_json({"model": model, "tuned": {}}, Path("models/best_params.json"))
    project.compose(f"model={model}")
    settings = project.settings("leakage")
    options = settings.leakage.checks["shuffled_target"]
    with pytest.MonkeyPatch.context() as less:
        less.setattr("pedigree.leakage.control.WATCHED", 2)
        for fits in (1, 5):
            few = as_dict(options) | {"permutations": fits}
            (found,) = instantiate(few, _partial_=True)(Evidence.read(settings))
            assert 0.2 < found.measured < 0.8
            assert not found.found
            assert found.limit <= 0.99


# --- the stage -----------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TARGETS)
def test_the_stage_writes_a_line_a_check_and_counts_what_is_found(copy_of, task: str) -> None:
    project = copy_of(task)
    lines = pd.read_csv("reports/leakage.csv")
    assert list(lines) == ["check", "where", "found", "measured", "limit", "says"]
    assert list(lines.check) == list(project.settings("leakage").leakage.checks)
    assert set(lines.found) == {"no"}
    assert read_json(Path("metrics/leakage.json")) == {"findings": 0, "checks": 10, "found_by": []}


def test_a_leak_is_a_finding_and_no_crash(project: Project) -> None:
    train = read_table(Path("data/split/train"))
    test = pd.concat([train.iloc[:12], read_table(Path("data/split/test"))])
    write_table(test, Path("data/split/test"))
    project.run("leakage")
    assert read_json(Path("metrics/leakage.json"))["found_by"] == ["duplicates", "groups"]
    lines = pd.read_csv("reports/leakage.csv")
    assert set(lines.check[lines.found == "yes"]) == {"duplicates", "groups"}


def test_without_checks_nothing_is_found(project: Project) -> None:
    project.compose("leakage=none")
    project.run("leakage")
    assert read_json(Path("metrics/leakage.json"))["checks"] == 0
    assert pd.read_csv("reports/leakage.csv").empty


# --- measures ------------------------------------------------------------------------------------


def test_the_area_is_that_of_scikit_learn_and_its_error_that_of_a_bootstrap() -> None:
    random = np.random.default_rng(0)
    truth = random.integers(2, size=300)
    scores = (truth + random.normal(0, 1.5, 300)).round(1)
    auc, error = area(truth, scores, np.arange(300))
    assert auc == pytest.approx(roc_auc_score(truth, scores))
    draws = [random.integers(300, size=300) for _ in range(400)]
    spread = np.std([roc_auc_score(truth[one], scores[one]) for one in draws])
    assert error == pytest.approx(spread, rel=0.15)
    # Rows that each come four times say no more than once.
    four = [np.repeat(one, 4) for one in (truth, scores, np.arange(300))]
    assert area(*four) == pytest.approx((auc, error), rel=0.01)


def test_predictions_that_do_not_vary_know_nothing() -> None:
    truth = np.array([0, 1, 2, 1])
    assert ranking_accuracy(truth, np.full((4, 3), 1 / 3)) == 0.5
    assert ranking_accuracy(truth, np.eye(3)[truth]) == 1
    assert ranking_accuracy(truth.astype(float), np.zeros(4)) == 0.5
    assert ranking_accuracy(truth.astype(float), -2.0 * truth) == pytest.approx(0)


def test_a_share_is_surely_less_than_what_was_seen() -> None:
    assert lower_bound(0, 50) == 0
    assert 0 < lower_bound(5, 50) < lower_bound(50, 500) < 0.1
    assert at_most(0, 500) < at_most(0, 50) < 0.15
