"""Models: encoder, imputer, scaler and estimator as one scikit-learn pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.pipeline import Pipeline

from pedigree.base.json_file import read_as
from pedigree.base.names import UserError
from pedigree.base.paths import BEST_PARAMS, WINNER
from pedigree.base.settings import as_dict
from pedigree.base.stage import say
from pedigree.base.tools import instantiate
from pedigree.estimators.ensembles import member
from pedigree.estimators.settings import Best, Model
from pedigree.estimators.tuned import TunedParams


class HasModel(Protocol):
    """Settings with the section `model`."""

    @property
    def model(self) -> Model | Best:
        """The chosen family, or `best`."""


def build_model(
    model: Model | Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    tuned: bool = False,
) -> Pipeline:
    """Build an unfitted pipeline from the settings of ``conf/model``.

    Parameters
    ----------
    model : Model or mapping
        With `estimator`, `encoder`, `imputer` and `scaler`; an ensemble with `estimators`, its members.
    changes : mapping, optional
        Hyperparameters that replace those of the settings.
    tuned : bool
        Whether those that the stage `tune` found replace them, too.

    Raises
    ------
    UserError
        `tune` searched for another model.

    Examples
    --------
    >>> from pedigree import build_model, chosen_model
    >>> from pedigree.settings import read_settings
    >>> build_model(chosen_model(read_settings("train"))).named_steps.keys()
    dict_keys(['encode', 'estimator'])
    """
    model = Model.model_validate(model)
    changes = {**(tuned_parameters(model) if tuned else {}), **(changes or {})}
    parts = {"impute": model.imputer, "scale": model.scaler}
    steps = [(name, instantiate(part)) for name, part in parts.items() if part.target]
    numbers = Pipeline(steps) if steps else "passthrough"
    encode = ColumnTransformer(
        [
            ("numbers", numbers, make_column_selector(dtype_include=["number", "bool"])),
            (
                "texts",
                instantiate(model.encoder),
                make_column_selector(dtype_exclude=["number", "bool"]),
            ),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    if members := model.estimators:
        named = [(name, member(build_model(one), one)) for name, one in members.items()]
        estimator = instantiate(model.estimator, _partial_=True)(estimators=named)
    else:
        estimator = instantiate(model.estimator)
    estimator.set_params(**changes)
    return Pipeline([("encode", encode), ("estimator", estimator)])


def tuned_parameters(model: Model) -> dict[str, Any]:
    """Return the hyperparameters that `tune` found, if the settings still have the values that it began from.

    A value that was changed since then, by an override of this run, stays.
    """
    best = TunedParams.read()
    if best.model != model.name:
        raise UserError(
            f"{BEST_PARAMS} was found for {best.model}, not for {model.name}; run `dvc repro train`."
        )
    changes = {}
    for name, value in best.tuned.items():
        own = own_value(model, name)
        if own == value.before:
            changes[name] = value.after
            say(f"{name}: {own} -> {value.after}, tuned")
        else:
            say(f"{name}: {own} stays; {value.after} was found when it was {value.before}")
    return changes


def own_value(model: Model, name: str) -> Any:
    """Return a hyperparameter of a model's settings; ``__`` separates the names of nested estimators."""
    value: Any = as_dict(model.estimator)
    for part in name.split("__"):
        value = (value or {}).get(part)
    return value


def as_trained(model: Model, early_stopping: bool) -> Model:
    """Return a model's settings without early stopping, unless `train` uses it."""
    return model if early_stopping else model.model_copy(update={"early_stopping": None})


def chosen_model(settings: HasModel) -> Model:
    """Return the settings of the model to train: the named one, or the leaderboard's winner.

    Examples
    --------
    >>> from pedigree import chosen_model
    >>> from pedigree.settings import read_settings
    >>> chosen_model(read_settings("train")).name
    'catboost'
    """
    named = settings.model
    return named if isinstance(named, Model) else read_as(Model, WINNER, "compare")
