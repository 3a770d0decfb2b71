from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st
from library.projects import Project
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table, write_json, write_table
from pedigree.config.checks import check
from pedigree.evaluation.threshold import NOBODY, SHOWN, candidates, choose_threshold
from pedigree.prediction.bundle import Bundle
from pedigree.scoring.decision import ChosenThreshold, PredictedRows, Threshold
from pedigree.scoring.metrics import score
from pedigree.scoring.predictions import PredictionTable

RANDOM = np.random.default_rng(0)
# Calibrated by construction: each row is positive as often as its probability says.
PROBABILITY = RANDOM.uniform(size=20_000)
TRUTH = (RANDOM.uniform(size=20_000) < PROBABILITY).astype(int)
FILE = Path("models/threshold.json")


def metric(name: str, truth: np.ndarray, probability: np.ndarray, threshold: float) -> float:
    values = np.column_stack([1 - probability, probability])
    costs = {"false_positive": 1.0, "false_negative": 5.0}
    return score(name, truth, PredictedRows(values, Threshold(threshold, costs)))


# --- what is chosen --------------------------------------------------------------------------------


@pytest.mark.parametrize(("false_positive", "false_negative"), [(1, 1), (1, 5), (9, 1)])
def test_calibrated_probabilities_are_cut_where_theory_says(
    false_positive: float, false_negative: float
) -> None:
    costs = {"false_positive": false_positive, "false_negative": false_negative}
    chosen, _ = choose_threshold({"costs": costs}, TRUTH, PROBABILITY)
    theory = false_positive / (false_positive + false_negative)
    assert chosen.value == pytest.approx(theory, abs=0.04)
    assert chosen.criterion == "cost"


@given(st.integers(0, 10_000), st.integers(2, 30))
def test_no_threshold_costs_less_than_the_chosen_one(seed: int, n: int) -> None:
    """Probabilities with ties, answers of one class, few rows."""
    random = np.random.default_rng(seed)
    truth, probability = random.integers(0, 2, n), random.integers(0, 6, n) / 5
    costs = {"false_positive": 1.0, "false_negative": 5.0}
    chosen, _ = choose_threshold({"costs": costs}, truth, probability)
    least = min(metric("cost", truth, probability, one / 10) for one in range(-1, 13))
    assert chosen.at_value == pytest.approx(least)
    assert metric("cost", truth, probability, chosen.value) == pytest.approx(least)


@pytest.mark.parametrize("name", ["f1", "accuracy", "balanced_accuracy", "matthews"])
def test_a_metric_is_maximised(name: str) -> None:
    truth, probability = TRUTH[:150], PROBABILITY[:150] ** 3
    chosen, curve = choose_threshold({"metric": name}, truth, probability)
    best = max(metric(name, truth, probability, one) for one in np.linspace(0, 1, 1001))
    assert chosen.at_value == pytest.approx(best)
    assert metric(name, truth, probability, chosen.value) == pytest.approx(best)
    assert max(one["value"] for one in curve) == pytest.approx(best)


@given(st.integers(0, 10_000), st.integers(2, 30), st.floats(0.01, 0.99))
def test_a_capacity_is_used_and_never_exceeded_whatever_the_ties(
    seed: int, n: int, share: float
) -> None:
    random = np.random.default_rng(seed)
    truth, probability = random.integers(0, 2, n), random.integers(0, 6, n) / 5
    chosen, _ = choose_threshold({"capacity": share}, truth, probability)
    acted = (probability >= chosen.value).mean()
    assert chosen.acted_on == pytest.approx(acted)
    assert acted <= share
    below = probability[probability < chosen.value]
    if len(below):  # those that tie next would be too many
        assert (probability >= below.max()).mean() > share


def test_a_capacity_may_be_a_number_of_rows() -> None:
    chosen, _ = choose_threshold({"capacity": 25}, TRUTH[:1000], PROBABILITY[:1000])
    assert (PROBABILITY[:1000] >= chosen.value).sum() == 25
    assert chosen.at_value == pytest.approx(
        sk.recall_score(TRUTH[:1000], PROBABILITY[:1000] >= chosen.value)
    )


def test_nobody_is_chosen_where_all_are_alike_and_too_many() -> None:
    chosen, _ = choose_threshold({"capacity": 0.5}, np.array([0, 1, 1]), np.ones(3))
    assert chosen.value == NOBODY
    assert chosen.acted_on == 0


def test_the_most_probable_class_is_decided_unless_something_is_asked() -> None:
    chosen, curve = choose_threshold(None, TRUTH, PROBABILITY)
    assert chosen.value is None
    assert {one["criterion"] for one in curve} == {"f1"}
    assert not any(one["chosen"] for one in curve)


def test_what_is_written_decides_as_what_was_chosen() -> None:
    """JSON has nine digits; two probabilities may differ in the tenth."""
    close = np.array([0.30000000001, 0.30000000002, 0.7])
    thresholds = candidates(close)
    assert [float(f"{one:.9g}") for one in thresholds] == thresholds.tolist()


def test_the_curve_is_short_and_marks_the_choice() -> None:
    chosen, curve = choose_threshold({"capacity": 0.1}, TRUTH, PROBABILITY)
    assert len(curve) <= SHOWN + 1
    (marked,) = [one for one in curve if one["chosen"]]
    assert marked["threshold"] == chosen.value
    thresholds = [one["threshold"] for one in curve]
    assert thresholds == sorted(thresholds)
    guess = curve[50]["threshold"] <= PROBABILITY
    assert curve[50]["precision"] == pytest.approx(sk.precision_score(TRUTH, guess))
    assert curve[50]["recall"] == pytest.approx(sk.recall_score(TRUTH, guess))


# --- in the project --------------------------------------------------------------------------------

COSTLY = "problem.threshold={costs:{false_positive:1,false_negative:20}}"


@pytest.fixture
def costly(project: Project) -> Project:
    project.compose(COSTLY)
    project.run("evaluate", "verdict", "package", "monitor")
    return project


def test_the_threshold_is_chosen_on_validation_and_fixed(costly: Project) -> None:
    said, threshold = read_json(FILE), read_json(FILE)["value"]
    found = PredictionTable.read(Path("data/predictions/validation"))
    expected, _ = choose_threshold(said["asked"], found.truth, found.of["model"][:, 1])
    assert threshold == pytest.approx(expected.value)
    rows = read_table(Path("data/split/test"))
    write_table(rows.assign(sex="male"), Path("data/split/test"))
    costly.run("verdict")
    assert read_json(FILE) == said


def test_label_metrics_of_both_sides_use_it_and_costs_are_reported(costly: Project) -> None:
    threshold = read_json(FILE)["value"]
    verdict = {one["metric"]: one for one in read_json(Path("metrics/verdict.json"))["metrics"]}
    assert set(verdict) >= {"f1", "cost"}
    for side, of in {
        "validation": read_json(Path("metrics/evaluate.json")),
        "test": {name: one["value"] for name, one in verdict.items()},
    }.items():
        found = PredictionTable.read(Path(f"data/predictions/{side}"))
        guess = found.of["model"][:, 1] >= threshold
        assert of["f1"] == pytest.approx(sk.f1_score(found.truth, guess))
        assert of["cost"] == pytest.approx(
            ((guess > found.truth) + 20 * (guess < found.truth)).mean()
        )
    confusion = pd.read_csv("plots/evaluate/confusion.csv")
    found = PredictionTable.read(Path("data/predictions/validation"))
    assert ((confusion["predicted"] == "male") == (found.of["model"][:, 1] >= threshold)).all()


def test_baselines_are_held_to_the_same_threshold(costly: Project) -> None:
    metrics = {one["metric"]: one for one in read_json(Path("metrics/evaluate.json"))["metrics"]}
    found = PredictionTable.read(Path("data/predictions/validation"))
    for who in ("linear", "dummy"):
        guess = found.of[who][:, 1] >= read_json(FILE)["value"]
        paid = ((guess > found.truth) + 20 * (guess < found.truth)).mean()
        assert metrics["cost"][who] == pytest.approx(paid)


def test_the_bundle_and_the_api_answer_by_it(costly: Project) -> None:
    from starlette.testclient import TestClient

    from pedigree.serving.api import Api
    from pedigree.serving.core import Service

    threshold = 0.1  # so low that it tells
    write_json(read_json(FILE) | {"value": threshold}, FILE)
    costly.run("package")
    bundle = Bundle.load()
    assert bundle.signature.threshold == threshold
    rows = read_table(Path("data/split/test"))
    raw = read_table(Path("data/loaded"))[list(bundle.signature.inputs)].head(len(rows))
    sent = raw.astype(object).where(raw.notna(), None).to_dict("records")
    sent = [
        {k: str(v.date()) if isinstance(v, pd.Timestamp) else v for k, v in r.items()} for r in sent
    ]
    client = TestClient(Api(Service.load()).app)
    answers = client.post("/predict", json={"rows": sent}).json()["predictions"]
    positive = np.array([one["probabilities"]["male"] for one in answers])
    assert [one["label"] == "male" for one in answers] == (positive >= threshold).tolist()
    assert ((positive >= threshold) & (positive < 0.5)).any()  # which would be female otherwise
    card = Path("models/bundle/README.md").read_text(encoding="utf-8")
    assert "male if its probability is at least 0.1" in card


def test_the_curve_is_a_plot_of_two_classes_only(copy_of) -> None:
    copy_of("multiclass")
    assert not Path("plots/evaluate/threshold.csv").exists()
    assert read_json(FILE) == {"asked": None, "value": None}


@pytest.mark.parametrize(
    ("task", "override", "said"),
    [
        (
            "multiclass",
            COSTLY,
            "problem.threshold: requires task binary, and the task is multiclass",
        ),
        (
            "regression",
            COSTLY,
            "problem.threshold: requires task binary, and the task is regression",
        ),
        (
            "binary",
            "problem.threshold={metric:roc_auc}",
            "'roc_auc' does not depend on the threshold",
        ),
        ("binary", "problem.threshold={metric:f1,capacity:3}", "needs one of metric, costs"),
        ("binary", "problem.threshold={capacity:1.5}", "problem.threshold.capacity"),
        ("binary", "problem.metrics=[cost]", "folds have neither threshold nor intervals"),
        ("regression", "problem.metrics=[coverage]", "folds have neither threshold nor intervals"),
        ("binary", "+problem.criteria.cost.at_most=1", "set problem.threshold.costs"),
    ],
)
def test_what_cannot_be_is_refused_at_once(copy_of, task: str, override: str, said: str) -> None:
    project = copy_of(task)
    project.compose(override)
    with pytest.raises(UserError, match=said):
        check(OmegaConf.load("params.yaml"))


def test_a_threshold_is_read_with_its_costs(tmp_path: Path) -> None:
    write_json({"asked": {"capacity": 0.1}, "value": 0.3}, tmp_path / "a.json")
    assert ChosenThreshold.read(tmp_path / "a.json").threshold == Threshold(0.3)
    write_json({"asked": None, "value": None}, tmp_path / "b.json")
    assert ChosenThreshold.read(tmp_path / "b.json").threshold is None
