from pathlib import Path
from typing import Any

import numpy as np
import pytest
from library.projects import Project
from omegaconf import OmegaConf
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import KFold, cross_val_predict

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json, read_table, write_table
from pedigree.config.checks import check
from pedigree.estimators.building import build_model
from pedigree.estimators.predicting import predict
from pedigree.estimators.settings import Model
from pedigree.prediction.bundle import Bundle
from pedigree.prediction.calibration import Intervals, LogOdds, Probabilities, calibrated
from pedigree.scoring.metrics import score
from pedigree.storage import artifact
from pedigree.training.data import Training
from pedigree.training.inputs import read_subset

FILE = Path("models/calibrator.skops")
RANDOM = np.random.default_rng(0)


def overconfident(n: int, classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw answers by one log-odds, and say three times that."""
    random = np.random.default_rng(seed)
    odds = random.normal(size=(n, classes))
    true, said = (np.exp(times * odds) for times in (1, 3))
    true, said = (one / one.sum(axis=1, keepdims=True) for one in (true, said))
    return said, np.array([random.choice(classes, p=row) for row in true])


# --- probabilities ---------------------------------------------------------------------------------


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_overconfident_probabilities_are_put_right(method: Any, classes: int) -> None:
    calibrator = Probabilities(method).fit(*overconfident(3000, classes, seed=1))
    said, y = overconfident(3000, classes, seed=2)
    better = calibrator.apply(said).values
    assert better.sum(axis=1) == pytest.approx(1)
    assert score("ece", y, better) < score("ece", y, said) / 3
    assert score("log_loss", y, better) < score("log_loss", y, said) - 0.1


def test_a_sigmoid_takes_the_log_odds_back_to_what_they_were() -> None:
    calibrator = Probabilities("sigmoid").fit(*overconfident(20_000, 2, seed=1))
    said, _ = overconfident(500, 2, seed=2)
    inside = (said[:, 1] > 0.01) & (said[:, 1] < 0.99)
    found = LogOdds(2).decision_function(calibrator.apply(said).values[inside])
    assert found == pytest.approx(LogOdds(2).decision_function(said[inside]) / 3, abs=0.15)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_of_two_classes_the_order_stays(method: Any) -> None:
    calibrator = Probabilities(method).fit(*overconfident(300, 2, seed=1))
    rising = np.linspace(0, 1, 400)
    found = calibrator.apply(np.column_stack([1 - rising, rising])).values[:, 1]
    assert (np.diff(found) >= 0).all()
    assert found[0] < 0.2 < 0.8 < found[-1]


def test_an_isotonic_curve_is_no_surer_than_its_rows() -> None:
    """Fifty rows that are told apart without a mistake."""
    p = np.repeat([0.1, 0.9], 25)
    calibrator = Probabilities("isotonic").fit(np.column_stack([1 - p, p]), (p > 0.5).astype(int))
    assert calibrator.apply(np.array([[0.01, 0.99]])).values[0, 1] == pytest.approx(51 / 52)


def test_probabilities_of_zero_and_one_have_log_odds() -> None:
    assert np.isfinite(LogOdds(2).decision_function(np.array([[0.0, 1.0], [1.0, 0.0]]))).all()


def test_a_class_without_held_out_rows_is_an_error_with_the_way_out() -> None:
    with pytest.raises(UserError, match="a class has no row in the held-out folds"):
        Probabilities("sigmoid").fit(np.full((4, 3), 1 / 3), np.array([0, 1, 0, 1]))


# --- intervals -------------------------------------------------------------------------------------


@pytest.mark.parametrize("confidence", [0.8, 0.9])
def test_intervals_cover_as_many_answers_as_they_say(confidence: float) -> None:
    """Real data, a model that overfits, and rows that it has not seen; the mean over ten draws."""
    X, y = load_diabetes(return_X_y=True)
    shares = []
    for seed in range(10):
        rows = np.random.default_rng(seed).permutation(len(y))
        learn, later = rows[:300], rows[300:]
        model = RandomForestRegressor(15, random_state=0)
        cut = KFold(5, shuffle=True, random_state=seed)
        intervals = Intervals(confidence).fit(
            cross_val_predict(model, X[learn], y[learn], cv=cut), y[learn]
        )
        said = intervals.apply(model.fit(X[learn], y[learn]).predict(X[later]))
        shares.append(score("coverage", y[later], said))
    # One draw of 142 later and 300 earlier rows strays by 3 points, the mean of ten by 1.
    assert np.mean(shares) == pytest.approx(confidence, abs=0.03)


def test_the_half_width_is_the_residual_at_the_corrected_rank() -> None:
    y = np.arange(19, dtype=float)
    intervals = Intervals(0.9).fit(np.zeros(19), y)  # of 19, the ceil(20 * 0.9) = 18th
    assert intervals.apply(np.array([5.0])).interval.tolist() == [[5 - 17, 5 + 17]]


def test_too_few_rows_for_a_confidence_are_an_error_with_the_way_out() -> None:
    with pytest.raises(UserError, match="8 held-out rows are too few for intervals of confidence"):
        Intervals(0.9).fit(np.zeros(8), np.arange(8.0))


# --- in the project --------------------------------------------------------------------------------


def shuffle_answers(side: str, target: str) -> None:
    for folder in (Path("data/features", side), Path("data/split", side)):
        if folder.exists():
            rows = read_table(folder)
            write_table(rows.assign(**{target: rows[target].to_numpy()[::-1]}), folder)


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic"])
def test_a_model_of_poor_probabilities_gets_better_ones(project: Project, calibration: str) -> None:
    """Naive Bayes counts what two features share twice, and is too sure of itself."""
    project.compose("model=naive_bayes", "tune=off", f"train/calibration={calibration}")
    project.run("tune", "train", "evaluate", "verdict")
    X, y, _ = read_subset("validation")
    alone = predict(artifact.load_model(Path("models/model.skops")), X, 2)
    said = read_json(Path("metrics/evaluate.json"))
    assert said["log_loss"] < score("log_loss", y, alone) - 0.05
    test = {one["metric"]: one for one in read_json(Path("metrics/verdict.json"))["metrics"]}
    assert test["log_loss"]["value"] < 0.6
    assert read_json(Path("metrics/train.json"))["calibration"]["method"] == calibration


@pytest.mark.parametrize(
    ("task", "calibration"), [("binary", "sigmoid"), ("regression", "conformal")]
)
def test_neither_validation_nor_test_rows_take_part(copy_of, task: str, calibration: str) -> None:
    """Although the model itself watches the validation rows to stop early."""
    project = copy_of(task)
    project.compose(f"train/calibration={calibration}", "model.bagging.folds=null")
    project.run("train")
    before, model = FILE.read_bytes(), Path("models/model.skops").read_bytes()
    target = read_json(Path("data/split/target.json"))["name"]
    for side in ("validation", "test"):
        shuffle_answers(side, target)
    project.run("train")
    assert Path("models/model.skops").read_bytes() != model
    assert FILE.read_bytes() == before
    shuffle_answers("train", target)
    project.run("train")
    assert FILE.read_bytes() != before


def test_each_training_row_is_predicted_by_a_model_that_has_not_seen_its_group(
    project: Project,
) -> None:
    """A tree that learns its rows by heart, of a feature that names the group, is right about none of its own."""
    settings = project.settings("train")
    training = Training.read(settings)
    folds = training.cut(5, 1, seed=1)
    seen = [set(training.scheme.groups[one.rows]) for one in folds]
    asked = [set(training.scheme.groups[one.rows_held_out]) for one in folds]
    assert not any(one & other for one, other in zip(seen, asked, strict=True))
    model = Model.model_validate(as_dict(project.compose("model=decision_tree").model))
    values, y = training.out_of_fold(build_model(model), model, 5, seed=1)
    assert len(values) == len(y) == len(training.y)
    assert y.tolist() == training.y.tolist()
    assert score("accuracy", y, values) < 1


def test_with_enough_residuals_further_folds_are_left_out(copy_of) -> None:
    project = copy_of("regression")
    project.compose("train.calibration.rows=30")
    project.run("train")
    rows = len(read_table(Path("data/split/train")))
    assert 30 <= read_json(Path("metrics/train.json"))["calibration"]["rows"] < rows / 2


def test_a_split_by_time_calibrates_on_the_later_rows(project: Project) -> None:
    project.compose("split=time", "train/calibration=sigmoid")
    project.run("split", "engineer", "select", "train", "evaluate")
    rows = len(read_table(Path("data/split/train")))
    assert 0.5 * rows < read_json(Path("metrics/train.json"))["calibration"]["rows"] < rows


def test_without_calibration_predictions_are_the_models_own(project: Project) -> None:
    assert artifact.load_model(FILE) is None
    assert read_json(Path("metrics/train.json"))["calibration"] is None
    values = np.array([[0.3, 0.7]])
    assert calibrated(None, values).values is values


def test_the_bundle_calibrates_too_and_its_card_says_so(project: Project) -> None:
    project.compose("train/calibration=sigmoid", "package/export=native")
    project.run("train", "evaluate", "verdict", "package")
    bundle, rows = Bundle.load(), read_table(Path("data/loaded")).head(20)
    typed, _ = bundle.check(rows[list(bundle.signature.inputs)])
    own = bundle.predict(typed).values
    raw = predict(bundle.predictor.model, bundle.predictor.features(cleaned(bundle, typed)), 2)
    assert own == pytest.approx(bundle.predictor.calibrator.apply(raw).values)
    assert np.abs(own - raw).max() > 0.01
    assert bundle.signature.calibration["method"] == "sigmoid"
    assert bundle.signature.export["lacks"] == ["calibration"]
    card = Path("models/bundle/README.md").read_text(encoding="utf-8")
    assert "Probabilities: calibrated (sigmoid" in card


def cleaned(bundle: Bundle, typed: Any) -> Any:
    from pedigree.cleaning import clean_rows

    return clean_rows(typed, bundle.signature.clean, serving=True)[0][list(bundle.signature.inputs)]


def test_numbers_come_with_their_interval_by_default(copy_of) -> None:
    copy_of("regression")
    half = read_json(Path("metrics/train.json"))["calibration"]["half_width"]
    said = read_json(Path("metrics/evaluate.json"))
    assert said["interval_width"] == pytest.approx(2 * half)
    assert 0.75 < said["coverage"] <= 1
    assert f"± {half:.4g}, for 90% of rows" in Path("models/bundle/README.md").read_text()
    comparisons = {one["metric"] for one in said["comparisons"]}
    assert "rmse" in comparisons
    assert "coverage" not in comparisons


@pytest.mark.parametrize(
    ("task", "override", "said"),
    [
        (
            "regression",
            "train/calibration=sigmoid",
            "Probabilities supports only classification, and the task",
        ),
        (
            "binary",
            "train/calibration=conformal",
            "Intervals supports only regression, and the task",
        ),
        ("regression", "train.calibration.calibrator.confidence=high", "should be a number"),
        ("regression", "train.calibration.folds=1", "train.calibration.folds"),
    ],
)
def test_what_does_not_fit_the_task_is_refused_at_once(
    copy_of, task: str, override: str, said: str
) -> None:
    project = copy_of(task)
    project.compose(override)
    with pytest.raises(UserError, match=said):
        check(OmegaConf.load("params.yaml"))
