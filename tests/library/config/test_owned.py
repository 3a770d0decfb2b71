"""Owner's code that breaks its contract is refused by `configure` in one sentence, before anything runs."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from library.projects import Project
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.config.checks import check

CODE = '''
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin

from pedigree import Explanation


def scaled(frame, columns, by):
    return frame


def source(rows):
    return {"kind": "x"}


class Labels(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


class Bare:
    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.zeros((len(X), 2))


class WithoutTarget(TransformerMixin, BaseEstimator):
    def fit(self, X):
        return self

    def transform(self, X):
        return X

    def get_feature_names_out(self, names=None):
        return names


class Forgetful(WithoutTarget):
    def fit(self, X, y=None):
        self.seen_ = len(X)


class Halving(WithoutTarget):
    def fit(self, X, y=None):
        self.seen_ = len(X)
        return self

    def transform(self, X):
        return X[::2]


class Careful(Halving):
    """Accepts no sample row; only real rows can tell whether it is right."""

    def fit(self, X, y=None):
        raise ValueError("these rows do not suit it")


class Uncloned:
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X


class Explainer:
    def __call__(self):
        return Explanation.of("m", "u", {})


class Right:
    def __call__(self, subject):
        return Explanation.of("m", "u", {})
'''
MINE = "pipeline.custom.owned_of_tests"
CLEANING = "pipeline.custom.cleaning"
LIMITS = {"as_of": None, "min_rows": 1, "max_shrink": 0.5}


@pytest.fixture(autouse=True)
def code(
    finished: Callable[[str], Project], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.chdir(finished("binary").folder)
    (tmp_path / "owned_of_tests.py").write_text(CODE, encoding="utf-8")
    package: Any = importlib.import_module("pipeline.custom")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    monkeypatch.setitem(sys.modules, CLEANING, importlib.import_module(MINE))
    yield
    sys.modules.pop(MINE, None)


def said(key: str, tool: dict[str, Any]) -> str:
    config = OmegaConf.load("params.yaml")
    OmegaConf.update(config, key, tool, merge=False, force_add=True)
    with pytest.raises(UserError) as error:
        check(config)
    return str(error.value)


def apply(name: str) -> dict[str, Any]:
    inner = {"_target_": f"{MINE}.{name}"}
    return {"_target_": "pedigree.features.engineering.Apply", "transformer": inner}


@pytest.mark.parametrize(
    ("key", "tool", "expected"),
    [
        ("clean.steps.mine", {"_target_": f"{CLEANING}.scaled", "columns": ["sex"]}, f"clean.steps.mine: {CLEANING}.scaled is called as scaled(frame, **settings), but the settings do not give 'by'."),
        ("clean.steps.mine", {"_target_": f"{MINE}.scaled", "columns": ["sex"], "by": 2}, f"clean.steps.mine: {MINE}.scaled cannot clean rows, since a bundle may only name functions of pedigree.cleaning and of {CLEANING}; call it in a function that you write there."),
        ("clean.steps.mine", {"_target_": f"{CLEANING}.scaled", "columns": ["sex"], "by": {"_target_": "os.getcwd"}}, "clean.steps.mine: '_target_' is not possible here, since a cleaning step takes plain values"),
        ("clean.steps.mine", {"_target_": "pandas.isna"}, "clean.steps.mine: pandas.isna cannot clean rows"),
        ("collect", LIMITS | {"_target_": f"{MINE}.source", "rows": 1}, f"collect: {MINE}.source is called as source(folder=..., **settings), but got an unexpected keyword argument 'folder'."),
        ("explain.methods.mine", {"_target_": f"{MINE}.Explainer"}, f"explain.methods.mine: {MINE}.Explainer is called with a subject; write `def __call__(self, subject)`"),
        ("explain.methods.mine", {"_target_": f"{MINE}.Labels"}, f"explain.methods.mine: {MINE}.Labels is called with a subject"),
        ("model.estimator", {"_target_": f"{MINE}.Labels"}, f"model.estimator: {MINE}.Labels has no method predict_proba; a classifier needs fit, predict_proba, get_params and set_params, and the attribute classes_ after fit."),
        ("model.estimator", {"_target_": f"{MINE}.Bare"}, f"model.estimator: {MINE}.Bare has no method get_params and no set_params (inherit from sklearn.base.BaseEstimator)"),
        ("engineer.steps.mine", apply("WithoutTarget"), f"engineer.steps.mine: transformer: {MINE}.WithoutTarget.fit cannot be called with X and y; write `def fit(self, X, y=None)`."),
        ("engineer.steps.mine", apply("Forgetful"), f"engineer.steps.mine: {MINE}.Forgetful.fit returned None; end it with `return self`."),
        ("engineer.steps.mine", apply("Halving"), f"engineer.steps.mine: {MINE}.Halving.transform returned 12 rows for 24 rows; return one row for each."),
        ("engineer.steps.mine", apply("Uncloned"), "engineer.steps.mine: transformer: Uncloned cannot be cloned; let it inherit from sklearn.base.BaseEstimator."),
        ("model.scaler", {"_target_": f"{MINE}.WithoutTarget"}, f"model.scaler: {MINE}.WithoutTarget.fit cannot be called with X and y"),
        ("model.scaler", {"_target_": f"{MINE}.Halving"}, f"model.scaler: {MINE}.Halving.transform returned 12 rows for 24 rows"),
    ],
)  # fmt: skip
def test_a_broken_contract_is_one_sentence(key: str, tool: Any, expected: str) -> None:
    message = said(key, tool)
    assert expected in message
    place = expected.partition(": ")[0]
    assert sum(line.startswith(f"  {place}: ") for line in message.splitlines()) == 1


@pytest.mark.parametrize(
    ("key", "tool"),
    [
        ("clean.steps.mine", {"_target_": f"{CLEANING}.scaled", "columns": ["sex"], "by": 2}),
        ("explain.methods.mine", {"_target_": f"{MINE}.Right"}),
        ("engineer.steps.mine", apply("Careful")),
    ],
)
def test_what_only_data_can_tell_is_accepted(key: str, tool: Any, tmp_path: Path) -> None:
    config = OmegaConf.load("params.yaml")
    OmegaConf.update(config, key, tool, merge=False, force_add=True)
    before = Path("dvc.yaml").read_text(encoding="utf-8")
    stages = yaml.safe_load(before)
    for stage in stages["stages"].values():
        stage["deps"].append(str(tmp_path))
    try:
        Path("dvc.yaml").write_text(yaml.safe_dump(stages), encoding="utf-8")
        check(config)
    finally:
        Path("dvc.yaml").write_text(before, encoding="utf-8")
