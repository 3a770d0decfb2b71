"""A metric of the owner's own: made from settings, it does whatever a metric of the library does."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from library.projects import Project, record
from omegaconf import OmegaConf
from sklearn.metrics import recall_score

from pedigree.base.names import UserError
from pedigree.config.checks import check
from pedigree.evaluation.bootstrap import bootstrap
from pedigree.evaluation.slices import LEAST, slice_scores
from pedigree.lineage.runs.paired import pair
from pedigree.lineage.runs.runs import open_run
from pedigree.scoring.custom import known, problem_metrics
from pedigree.scoring.decision import PredictedRows, Threshold
from pedigree.scoring.formulas import formula
from pedigree.scoring.metrics import gain, score
from pipeline.custom.metrics import RecallAtTop

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.integers(0, 2, 200)
POSITIVE = np.clip(TRUTH * 0.2 + RANDOM.uniform(0, 0.8, 200), 0, 1).round(2)
PAIR = np.column_stack([1 - POSITIVE, POSITIVE])

MINE = '''
"""Metrics that the tests name by `_target_`."""
from dataclasses import dataclass
from typing import ClassVar

import numpy as np


@dataclass
class Profit:
    """Mean profit of a row: 0 is to do nothing.

    More is said elsewhere.
    """

    greater_is_better: ClassVar = True
    tasks: ClassVar = ("binary",)
    gain: float
    cost: float = 1.0

    def __call__(self, y_true, y_pred):
        return y_pred * (self.gain * y_true - self.cost)


class Loss(Profit):
    greater_is_better = False

    def __call__(self, y_true, y_pred):
        return -super().__call__(y_true, y_pred).mean()


class TooLow:
    greater_is_better = False
    tasks = ["regression"]

    def __call__(self, y_true, y_pred):
        return np.maximum(y_true - y_pred, 0).mean()


class Rank:
    greater_is_better = True
    tasks = ("multiclass",)
    response_method = "predict_proba"

    def __call__(self, y_true, y_proba):
        return (y_proba.argsort(axis=1).argsort(axis=1)[np.arange(len(y_true)), y_true]).mean()


class NoDirection:
    tasks = ("binary",)


class NoTask:
    greater_is_better = True


class OddTask(NoTask):
    tasks = ("binry",)


class OddMethod(Profit):
    response_method = "decision_function"


class ProbableNumber(Profit):
    tasks = ("regression",)
    response_method = "predict_proba"


class Failing(Profit):
    def __call__(self, y_true, y_pred):
        return y_pred["x"]


class Nothing(Profit):
    def __call__(self, y_true, y_pred):
        return float("nan")


class Table(Profit):
    def __call__(self, y_true, y_pred):
        return np.ones((2, 2))


class Word(Profit):
    def __call__(self, y_true, y_pred):
        return "high"


class NotCalled:
    greater_is_better = True
    tasks = ("binary",)


def profit(y_true, y_pred):
    return 1.0
'''
PROFIT = {"_target_": "mine_of_tests.Profit", "gain": 5}
RECALL = {"_target_": "pipeline.custom.metrics.RecallAtTop", "fraction": 0.25}


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_of_tests.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))


def own(settings: dict[str, Any], name: str = "mine") -> Any:
    return known({"custom_metrics": {name: settings}})[name]


# --- the example -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fraction", [0.01, 0.1, 0.37, 1.0])
def test_the_example_is_the_recall_of_the_most_probable_rows(fraction: float) -> None:
    distinct = POSITIVE + np.arange(200) * 1e-6
    acted_on = np.zeros(200, dtype=int)
    acted_on[np.argsort(-distinct)[: max(1, round(fraction * 200))]] = 1
    assert RecallAtTop(fraction)(TRUTH, distinct) == pytest.approx(recall_score(TRUTH, acted_on))


def test_the_example_does_not_depend_on_the_order_of_equal_probabilities() -> None:
    one, other = (
        RecallAtTop()(TRUTH[rows], POSITIVE[rows]) for rows in (slice(None), slice(None, None, -1))
    )
    assert one == pytest.approx(other)
    assert RecallAtTop(0.1)(TRUTH, np.full(200, 0.5)) == pytest.approx(0.1)


# --- what it is given, and what becomes of it ------------------------------------------------------


def test_a_metric_is_made_of_its_settings() -> None:
    metric = own(PROFIT | {"cost": 2.0})
    assert (metric.function.metric.gain, metric.function.metric.cost) == (5, 2.0)
    assert metric.greater_is_better
    assert metric.tasks == ("binary",)
    assert metric.meaning == "mean profit of a row: 0 is to do nothing"


def test_labels_are_those_of_the_threshold() -> None:
    metric = own(PROFIT)
    for threshold in (0.3, 0.9):
        acted_on = threshold <= POSITIVE
        expected = (acted_on * (5 * TRUTH - 1)).mean()
        said = score(metric, TRUTH, PredictedRows(PAIR, Threshold(threshold)))
        assert said == pytest.approx(expected)
    assert score(metric, TRUTH, PAIR) == pytest.approx(((POSITIVE > 0.5) * (5 * TRUTH - 1)).mean())


def test_probabilities_are_the_positive_ones_of_two_classes_and_all_of_more() -> None:
    assert score(own(RECALL), TRUTH, PAIR) == RecallAtTop(0.25)(TRUTH, POSITIVE)
    truth = np.array([0, 2])
    proba = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    assert score(own({"_target_": "mine_of_tests.Rank"}), truth, proba) == 2


def test_numbers_are_given_as_they_are_predicted() -> None:
    metric = own({"_target_": "mine_of_tests.TooLow"})
    assert score(metric, np.array([3.0, 5.0]), np.array([1.0, 6.0])) == 1
    assert gain(metric, 1.0, 3.0) == 2  # lower is better


def test_rows_that_do_not_allow_it_give_nan() -> None:
    assert np.isnan(score(own(RECALL), np.zeros(5, dtype=int), PAIR[:5]))


@pytest.mark.parametrize("settings", [PROFIT, RECALL], ids=["each row", "all rows"])
def test_a_resample_gets_what_the_metric_gives_to_its_rows(settings: dict[str, Any]) -> None:
    metric = own(settings)
    weights = RANDOM.multinomial(200, np.full(200, 1 / 200), size=5).T.astype(float)
    rows = [np.repeat(np.arange(200), one.astype(int)) for one in weights.T]
    expected = [score(metric, TRUTH[one], PAIR[one]) for one in rows]
    assert formula(metric, TRUTH, PAIR)(weights) == pytest.approx(expected)


def test_a_table_of_scores_says_which_way_it_is_better_and_what_it_means() -> None:
    options: Any = {"groups": None, "resamples": 100, "confidence": 0.9, "seed": 1}
    loss = own({"_target_": "mine_of_tests.Loss", "gain": 5}, "loss")
    scores = bootstrap([loss, "f1"], TRUTH, {"model": PAIR, "other": PAIR[:, ::-1]}, **options)
    first, second = scores.table()
    assert (first["metric"], first["greater_is_better"]) == ("loss", False)
    assert (second["metric"], second["greater_is_better"]) == ("f1", True)
    assert "meaning" not in second  # the library knows it
    assert scores.better("loss", "other")["gain"] == pytest.approx(first["other"] - first["value"])


def test_a_value_for_each_row_makes_small_slices_comparable() -> None:
    class Cut:
        names = ("few",)

        def codes(self, rows: Any) -> np.ndarray:
            return np.where(np.arange(200) < LEAST, 0, -1)

    options: Any = {"groups": None, "min_rows": 5, "resamples": 100, "confidence": 0.9, "seed": 1}
    metrics = [own(RECALL, "recall_at_top"), own(PROFIT, "profit")]
    (line,) = slice_scores(metrics, TRUTH, PredictedRows(PAIR), None, {"x": Cut()}, **options)  # type: ignore[arg-type, dict-item]
    assert line["metric"] == "profit"


# --- in the pipeline -------------------------------------------------------------------------------


def test_it_serves_wherever_a_metric_does(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.compose(
        "problem.metrics=[profit,recall_at_top,f1]",
        "+problem.custom_metrics.profit={_target_:mine_of_tests.Profit,gain:5}",
        "+problem.threshold.metric=profit",
        "+problem.criteria.recall_at_top={at_least:0,judged:lower}",
        "+problem.criteria.profit={at_least:0,rows:worst_slice}",
        "explain=permutation",
        "compare=quick",
    )
    config = OmegaConf.load("params.yaml")
    assert [one.name for one in problem_metrics(config.problem)] == [
        "profit",
        "recall_at_top",
        "f1",
    ]
    project.run("compare", "tune", "train", "evaluate", "explain", "verdict", "package")
    project.run("monitor", "report")
    board = list(csv.DictReader(Path("reports/compare.csv").read_text().splitlines()))
    profits = [float(row["profit"]) for row in board]
    assert profits == sorted(profits, reverse=True)
    assert float(board[1]["behind"]) == pytest.approx(profits[0] - profits[1], abs=1e-6)
    assert json.loads(Path("reports/tune.json").read_text())["metric"] == "profit"
    threshold = json.loads(Path("models/threshold.json").read_text())
    assert threshold["criterion"] == "profit"
    found = json.loads(Path("metrics/evaluate.json").read_text())
    assert found["profit"] == pytest.approx(threshold["at_value"])
    assert {"profit", "recall_at_top", "f1", "profit_half_width", "worst_slice"} <= set(found)
    assert found["worst"][0]["metric"] == "profit"
    verdict = json.loads(Path("metrics/verdict.json").read_text())
    criteria = {one["criterion"]: one for one in verdict["criteria"]}
    assert criteria["profit"]["value"] == verdict["worst"][0]["value"]
    assert criteria["recall_at_top"]["judged"] == "lower"
    monitored = json.loads(Path("metrics/monitor.json").read_text())["performance"]
    assert monitored["metric"] == "profit"
    assert "loss of profit" in "".join(p.read_text() for p in Path("reports/explain").glob("*.csv"))
    page = Path("reports/index.html").read_text()
    assert "profit: mean profit of a row: 0 is to do nothing; higher is better." in page
    record(project)
    run = open_run("workspace")
    gains = pair("validation", run, run).gains
    assert [(one["metric"], one["gain"]) for one in gains] == [
        ("profit", 0),
        ("recall_at_top", 0),
        ("f1", 0),
    ]


def test_a_threshold_is_chosen_where_a_loss_is_least(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = {}
    for name in ("Profit", "Loss"):
        project.compose(
            f"+problem.custom_metrics.mine={{_target_:mine_of_tests.{name},gain:5}}",
            "+problem.threshold.metric=mine",
        )
        project.run("evaluate")
        best[name] = json.loads(Path("models/threshold.json").read_text())
    assert best["Loss"]["value"] == best["Profit"]["value"]
    assert best["Loss"]["at_value"] == -best["Profit"]["at_value"]


# --- what configure refuses ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("roc_auc", PROFIT, "problem.custom_metrics.roc_auc: the library has a quantity of this name; choose another name."),
        ("gain_over_dummy", PROFIT, "the library has a quantity of this name"),
        ("model", PROFIT, "problem.custom_metrics.model: the name is taken by a column of the leaderboard"),
        ("f1_std", PROFIT, "the name is taken by a column of the leaderboard"),
        ("Profit", PROFIT, "problem.custom_metrics.Profit: the key should consist of lower-case letters"),
        ("x", {"_target_": "mine_of_tests.Proft"}, "problem.custom_metrics.x._target_: mine_of_tests has no 'Proft'; did you mean 'profit'?"),
        ("x", {"_target_": "mine_of_tests.profit"}, "problem.custom_metrics.x: mine_of_tests.profit is a function; make it the `__call__` of a class"),
        ("x", PROFIT | {"gane": 1}, "problem.custom_metrics.x.gane: mine_of_tests.Profit does not accept this argument; did you mean 'gain'?"),
        ("x", {"_target_": "mine_of_tests.Profit"}, "mine_of_tests.Profit does not accept the arguments of this call: Profit.__init__() missing 1 required positional argument: 'gain'."),
        ("x", {"_target_": "mine_of_tests.NoDirection"}, "problem.custom_metrics.x: mine_of_tests.NoDirection does not declare whether greater is better; give the class `greater_is_better = True` or False."),
        ("x", {"_target_": "mine_of_tests.NoTask"}, "problem.custom_metrics.x: mine_of_tests.NoTask does not declare its tasks; give the class `tasks`"),
        ("x", {"_target_": "mine_of_tests.OddTask"}, "mine_of_tests.OddTask.tasks contains 'binry', which is no task; did you mean 'binary'?"),
        ("x", PROFIT | {"_target_": "mine_of_tests.Word"}, "called with 60 random rows, returned 'high'; return a number, or one for each row."),
        ("x", PROFIT | {"_target_": "mine_of_tests.OddMethod"}, "mine_of_tests.OddMethod.response_method is 'decision_function'; choose from predict, predict_proba."),
        ("x", PROFIT | {"_target_": "mine_of_tests.ProbableNumber"}, "requires probabilities, and its tasks include regression"),
        ("x", PROFIT | {"_target_": "mine_of_tests.Failing"}, "mine_of_tests.Failing, called with 60 random rows, failed: IndexError: "),
        ("x", {"_target_": "mine_of_tests.NotCalled"}, "called with 60 random rows, failed: TypeError: 'NotCalled' object is not callable"),
        ("x", PROFIT | {"_target_": "mine_of_tests.Nothing"}, "called with 60 random rows, returned nan; return a finite number."),
        ("x", PROFIT | {"_target_": "mine_of_tests.Table"}, "returned an array of shape (2, 2); return a number, or one for each row."),
    ],
)  # fmt: skip
def test_a_wrong_one_is_refused_with_the_way_out(
    finished: Callable[[str], Project],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    settings: dict[str, Any],
    expected: str,
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    config = OmegaConf.load("params.yaml")
    OmegaConf.update(config, f"problem.custom_metrics.{name}", settings, force_add=True)
    config.problem.metrics = list(dict.fromkeys([name, *config.problem.metrics]))
    OmegaConf.update(config, f"problem.criteria.{name}", {"at_least": 0}, force_add=True)
    with pytest.raises(UserError) as error:
        check(config)
    assert expected in str(error.value)
    assert f"metric '{name}' does not exist" not in str(
        error.value
    )  # it was just said what is wrong with it


@pytest.mark.parametrize(
    ("task", "settings", "change", "expected"),
    [
        ("binary", {"_target_": "mine_of_tests.TooLow"}, "metrics", "problem.metrics: 'x' does not fit task binary; choose from "),
        ("regression", PROFIT, "criteria", "problem.criteria: 'x' is not a quantity of task regression"),
        ("binary", RECALL, "threshold", "problem.threshold.metric: metric 'x' does not depend on the threshold"),
    ],
)  # fmt: skip
def test_one_for_another_task_or_purpose_is_refused_where_it_is_named(
    finished: Callable[[str], Project],
    monkeypatch: pytest.MonkeyPatch,
    task: str,
    settings: dict[str, Any],
    change: str,
    expected: str,
) -> None:
    monkeypatch.chdir(finished(task).folder)
    config = OmegaConf.load("params.yaml")
    config.problem.custom_metrics = {"x": settings}
    check(config)  # named nowhere, it is no mistake
    value = {"metrics": ["x"], "criteria": {"x": {"at_least": 0}}, "threshold": {"metric": "x"}}
    config.problem[change] = value[change]
    with pytest.raises(UserError) as error:
        check(config)
    assert expected in str(error.value)


def test_the_code_of_a_metric_is_a_dependency_of_every_stage_that_may_call_it(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("mycode/metrics.py", MINE)
    monkeypatch.syspath_prepend(str(project.folder))
    config = OmegaConf.load("params.yaml")
    config.problem.custom_metrics.mine = PROFIT | {"_target_": "mycode.metrics.Profit"}
    with pytest.raises(UserError) as error:
        check(config)
    for stage in ("compare", "tune", "evaluate", "explain", "verdict", "monitor"):
        assert f"add `- mycode/metrics.py` to stages.{stage}.deps in dvc.yaml" in str(error.value)
    assert "stages.report" not in str(error.value)
