import numpy as np
import pytest
import sklearn.metrics as sk

from pedigree.scoring.decision import PredictedRows, Threshold
from pedigree.scoring.metrics import DECIDED, METRICS, gain, reported, score

RANDOM = np.random.default_rng(0)
BINARY = RANDOM.integers(0, 2, 80)
POSITIVE = np.clip(BINARY * 0.3 + RANDOM.uniform(0, 0.7, 80), 0, 1)
PAIR = np.column_stack([1 - POSITIVE, POSITIVE])
MANY = RANDOM.integers(0, 3, 90)
TRIPLE = RANDOM.dirichlet([1, 1, 1], 90)
NUMBERS = RANDOM.normal(100, 10, 60)
GUESSES = NUMBERS + RANDOM.normal(0, 3, 60)
COSTS = {"false_positive": 1.0, "false_negative": 5.0}
DECISION = PredictedRows(PAIR, Threshold(0.4, COSTS))
BAND = PredictedRows(GUESSES, interval=np.column_stack([GUESSES - 4, GUESSES + 2]))


def calibration_error(probability: np.ndarray, hit: np.ndarray) -> float:
    """As the papers define it: rows sorted by probability, in ten bins of one size."""
    bins = np.array_split(np.argsort(probability), 10)
    gaps = [abs(probability[rows].mean() - hit[rows].mean()) * len(rows) for rows in bins]
    return sum(gaps) / len(hit)


def paid(truth: np.ndarray, positive: np.ndarray) -> float:
    tn, fp, fn, tp = sk.confusion_matrix(truth, positive).ravel()
    return (fp * COSTS["false_positive"] + fn * COSTS["false_negative"]) / (tn + fp + fn + tp)


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
    ("f1", BINARY, DECISION, sk.f1_score(BINARY, POSITIVE >= 0.4)),
    ("roc_auc", BINARY, DECISION, sk.roc_auc_score(BINARY, POSITIVE)),
    ("ece", BINARY, PAIR, calibration_error(POSITIVE, BINARY)),
    ("ece", MANY, TRIPLE, calibration_error(TRIPLE.max(1), TRIPLE.argmax(1) == MANY)),
    ("cost", BINARY, DECISION, paid(BINARY, POSITIVE >= 0.4)),
    ("coverage", NUMBERS, BAND, np.mean((GUESSES - 4 <= NUMBERS) & (NUMBERS <= GUESSES + 2))),
    ("interval_width", NUMBERS, BAND, 6.0),
]


@pytest.mark.parametrize(("name", "truth", "prediction", "expected"), EXPECTED)
def test_a_metric_equals_another_reckoning(name, truth, prediction, expected) -> None:
    assert score(name, truth, prediction) == pytest.approx(expected)


def test_every_metric_is_held_against_another_reckoning() -> None:
    assert {name for name, *_ in EXPECTED} == set(METRICS)


@pytest.mark.parametrize("name", [name for name in METRICS if name not in DECIDED])
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


def test_a_label_is_that_of_the_threshold_or_of_the_most_probable_class() -> None:
    values = np.array([[0.7, 0.3], [0.5, 0.5], [0.2, 0.8]])
    assert PredictedRows(values).labels.tolist() == [0, 0, 1]
    assert PredictedRows(values, Threshold(0.3)).labels.tolist() == [1, 1, 1]
    assert PredictedRows(values, Threshold(0.3))[[0, 2]].labels.tolist() == [1, 1]


def test_costs_and_intervals_are_reported_where_there_are_some_and_are_nan_elsewhere() -> None:
    assert reported(["f1"], PredictedRows(PAIR)) == ["f1"]
    assert reported(["f1"], DECISION) == ["f1", "cost"]
    assert reported(["mae"], PredictedRows(GUESSES)) == ["mae"]
    assert reported(["mae"], BAND) == ["mae", "coverage"]
    for name in DECIDED:
        assert np.isnan(score(name, BINARY, PAIR if name == "cost" else GUESSES))


def test_the_calibration_error_does_not_depend_on_the_order_of_equal_probabilities() -> None:
    rough = PAIR.round(1)
    one, other = (
        score("ece", BINARY[rows], rough[rows]) for rows in (range(80), range(79, -1, -1))
    )
    assert one == pytest.approx(other)
