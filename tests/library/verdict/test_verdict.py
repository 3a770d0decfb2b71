from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from library.projects import Project
from omegaconf import OmegaConf

from pedigree.base.problem import Criterion
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json, read_table, write_json, write_table
from pedigree.data.target import encode, features
from pedigree.evaluation.bootstrap import ResampledScores, bootstrap
from pedigree.evaluation.fairness import DIFFERENCES
from pedigree.evaluation.weakness import Weakness
from pedigree.prediction.predictor import PARTS, Predictor
from pedigree.scoring.metrics import METRICS, gain, score
from pedigree.scoring.predictions import PredictionTable
from pedigree.scoring.results import ValidationMetrics
from pedigree.verdict.criteria import QUANTITIES, Case, judge
from pedigree.verdict.judging import unseen

VERDICT = Path("metrics/verdict.json")


def said() -> dict:
    return read_json(VERDICT)


def case(value: float, low: float = np.nan, high: float = np.nan, **others: float) -> Case:
    """Make a case of a mean absolute error with an interval, and of others' errors."""
    of = {"model": value, **others}
    draws = {who: np.linspace(low, high, 3) + one - value for who, one in of.items()}
    scores = ResampledScores({"mae": METRICS["mae"]}, {"mae": of}, {"mae": draws}, 1 - 1e-12)
    weak = Weakness("mae", [], [], lambda metric: [])
    validation = ValidationMetrics.model_validate({"mae": 0.5, "metrics": []})
    return Case("mae", scores, validation, "champion" in of, weak)


def lines_of(one: Case, criteria: dict[str, dict]) -> list[dict]:
    """Judge a case by criteria as settings write them."""
    wanted = {name: Criterion.model_validate(of) for name, of in criteria.items()}
    return [as_dict(line) for line in judge(one, wanted)]


def criterion(name: str) -> dict:
    (found,) = (one for one in said()["criteria"] if one["criterion"] == name)
    return found


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_test_rows_are_scored_with_intervals_that_hold_the_value(copy_of, task: str) -> None:
    project = copy_of(task)
    metrics = {one["metric"]: one for one in said()["metrics"]}
    further = {"regression": ["coverage"]}.get(task, [])
    assert list(metrics) == [*project.settings("verdict").problem.metrics, *further]
    for one in metrics.values():
        assert one["interval"][0] <= one["value"] <= one["interval"][1]
    validation = read_json(Path("metrics/evaluate.json"))
    assert {name: one["validation"] for name, one in metrics.items()} == {
        name: validation[name] for name in metrics
    }


def test_the_score_is_that_of_the_test_rows(project: Project) -> None:
    rows = read_table(Path("data/split/test"))
    problem = project.settings("verdict").problem
    prediction = Predictor.load(["female", "male"]).predict(features(rows, problem)).values
    expected = sk.roc_auc_score(rows["sex"] == "male", prediction[:, 1])
    assert said()["test"]["roc_auc"] == pytest.approx(expected)
    low, high = said()["metrics"][0]["interval"]
    assert said()["test"]["roc_auc_half_width"] == pytest.approx((high - low) / 2)


def test_the_gain_is_over_a_dummy_that_knows_the_training_rows_only(copy_of) -> None:
    copy_of("regression")
    test = read_table(Path("data/split/test"))["body_mass_g"]
    mean = read_table(Path("data/split/train"))["body_mass_g"].mean()
    dummy = float(np.sqrt(((test - mean) ** 2).mean()))
    won, gap = (one["value"] for one in said()["criteria"])
    rmse = said()["test"]["rmse"]
    assert won == pytest.approx(dummy - rmse)
    assert gap == pytest.approx(rmse - read_json(Path("metrics/evaluate.json"))["rmse"])


@pytest.mark.parametrize(
    ("value", "limits", "met"),
    [
        (0.8, {"at_least": 0.8}, [True]),
        (0.79, {"at_least": 0.8}, [False]),
        (3.0, {"at_most": 3}, [True]),
        (3.1, {"at_most": 3}, [False]),
        (0.5, {"at_least": 0.1, "at_most": 0.4}, [True, False]),
        (0.5, {"at_least": 0.1, "at_most": None}, [True]),
        (float("nan"), {"at_least": 0.0, "at_most": 1.0}, [False, False]),
    ],
)
def test_limits_are_inclusive_and_nan_meets_none(value: float, limits: dict, met: list) -> None:
    lines = lines_of(case(value), {"mae": limits})
    assert [one["met"] for one in lines] == met
    assert all(one["criterion"] == "mae" and one["judged"] == "value" for one in lines)


def test_one_missed_criterion_is_enough_to_refuse(project: Project) -> None:
    assert said()["accepted"] is True
    project.compose("problem.criteria.gain_over_dummy.at_least=2")
    project.run("verdict")
    assert said()["accepted"] is False
    assert [one["met"] for one in said()["criteria"]] == [False, True]


def test_a_criterion_may_name_a_metric_that_is_not_listed(project: Project) -> None:
    project.compose("+problem.criteria.matthews.at_least=-1")
    project.run("verdict")
    assert "matthews" in [one["metric"] for one in said()["metrics"]]
    assert said()["accepted"] is True


def test_a_verdict_does_not_need_a_validation_score(project: Project) -> None:
    scores = read_json(Path("metrics/evaluate.json"))
    write_json(scores | {"roc_auc": None}, Path("metrics/evaluate.json"))
    project.run("verdict")
    gap = said()["criteria"][1]
    assert gap["value"] is None
    assert gap["met"] is False


def test_test_rows_of_classes_that_do_not_train_are_counted_and_left_out(copy_of) -> None:
    project = copy_of("multiclass")
    rows = read_table(Path("data/split/test"))
    rows.loc[:1, "species"] = "Emperor"
    write_table(rows, Path("data/split/test"))
    project.run("verdict")
    assert said()["about"][:2] == [
        f"{len(rows) - 2} test rows",
        "2 other test rows have a class without training rows",
    ]


def test_either_end_of_an_interval_can_be_judged() -> None:
    asked = {"mae": {"at_most": 0.25, "judged": "upper"}}
    assert lines_of(case(0.2, 0.1, 0.24), asked)[0]["met"] is True
    (missed,) = lines_of(case(0.2, 0.1, 0.3), asked)
    assert missed == {
        **{"criterion": "mae", "value": pytest.approx(0.3), "at_most": 0.25, "met": False},
        **{"judged": "upper", "rows": "all"},
    }
    sure = {"gain_over_linear": {"at_least": 0, "judged": "lower"}}
    assert lines_of(case(0.2, 0.1, 0.3, linear=0.25), sure)[0]["met"] is True
    assert lines_of(case(0.2, 0.1, 0.3, linear=0.15), sure)[0]["met"] is False


def test_what_the_clock_measures_is_left_to_the_check() -> None:
    lines = lines_of(
        case(0.2), {"latency_ms": {"at_most": 50}, "training_seconds": {"at_most": 600}}
    )
    assert [(one["value"], one["met"]) for one in lines] == [(None, None)] * 2


def test_whatever_comes_first_is_better_than_no_champion() -> None:
    asked = {"gain_over_champion": {"at_least": 0.1}}
    assert lines_of(case(0.2), asked)[0]["met"] is True
    assert lines_of(case(0.2, champion=0.4), asked)[0]["met"] is True
    assert lines_of(case(0.2, champion=0.25), asked)[0]["met"] is False


def test_every_quantity_is_measured_or_left_to_the_clock(project: Project) -> None:
    config = OmegaConf.load("params.yaml")
    fitting = [name for name in QUANTITIES if name not in DIFFERENCES["regression"]]
    config.problem.criteria = {name: {"at_least": -1000} for name in fitting}
    config.problem.protected, config.evaluate.slices.min_rows = ["species"], 10
    project.set(config)
    project.run("verdict")
    assert [one["criterion"] for one in said()["criteria"]] == fitting
    assert {one["criterion"] for one in said()["criteria"] if one["met"] is None} == {
        "latency_ms",
        "training_seconds",
    }
    assert said()["accepted"] is True
    found = read_json(Path("metrics/leakage.json"))["findings"]
    assert criterion("leakage_findings")["value"] == found
    sizes = sum(path.stat().st_size for path in PARTS)
    assert Path("models/model.skops") in PARTS
    assert criterion("model_megabytes")["value"] == pytest.approx(sizes / 1e6)


def test_a_problem_without_criteria_says_so(project: Project) -> None:
    config = OmegaConf.load("params.yaml")
    config.problem.criteria = {}
    project.set(config)
    project.run("verdict")
    assert said()["accepted"] is True
    assert said()["about"][-1] == "no success criteria in conf/problem, so none is missed"


def test_a_perfect_score_is_not_taken_for_certainty() -> None:
    truth = np.tile([0, 1], 20)
    values = np.column_stack([1 - truth, truth]) * 0.8 + 0.1

    def told() -> list[str]:
        how = {"groups": None, "resamples": 50, "confidence": 0.95, "seed": 0}
        return unseen(bootstrap(["accuracy", "log_loss"], truth, {"model": values}, **how), 40)

    (sentence,) = told()
    assert sentence.startswith("accuracy: no errors, so")
    assert (
        "; 40 rows or groups without errors are consistent with an error rate of up to 7.2% (95% confidence)"
        in sentence
    )
    assert pytest.approx(0.05, abs=0.001) == (1 - 0.072) ** 40
    values[0] = values[1]
    assert told() == []


def test_of_grouped_rows_the_groups_are_the_cases_of_a_perfect_score(copy_of) -> None:
    copy_of("multiclass")
    birds = read_table(Path("data/split/test"))[["species", "individual_id"]].drop_duplicates()
    perfect = [one["metric"] for one in said()["metrics"] if one["value"] == 1]
    assert perfect
    sentence = said()["about"][-1]
    assert sentence.startswith(f"{', '.join(perfect)}: no errors, so")
    assert f"; {len(birds)} rows or groups without errors are" in sentence


def test_the_verdict_is_the_same_twice(project: Project) -> None:
    before = VERDICT.read_bytes()
    project.run("verdict")
    assert VERDICT.read_bytes() == before


def test_neither_training_nor_validation_rows_move_the_test_score(project: Project) -> None:
    before = said()["test"]
    rows = read_table(Path("data/split/validation"))
    write_table(rows.assign(sex="male"), Path("data/split/validation"))
    project.run("verdict")
    assert said()["test"] == before
    assert (encode(rows["sex"], ["female", "male"]) >= 0).all()


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_was_predicted_of_each_test_row_is_kept(copy_of, task: str) -> None:
    project = copy_of(task)
    found = PredictionTable.read(Path("data/predictions/test"))
    rows = read_table(Path("data/split/test"))
    problem = project.settings("verdict").problem
    assert list(found.of) == ["model", "linear", "dummy"]
    assert found.truth.tolist() == encode(rows[problem.target], found.classes).tolist()
    assert found.of["model"] == pytest.approx(
        Predictor.load(found.classes).predict(features(rows, problem)).values
    )
    assert len(set(found.group)) == len(rows.drop_duplicates(["species", "individual_id"]))
    for one in said()["metrics"][: len(problem.metrics)]:
        for key, who in {"value": "model", "linear": "linear", "dummy": "dummy"}.items():
            assert one[key] == pytest.approx(score(one["metric"], found.truth, found.of[who]))


def test_the_model_is_held_against_both_baselines_on_the_same_rows(project: Project) -> None:
    metrics = {one["metric"]: one for one in said()["metrics"]}
    assert {one["against"] for one in said()["comparisons"]} == {"dummy", "linear"}
    assert len(said()["comparisons"]) == 2 * len(metrics)
    for one in said()["comparisons"]:
        of = metrics[one["metric"]]
        assert one["gain"] == pytest.approx(gain(one["metric"], of["value"], of[one["against"]]))
        assert one["interval"][0] <= one["gain"] <= one["interval"][1]


def test_the_test_rows_are_cut_into_the_slices_of_the_validation_rows(project: Project) -> None:
    project.compose("problem.protected=[island]", "evaluate.slices.min_rows=5")
    project.run("evaluate", "verdict")
    tables = [pd.read_csv(f"reports/{one}/slices.csv") for one in ("evaluate", "verdict")]
    named = [set(zip(table["column"], table["slice"], strict=True)) for table in tables]
    assert len(named[0] & named[1]) > 0.8 * len(named[0])
    rows = read_table(Path("data/split/test"))
    assert tables[1].query("column == 'island'")["rows"].sum() == len(rows)
    worst = said()["worst"][0]
    assert said()["test"]["worst_slice"] == worst["value"]
    judged = tables[1].query("metric == 'roc_auc' and surely_worse.notna()")
    assert worst["value"] == judged["value"].min()
    assert "equalized_odds_difference" in set(
        pd.read_csv("reports/verdict/fairness.csv")["measure"]
    )


def test_criteria_may_ask_for_the_worst_slice_and_for_fairness(project: Project) -> None:
    project.compose(
        "problem.protected=[species]",
        "evaluate.slices.min_rows=10",
        "+problem.criteria.accuracy={at_least: 0.1, rows: worst_slice}",
        "+problem.criteria.worst_slice={at_least: 1.1, judged: lower}",
        "+problem.criteria.equalized_odds_difference.at_most=0.05",
    )
    project.run("verdict")
    table = pd.read_csv("reports/verdict/slices.csv").query("surely_worse.notna()")
    by_first = table[table["metric"] == "roc_auc"].sort_values("value").iloc[0]
    assert criterion("worst_slice")["value"] == pytest.approx(by_first["low"])
    assert criterion("worst_slice")["met"] is False
    accuracy = criterion("accuracy")
    assert accuracy["rows"] == "worst_slice"
    assert accuracy["met"] is True
    said_of_all = {one["metric"]: one["value"] for one in said()["metrics"]}
    assert accuracy["value"] < said_of_all["accuracy"]
    fairness = pd.read_csv("reports/verdict/fairness.csv").set_index("measure")["value"]
    odds = criterion("equalized_odds_difference")
    assert odds["value"] == pytest.approx(fairness["equalized_odds_difference"])


def test_a_slice_that_is_not_judged_meets_no_limit() -> None:
    asked = {"mae": {"at_most": 9, "rows": "worst_slice"}, "mean_error_difference": {"at_most": 9}}
    assert [one["met"] for one in lines_of(case(0.1), asked)] == [False, False]
