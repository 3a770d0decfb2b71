"""Whether tools that the settings name can be created, cloned and stored, as far as that can be checked without data.

Each tool that is fitted is created, and its library examines its values. One of a library that is not known, or of the
owner, is asked for its arguments, stored in memory and read back.
Transformers are in addition fitted on sample rows, since `fit` may learn what cannot be stored. What remains, such as
what a model learns, is checked when `engineer`, `select` or `train` stores it. Samplers are cloned, but not stored.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.utils import get_tags

from pedigree.base.names import snake_case
from pedigree.base.settings import as_dict
from pedigree.base.tools import instantiate
from pedigree.config.models import models
from pedigree.config.sample import sample_rows
from pedigree.config.schema import Settings
from pedigree.config.tools import tools
from pedigree.data.contract_file import read_contract
from pedigree.estimators.protocols.transformers import transformer_mistake
from pedigree.estimators.protocols.values import refused_values
from pedigree.storage.artifact import unstorable

if TYPE_CHECKING:
    import pandas as pd

# Tools of these packages are known to be storable, before and after fitting.
KNOWN = {
    *("builtins", "catboost", "category_encoders", "hydra", "interpret", "lightgbm"),
    *("numpy", "pandas", "pedigree", "sklearn", "xgboost"),
}
# Not fitted by `configure`, since a model may take long.
NOT_FITTED = (".estimator", ".calibrator")


def unusable(settings: Settings) -> Iterator[str]:
    """Find tools that cannot be created, cloned, fitted or stored; requires settings without other mistakes."""
    for place, tool, arguments in fitted(settings):
        data = as_dict(tool)
        if not (data and data["_target_"]):  # the option `none`
            continue
        try:
            made = instantiate(data, **arguments)
        except Exception as error:
            yield f"{place}: {error}"
            continue
        known = all(one["_target_"].split(".")[0] in KNOWN for _, one in tools(data))
        mistakes = list(refused_values(made) if known else lost_arguments(made))
        if not known and not mistakes:
            mistakes += _wrong_use(made, place, settings)
        yield from (f"{place}: {mistake}" for mistake in mistakes)


def _wrong_use(made: Any, place: str, settings: Settings) -> Iterator[str]:
    """Find values that a tool refuses, what of it cannot be stored, as it is and after `fit`, and what its methods break."""
    refused = list(refused_values(made))
    yield from refused
    if place.endswith(".sampler"):
        return
    if reason := unstorable(made):
        yield f"its {reason}"
    elif not place.endswith(NOT_FITTED):
        sample = _sample(settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if reason := unstorable_after_fit(made, *sample):
                yield f"after fit, its {reason}"
            elif not refused:
                yield from wrong_transformers(made, *sample)


def unstorable_after_fit(made: Any, tables: Sequence[pd.DataFrame], y: pd.Series) -> str | None:
    """Return what a transformer learned from sample rows and cannot be stored; None if all can, or if it did not fit.

    The sample rows have every column that the contract lists, but not those that earlier steps would add; their
    values are arbitrary, and none is missing. A transformer that they do not suit is fitted for the first time by its stage.

    Parameters
    ----------
    made : object
        A transformer, which is fitted here.
    tables : sequence of DataFrame
        Features to try in turn, see `_sample`.
    y : Series
        Their target.

    Returns
    -------
    str or None
        See `unstorable`.
    """
    for features in tables:
        with suppress(Exception):
            return unstorable(made.fit(features, y))
    return None


def wrong_transformers(made: Any, tables: Sequence[pd.DataFrame], y: pd.Series) -> Iterator[str]:
    """Find transformers of the owner, in a tool or among its arguments, whose methods break their contract.

    Parameters
    ----------
    made : object
        The tool.
    tables : sequence of DataFrame
        Features to try in turn, see `_sample`.
    y : Series
        Their target.

    Yields
    ------
    str
        A sentence for each mistake.
    """
    inner = made.get_params(deep=True).values() if hasattr(made, "get_params") else ()
    for one in (made, *inner):
        own = not isinstance(one, type) and type(one).__module__.split(".")[0] not in KNOWN
        if own and hasattr(one, "transform") and get_tags(one).input_tags.two_d_array:
            yield from filter(None, [transformer_mistake(one, tables, y)])


def _sample(settings: Settings) -> tuple[list[pd.DataFrame], pd.Series]:
    """Return sample rows, all columns, the numbers and the strings, and their target."""
    problem = settings.problem
    target, kind = snake_case(problem.target), problem.kind
    columns = {target: {"dtype": "float64" if kind == "regression" else "str"}}
    columns |= read_contract(Path(settings.load.contract))["columns"]
    rows = sample_rows(columns).ffill()
    X = rows.drop(columns=[target, *map(snake_case, problem.exclude)], errors="ignore")
    return [X, X.select_dtypes("number"), X.select_dtypes("str")], rows[target]


def lost_arguments(made: Any) -> Iterator[str]:
    """Find arguments that an estimator, or one inside it, does not keep under their names, as cloning requires.

    Parameters
    ----------
    made : object
        Any object; only those with scikit-learn's `get_params` can have such arguments.

    Yields
    ------
    str
        A sentence for each argument.
    """
    if isinstance(made, list | tuple):
        inner = list(made)
    elif isinstance(made, dict):
        inner = list(made.values())
    elif isinstance(made, type) or not hasattr(made, "get_params"):
        return
    else:
        name = f"{type(made).__module__}.{type(made).__qualname__}"
        try:
            inner = list(made.get_params(deep=False).values())
        except RuntimeError as error:  # `__init__` has `*args`
            yield f"{name}: {error}"
            return
        except AttributeError as error:
            lost = [one for one in signature(type(made)).parameters if not hasattr(made, one)]
            for one in lost:
                yield f"{name} does not keep its argument '{one}'; store it as self.{one} in __init__."
            if not lost:
                yield f"{name}.get_params() failed: {error}"
            return
    for one in inner:
        yield from lost_arguments(one)


def fitted(settings: Settings) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the place of each tool that is fitted, the tool, and arguments that the settings omit."""
    for name, step in settings.engineer.steps.items():
        yield f"engineer.steps.{name}", step, {}
    yield "select.selector", settings.select.selector, {}
    for place, model in models(settings).items():
        yield f"{place}.estimator", model.estimator, {"estimators": []} if model.estimators else {}
        for part in ("encoder", "imputer", "scaler", "sampler"):
            yield f"{place}.{part}", getattr(model, part), {}
    yield "train.calibration.calibrator", settings.train.calibration.calibrator, {}
