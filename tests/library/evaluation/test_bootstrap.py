import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pedigree.evaluation import bootstrap as intervals
from pedigree.evaluation.bootstrap import ResampledScores, bootstrap
from pedigree.scoring.decision import PredictedRows, Threshold
from pedigree.scoring.formulas import FORMULAS, formula
from pedigree.scoring.metrics import METRICS, score

RANDOM = np.random.default_rng(0)
NUMBERS = RANDOM.normal(100, 10, 60)
CLOSE, FAR = (NUMBERS + RANDOM.normal(0, spread, 60) for spread in (3, 4))
BINARY = RANDOM.integers(0, 2, 80)
POSITIVE = np.clip(BINARY * 0.3 + RANDOM.uniform(0, 0.7, 80), 0, 1)
PAIR = np.column_stack([1 - POSITIVE, POSITIVE])


def numbers(metric: str = "mae", of: dict | None = None, **options) -> ResampledScores:
    chosen = {"groups": None, "resamples": 300, "confidence": 0.95, "seed": 1} | options
    return bootstrap([metric], NUMBERS, of or {"model": CLOSE}, **chosen)


def width(scores: ResampledScores) -> float:
    return float(np.ptp(scores.interval("mae")))


# --- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "task"), [(name, task) for name, one in METRICS.items() for task in one.tasks]
)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 12))
@example(seed=0, n=2)
def test_a_resample_gets_what_scikit_learn_gives_to_its_rows(
    name: str, task: str, seed: int, n: int
) -> None:
    """With ties, classes that are missing, rows that are drawn often or never."""
    random = np.random.default_rng(seed)
    if task == "regression":
        truth, values = (random.integers(-3, 4, n) * 1e3 + 7.5 for _ in range(2))
        said = PredictedRows(values, interval=np.column_stack([values - 1000, values + 2000]))
    else:
        k = 2 if task == "binary" else 3
        truth, values = random.integers(0, k, n), random.integers(0, 5, (n, k)) + 1e-3
        values /= values.sum(axis=1, keepdims=True)
        costs = {"false_positive": 1.0, "false_negative": 5.0}
        said = PredictedRows(values, Threshold(0.4, costs) if task == "binary" else None)
    weights = random.multinomial(n, np.full(n, 1 / n), size=8).T.astype(float)
    found = formula(name, truth, said)(weights)
    rows = [np.repeat(np.arange(n), one.astype(int)) for one in weights.T]
    expected = [score(name, truth[one], said[one]) for one in rows]
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12, nan_ok=True)


def test_every_metric_has_a_formula() -> None:
    alone = {"ece"}  # its bins are each resample's own
    per_row = {"cost", "coverage", "interval_width"}
    assert set(FORMULAS) == set(METRICS) - alone - per_row


def test_a_metric_without_a_formula_is_scored_resample_by_resample(monkeypatch) -> None:
    quick = numbers("r2")
    monkeypatch.delitem(FORMULAS, "r2")
    assert numbers("r2").draws["r2"]["model"] == pytest.approx(quick.draws["r2"]["model"])


def test_the_size_of_a_chunk_changes_nothing(monkeypatch) -> None:
    whole = numbers().draws["mae"]["model"]
    monkeypatch.setattr(intervals, "CHUNK", 7 * len(NUMBERS))
    assert numbers().draws["mae"]["model"] == pytest.approx(whole, rel=1e-12)


# --- intervals -------------------------------------------------------------------------------------


@given(st.integers(0, 1000))
def test_an_interval_holds_the_value(seed: int) -> None:
    scores = bootstrap(
        ["roc_auc"],
        BINARY,
        {"model": PAIR},
        groups=None,
        resamples=30,
        confidence=0.95,
        seed=seed,
    )
    low, high = scores.interval("roc_auc")
    assert low <= scores.values["roc_auc"]["model"] <= high
    assert scores.values["roc_auc"]["model"] == score("roc_auc", BINARY, PAIR)
    assert scores.half_width("roc_auc") == pytest.approx((high - low) / 2)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """The mean absolute error of normal noise is sqrt(2 / pi); 90 % of 300 intervals should hold it."""
    covered = 0
    for seed in range(300):
        noise = np.random.default_rng(seed).normal(size=80)
        low, high = bootstrap(
            ["mae"],
            np.zeros(80),
            {"model": noise},
            groups=None,
            resamples=200,
            confidence=0.9,
            seed=seed,
        ).interval("mae")
        covered += low <= np.sqrt(2 / np.pi) <= high
    assert 0.84 <= covered / 300 <= 0.95


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    assert width(numbers(confidence=0.5)) < width(numbers(confidence=0.99))


def test_rows_of_one_group_do_not_count_as_independent() -> None:
    """Each row ten times says no more than once; told of the groups, the interval stays as wide."""
    options = {"resamples": 300, "confidence": 0.95, "seed": 1}
    truth, said = np.repeat(NUMBERS, 10), {"model": np.repeat(CLOSE, 10)}
    bird = np.repeat([f"bird {i:02d}" for i in range(60)], 10)
    aware = bootstrap(["mae"], truth, said, groups=bird, **options)
    unaware = bootstrap(["mae"], truth, said, groups=None, **options)
    assert width(aware) == pytest.approx(width(numbers()), rel=0.01)
    assert width(unaware) < width(numbers()) / 2


def test_the_same_seed_gives_the_same_interval() -> None:
    first, again, other = (numbers(seed=seed).interval("mae").tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_resamples_that_do_not_allow_the_metric_are_left_out() -> None:
    """Of three rows with one positive, many resamples hold one class, and have no ROC."""
    options = {"groups": None, "resamples": 100, "confidence": 0.9, "seed": 0}
    scores = bootstrap(["roc_auc"], np.array([0, 0, 1]), {"model": PAIR[:3]}, **options)
    assert np.isnan(scores.draws["roc_auc"]["model"]).any()
    assert not np.isnan(scores.interval("roc_auc")).any()
    none = bootstrap(["roc_auc"], np.zeros(3, dtype=int), {"model": PAIR[:3]}, **options)
    assert np.isnan([*none.interval("roc_auc"), none.half_width("roc_auc")]).all()


# --- differences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("metric", "sign"), [("mae", -1), ("r2", 1)])
def test_a_gain_is_positive_where_the_model_is_better(metric: str, sign: int) -> None:
    scores = numbers(metric, {"model": CLOSE, "linear": FAR})
    found = scores.better(metric, "linear")
    value = scores.values[metric]
    assert found["gain"] == sign * (value["model"] - value["linear"])
    assert found["gain"] > 0
    assert found["interval"][0] < found["gain"] < found["interval"][1]


def test_a_paired_difference_is_surer_than_two_scores() -> None:
    """Who errs by a tenth more on every row is surely worse, however wide the scores' own intervals are."""
    worse = NUMBERS + 1.1 * (CLOSE - NUMBERS)
    scores = numbers(of={"model": CLOSE, "champion": worse})
    low, high = scores.better("mae", "champion")["interval"]
    assert 0 < low < high < width(scores) / 2
    assert scores.interval("mae", "champion")[0] < scores.interval("mae")[1]


def test_a_model_is_not_better_than_itself() -> None:
    found = numbers(of={"model": CLOSE, "champion": CLOSE.copy()}).better("mae", "champion")
    assert found["gain"] == 0
    assert found["interval"].tolist() == [0, 0]


def test_tables_name_every_predictor_and_metric() -> None:
    scores = numbers(of={"model": CLOSE, "linear": FAR, "dummy": np.full(60, 100.0)})
    (line,) = scores.table()
    assert list(line) == ["metric", "greater_is_better", "value", "interval", "linear", "dummy"]
    assert [(one["against"], one["metric"]) for one in scores.comparisons()] == [
        ("linear", "mae"),
        ("dummy", "mae"),
    ]
