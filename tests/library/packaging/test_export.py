"""Further forms of the model: each predicts what the model predicts, or is refused."""

import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from library.projects import CLASSES_ONLY, FAMILIES, Project, leave_out_missing
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.base.settings import as_dict
from pedigree.base.tables import read_json
from pedigree.config.checks import check
from pedigree.estimators.building import build_model
from pedigree.estimators.fitting import fit
from pedigree.estimators.predicting import plain, predict
from pedigree.estimators.settings import Model
from pedigree.packaging.export import native
from pedigree.packaging.onnx import export
from pedigree.storage import artifact
from pedigree.training.inputs import read_subset

BUNDLE = Path("models/bundle")
# skl2onnx has no converter, or (k_neighbors) one that weights the neighbours otherwise.
WITHOUT_ONNX = {
    "dummy",
    "ebm",
    "ensemble_selection",
    "k_neighbors",
    "keras",
    "stacking",
    "torch",
    "voting",
}
SKL2ONNX = {"_target_": "skl2onnx.to_onnx"}


def fitted(project: Project, *overrides: str):
    """Fit a model on the training rows; return it with the validation rows and the classes."""
    config = project.compose(*overrides)
    leave_out_missing(config.model)
    model = as_dict(config.model)
    X, y, classes = read_subset("train")
    return (
        fit(build_model(model), Model.model_validate(model), X, y),
        read_subset("validation")[0],
        classes,
    )


def answers(path: Path, X) -> np.ndarray:
    """Ask a graph as a server without Python would: floats and strings by name."""
    from onnxruntime import InferenceSession

    session = InferenceSession(str(path), providers=["CPUExecutionProvider"])
    kinds = {one.name: one.type for one in session.get_inputs()}
    assert list(kinds) == list(X.columns)
    feed = {
        name: np.array([[str(value)] for value in X[name].fillna("nan")])
        if kind == "tensor(string)"
        else X[[name]].to_numpy("float32")
        for name, kind in kinds.items()
    }
    return session.run(None, feed)[-1]


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("family", FAMILIES)
def test_onnx_predicts_what_the_model_predicts_or_is_refused(
    copy_of, tmp_path: Path, task: str, family: str
) -> None:
    leave_out_missing(SKL2ONNX)
    if task == "regression" and family in CLASSES_ONLY:
        return  # refused by `configure`
    model, X, classes = fitted(copy_of(task), f"model={family}", "model/encoder=one_hot")
    if family in WITHOUT_ONNX:
        with pytest.raises(
            UserError,
            match=r"package\.export: (the model cannot|the predictions of the ONNX model differ)",
        ):
            export(model, tmp_path, X, tolerance=1e-4, opset=21)
        assert not (tmp_path / "model.onnx").exists()
        return
    said = export(model, tmp_path, X, tolerance=1e-4, opset=21)
    expected = predict(model, X, len(classes))
    scale = 1 if classes else expected.std()
    got = answers(tmp_path / said["file"], plain(X)).reshape(expected.shape)
    assert np.abs(got - expected).max() < 1e-4 * scale
    first = (tmp_path / said["file"]).read_bytes()
    export(model, tmp_path, X, tolerance=1e-4, opset=21)
    assert (tmp_path / said["file"]).read_bytes() == first


@pytest.mark.parametrize("encoder", ["one_hot", "ordinal", "target"])
def test_gaps_rare_and_unseen_texts_mean_the_same_in_onnx(
    project: Project, tmp_path: Path, encoder: str
) -> None:
    leave_out_missing(SKL2ONNX)
    config = project.compose("model=linear", f"model/encoder={encoder}")
    model = as_dict(config.model)
    if encoder == "one_hot":
        model["encoder"]["max_categories"] = 3
    X, y, classes = read_subset("train")
    letters = pd.Series(list("aaaabbbbccde") * len(X), dtype="str")[: len(X)]
    X = X.assign(text=letters.where(np.arange(len(X)) % 7 > 0), other=letters)
    fitted_here = fit(build_model(model), Model.model_validate(model), X, y)
    asked = X.tail(12).assign(text=["a", None, "d", "e", "unseen", "c"] * 2)
    asked.iloc[:3, asked.columns.get_indexer(X.select_dtypes("number").columns)] = np.nan
    said = export(fitted_here, tmp_path, asked, tolerance=1e-4, opset=21)
    assert said["missing"] == {"float": "NaN", "string": "nan"}
    expected = predict(fitted_here, asked, len(classes))
    assert answers(tmp_path / "model.onnx", asked) == pytest.approx(expected, abs=1e-5)


def test_a_graph_that_predicts_otherwise_is_refused_with_the_difference(
    project: Project, tmp_path: Path
) -> None:
    leave_out_missing(SKL2ONNX)
    model, X, _ = fitted(project, "model=linear")
    with pytest.raises(UserError, match=r"by up to \d.*package\.export\.tolerance allows 0"):
        export(model, tmp_path, X, tolerance=0.0, opset=21)
    assert not (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("family", ["catboost", "lightgbm", "xgboost"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_a_native_file_is_read_by_its_own_library(
    copy_of, tmp_path: Path, task: str, family: str
) -> None:
    model, X, classes = fitted(copy_of(task), f"model={family}", "model/encoder=one_hot")
    said = native(model, tmp_path, X)
    encoded = model["encode"].transform(plain(X))
    assert said["takes"] == list(encoded.columns)
    path = str(tmp_path / said["file"])
    if family == "lightgbm":
        import lightgbm

        got = lightgbm.Booster(model_file=path).predict(encoded)
        got = np.column_stack([1 - got, got]) if len(classes) == 2 else got
    else:
        again = type(model["estimator"])()
        again.load_model(path)
        got = again.predict_proba(encoded) if classes else again.predict(encoded)
    assert got == pytest.approx(predict(model, X, len(classes)), abs=1e-6)
    first = Path(path).read_bytes()
    native(model, tmp_path, X)
    assert Path(path).read_bytes() == first


def test_the_bundle_seals_the_export_and_says_what_it_takes(project: Project) -> None:
    leave_out_missing(SKL2ONNX)
    project.compose("model=linear", "package/export=onnx")
    project.run("tune", "train", "evaluate", "verdict", "package")
    assert "model.onnx" in read_json(BUNDLE / "sha256.json")
    said = read_json(BUNDLE / "signature.json")["export"]
    model, X = artifact.load_model(BUNDLE / "model.skops"), read_subset("validation")[0]
    assert list(said["takes"]) == list(X.columns)
    assert answers(BUNDLE / "model.onnx", X) == pytest.approx(predict(model, X, 2), abs=1e-5)
    before = {path.name: path.read_bytes() for path in BUNDLE.iterdir()}
    project.run("package")
    assert {path.name: path.read_bytes() for path in BUNDLE.iterdir()} == before


def test_a_pickle_comes_with_a_warning_and_the_same_bytes(project: Project, capsys) -> None:
    project.compose("package/export=pickle")
    project.run("package")
    assert "WARNING: model.pkl runs code when it is opened" in capsys.readouterr().out
    first = (BUNDLE / "model.pkl").read_bytes()
    X, _, classes = read_subset("validation")
    model = artifact.load_model(Path("models/model.skops"))
    expected = predict(model, X, len(classes))
    assert predict(pickle.loads(first), X, len(classes)).tobytes() == expected.tobytes()
    project.run("package")
    assert (BUNDLE / "model.pkl").read_bytes() == first


def test_the_bundles_own_form_stays_when_nothing_more_is_asked(project: Project) -> None:
    assert read_json(BUNDLE / "signature.json")["export"] is None
    assert not list(BUNDLE.glob("model.pkl"))


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["model=linear", "package/export=native"], "sklearn has no file format of its own"),
        (["model=catboost", "package/export=onnx"], "add model/encoder=one_hot"),
    ],
)
def test_a_form_that_the_model_cannot_take_is_refused_at_once(
    project: Project, overrides: list[str], said: str
) -> None:
    leave_out_missing(project.compose(*overrides).package)
    with pytest.raises(UserError, match=said):
        check(OmegaConf.load("params.yaml"))
