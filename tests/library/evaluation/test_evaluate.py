from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics as sk
from library.projects import Project

from pedigree.base.names import UserError
from pedigree.base.tables import read_json, read_table, write_table
from pedigree.estimators.predicting import predict
from pedigree.evaluation.curves import classification_curves, regression_curves
from pedigree.evaluation.validation import predict_validation
from pedigree.scoring.decision import PredictedRows
from pedigree.scoring.metrics import METRICS, gain, score
from pedigree.scoring.predictions import PredictionTable, row_names
from pedigree.storage import artifact
from pedigree.training.inputs import read_subset


def said() -> dict:
    return read_json(Path("metrics/evaluate.json"))


def scored() -> dict:
    """Return the model's own scores, as DVC shows them."""
    return {one["metric"]: said()[one["metric"]] for one in said()["metrics"]}


def write_validation(rows: pd.DataFrame, target: str) -> None:
    """Change answers of the validation rows, or leave some out, before and after feature engineering."""
    before = read_table(Path("data/split/validation")).loc[rows.index]
    write_table(rows, Path("data/features/validation"))
    write_table(before.assign(**{target: rows[target]}), Path("data/split/validation"))


def predicted() -> tuple[np.ndarray, np.ndarray]:
    X, y, classes = read_subset("validation")
    return y, predict(artifact.load_model(Path("models/model.skops")), X, len(classes))


def half_width() -> float:
    return read_json(Path("metrics/train.json"))["calibration"]["half_width"]


def test_two_classes_are_scored_as_scikit_learn_does(project: Project) -> None:
    y, p = predicted()
    assert scored() == pytest.approx(
        {
            "roc_auc": sk.roc_auc_score(y, p[:, 1]),
            "average_precision": sk.average_precision_score(y, p[:, 1]),
            "f1": sk.f1_score(y, p[:, 1] > 0.5),
            "accuracy": sk.accuracy_score(y, p[:, 1] > 0.5),
            "log_loss": sk.log_loss(y, p),
        }
    )


def test_several_classes_are_scored_as_scikit_learn_does(copy_of) -> None:
    copy_of("multiclass")
    y, p = predicted()
    assert scored() == pytest.approx(
        {
            "f1_macro": sk.f1_score(y, p.argmax(axis=1), average="macro"),
            "balanced_accuracy": sk.balanced_accuracy_score(y, p.argmax(axis=1)),
            "accuracy": sk.accuracy_score(y, p.argmax(axis=1)),
            "roc_auc": sk.roc_auc_score(y, p, multi_class="ovr"),
            "log_loss": sk.log_loss(y, p),
        }
    )


def test_numbers_are_scored_as_scikit_learn_does(copy_of) -> None:
    copy_of("regression")
    y, p = predicted()
    assert scored() == pytest.approx(
        {
            "rmse": sk.root_mean_squared_error(y, p),
            "mae": sk.mean_absolute_error(y, p),
            "r2": sk.r2_score(y, p),
            "coverage": (np.abs(y - p) <= half_width()).mean(),
        }
    )


@pytest.mark.parametrize(
    ("task", "curves"),
    [
        ("binary", {"roc", "precision_recall", "calibration", "confusion", "threshold"}),
        ("multiclass", {"roc", "precision_recall", "calibration", "confusion"}),
        ("regression", {"predicted", "residuals"}),
    ],
)
def test_each_task_has_its_curves(copy_of, task: str, curves: set[str]) -> None:
    copy_of(task)
    assert {path.stem for path in Path("plots/evaluate").iterdir()} == curves
    assert all(len(pd.read_csv(path)) > 1 for path in Path("plots/evaluate").iterdir())


def test_the_area_under_the_roc_curve_is_the_metric(project: Project) -> None:
    roc = pd.read_csv("plots/evaluate/roc.csv")
    assert set(roc["class"]) == {"male"}
    area = sk.auc(roc["false_positive_rate"], roc["true_positive_rate"])
    assert area == pytest.approx(said()["roc_auc"], abs=1e-6)


def test_the_confusion_lists_every_row(project: Project) -> None:
    confusion = pd.read_csv("plots/evaluate/confusion.csv")
    assert (confusion["actual"] == confusion["predicted"]).mean() == pytest.approx(
        said()["accuracy"]
    )
    assert len(confusion) == len(read_table(Path("data/features/validation")))


def test_precision_and_recall_belong_together() -> None:
    truth = np.array([0, 0, 1, 1])
    probability = np.array([0.1, 0.6, 0.4, 0.9])
    prediction = np.column_stack([1 - probability, probability])
    points = classification_curves(truth, PredictedRows(prediction), ["no", "yes"], 2)[
        "precision_recall"
    ]
    found = {(point["recall"], round(point["precision"], 6)) for point in points}
    assert (1.0, 0.666667) in found  # from 0.4 on: three rows, both of the positive ones
    assert (0.5, 1.0) in found  # from 0.9 on: one row, a positive one


def test_a_calibrated_model_lies_on_the_diagonal() -> None:
    random = np.random.default_rng(0)
    probability = random.uniform(size=4000)
    truth = (random.uniform(size=4000) < probability).astype(int)
    prediction = np.column_stack([1 - probability, probability])
    points = classification_curves(truth, PredictedRows(prediction), ["no", "yes"], 8)[
        "calibration"
    ]
    assert len(points) == 8
    assert [p["observed"] for p in points] == pytest.approx(
        [p["predicted"] for p in points], abs=0.07
    )


def test_of_several_classes_each_is_drawn_against_the_rest() -> None:
    truth = np.array([0, 1, 2, 0, 1, 2])
    points = classification_curves(truth, PredictedRows(np.eye(3)[truth]), ["a", "b", "c"], 2)[
        "roc"
    ]
    assert {point["class"] for point in points} == {"a", "b", "c"}


def test_residuals_are_what_the_prediction_lacks() -> None:
    made = regression_curves(np.array([5.0, 1.0]), PredictedRows(np.array([3.0, 2.0])), [], 2)
    assert made["residuals"] == [
        {"predicted": 2.0, "residual": -1.0},
        {"predicted": 3.0, "residual": 2.0},
    ]
    assert made["predicted"][0] == {"predicted": 2.0, "actual": 1.0}


def test_rows_of_a_class_that_does_not_train_are_not_scored(copy_of, capsys) -> None:
    project = copy_of("multiclass")
    rows = read_table(Path("data/features/validation"))
    rows.loc[:2, "species"] = "Emperor"
    write_validation(rows, "species")
    project.run("evaluate")
    assert "3 validation rows are of a class that no training row has" in capsys.readouterr().out
    assert len(pd.read_csv("plots/evaluate/confusion.csv")) == len(rows) - 3


def test_a_validation_side_of_one_class_has_no_roc_and_does_not_stop_the_run(
    project: Project,
) -> None:
    rows = read_table(Path("data/features/validation"))
    write_validation(rows[rows["sex"] == "male"], "sex")
    project.run("evaluate")
    assert said()["roc_auc"] is None
    assert said()["roc_auc_half_width"] is None
    assert said()["metrics"][0]["interval"] == [None, None]
    assert said()["comparisons"][0]["gain"] is None
    assert said()["accuracy"] > 0


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_what_was_predicted_of_each_validation_row_is_kept(copy_of, task: str) -> None:
    copy_of(task)
    found = PredictionTable.read(Path("data/predictions/validation"))
    y, p = predicted()
    assert found.truth.tolist() == y.tolist()
    assert found.of["model"] == pytest.approx(p)
    rows = read_table(Path("data/split/validation"))
    assert found.row.tolist() == row_names(rows).tolist()
    assert len(set(found.group)) == len(rows.drop_duplicates(["species", "individual_id"]))
    for one in said()["metrics"]:
        assert one["interval"][0] <= one["value"] <= one["interval"][1]
        assert said()[f"{one['metric']}_half_width"] == pytest.approx(
            np.diff(one["interval"])[0] / 2
        )
        for who in () if METRICS[one["metric"]].needs == "interval" else ("linear", "dummy"):
            assert one[who] == pytest.approx(score(one["metric"], y, found.of[who]))


def test_the_model_is_held_against_both_baselines(project: Project) -> None:
    values = {one["metric"]: one for one in said()["metrics"]}
    assert len(said()["comparisons"]) == 2 * len(values)
    for one in said()["comparisons"]:
        of = values[one["metric"]]
        assert one["gain"] == pytest.approx(gain(one["metric"], of["value"], of[one["against"]]))
        assert one["interval"][0] <= one["gain"] <= one["interval"][1]


def test_the_dummy_knows_the_training_rows_only(copy_of) -> None:
    copy_of("regression")
    mean = read_table(Path("data/split/train"))["body_mass_g"].mean()
    assert PredictionTable.read(Path("data/predictions/validation")).of["dummy"] == pytest.approx(
        mean
    )


def test_scores_are_the_same_twice(project: Project) -> None:
    before = Path("metrics/evaluate.json").read_bytes()
    project.run("evaluate")
    assert Path("metrics/evaluate.json").read_bytes() == before


# --- where the model is weak ---------------------------------------------------------------------


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_slices_of_the_columns_that_the_model_sees_are_scored(copy_of, task: str) -> None:
    project = copy_of(task)
    table = pd.read_csv("reports/evaluate/slices.csv")
    rows = read_table(Path("data/split/validation"))
    assert (table.groupby("column")["rows"].sum() == len(rows)).all()
    assert {"island", "flipper_length_mm", "date_egg"} <= set(table["column"])
    hidden = {
        *project.settings("evaluate").problem.exclude,
        project.settings("evaluate").problem.target,
    }
    assert not hidden & set(table["column"])
    first = said()["metrics"][0]["metric"]
    judged = table[table["surely_worse"].notna() & (table["metric"] == first)]
    assert (judged["rows"] >= project.settings("evaluate").evaluate.slices.min_rows).all()
    worst = said()["worst"][0]
    assert said()["worst_slice"] == worst["value"]
    assert worst["value"] == (max if task == "regression" else min)(judged["value"])
    assert len(pd.read_csv("reports/evaluate/fairness.csv")) == 0  # no column is protected


def test_bins_of_numbers_are_those_of_the_training_rows(project: Project) -> None:
    table = pd.read_csv("reports/evaluate/slices.csv").query("column == 'flipper_length_mm'")
    train = read_table(Path("data/split/train"))["flipper_length_mm"]
    edges = sorted({*np.quantile(train.dropna(), [0.25, 0.5, 0.75], method="inverted_cdf")})
    assert table["slice"].iloc[0] == f"≤ {edges[0]:.0f}"
    assert f"> {edges[-1]:.0f}" in set(table["slice"])


def test_a_protected_column_is_sliced_and_measured_for_fairness(project: Project) -> None:
    project.compose(
        "problem.slices=[Sample Number]",
        "problem.protected=[Species]",
        "evaluate.slices.min_rows=10",
    )
    project.run("evaluate")
    columns = pd.read_csv("reports/evaluate/slices.csv")["column"]
    assert list(columns.unique()) == ["species", "sample_number"]
    fairness = pd.read_csv("reports/evaluate/fairness.csv").set_index("measure")
    assert set(fairness["column"]) == {"species"}
    _, p = predicted()
    species = read_table(Path("data/split/validation"))["species"]
    rates = pd.Series(p[:, 1] > 0.5).groupby(species).mean()[species.value_counts() >= 10]
    found = fairness["value"]["demographic_parity_difference"]
    assert found == pytest.approx(rates.max() - rates.min())


@pytest.mark.parametrize("stage", ["evaluate", "verdict"])
def test_a_column_to_slice_that_is_not_there_is_told(project: Project, stage: str) -> None:
    project.compose("problem.slices=[ilsand]")
    with pytest.raises(
        UserError,
        match=r"problem\.slices: column 'ilsand' is not in the cleaned rows; did you mean 'island'",
    ):
        project.run(stage)


def test_a_script_may_only_name_metrics_that_fit(project: Project) -> None:
    evaluation = predict_validation(project.settings("evaluate").problem)
    fits, other = ("roc_auc", "rmse") if evaluation.classes else ("rmse", "roc_auc")
    with pytest.raises(
        UserError, match=rf"^metric '{fits}s' does not exist; did you mean '{fits}'"
    ):
        evaluation.metrics([f"{fits}s"])
    for use in (evaluation.score, lambda name: evaluation.metrics([name])):
        with pytest.raises(
            UserError, match=rf"^'{other}' does not fit task .*choose from .*{fits}"
        ):
            use(other)
