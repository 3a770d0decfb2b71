"""Models of CatBoost whose trees refer to nothing: its parser would end the process, or read anywhere."""

import io
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pedigree.base.names import UserError
from pedigree.storage.artifact import open_model, save_model
from pedigree.storage.catboost_model import MAGIC, is_sound_catboost

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(300, 3))
CLASSES = {2: (X[:, 0] > 0).astype(int), 3: RANDOM.integers(0, 3, 300)}
# As the library fits them: some categories are few and compared, others are counted.
MIXED = np.column_stack(
    [
        X.astype(object),
        RANDOM.integers(0, 40, 300).astype(str),
        RANDOM.integers(0, 3, 300).astype(str),
    ]
)


def fitted(
    kind: type = catboost.CatBoostClassifier, classes: int = 2, rows: Any = X, **options: Any
) -> Any:
    model = kind(
        iterations=9, depth=3, verbose=0, allow_writing_files=False, thread_count=1, **options
    )
    return model.fit(rows, CLASSES[classes])


def content(model: Any) -> bytes:
    return bytes(model._serialize_model())


MODEL = content(fitted())


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"classes": 3},
        {"grow_policy": "Lossguide"},
        {"grow_policy": "Depthwise", "classes": 3},
        {"kind": catboost.CatBoostRegressor},
        {"kind": catboost.CatBoostRegressor, "loss_function": "MultiQuantile:alpha=0.1,0.9"},
        {"rows": MIXED, "cat_features": [3, 4]},
        {"rows": MIXED, "cat_features": [3, 4], "one_hot_max_size": 50},
        {"boosting_type": "Ordered"},
    ],
)
def test_what_catboost_fits_is_sound(options: dict[str, Any]) -> None:
    assert is_sound_catboost(content(fitted(**options)))


def test_a_sum_of_models_is_sound() -> None:
    assert is_sound_catboost(content(catboost.sum_models([fitted(), fitted(random_seed=1)])))


@given(st.integers(9, len(MODEL) - 1))
def test_a_model_that_is_cut_off_is_not(place: int) -> None:
    assert not is_sound_catboost(MODEL[:place])


@given(st.integers(200, len(MODEL) // 2), st.binary(min_size=4, max_size=8))
def test_a_model_with_bytes_in_between_does_not_end_the_process(place: int, more: bytes) -> None:
    crafted = MODEL[:place] + more + MODEL[place:]
    if is_sound_catboost(crafted):
        with suppress(catboost.CatBoostError):
            catboost.CatBoostClassifier().load_model(blob=crafted)


@pytest.mark.parametrize("number", [2**31 - 1, -1])
@pytest.mark.parametrize("policy", ["SymmetricTree", "Lossguide"])
def test_no_number_that_leads_elsewhere_is_accepted(number: int, policy: str) -> None:
    """Each number of the tree structure in turn, found in the file by its neighbours."""
    model = content(fitted(grow_policy=policy))
    splits = np.frombuffer(model[8 : len(model) // 4 * 4], "<i4")
    refused = 0
    for place in range(len(splits)):
        crafted = bytearray(model)
        crafted[8 + 4 * place : 12 + 4 * place] = int(number).to_bytes(4, "little", signed=True)
        refused += not is_sound_catboost(bytes(crafted))
    assert refused > 20


def test_a_stored_model_with_impossible_trees_is_refused(tmp_path: Path) -> None:
    save_model(fitted(), tmp_path / "model.skops")
    crafted = io.BytesIO()
    with zipfile.ZipFile(tmp_path / "model.skops") as source, zipfile.ZipFile(crafted, "w") as out:
        for name in source.namelist():
            part = source.read(name)
            out.writestr(name, part[:-8] if part.startswith(MAGIC) else part)
    with pytest.raises(UserError, match="the trees of a model of CatBoost have impossible splits"):
        open_model(crafted.getvalue(), Path("model.skops"))
