"""The networks of `torch` and `keras`, on rows whose truth is known."""

import hashlib
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from library.projects import ROOT, extra
from sklearn.base import clone

from pedigree.base.names import UserError
from pedigree.estimators.networks.neural import EntityEmbeddingMLP, _inputs
from pedigree.storage import artifact

LIBRARIES = ["torch", "keras"]
FIT = """
import sys
from importlib import import_module
from pathlib import Path
import numpy as np, pandas as pd
from pedigree.storage import artifact
X = pd.DataFrame({"x": np.linspace(-1, 1, 50), "c": pd.Categorical(list("abcde") * 10)})
y = (np.arange(50) % 5 > 2) * 1
module = import_module(f"pedigree.estimators.networks.{sys.argv[1]}_mlp")
artifact.save_model(module.MLPClassifier([8], max_epochs=2).fit(X, y, X_val=X, y_val=y), Path("model.skops"))
"""


def network(library: str, kind: str, **options: Any) -> EntityEmbeddingMLP:
    """Make a small network, if its library is here."""
    module = import_module(f"pedigree.estimators.networks.{library}_mlp")
    made = getattr(module, f"MLP{kind}")
    for package in made.needs:
        extra(package)
    settings = {"hidden_layer_sizes": [16], "dropout": 0.0, "max_epochs": 20, "batch_size": 32}
    return made(**settings | {"learning_rate": 0.02} | options)


def rows(n: int = 300) -> tuple[pd.DataFrame, np.ndarray]:
    """Return features, and a number that both of them make; no row is of category d."""
    random = np.random.default_rng(0)
    c = pd.Categorical(random.choice(list("abc"), n), categories=list("abcd"))
    X = pd.DataFrame({"x": random.normal(size=n), "c": c})
    return X, X["x"].to_numpy() + 2.0 * (c == "b") - 1.0 * (c == "c")


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_network_learns_numbers_and_categories(library: str) -> None:
    X, y = rows()
    told = network(library, "Regressor").fit(X[:200], 500 + 100 * y[:200]).predict(X[200:])
    assert np.corrcoef(told, y[200:])[0, 1] > 0.98
    assert told.mean() == pytest.approx(500 + 100 * y[200:].mean(), abs=10)
    classifier = network(library, "Classifier").fit(X[:200], np.digitize(y[:200], [0, 1]))
    assert classifier.score(X[200:], np.digitize(y[200:], [0, 1])) > 0.9
    assert classifier.predict_proba(X).shape == (300, 3)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_category_without_rows_is_like_the_average_one(library: str) -> None:
    X, y = rows()
    fitted = network(library, "Regressor", max_epochs=3).fit(X, y)
    counts = X["c"].value_counts(sort=False).to_numpy()
    average = counts @ fitted.embeddings_[0] / counts.sum()
    np.testing.assert_allclose(fitted.embeddings_[0][3], average, rtol=1e-5)
    alone = fitted.predict(X.assign(c=pd.Categorical(["d"] * len(X), categories=list("abcd"))))
    assert np.isfinite(alone).all()


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_row_without_weight_teaches_nothing(library: str) -> None:
    X, y = rows(100)
    weight = np.r_[np.ones(70), np.zeros(30)]
    settings = {"max_epochs": 3, "batch_size": 100}
    other = np.where(weight, y, -50.0)
    fitted, again = (network(library, "Regressor", **settings) for _ in range(2))
    for one in (fitted, again):  # both in units of the same target
        one._learn_target = lambda y, one=one: (
            setattr(one, "mean_", 0.0),
            setattr(one, "scale_", 1.0),
            1,
        )[2]
    told = fitted.fit(X, y, weight).predict(X)
    np.testing.assert_allclose(told, again.fit(X, other, weight).predict(X), rtol=1e-5)


@pytest.mark.parametrize("library", LIBRARIES)
def test_numpy_answers_as_the_layers_say(library: str) -> None:
    """By hand, for one row: the embedded category behind the number, a ReLU, a sum."""
    X, y = rows(60)
    fitted = network(library, "Regressor", max_epochs=1).fit(X, y)
    (numbers,), (codes,) = (part[:1] for part in _inputs(X))
    first, last = fitted.layers_
    values = np.r_[numbers, fitted.embeddings_[0][codes[0]]]
    hidden = [max(0.0, float(values @ first[0][:, i] + first[1][i])) for i in range(16)]
    by_hand = (np.dot(hidden, last[0][:, 0]) + last[1][0]) * fitted.scale_ + fitted.mean_
    assert fitted.predict(X)[0] == pytest.approx(by_hand)


def test_pytorch_itself_answers_the_same() -> None:
    torch = extra("torch")
    X, y = rows(60)
    fitted = network("torch", "Classifier", max_epochs=2).fit(X, y > 0)
    numbers, codes = (torch.tensor(part) for part in _inputs(X))
    values = torch.cat([numbers.float(), torch.tensor(fitted.embeddings_[0])[codes[:, 0]]], dim=1)
    (w1, b1), (w2, b2) = ([torch.tensor(one) for one in layer] for layer in fitted.layers_)
    told = torch.softmax(torch.relu(values @ w1 + b1) @ w2 + b2, dim=1)
    np.testing.assert_allclose(fitted.predict_proba(X), told.numpy(), atol=1e-6)


def test_a_row_alone_gets_the_answer_that_it_gets_among_others() -> None:
    X, y = rows(60)
    fitted = network("torch", "Regressor", max_epochs=1).fit(X, y)
    alone = [fitted.predict(X.iloc[[i]])[0] for i in range(len(X))]
    np.testing.assert_allclose(alone, fitted.predict(X), rtol=1e-12)


def test_a_gap_is_refused_with_the_way_out() -> None:
    X, y = rows(30)
    with pytest.raises(
        UserError, match="cannot handle missing numbers; choose another model/imputer"
    ):
        network("torch", "Regressor").fit(X.assign(x=np.nan), y)


def test_a_clone_is_unfitted_with_the_same_parameters() -> None:
    X, y = rows(30)
    fitted = network("torch", "Regressor", max_epochs=1).fit(X, y)
    assert clone(fitted).get_params() == fitted.get_params()
    assert not hasattr(clone(fitted), "layers_")


def test_training_leaves_pytorch_as_it_was() -> None:
    torch = extra("torch")
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled(), torch.seed()
    X, y = rows(30)
    network("torch", "Regressor", max_epochs=1).fit(X, y)
    after = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    assert (*after, torch.initial_seed()) == before


@pytest.mark.slow
@pytest.mark.parametrize("library", LIBRARIES)
def test_two_processes_store_the_same_bytes_and_answer_without_the_library(
    library: str, tmp_path: Path
) -> None:
    network(library, "Classifier")
    hashes = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, "-c", FIT, library], cwd=tmp_path, env=environment, check=True
        )
        hashes.add(hashlib.sha256((tmp_path / "model.skops").read_bytes()).hexdigest())
    assert len(hashes) == 1
    ask = (
        "import sys; from pathlib import Path; from pedigree.storage import artifact; import pandas as pd;"
        "X = pd.DataFrame({'x': [0.5], 'c': pd.Categorical(['b'], categories=list('abcde'))});"
        "print(artifact.load_model(Path('model.skops')).predict_proba(X)[0, 1].hex());"
        "assert not {'skorch', 'tensorflow', 'keras'} & set(sys.modules)"  # skops looks for torch itself
    )
    X = pd.DataFrame({"x": [0.5], "c": pd.Categorical(["b"], categories=list("abcde"))})
    here = artifact.load_model(tmp_path / "model.skops").predict_proba(X)[0, 1].hex()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    told = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    assert told.stdout.decode().strip() == here
