import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.model.metrics import METRICS, bootstrap, gain, score

RANDOM = np.random.default_rng(0)
BINARY = RANDOM.integers(0, 2, 80)
POSITIVE = np.clip(BINARY * 0.3 + RANDOM.uniform(0, 0.7, 80), 0, 1)
PAIR = np.column_stack([1 - POSITIVE, POSITIVE])
MANY = RANDOM.integers(0, 3, 90)
TRIPLE = RANDOM.dirichlet([1, 1, 1], 90)
NUMBERS = RANDOM.normal(100, 10, 60)
GUESSES = NUMBERS + RANDOM.normal(0, 3, 60)

EXPECTED = [
    ("roc_auc", BINARY, PAIR, sk.roc_auc_score(BINARY, POSITIVE)),
    ("average_precision", BINARY, PAIR, sk.average_precision_score(BINARY, POSITIVE)),
    ("brier", BINARY, PAIR, sk.brier_score_loss(BINARY, POSITIVE)),
    ("log_loss", BINARY, PAIR, sk.log_loss(BINARY, PAIR)),
    ("f1", BINARY, PAIR, sk.f1_score(BINARY, POSITIVE > 0.5)),
    ("precision", BINARY, PAIR, sk.precision_score(BINARY, POSITIVE > 0.5)),
    ("recall", BINARY, PAIR, sk.recall_score(BINARY, POSITIVE > 0.5)),
    ("accuracy", BINARY, PAIR, sk.accuracy_score(BINARY, POSITIVE > 0.5)),
    ("roc_auc", MANY, TRIPLE, sk.roc_auc_score(MANY, TRIPLE, multi_class="ovr")),
    ("log_loss", MANY, TRIPLE, sk.log_loss(MANY, TRIPLE)),
    ("f1_macro", MANY, TRIPLE, sk.f1_score(MANY, TRIPLE.argmax(1), average="macro")),
    ("balanced_accuracy", MANY, TRIPLE, sk.balanced_accuracy_score(MANY, TRIPLE.argmax(1))),
    ("matthews", MANY, TRIPLE, sk.matthews_corrcoef(MANY, TRIPLE.argmax(1))),
    ("rmse", NUMBERS, GUESSES, np.sqrt(np.mean((NUMBERS - GUESSES) ** 2))),
    ("mae", NUMBERS, GUESSES, np.mean(np.abs(NUMBERS - GUESSES))),
    ("mape", NUMBERS, GUESSES, np.mean(np.abs(NUMBERS - GUESSES) / NUMBERS)),
    ("median_absolute_error", NUMBERS, GUESSES, np.median(np.abs(NUMBERS - GUESSES))),
    ("r2", NUMBERS, GUESSES, sk.r2_score(NUMBERS, GUESSES)),
]


@pytest.mark.parametrize(("name", "truth", "prediction", "expected"), EXPECTED)
def test_a_metric_equals_scikit_learns(name, truth, prediction, expected) -> None:
    assert score(name, truth, prediction) == pytest.approx(expected)


def test_every_metric_is_held_against_scikit_learn() -> None:
    assert {name for name, *_ in EXPECTED} == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_perfect_prediction_is_better_than_a_bad_one(name: str) -> None:
    if "regression" in METRICS[name].tasks:
        truth, right, wrong = NUMBERS, NUMBERS, NUMBERS[::-1]
    else:
        truth, right = BINARY, np.eye(2)[BINARY]
        wrong = 1 - right
    assert gain(name, score(name, truth, right), score(name, truth, wrong)) > 0


def test_a_metric_that_the_rows_do_not_allow_is_nan() -> None:
    assert np.isnan(score("roc_auc", np.zeros(5, dtype=int), PAIR[:5]))


def test_log_loss_knows_classes_that_the_rows_lack() -> None:
    assert score("log_loss", np.array([0, 1]), TRIPLE[:2]) == pytest.approx(
        -np.log([TRIPLE[0, 0], TRIPLE[1, 1]]).mean()
    )


@given(st.integers(0, 1000))
def test_an_interval_holds_the_value(seed: int) -> None:
    found = bootstrap(
        ["roc_auc"], BINARY, PAIR, groups=None, resamples=30, confidence=0.95, seed=seed
    )["roc_auc"]
    low, high = found["interval"]
    assert low <= found["value"] <= high
    assert found["value"] == score("roc_auc", BINARY, PAIR)


def test_a_higher_confidence_gives_a_wider_interval() -> None:
    widths = []
    for confidence in (0.5, 0.99):
        found = bootstrap(
            ["mae"], NUMBERS, GUESSES, groups=None, resamples=300, confidence=confidence, seed=1
        )
        low, high = found["mae"]["interval"]
        widths.append(high - low)
    assert widths[0] < widths[1]


def test_rows_of_one_group_do_not_count_as_independent() -> None:
    """Each row ten times says no more than once; told of the groups, the interval stays as wide."""
    truth, guess = np.repeat(NUMBERS, 10), np.repeat(GUESSES, 10)
    options = {"resamples": 300, "confidence": 0.95, "seed": 1}
    widths = {
        name: np.ptp(bootstrap(["mae"], *rows, groups=groups, **options)["mae"]["interval"])
        for name, rows, groups in (
            ("once", (NUMBERS, GUESSES), None),
            ("unaware", (truth, guess), None),
            ("aware", (truth, guess), np.repeat(np.arange(60), 10)),
        )
    }
    assert widths["aware"] == pytest.approx(widths["once"], rel=0.01)
    assert widths["unaware"] < widths["once"] / 2


def test_the_same_seed_gives_the_same_interval() -> None:
    options = {"groups": None, "resamples": 50, "confidence": 0.9}
    first, again, other = (
        bootstrap(["f1"], BINARY, PAIR, seed=seed, **options)["f1"]["interval"].tolist()
        for seed in (1, 1, 2)
    )
    assert first == again != other
