"""Mistakes in the settings of every model, wherever the settings name one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.problem import Problem
from pedigree.base.settings import as_dict
from pedigree.config.schema import Settings
from pedigree.config.tools import locate, parameters, tools
from pedigree.estimators.protocols.models import model_mistake
from pedigree.estimators.settings import Model

# These samplers use only the features, not the classes, and copy no row: they fit every task and model.
ROW_DROPPERS = ("pedigree.features.outlier_limits.DropOutliers",)


def wrong_models(settings: Settings) -> Iterator[str]:
    """Find models that do not fit the problem, and arguments that their estimators do not accept."""
    for place, model in models(settings).items():
        yield from wrong_estimator(place, model, settings.problem)
        yield from wrong_balance(place, model, settings.problem)


def models(settings: Settings) -> dict[str, Model]:
    """Return every model by its place: the chosen one, the baseline, the compared ones, and members of ensembles."""
    named = {"model": settings.model, "train.baseline": settings.train.baseline}
    named |= {f"compare.models.{name}": one for name, one in settings.compare.models.items()}
    found: dict[str, Model] = {}
    for place, model in named.items():
        if isinstance(
            model, Model
        ):  # otherwise it refers to the winner, which is one of the others
            found[place] = model
            members = model.estimators or {}
            found |= {f"{place}.estimators.{name}": one for name, one in members.items()}
    return found


def wrong_estimator(place: str, model: Model, problem: Problem) -> Iterator[str]:
    """Find an estimator for another kind of problem, and hyperparameters that it does not accept.

    Parameters
    ----------
    place : str
        Dotted key of the model in the settings.
    model : Model
        Its settings.
    problem : Problem
        The problem that it must fit.

    Yields
    ------
    str
        A sentence for each mistake.
    """
    from sklearn.base import ClassifierMixin, RegressorMixin

    name = model.estimator.target
    try:
        target = locate(name)
    except UserError:
        return  # reported by `wrong_tools`
    other = ClassifierMixin if problem.kind == "regression" else RegressorMixin
    if inspect.isclass(target) and issubclass(target, other):
        yield f"{place}.estimator: {name} does not support task {problem.task}; choose another model."
    elif inspect.isclass(target) and (
        mistake := model_mistake(target, problem.kind == "classification")
    ):
        yield f"{place}.estimator: {mistake}"
    if problem.task == "multiclass" and model.monotone and model.monotone.features:
        yield f"{place}.monotone.features: not available for several classes; remove them."
    known = parameters(target)
    named = {
        "search_space": model.search_space,
        "early_stopping.settings": model.early_stopping.settings if model.early_stopping else {},
        "categorical_argument": [model.categorical_argument] if model.categorical_argument else [],
    }
    for key, names in named.items():
        for one in names:  # `estimator__C` is the C of an inner estimator
            if known is not None and one.partition("__")[0] not in known:
                yield f"{place}.{key}: {name} has no argument '{one}'; {did_you_mean(one, known)}"


def wrong_balance(place: str, model: Model, problem: Problem) -> Iterator[str]:
    """Find a model that should balance classes but cannot.

    Parameters
    ----------
    place : str
        Dotted key of the model in the settings.
    model : Model
        Its settings.
    problem : Problem
        The problem that it must fit.

    Yields
    ------
    str
        A sentence for each mistake.
    """
    sampler = None if model.sampler.target in ROW_DROPPERS else model.sampler.target
    if problem.kind == "regression":
        for key, value, way in (
            ("class_weight", model.class_weight, "null"),
            ("sampler", sampler, "none"),
        ):
            if value:
                yield f"{place}.{key}: {value} balances classes, and regression has none; choose {way}."
    elif model.estimators and sampler:
        yield (
            f"{place}.sampler: the ensemble's own folds would have copies of a row in both subsets; choose none, "
            f"and a sampler for its members (model/sampler@{place}.estimators.NAME.sampler=oversample)."
        )
    elif model.class_weight and (names := deaf(as_dict(model.estimator))):
        yield (
            f"{place}.class_weight: {names[0]} does not support sample_weight; set {place}.class_weight "
            "to null, choose another model, or balance the rows (model/sampler=oversample)."
        )


def deaf(estimator: dict[str, Any]) -> list[str]:
    """List the classifiers in an estimator's settings whose fit() has no `sample_weight`.

    A meta-estimator may contain one among the arguments that it passes on.
    """
    from sklearn.base import ClassifierMixin

    found = []
    for _, tool in tools(estimator):
        try:
            target = locate(tool["_target_"])
        except UserError:
            continue  # reported by `wrong_tools`
        if not (inspect.isclass(target) and issubclass(target, ClassifierMixin)):
            continue
        classifier: Any = target  # the mixin declares no fit()
        known = parameters(classifier.fit)
        passes_on = known is None and len(list(tools(tool))) > 1
        if not passes_on and (known is None or "sample_weight" not in known):
            found.append(tool["_target_"])
    return found
