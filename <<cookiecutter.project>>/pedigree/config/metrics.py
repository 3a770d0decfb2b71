"""Mistakes in how models are measured: metrics, the owner's metrics, criteria and the threshold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.problem import Problem
from pedigree.base.section import Tool
from pedigree.base.settings import as_dict
from pedigree.base.tools import described
from pedigree.config.tools import locate, wrong_tools
from pedigree.scoring.custom import TASKS, argument, own, response_method
from pedigree.scoring.decision import PredictedRows
from pedigree.scoring.metrics import DECIDED, METRICS, Metric, unfit
from pedigree.verdict.criteria import QUANTITIES, wrong_criteria

METHODS = ("predict", "predict_proba")
# Other names that are used beside those of metrics in the leaderboard and in metrics/evaluate.json.
TAKEN = (
    *("model", "rank", "behind", "behind_low", "behind_high", "folds", "left_in_round"),
    *("metrics", "comparisons", "worst"),
)
SUFFIXES = ("_std", "_half_width")
ROWS = 60  # of random data, on which a metric is tried


def wrong_metrics(problem: Problem) -> Iterator[str]:
    """Find metrics that do not exist or do not fit the task, and criteria that nothing measures."""
    task, wrong = problem.task, dict(wrong_custom_metrics(problem))
    yield from filter(None, wrong.values())
    usable = usable_metrics(problem)
    fitting = list(fitting_metrics(problem))
    for name in problem.metrics:
        if name in wrong:
            continue
        if mistake := unfit(name, usable, [task]):
            yield f"problem.metrics: {mistake}"
        elif name in DECIDED:
            yield (
                f"problem.metrics: '{name}' cannot compare models, since folds have neither threshold nor intervals; "
                "remove it: it is always reported, and problem.criteria may name it."
            )
    criteria = {name: one for name, one in problem.criteria.items() if name not in wrong}
    yield from wrong_criteria(criteria, task, fitting)


def wrong_threshold(problem: Problem) -> Iterator[str]:
    """Find a threshold for a task other than binary, and a metric that does not depend on the threshold."""
    rule, task = problem.threshold, problem.task
    if rule and task != "binary":
        yield f"problem.threshold: requires task binary, and the task is {task}; set it to null."
    elif rule and rule.metric:
        moved = [name for name, one in fitting_metrics(problem).items() if one.needs == "label"]
        if rule.metric not in moved:
            known = rule.metric in METRICS or rule.metric in problem.custom_metrics
            mistake = "does not depend on the threshold" if known else "does not exist"
            hint = did_you_mean(rule.metric, moved)
            yield f"problem.threshold.metric: metric '{rule.metric}' {mistake}; {hint}"
    if "cost" in problem.criteria and not (rule and rule.costs):
        yield "problem.criteria: 'cost' requires the costs of mistakes; set problem.threshold.costs."


def fitting_metrics(problem: Problem) -> dict[str, Metric]:
    """Return the metrics that fit the task, by name, without the owner's metrics that have mistakes."""
    found = usable_metrics(problem)
    return {name: one for name, one in found.items() if problem.task in one.tasks}


def usable_metrics(problem: Problem) -> dict[str, Metric]:
    """Return all metrics by name, without the owner's metrics that have mistakes."""
    wrong = dict(wrong_custom_metrics(problem))
    named = problem.custom_metrics.items()
    return METRICS | {name: own(name, one) for name, one in named if name not in wrong}


def wrong_custom_metrics(problem: Problem) -> Iterator[tuple[str, str]]:
    """Find the owner's metrics that cannot be used.

    Yields
    ------
    name : str
        Name of the metric.
    message : str
        A sentence; empty if another check reports the mistake.
    """
    for name, settings in problem.custom_metrics.items():
        mistake = wrong_name(name) or wrong_class(name, settings, problem.task)
        if mistake is not None:
            yield name, mistake and f"problem.custom_metrics.{name}: {mistake}"


def wrong_name(name: str) -> str | None:
    """Return why a name cannot be used for a metric; None if it can."""
    if name in METRICS or name in QUANTITIES:
        return "the library has a quantity of this name; choose another name."
    if name in TAKEN or name.endswith(SUFFIXES):
        return "the name is taken by a column of the leaderboard or a line of metrics/evaluate.json; choose another name."
    return None


def wrong_class(name: str, settings: Tool, task: str) -> str | None:
    """Check the class of a metric, as far as random data allow.

    Parameters
    ----------
    name : str
        The metric's name in ``problem.custom_metrics``.
    settings : Tool
        Its class and arguments.
    task : str
        Task of the problem.

    Returns
    -------
    str or None
        A sentence that describes the mistake, empty if another check reports it; None without mistakes.
    """
    if any(wrong_tools({"problem": as_dict(settings)})):
        return ""  # `wrong_tools` reports it
    target = settings.target
    metric_class: Any = locate(target)
    if not isinstance(metric_class, type):
        return f"{target} is a function; make it the `__call__` of a class that declares how it is used."
    better = getattr(metric_class, "greater_is_better", None)
    tasks = getattr(metric_class, "tasks", None)
    if not isinstance(better, bool):
        return f"{target} does not declare whether greater is better; give the class `greater_is_better = True` or False."
    if not isinstance(tasks, tuple | list) or not tasks:
        found = "does not declare its tasks" if tasks is None else f"has the tasks {tasks!r}"
        return f"{target} {found}; give the class `tasks`, a tuple of any of {', '.join(TASKS)}."
    for one in tasks:
        if one not in TASKS:
            return f"{target}.tasks contains {one!r}, which is no task; {did_you_mean(str(one), TASKS)}"
    if response_method(metric_class) not in METHODS:
        return f"{target}.response_method is {response_method(metric_class)!r}; choose from {', '.join(METHODS)}."
    if response_method(metric_class) == "predict_proba" and "regression" in tasks:
        return f"{target} requires probabilities, and its tasks include regression, which has none; change one of them."
    try:
        made = own(name, settings)
    except UserError as error:
        return str(error).removeprefix(f"problem.custom_metrics.{name}: ")
    return wrong_result(made, target, task) if task in tasks else None


def wrong_result(metric: Metric, target: str, task: str) -> str | None:
    """Call a metric on random data, and check that it returns a score.

    Parameters
    ----------
    metric : Metric
        An owner's metric.
    target : str
        Dotted name of its class, for the message.
    task : str
        Task of the problem.

    Returns
    -------
    str or None
        A sentence that describes the mistake; None without mistakes.
    """
    random = np.random.default_rng(0)
    classes = {"binary": 2, "multiclass": 3}.get(task)
    if classes:
        truth = np.arange(ROWS) % classes
        values = random.dirichlet(np.ones(classes), ROWS)
    else:
        truth, values = random.uniform(1, 10, (2, ROWS))
    owned: Any = metric.function
    shown = f"{target}, called with {ROWS} random rows,"
    try:
        returned = owned.metric(truth, argument(owned.metric, PredictedRows(values)))
    except Exception as error:
        return f"{shown} failed: {type(error).__name__}: {error}"
    try:
        found = np.asarray(returned, float)
    except (TypeError, ValueError):
        return f"{shown} returned {described(returned)}; return a number, or one for each row."
    if returned is None:
        return f"{shown} returned None; return a number, or one for each row."
    if found.shape not in ((), (ROWS,)):
        return f"{shown} returned an array of shape {found.shape}; return a number, or one for each row."
    if not np.isfinite(found).all():
        return f"{shown} returned {found.mean()}; return a finite number."
    return None
