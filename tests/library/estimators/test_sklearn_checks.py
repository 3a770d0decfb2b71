"""Every estimator of the library passes scikit-learn's own checks, but those that are named with a reason."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import numpy as np
import pytest
from library.projects import extra
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import pedigree
from pedigree.estimators.category_encoder import CategoryEncoder
from pedigree.estimators.encoders import NativeCategories
from pedigree.estimators.ensemble_selection import (
    EnsembleSelectionClassifier,
    EnsembleSelectionRegressor,
)
from pedigree.estimators.ensembles import Member, member
from pedigree.estimators.networks import keras_mlp, torch_mlp
from pedigree.estimators.settings import Model
from pedigree.features import engineering as steps
from pedigree.features.engineering.dates import DropDates
from pedigree.features.selection.measures import ShapImportance
from pedigree.features.selection.selector import Selector
from pedigree.features.selection.selectors import ChiSquare, Correlation, Permutation
from pedigree.prediction.calibration import LogOdds

TABLE = "data/external/orders.csv"  # of `related_table`
NETWORK: dict[str, Any] = {
    "hidden_layer_sizes": [8],
    "dropout": 0.0,
    "learning_rate": 0.1,
    "batch_size": 256,
    "max_epochs": 15,
}


def part(estimator: BaseEstimator) -> Member:
    """Make a member of an ensemble, as a family of linear models is built."""
    scaler = StandardScaler().set_output(transform="pandas")
    nothing = {"_target_": None}
    model = Model(
        name="linear",
        estimator={"_target_": "sklearn.linear_model.LogisticRegression"},
        encoder={"_target_": "sklearn.preprocessing.StandardScaler"},
        imputer=nothing,
        scaler=nothing,
        sampler=nothing,
        class_weight=None,
        categorical_argument=None,
        early_stopping=None,
        search_space={},
    )
    return member(Pipeline([("encode", scaler), ("estimator", estimator)]), model)


def selection(kind: Callable[..., Any], estimator: BaseEstimator) -> Any:
    members = [("linear", part(estimator))]
    return kind(members, cv=2, rounds=2, max_rows={}, seconds=np.inf, random_state=0)


def optional() -> list[BaseEstimator]:
    """Make the estimators that wrap objects of an extra."""
    if not find_spec("category_encoders"):
        return []
    from category_encoders import OrdinalEncoder

    return [CategoryEncoder(OrdinalEncoder())]


# The checks' features are arrays, whose columns are called x0, x1 and so on.
ESTIMATORS: list[BaseEstimator] = [
    ChiSquare(k=2, bins=4),
    Correlation(min_variance=0.0, max_correlation=0.95),
    DropDates(),
    LogOdds(),
    NativeCategories(),
    Permutation(LinearRegression(), cv=2, n_repeats=2, confidence=0.9, random_state=0),
    Selector(),
    ShapImportance(RandomForestRegressor(3, max_depth=2, random_state=0)),
    part(LinearRegression()),
    part(LogisticRegression()),
    selection(EnsembleSelectionClassifier, LogisticRegression()),
    selection(EnsembleSelectionRegressor, LinearRegression()),
    steps.Apply(StandardScaler()),
    steps.DateParts(),
    steps.DropColumns(["x0"]),
    steps.Durations(since="2020-01-31"),
    steps.GroupStatistics(by=["x0"], columns=["x0"]),
    steps.Interactions([["x0", "x0"]]),
    steps.IsolationForest(n_estimators=5),
    steps.Lags("x0"),
    steps.Outliers(),
    steps.RareCategories(),
    steps.Ratios([["x0", "x0"]]),
    steps.Related(TABLE, "x0"),
    *optional(),
]
NETWORKS: list[BaseEstimator] = [
    kind(**NETWORK)
    for library in (torch_mlp, keras_mlp)
    for kind in (library.MLPClassifier, library.MLPRegressor)
]
LEGACY: list[BaseEstimator] = [steps.DeepFeatures(TABLE, "x0")]

TEXTS = "it returns categories, of which the check wants a difference"
FILLED = "missing values are filled before a selector sees the rows (`as_numbers`)"
GIVEN = "it takes probabilities of classes that a fitted model has, and learns nothing"
MEMBERS = "the weights are those of the ensemble, and each member computes its own"
BATCHES = "a row of weight 2 is in one batch, two equal rows are in different ones"
EXPECTED: dict[str, dict[str, str]] = {
    "ChiSquare": {"check_estimators_nan_inf": FILLED},
    "Correlation": {"check_estimators_nan_inf": FILLED},
    "EnsembleSelectionClassifier": {
        "check_classifiers_classes": "its members' classes are codes, as everywhere in the library",
        "check_sample_weight_equivalence_on_dense_data": "the weights count where the members are weighed, not where they are fitted",
    },
    "LogOdds": dict.fromkeys(
        [
            "check_classifier_data_not_an_array",
            "check_classifiers_classes",
            "check_classifiers_one_label",
            "check_classifiers_train",
            "check_estimator_sparse_array",
            "check_estimator_sparse_matrix",
            "check_estimator_sparse_tag",
        ],
        GIVEN,
    ),
    "MLPClassifier": {
        "check_estimators_nan_inf": "a UserError names the setting that fills missing numbers",
        "check_sample_weight_equivalence_on_dense_data": BATCHES,
    },
    "MLPRegressor": {
        "check_estimators_nan_inf": "a UserError names the setting that fills missing numbers",
        "check_sample_weight_equivalence_on_dense_data": BATCHES,
    },
    "MemberClassifier": {"check_sample_weight_equivalence_on_dense_data": MEMBERS},
    "MemberRegressor": {"check_sample_weight_equivalence_on_dense_data": MEMBERS},
    "NativeCategories": dict.fromkeys(
        [
            "check_estimators_pickle",
            "check_fit_idempotent",
            "check_methods_sample_order_invariance",
            "check_methods_subset_invariance",
            "check_pipeline_consistency",
            "check_transformer_data_not_an_array",
            "check_transformer_general",
        ],
        TEXTS,
    ),
    "Selector": {
        "check_fit2d_1sample": "in one row each feature is constant, and a UserError says that none is left",
    },
}


def expected(estimator: BaseEstimator) -> dict[str, str]:
    """Return the checks that an estimator cannot pass, each with the reason."""
    return EXPECTED.get(type(estimator).__name__, {})


@pytest.fixture(autouse=True)
def related_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a table of which numbers are the keys."""
    monkeypatch.chdir(tmp_path)
    Path(TABLE).parent.mkdir(parents=True)
    Path(TABLE).write_text("x0,amount\n0.5,1\n0.5,2\n1.5,4\n")


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=expected, xfail_strict=True)
def test_an_estimator_keeps_the_rules_of_scikit_learn(
    estimator: BaseEstimator, check: Callable[[BaseEstimator], None]
) -> None:
    check(estimator)


# Keras takes a minute and a half for each of its classes, whose code is PyTorch's but for the layers: `make nightly`.
CHECKED = NETWORKS if os.environ.get("NIGHTLY") else NETWORKS[:2]


@pytest.mark.slow
@parametrize_with_checks(CHECKED, expected_failed_checks=expected, xfail_strict=True)
def test_a_network_keeps_them(estimator: Any, check: Callable[[BaseEstimator], None]) -> None:
    for package in estimator.needs:
        extra(package)
    check(estimator)


@pytest.mark.legacy
@parametrize_with_checks(LEGACY, expected_failed_checks=expected, xfail_strict=True)
def test_a_step_of_the_extra_legacy_keeps_them(
    estimator: BaseEstimator, check: Callable[[BaseEstimator], None]
) -> None:
    check(estimator)


def test_no_estimator_of_the_library_is_forgotten() -> None:
    extra("category_encoders")
    found = set()
    for one in walk_packages(pedigree.__path__, "pedigree."):
        if not one.name.endswith("__main__"):
            found |= {
                kind for _, kind in inspect.getmembers(import_module(one.name), inspect.isclass)
            }
    ours = {
        kind
        for kind in found
        if issubclass(kind, BaseEstimator) and kind.__module__.startswith("pedigree.")
    }
    # What others derive from is checked by them.
    leaves = {kind for kind in ours if not any(kind in other.__bases__ for other in ours)}
    assert leaves == {type(one) for one in [*ESTIMATORS, *NETWORKS, *LEGACY]}


def test_a_frames_columns_are_found_by_name_and_an_arrays_by_their_number() -> None:
    fitted = clone(steps.Outliers()).fit(np.arange(20.0).reshape(10, 2))
    with pytest.raises(ValueError, match="X has 3 features, but Outliers is expecting 2"):
        fitted.transform(np.ones((1, 3)))
    rows = fitted.transform(np.array([[1e9, 3.0]]))
    assert list(rows) == ["x0", "x1"]
    assert list(fitted.transform(rows[["x1", "x0"]].assign(more=1))) == ["x1", "x0", "more"]
