"""The content of the files that adopt writes, for a person to read and change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pedigree.adopting.columns import ColumnDecision
from pedigree.adopting.problem import ProposedProblem
from pedigree.adopting.scan import Scan
from pedigree.base.names import UserError
from pedigree.base.paths import CONF
from pedigree.data.bounds import bounds
from pedigree.evaluation.fairness import DIFFERENCES

MAX_CATEGORIES = 30  # values that a contract lists at most
ROWS_PER_CATEGORY = (
    20  # minimum on average; with fewer rows, later data is likely to have new categories
)
ROWS_WITHOUT_GAP = 1000  # rows without a missing value, after which the contract allows none

_CLASSES = """\
- plots/evaluate/roc.csv:
    x: false_positive_rate
    y: true_positive_rate
    title: ROC
- plots/evaluate/precision_recall.csv:
    x: recall
    y: precision
    title: Precision and recall
- plots/evaluate/calibration.csv:
    x: predicted
    y: observed
    title: Calibration
- plots/evaluate/confusion.csv:
    x: predicted
    y: actual
    template: confusion
    title: Confusion
"""
PLOTS = {
    "binary": _CLASSES
    + """\
- plots/evaluate/threshold.csv:
    x: threshold
    y: value
    title: Decision threshold
""",
    "multiclass": _CLASSES,
    "regression": """\
- plots/evaluate/predicted.csv:
    x: predicted
    y: actual
    template: scatter
    title: Predicted and actual
- plots/evaluate/residuals.csv:
    x: predicted
    y: residual
    template: scatter
    title: Residuals
""",
}


def collect_yaml(path: str | list[str], reading: Mapping[str, Any], remote: bool) -> str:
    """Return the content of ``conf/collect/<name>.yaml``.

    Parameters
    ----------
    path : str or list of str
        Files, folders or addresses.
    reading : mapping of str to object
        CSV dialect or sheet of the files.
    remote : bool
        Whether the path is an address.

    Returns
    -------
    str
    """
    dialect = "".join(f"  {key}: {setting(value)}\n" for key, value in reading.items())
    pinned = "as_of: first  # change the label to take a new snapshot\n" if remote else ""
    return f"""\
# Where the rows come from. Written by `python -m pedigree adopt`; yours to change.
defaults:
  - limits@_here_: default
  - _self_

_target_: pedigree.collecting.file.collect
{pinned}path: {setting(path)}
{"# CSV dialect of the files; `dates` are columns whose dates are not in ISO 8601." if reading else ""}
reading:{" {}" if not reading else ""}
{dialect}"""


def problem_yaml(
    problem: ProposedProblem, columns: list[ColumnDecision], group: list[str], time: str | None
) -> str:
    """Return the content of ``conf/problem/<name>.yaml``.

    Parameters
    ----------
    problem : ProposedProblem
        Target, task, metrics and criterion.
    columns : list of Column
        All columns, of which those that are left out are excluded.
    group : list of str
        Columns that identify groups of rows.
    time : str or None
        Column with the time of a row.

    Returns
    -------
    str
    """
    left_out = [one for one in columns if one.left_out and one is not problem.target]
    exclude = "".join(
        f"  {setting(one.name)}: {setting(_note(str(one.left_out)))}\n" for one in left_out
    )
    suspects = [one for one in columns if one.suspect and not one.left_out]
    named = "".join(
        f"# Suspect, but kept: {one.name} {_note(str(one.suspect))}\n" for one in suspects
    )
    dates = [one.name for one in columns if one.kind == "date" and one.name != time]
    others = f"; dates: {', '.join(dates[:5])}" if dates else ""
    metric = problem.metrics[0]
    kind = "regression" if problem.task == "regression" else "classification"
    unfair = " and ".join(DIFFERENCES[kind][:2])
    return f"""\
# The prediction problem. Written by `python -m pedigree adopt`; yours to change.
defaults:
  - task@_here_: {problem.task}
  - _self_

goal: {setting(_note(f"Predict {problem.target.source_name}."))}
target: {setting(problem.target.name)}  # {_note(problem.why)}
positive: {setting(problem.positive)}  # the class whose probability is predicted (binary tasks only; null = the rarer class)
group: {setting(group)}  # columns that identify rows of one customer, patient, ...; use split: group
time: {setting(time)}  # column with the time of a row (null = none); use split: time{others}
metrics: {setting(problem.metrics)}  # the first one is used to compare models

# Columns that are not features, each with the reason. Add columns that are only known after the target is.
{named}exclude:{"" if exclude else " {}"}
{exclude}
# Success criteria, each judged by the verdict. A metric's name is its value on the test set; `judged: lower` (upper)
# uses that end of its confidence interval, `rows: worst_slice` the slice where it is worst. Gains over dummy, linear and champion
# (the model in use) and gap_to_validation are in units of the first metric. Others: leakage_findings,
# model_megabytes; {unfair} (between groups of the `protected` columns);
# worst_slice (the first metric there); latency_ms and training_seconds, which `python -m pedigree check` measures.
criteria:
  gain_over_dummy: {{at_least: {problem.gain:g}}}  # of {metric}
"""


def contract_yaml(problem: ProposedProblem, columns: list[ColumnDecision], scan: Scan) -> str:
    """Return the content of ``contracts/<name>.yaml``: a pandera schema with one line per column.

    Parameters
    ----------
    problem : ProposedProblem
        The problem, whose target the rules must allow.
    columns : list of Column
        All columns.
    scan : Scan
        Facts about the values of each column.

    Returns
    -------
    str
    """
    lines = "".join(
        f"  {flow(one.name)}: {flow(_promise(one, problem, scan))}\n" for one in columns
    )
    return f"""\
# What the data must look like: a pandera schema (pandera's own YAML form). Written by
# `python -m pedigree adopt` from {scan.rows:,} rows; yours to change. Ranges are wider than the observed ones:
# they catch another unit or a marker such as -999, but accept plausible new values. Categories are listed if
# each is frequent. `python -m pedigree contract update` proposes changes for later data.
schema_type: dataframe
api: pandas
strict: false  # other columns are allowed; their types are inferred
metadata: {{complete: true}}  # conf/problem/ may only name columns that are listed here
columns:
{lines}"""


def _promise(column: ColumnDecision, problem: ProposedProblem, scan: Scan) -> dict[str, Any]:
    """Return the rules for a column."""
    facts = scan.columns[column.name]
    nullable = facts.missing > 0 or scan.rows < ROWS_WITHOUT_GAP
    promise: dict[str, Any] = {"dtype": column.dtype, "nullable": nullable}
    values = facts.values or set()
    number = column.dtype in ("int64", "float64") and facts.high >= facts.low
    if column is problem.target:
        promise["nullable"] = True  # rows without a target are set aside and counted
        if number and problem.task == "regression":
            promise |= bounds(facts.low, facts.high)
        elif number:
            promise["isin"] = sorted({int(float(value)) for value in values})
    elif column.left_out:
        promise |= {"nullable": True, "required": False}
    elif number and column.kind == "number":
        promise |= bounds(facts.low, facts.high)
    listed = column.dtype == "str" and not column.left_out and 0 < len(values) <= MAX_CATEGORIES
    if listed and scan.rows - facts.missing >= ROWS_PER_CATEGORY * len(values):
        promise["isin"] = sorted(map(str, values))
    return promise


def with_values(path: Path, choices: Mapping[str, str]) -> str:
    """Return the text of a settings file with other values for some keys; comments are kept."""
    text = path.read_text(encoding="utf-8")
    for key, value in choices.items():
        text = re.sub(
            rf"(?m)^(\s*(?:- )?{key}: )(\"[^\"]*\"|'[^']*'|[^\s#]+)",
            rf"\g<1>{value}",
            text,
            count=1,
        )
    return text


def with_plots(path: Path, task: str) -> str:
    """Return the text of dvc.yaml with the plots that `evaluate` writes for a task."""
    text = path.read_text(encoding="utf-8")
    drawn = r"^(- plots/evaluate/.*\n(    .*\n)*)+"
    return re.sub(drawn, PLOTS[task], text, count=1, flags=re.MULTILINE)


def chosen(group: str) -> str:
    """Return the option of a config group that conf/config.yaml selects."""
    defaults = yaml.safe_load((CONF / "config.yaml").read_text(encoding="utf-8"))["defaults"]
    return next((one[group] for one in defaults if isinstance(one, dict) and group in one), "")


def flow(value: Any) -> str:
    """Format a value in YAML's flow style on one line, so that every YAML parser of a project reads the same."""
    text = yaml.dump(
        value,
        Dumper=_Dumper,
        default_flow_style=True,
        allow_unicode=True,
        width=float("inf"),
        sort_keys=False,
    )
    return text.removesuffix("\n").removesuffix("\n...")


def setting(value: Any) -> str:
    """Format a value of a settings file as `flow` does.

    Raises
    ------
    UserError
        Settings would read a string of it as a reference to another setting, or as a missing value.
    """
    for text in _strings(value):
        if "${" in text or text == "???":
            raise UserError(
                f"{text!r:.80} would be read as a reference to a setting or as a missing one, in the file that adopt writes "
                "to conf/; rename the column, class or file of this name."
            )
    return flow(value)


def _strings(value: Any) -> Iterator[str]:
    """Yield all strings in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _strings([*value, *value.values()])
    elif isinstance(value, Sequence):
        for one in value:
            yield from _strings(one)


def _note(text: str) -> str:
    """Format a text for people, such as a reason, as one line without references."""
    return " ".join(text.split()).replace("${", "$ {")


class _Dumper(yaml.SafeDumper):
    """Quotes strings that other parsers would read as numbers, such as 1e5, and escapes line breaks of every kind."""


def _string(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if re.search("[\n\r\x85\u2028\u2029]", text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _string)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?\.?[0-9][0-9_.:]*([eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)
