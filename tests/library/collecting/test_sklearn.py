"""scikit-learn's data sets and generators become tables with names."""

import functools
import hashlib
import http.server
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from pedigree.base.names import UserError
from pedigree.collecting import sklearn as source
from pedigree.collecting.snapshot import fingerprint


def collected(folder: Path, loader: str, seed: int | None = 7, **arguments: Any) -> pd.DataFrame:
    source.collect(folder, loader, arguments, seed)
    return pd.read_parquet(folder)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve a folder on the loopback address."""
    folder = tmp_path / "site"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("name", [name for name in datasets.__all__ if name.startswith("load_")])
def test_every_loader_that_needs_no_network_gives_a_table_or_says_why_not(
    tmp_path: Path, name: str
) -> None:
    try:
        rows = collected(tmp_path, name)
    except UserError as refusal:
        assert name in str(refusal)
        assert not list(tmp_path.iterdir())
        return
    assert len(rows) == len(getattr(datasets, name)()["data"])


@pytest.mark.parametrize("name", [name for name in datasets.__all__ if name.startswith("make_")])
def test_every_generator_gives_a_table_or_says_why_not(tmp_path: Path, name: str) -> None:
    try:
        rows = collected(tmp_path, name)
    except UserError as refusal:
        assert "a matrix" in str(refusal) or "matrices" in str(refusal)
        return
    X, y = getattr(datasets, name)(random_state=7)
    np.testing.assert_array_equal(rows.filter(like="feature_"), X)
    np.testing.assert_array_equal(rows.filter(like="target").to_numpy().squeeze(), y)


def test_classes_have_their_names_instead_of_codes(tmp_path: Path) -> None:
    rows = collected(tmp_path, "load_iris")
    iris = datasets.load_iris(as_frame=True)
    assert list(rows) == [*iris.feature_names, "target"]
    expected = [str(iris.target_names[code]) for code in iris.target]
    assert rows["target"].tolist() == expected
    pd.testing.assert_frame_equal(rows[iris.feature_names], iris.data)


def test_a_target_that_is_a_number_stays_one(tmp_path: Path) -> None:
    rows = collected(tmp_path, "load_diabetes", scaled=False)
    assert rows["target"].tolist() == datasets.load_diabetes().target.tolist()
    assert rows["age"].max() == 79  # the argument has come through


def test_several_targets_keep_their_names_or_are_numbered(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    assert list(collected(tmp_path / "made", "make_regression", n_features=2, n_targets=3)) == [
        *("feature_1", "feature_2", "target_1", "target_2", "target_3")
    ]
    (tmp_path / "loaded").mkdir()
    loaded = collected(tmp_path / "loaded", "load_linnerud")
    assert list(loaded)[-3:] == ["Weight", "Waist", "Pulse"]


def test_one_seed_makes_the_same_bytes_and_another_other_rows(tmp_path: Path) -> None:
    files, accounts = [], []
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        (tmp_path / name).mkdir()
        accounts.append(source.collect(tmp_path / name, "make_moons", {"noise": 0.2}, seed))
        files.append((tmp_path / name / "part-00000.parquet").read_bytes())
    assert files[0] == files[1] != files[2]
    assert accounts[0] == accounts[1]


def test_the_account_says_what_was_called_with_what(tmp_path: Path) -> None:
    assert source.collect(tmp_path, "make_moons", {"n_samples": 50}, 3) == {
        "kind": "sklearn",
        "what": "generated rows (scikit-learn's make_moons)",
        "loader": "make_moons",
        "arguments": {"n_samples": 50, "random_state": 3},
    }
    said = source.collect(tmp_path, "load_wine", None, 3)
    assert said["what"] == "Wine recognition dataset (scikit-learn's load_wine)"
    assert said["arguments"] == {}
    assert fingerprint(tmp_path, said)["rows"] == 178


def test_a_seed_among_the_arguments_goes_before_the_settings(tmp_path: Path) -> None:
    said = source.collect(tmp_path, "make_moons", {"random_state": 5}, 3)
    assert said["arguments"] == {"random_state": 5}


@pytest.mark.parametrize(
    ("loader", "arguments", "what"),
    [
        ("load_breast_cancr", {}, "has no 'load_breast_cancr'; did you mean 'load_breast_cancer'?"),
        ("clear_data_home", {}, "sklearn.datasets has no 'clear_data_home'"),
        ("os", {}, "sklearn.datasets has no 'os'"),
        ("load_sample_image", {}, "returns a picture, not a table of rows"),
        ("fetch_20newsgroups", {}, "returns whole texts, not a table of rows"),
        ("make_spd_matrix", {}, "returns a matrix without a target"),
        ("fetch_openml", {}, "use collect=openml"),
        ("load_svmlight_file", {"f": "x"}, "that collect=file reads"),
        ("make_moons", {"n_sample": 5}, "has no argument 'n_sample'; did you mean 'n_samples'?"),
        ("load_iris", {"return_X_y": True}, "'return_X_y' is set by this source"),
        ("load_iris", {"random_state": 1}, "load_iris has no argument 'random_state'"),
        ("make_moons", {"n_samples": "many"}, "rejects them: The 'n_samples' parameter"),
        ("make_classification", {"n_informative": 30}, "rejects them: Number of informative"),
        (
            "make_multilabel_classification",
            {"sparse": True},
            "does not return a dense table of rows",
        ),
        (
            "make_multilabel_classification",
            {"return_indicator": False},
            "does not return a dense table of rows",
        ),
    ],
)
def test_what_gives_no_table_is_refused_in_a_sentence(
    tmp_path: Path, loader: str, arguments: dict[str, Any], what: str
) -> None:
    with pytest.raises(UserError) as refusal:
        collected(tmp_path, loader, **arguments)
    assert what in str(refusal.value)
    assert not list(tmp_path.iterdir())


def test_a_generator_without_a_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"collect\.seed is not set, but make_moons is random"):
        collected(tmp_path, "make_moons", seed=None)


def houses(folder: Path) -> tuple[str, str]:
    """Write an archive such as that of fetch_california_housing; return its name and fingerprint."""
    values = np.arange(90.0).reshape(10, 9) + 1
    data = folder / "cal_housing.data"
    np.savetxt(data, values, delimiter=",")
    with tarfile.open(folder / "cal_housing.tgz", "w:gz") as archive:
        archive.add(data, "CaliforniaHousing/cal_housing.data")
    whole = (folder / "cal_housing.tgz").read_bytes()
    return "cal_housing.tgz", hashlib.sha256(whole).hexdigest()


@pytest.mark.parametrize("state", ["whole", "damaged", "gone"])
@pytest.mark.filterwarnings("ignore:Retry downloading")
def test_what_is_fetched_comes_whole_or_not_at_all(
    tmp_path: Path, site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    from sklearn.datasets import _california_housing
    from sklearn.datasets._base import RemoteFileMetadata

    folder, address = site
    name, checksum = houses(folder)
    remote = RemoteFileMetadata(name, f"{address}/{name}", checksum)
    monkeypatch.setattr(_california_housing, "ARCHIVE", remote)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "cache"))
    snapshot = tmp_path / "snapshot"
    snapshot.mkdir()
    impatient = {"n_retries": 1, "delay": 0.01}
    if state == "whole":
        rows = collected(snapshot, "fetch_california_housing", **impatient)
        assert len(rows) == 10
        assert list(rows)[-1] == "MedHouseVal"
        assert rows["MedHouseVal"].dtype == "float64"
        return
    if state == "damaged":
        (folder / name).write_bytes(b"something else")
    else:
        (folder / name).unlink()
    with pytest.raises(UserError, match="fetch_california_housing cannot download its data"):
        collected(snapshot, "fetch_california_housing", **impatient)
    assert not list(snapshot.iterdir())
