import hashlib
import os
import subprocess
import sys
import zipfile
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from library.projects import ROOT, Project
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression

from pedigree.base.names import UserError
from pedigree.estimators.predicting import predict
from pedigree.storage import artifact
from pedigree.training.inputs import read_subset

FIT = """
from pathlib import Path
import numpy as np
from catboost import CatBoostClassifier
from sklearn.compose import make_column_selector
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from pedigree.storage import artifact
from pedigree.features.engineering import RareCategories
X = np.random.default_rng(0).normal(size=(60, 3))
options = dict(iterations=5, thread_count=1, verbose=False, allow_writing_files=False, random_seed=0)
model = Pipeline([("scale", StandardScaler()), ("fit", CatBoostClassifier(**options))])
artifact.save_model(model.fit(X, X[:, 0] > 0), Path("model.skops"))
import pandas as pd
words = pd.DataFrame({"x": list("abcab"), "y": list("zzyyx")})
artifact.save_model(RareCategories(0.1).fit(words), Path("words.skops"))
"""


@pytest.mark.slow
def test_equal_fits_in_two_processes_give_equal_bytes(tmp_path: Path) -> None:
    running = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        folder.mkdir()
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        running.append(subprocess.Popen([sys.executable, "-c", FIT], cwd=folder, env=environment))
    assert [process.wait() for process in running] == [0, 0]
    for name in ("model.skops", "words.skops"):
        first, second = ((tmp_path / seed / name).read_bytes() for seed in ("1", "2"))
        assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        RandomForestRegressor(n_estimators=3, random_state=0),
        HistGradientBoostingClassifier(max_iter=3, random_state=0),
    ],
)
def test_a_model_comes_back_with_the_same_predictions(model, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    model.fit(X, (X[:, 0] > 0).astype(int))
    artifact.save_model(model, tmp_path / "model.skops")
    back = artifact.load_model(tmp_path / "model.skops")
    assert back.predict(X).tolist() == model.predict(X).tolist()


def test_a_stored_model_holds_no_clock(project: Project) -> None:
    with zipfile.ZipFile("models/model.skops") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    metadata = artifact.load_model(Path("models/model.skops"))["estimator"].get_metadata()
    stamps = [name for name in metadata if name.endswith(("train_finish_time", "model_guid"))]
    assert len(stamps) >= 2
    assert {metadata[name] for name in stamps} == {""}


def test_blanking_the_stamps_leaves_the_predictions(project: Project) -> None:
    model = artifact.load_model(Path("models/model.skops"))
    X, _, classes = read_subset("validation")
    before = predict(model, X, len(classes))
    artifact.save_model(model, Path("again.skops"))
    assert (predict(artifact.load_model(Path("again.skops")), X, len(classes)) == before).all()


def test_a_file_with_foreign_types_is_refused(tmp_path: Path) -> None:
    skops.io.dump(Namespace(command="rm"), tmp_path / "model.skops")
    with pytest.raises(
        UserError, match=r"model\.skops contains argparse\.Namespace, which stored objects may not"
    ):
        artifact.load_model(tmp_path / "model.skops")


@pytest.mark.parametrize("rows", ["X_val", "validation_fraction"])
def test_boosting_that_stopped_early_comes_back(rows: str, tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    y = (X[:, 0] > 0).astype(int)
    model = HistGradientBoostingClassifier(max_iter=9, early_stopping=True, random_state=0)
    watched = {"X_val": X, "y_val": y} if rows == "X_val" else {}
    artifact.save_model(model.fit(X, y, **watched), tmp_path / "model.skops")
    assert (
        artifact.load_model(tmp_path / "model.skops").predict(X).tolist()
        == model.predict(X).tolist()
    )


def test_a_missing_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.skops is missing; run `dvc repro`"):
        artifact.load_model(tmp_path / "none.skops")


def test_no_process_pays_for_libraries_that_a_model_does_not_need(project: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from pedigree.storage import artifact; "
        "artifact.load_model(Path('models/select.skops')); "
        "print(*{'torch', 'sklearn.gaussian_process', 'sklearn.cross_decomposition'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.stdout.strip() == ""


def test_a_path_may_be_a_string(tmp_path: Path) -> None:
    fitted = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    artifact.save_model(fitted, f"{tmp_path}/model.skops")
    assert artifact.load_model(f"{tmp_path}/model.skops").coef_ == fitted.coef_
    with pytest.raises(UserError, match=r"none\.skops is missing"):
        artifact.load_model(f"{tmp_path}/none.skops")


def test_a_subset_that_does_not_exist_is_refused(project: Project) -> None:
    with pytest.raises(UserError, match="data/features has no subset 'tran'; did you mean 'train'"):
        read_subset("tran")
