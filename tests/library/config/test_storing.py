"""What an owner's class cannot store is refused before anything is fitted, or else when it is stored."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from library.projects import Project, extra
from omegaconf import OmegaConf

from pedigree.base.names import UserError
from pedigree.config.checks import check

# Of a module that is trusted (pipeline/custom/) and of one that is not.
MINE = '''
import re
from functools import partial

import numpy as np
import pandas as pd
from imblearn.base import BaseSampler
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin


def double(X, by=2):
    return X * by


class Step(TransformerMixin, BaseEstimator):
    def __init__(self, function=None, least=0.0):
        self.function = function
        self.least = least

    def fit(self, X, y=None):
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X):
        return X

    def get_feature_names_out(self, names=None):
        return names


class Lambda(Step):
    def __init__(self):
        self.function = lambda X: X
        self.least = 0.0


class Nested(Step):
    def __init__(self):
        self.function = {"all": [partial(lambda X: X)]}
        self.least = 0.0


class Local(Step):
    def __init__(self):
        def inner(X):
            return X

        class Within:
            pass

        self.function = Within()
        self.least = 0.0


class Opened(Step):
    def __init__(self):
        self.function = open(__file__)
        self.least = 0.0


class Pattern(Step):
    def __init__(self):
        self.function = re.compile("a")
        self.least = 0.0


class Frame(Step):
    """Learns what cannot be stored."""

    def fit(self, X, y=None):
        self.table_ = pd.DataFrame({"mean": X.mean()})
        return super().fit(X)


class LearnedLambda(Step):
    def fit(self, X, y=None):
        self.rule_ = lambda X: X
        return super().fit(X)


class Numeric(Step):
    """Accepts only numbers, and learns what cannot be stored."""

    def fit(self, X, y=None):
        self.rule_ = lambda X: X
        self.mean_ = np.asarray(X, dtype="float64").mean(axis=0)
        return super().fit(X)


class Late(Step):
    """Learns what cannot be stored only from more rows than `configure` fits it on."""

    def fit(self, X, y=None):
        if len(X) > 24:
            self.table_ = pd.DataFrame({"rows": [len(X)]})
        return super().fit(X)


class Picky(Step):
    def fit(self, X, y=None):
        raise ValueError("these rows do not suit it")


class Strict(Step):
    def __init__(self, must):
        self.must = must


class Renamed(Step):
    def __init__(self, distance=1, least=0.0):
        self.distanc = distance
        self.least = least


class Varied(Step):
    def __init__(self, *least):
        self.least = least


class RenamedSampler(BaseSampler):
    _sampling_type = "over-sampling"

    def __init__(self, ratio=1):
        self.rate = ratio

    def _fit_resample(self, X, y):
        return X, y


class Model(ClassifierMixin, BaseEstimator):
    def __init__(self, least=0.0):
        self.least = least
        self.told = (value for value in [1])

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        return np.full((len(X), len(self.classes_)), 1 / len(self.classes_))


class Plain(Model):
    def __init__(self, least=0.0):
        self.least = least

    def fit(self, X, y):
        self.since_ = pd.Timestamp("2026-11-30")
        return super().fit(X, y)
'''
APPLY = "pedigree.features.engineering.Apply"


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lay the code into pipeline/custom/ and beside it, of nothing but this test."""
    extra("imblearn")
    for name in ("theirs_of_tests", "pipeline.custom.mine_of_tests"):
        file = tmp_path / "code" / f"{name.rpartition('.')[2]}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    package: Any = importlib.import_module("pipeline.custom")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path / "code")])
    yield
    for name in ("theirs_of_tests", "pipeline.custom.mine_of_tests"):
        sys.modules.pop(name, None)


def allowed(project: Project) -> None:
    """Let every stage depend on the module, so that nothing else is wrong."""
    file = yaml.safe_load(Path("dvc.yaml").read_text())
    for stage in file["stages"].values():
        stage["deps"].append("code")
    project.write("dvc.yaml", file)


def refusal(key: str, tool: dict[str, Any]) -> str:
    config = OmegaConf.load("params.yaml")
    OmegaConf.update(config, key, tool, merge=False, force_add=True)
    with pytest.raises(UserError) as error:
        check(config)
    return str(error.value)


def apply(target: str, **arguments: Any) -> dict[str, Any]:
    return {"_target_": APPLY, "transformer": {"_target_": target, **arguments}}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Lambda", "engineer.steps.mine: its transformer.function is pipeline.custom.mine_of_tests.Lambda.__init__.<locals>.<lambda>, a lambda or defined inside a function; define it at the top of a module."),
        ("Nested", "its transformer.function['all'][0].func is pipeline.custom.mine_of_tests.Nested.__init__.<locals>.<lambda>, a lambda"),
        ("Local", "its transformer.function is pipeline.custom.mine_of_tests.Local.__init__.<locals>.Within, a lambda or defined inside a function"),
        ("Opened", "its transformer.function is _io.TextIOWrapper, which cannot be read back without pickle"),
        ("Pattern", "its transformer.function is re.Pattern, which stored objects may not contain"),
        ("Strict", "engineer.steps.mine: "),
    ],
)  # fmt: skip
def test_a_transformer_that_cannot_be_stored_is_named_with_the_attribute_and_the_way_out(
    finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch, name: str, expected: str
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    step = apply(f"pipeline.custom.mine_of_tests.{name}")
    assert expected in refusal("engineer.steps.mine", step)


@pytest.mark.parametrize(
    ("key", "tool", "expected"),
    [
        ("engineer.steps.mine", apply("pipeline.custom.mine_of_tests.LearnedLambda"), "rule_ is pipeline.custom.mine_of_tests.LearnedLambda.fit.<locals>.<lambda>, a lambda or defined inside a function; define it at the top of a module."),
        ("engineer.steps.mine", apply("pipeline.custom.mine_of_tests.Frame"), "table_ is pandas.DataFrame, which cannot be read back without pickle"),
        ("model.scaler", {"_target_": "pipeline.custom.mine_of_tests.Numeric"}, "rule_ is pipeline.custom.mine_of_tests.Numeric.fit.<locals>.<lambda>"),
        ("select.selector", {"_target_": "pipeline.custom.mine_of_tests.Numeric"}, "rule_ is pipeline.custom.mine_of_tests.Numeric.fit.<locals>.<lambda>"),
    ],
)  # fmt: skip
def test_what_a_transformer_learns_and_cannot_store_is_found_on_sample_rows(
    finished: Callable[[str], Project],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    tool: dict[str, Any],
    expected: str,
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    said = refusal(key, tool)
    assert said.startswith(f"1 mistake in the settings:\n  {key}: after fit, its ")
    assert expected in said


def test_a_function_that_hydra_would_wrap_is_passed_by_its_name(
    finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    func = {"_target_": "pipeline.custom.mine_of_tests.double", "_partial_": True}
    step = apply("sklearn.preprocessing.FunctionTransformer", func=func)
    assert refusal("engineer.steps.mine", step) == (
        "1 mistake in the settings:\n  engineer.steps.mine.transformer.func: `_partial_: true` makes an object that cannot be "
        "stored; to pass the function itself, write {_target_: hydra.utils.get_method, path: pipeline.custom.mine_of_tests.double}."
    )


RENAMED = "pipeline.custom.mine_of_tests.Renamed does not keep its argument 'distance'; store it as self.distance in __init__."


@pytest.mark.parametrize(
    ("key", "tool", "expected"),
    [
        ("engineer.steps.mine", apply("pipeline.custom.mine_of_tests.Renamed"), RENAMED),
        ("select.selector", {"_target_": "pipeline.custom.mine_of_tests.Renamed"}, RENAMED),
        ("model.scaler", {"_target_": "pipeline.custom.mine_of_tests.Renamed"}, RENAMED),
        (
            "model.scaler",
            {
                "_target_": "sklearn.pipeline.Pipeline",
                "steps": [["mine", {"_target_": "pipeline.custom.mine_of_tests.Renamed"}]],
            },
            RENAMED,
        ),
        (
            "model.sampler",
            {"_target_": "pipeline.custom.mine_of_tests.RenamedSampler"},
            "pipeline.custom.mine_of_tests.RenamedSampler does not keep its argument 'ratio'; store it as self.ratio",
        ),
        (
            "engineer.steps.mine",
            apply("pipeline.custom.mine_of_tests.Varied"),
            "pipeline.custom.mine_of_tests.Varied: scikit-learn estimators should always specify their parameters",
        ),
    ],
)
def test_an_argument_that_is_not_kept_under_its_name_is_refused(
    finished: Callable[[str], Project],
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    tool: dict[str, Any],
    expected: str,
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    assert f"1 mistake in the settings:\n  {key}: {expected}" in refusal(key, tool)


def test_a_class_beside_pipeline_is_not_trusted_and_may_be_moved(project: Project) -> None:
    allowed(project)
    said = refusal("engineer.steps.mine", apply("theirs_of_tests.Step"))
    assert "its transformer is theirs_of_tests.Step, which stored objects may not contain" in said
    assert "move your own class into pipeline/custom/" in said


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("model.estimator", "told"),
        ("select.selector", "function"),
        ("model.encoder", "function"),
        ("compare.models.linear.scaler", "function"),
    ],
)
def test_the_same_holds_for_every_part_of_a_model_and_for_a_selector(
    finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch, key: str, part: str
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    name = "Model" if key == "model.estimator" else "Opened"
    said = refusal(key, {"_target_": f"pipeline.custom.mine_of_tests.{name}"})
    if key != "model.estimator":  # which has other settings of a family
        assert said.startswith("1 mistake")
    assert f"{key}: its {part} is " in said or key == "model.estimator"


@pytest.mark.parametrize(
    "step",
    [
        apply("pipeline.custom.mine_of_tests.Step"),
        apply("pipeline.custom.mine_of_tests.Picky"),
        apply("pipeline.custom.features.DistanceFromMedian"),
        apply("sklearn.preprocessing.FunctionTransformer", func={"_target_": "hydra.utils.get_method", "path": "pipeline.custom.mine_of_tests.double"}),
    ],
    ids=["own class", "not fitted by sample rows", "example", "own function"],
)  # fmt: skip
def test_what_can_be_stored_is_accepted(
    finished: Callable[[str], Project], monkeypatch: pytest.MonkeyPatch, step: dict[str, Any]
) -> None:
    monkeypatch.chdir(finished("binary").folder)
    config = OmegaConf.load("params.yaml")
    OmegaConf.update(config, "engineer.steps.mine", step, force_add=True)
    check(config)


def test_what_a_step_has_learned_is_refused_when_it_is_stored_and_the_last_file_stays(
    project: Project,
) -> None:
    before = Path("models/engineer.skops").read_bytes()
    step = apply("pipeline.custom.mine_of_tests.Late")
    project.write("conf/engineer/mine.yaml", {"steps": {"mine": step}})
    check(project.compose("engineer=mine"))  # not known before it is fitted on the data
    with pytest.raises(UserError) as error:
        project.run("engineer")
    said = str(error.value)
    assert said.startswith("models/engineer.skops cannot be stored: the object's steps[")
    assert ".table_ is pandas.DataFrame, which cannot be read back without pickle" in said
    assert "keep arrays, numbers, strings, lists, dictionaries or estimators" in said
    assert Path("models/engineer.skops").read_bytes() == before


def test_what_a_model_has_learned_is_refused_by_train(project: Project) -> None:
    model = OmegaConf.to_container(project.compose("model=linear").model)
    assert isinstance(model, dict)
    model |= {"name": "mine", "search_space": {}}
    model["estimator"] = {"_target_": "pipeline.custom.mine_of_tests.Plain"}
    for key in ("by_kind", "space_by_kind"):
        model.pop(key, None)
    project.write("conf/model/mine.yaml", model)
    check(project.compose("model=mine", "tune=off"))
    project.run("tune")
    with pytest.raises(UserError, match=r"models/model.skops cannot be stored: .*since_ is pandas"):
        project.run("train")
