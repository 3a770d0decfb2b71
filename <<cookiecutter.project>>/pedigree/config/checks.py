"""Find every mistake in the settings that can be found without the data, and report all at once."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from pedigree.base.dvc_files.declared import declared
from pedigree.base.invalid import InvalidValue, invalid_values
from pedigree.base.names import UserError, did_you_mean, first_of, snake_case
from pedigree.base.paths import CONF
from pedigree.base.problem import Problem
from pedigree.base.secrets.finding import references, secrets
from pedigree.base.section import part_of
from pedigree.base.settings import as_dict
from pedigree.base.steps import step_classes
from pedigree.config.arguments import wrong_arguments
from pedigree.config.dependencies import undeclared
from pedigree.config.metrics import wrong_metrics, wrong_threshold
from pedigree.config.models import wrong_models
from pedigree.config.schema import Settings
from pedigree.config.storing import unusable
from pedigree.config.tools import tools, wrong_kinds, wrong_tools

CONFIG = "conf/config.yaml"
STORED = ("engineer.", "select.", "model.", "compare.models.", "train.baseline.")  # when fitted


def check(config: Any) -> None:
    """Check composed settings.

    Raises
    ------
    UserError
        One line for each mistake.
    """
    data = as_dict(config)
    mistakes = [*secrets(data), *references(data)]  # before messages that show values
    mistakes = mistakes or [*wrong_shape(data)]
    if not mistakes:  # the checks below rely on the shape
        settings = Settings.model_validate(data)
        mistakes = [
            *wrong_metrics(settings.problem),
            *wrong_problem(settings.problem),
            *wrong_threshold(settings.problem),
            *wrong_tools(data),
            *wrong_arguments(data),
            *wrong_models(settings),
            *partials(data),
            *wrong_kinds(data),
            *undeclared(data, declared()),
        ]
        # The checks of a step are only meaningful for sections without mistakes.
        wrong = {mistake.split(".")[0] for mistake in mistakes}
        for name, step in step_classes():
            if name not in wrong:
                mistakes += step.model_validate(part_of(data, step)).mistakes(settings)
        if not mistakes:
            mistakes += unusable(settings)
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        raise UserError("\n  ".join([f"{count} in the settings:", *mistakes]))


def wrong_shape(data: dict[str, Any]) -> Iterator[str]:
    """Find unknown and missing keys, wrong types and values out of range."""
    try:
        Settings.model_validate(data)
    except ValidationError as error:
        model = data.get("model")
        tried = "Model" if isinstance(model, dict) and model.get("name") == "best" else "Best"
        errors = [one for one in error.errors() if tried not in one["loc"][1:2]]
        same: dict[tuple[str, str], list[InvalidValue]] = {}
        for one in invalid_values(errors, data):
            key, last = ".".join(one.place), one.place[-1]
            if one.kind == "extra_forbidden":
                hint = did_you_mean(last, _fields(list(one.place[:-1])))
                yield f"{key}: unknown key in {_file(one.place)}; {hint}"
            elif one.kind == "missing":
                where = _file(one.place) if len(one.place) > 1 else CONFIG
                yield f"{key}: missing in {where}"
            else:
                same.setdefault((one.message, repr(one.value)), []).append(one)
        yield from map(_wrong_value, same.values())


def _wrong_value(same: list[InvalidValue]) -> str:
    """Report a value once that is wrong in several places, as one that others refer to; see conf/config.yaml's seed."""
    one, *others = sorted(same, key=lambda each: len(each.place) > 1)
    keys = [".".join(each.place) for each in others]
    also = f"; the same at {first_of(keys, 2)}" if keys else ""
    return f"{'.'.join(one.place)}: {one.message}, in {_file(one.place)}{one.shown}{also}"


def wrong_problem(problem: Problem) -> Iterator[str]:
    """Find a target that is also used as something else."""
    target = snake_case(problem.target)
    for name in problem.exclude:
        if snake_case(name) == target:
            yield f"problem.exclude: '{name}' is the target; it is never a feature, so remove it."
    for key, names in (("slices", problem.slices), ("protected", problem.protected)):
        for name in names or ():
            if snake_case(name) == target:
                yield f"problem.{key}: '{name}' is the target; slices need columns that are known before it; remove it."


def partials(data: dict[str, Any]) -> Iterator[str]:
    """Find functions given by `_partial_: true`, which Hydra wraps in an object that cannot be stored."""
    for place, tool in tools(data):
        if tool.get("_partial_") and place.startswith(STORED):
            yield (
                f"{place}: `_partial_: true` makes an object that cannot be stored; to pass the function itself, "
                f"write {{_target_: hydra.utils.get_method, path: {tool['_target_']}}}."
            )


def _fields(place: list[str]) -> list[str]:
    """List the keys that the schema allows at a place."""
    model: Any = Settings
    for part in place:
        annotation = (
            model.model_fields[part].annotation
            if part in getattr(model, "model_fields", {})
            else None
        )
        options = [annotation, *getattr(annotation, "__args__", ())]
        found = [one for one in options if inspect.isclass(one) and issubclass(one, BaseModel)]
        model = found[0] if found else model  # a mapping's own keys lead to its values' model
    return [field.alias or name for name, field in model.model_fields.items()]


def _file(place: Sequence[str]) -> str:
    """Return the file or folder in which a key is written."""
    inside = len(place) > 1 or (CONF / place[0]).is_dir()
    return f"conf/{place[0]}/" if inside else CONFIG
