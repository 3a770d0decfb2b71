import numpy as np
import pytest
import sklearn.metrics as sk

from pipeline.core.model.metrics import METRICS, gain, score

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
