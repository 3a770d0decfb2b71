from pathlib import Path

import pandas as pd
import pytest
from library.projects import Project, extra, leave_out_missing

from pedigree.base.names import UserError
from pedigree.base.tables import read_json
from pedigree.storage import artifact

CURVES = Path("plots/train/plots/metrics")
# What each library reports, and how many values for an iteration it begins with.
REPORTED = {
    "hist_gradient_boosting": ({"train/score", "watched/score"}, 1),
    "lightgbm": ({"watched/binary_logloss"}, 0),
    "mlp": ({"train/loss"}, 0),
    "xgboost": ({"watched/logloss"}, 0),
}


def curves() -> dict[str, pd.DataFrame]:
    return {
        path.relative_to(CURVES).with_suffix("").as_posix(): pd.read_csv(path, sep="\t")
        for path in CURVES.rglob("*.tsv")
    }


def train(project: Project, family: str, *overrides: str) -> None:
    config = project.compose(f"model={family}", "tune=off", "train=dvclive", *overrides)
    leave_out_missing(config.model)
    leave_out_missing(config.train)
    project.run("tune", "train")


def test_no_curve_is_written_unless_it_is_asked_for(project: Project) -> None:
    assert Path("plots/train/none.csv").read_text() == "step,curve\n0,\n"
    assert len(list(Path("plots/train").iterdir())) == 1


@pytest.mark.slow
@pytest.mark.parametrize("family", REPORTED)
def test_the_learning_curve_of_each_library_is_a_plot(project: Project, family: str) -> None:
    train(project, family)
    names, first = REPORTED[family]
    assert names <= set(curves())
    for name in names:
        curve = curves()[name]
        assert list(curve["step"]) == list(range(len(curve)))
        assert len(curve) >= read_json(Path("metrics/train.json"))["iterations"] + first
    before = {path: path.read_bytes() for path in Path("plots/train").rglob("*.*")}
    model = Path("models/model.skops").read_bytes()
    project.run("train")
    assert {path: path.read_bytes() for path in Path("plots/train").rglob("*.*")} == before
    project.run("train", overrides=["train.curves=null"])
    assert Path("models/model.skops").read_bytes() == model  # the curve is only looked at


@pytest.mark.slow
def test_the_curve_holds_the_librarys_own_values(project: Project) -> None:
    train(project, "catboost", "model.bagging.folds=null")
    fitted = artifact.load_model(Path("models/model.skops"))["estimator"]
    own = fitted.get_evals_result()["validation"]["Logloss"]
    assert list(curves()["watched/Logloss"]["Logloss"]) == pytest.approx(own)


@pytest.mark.slow
def test_each_model_of_a_bag_has_curves_of_its_own(project: Project) -> None:
    train(project, "catboost", "model.bagging.folds=3")
    said = read_json(Path("metrics/train.json"))
    sides = {"train/Logloss", "watched/Logloss"}
    assert set(curves()) == {f"{side}/fold_{fold}" for side in sides for fold in range(3)}
    lengths = [len(curves()[f"watched/Logloss/fold_{fold}"]) for fold in range(3)]
    assert sum(lengths) >= said["iterations"]


@pytest.mark.slow
def test_a_library_without_curves_leaves_none(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    train(project, "linear")
    assert Path("plots/train/none.csv").read_text() == "step,curve\n0,\n"
    assert len(list(Path("plots/train").iterdir())) == 1
    assert "the library reports no learning curve" in capsys.readouterr().out
    train(project, "xgboost", "train.early_stopping=false")
    assert curves() == {}


def test_a_writer_that_is_no_tool_is_refused(project: Project) -> None:
    from pedigree.config.checks import check

    extra("dvclive")
    with pytest.raises(
        UserError, match=r"train\.curves\.savedvc: dvclive\.Live does not accept this argument"
    ):
        check(project.compose("train=dvclive", "+train.curves.savedvc=1"))
