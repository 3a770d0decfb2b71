"""The data: sources and uses of the rows, changes by cleaning, and rules of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pedigree.data.records import (
    CleanedStep,
    CleanMetrics,
    CollectedFile,
    LoadMetrics,
    SplitMetrics,
    SubsetMetrics,
)
from pedigree.features.selection.select_metrics import SelectMetrics
from pedigree.report.charts.marks import Mark, MarkChart, bar_chart
from pedigree.report.formatting import percent, short
from pedigree.report.outputs import RunOutputs
from pedigree.report.page.rendering import PagePart

SUBSETS = {"train": "training set", "validation": "validation set", "test": "test set"}
OTHERS = {"unlabelled": "without a label", "left_out": "left out by the split"}
CLASSES = 8  # maximum number of classes in a tooltip
COLUMNS = 6  # maximum number of columns that a cleaning step lists
WIDE = 4  # tables have this many times as many lines as charts have marks
# Rules of a contract, in words; other rules are not listed.
RULES = {
    "isin": "one of {}",
    "str_matches": "matches {}",
    "str_length": "length {}",
    "in_range": "in the range {}",
    "ge": "at least {}",
    "gt": "greater than {}",
    "le": "at most {}",
    "lt": "less than {}",
}


@dataclass(frozen=True)
class CleaningStep:
    """The effect of a cleaning step: rows that it dropped, and how many values it changed in each column."""

    name: str
    rows_dropped: int
    values_changed: int
    columns: list[tuple[str, int]]
    more: int


@dataclass(frozen=True)
class ColumnRow:
    """A column: its type, its role, the rules of the contract, and why it is not a feature."""

    name: str
    dtype: str
    role: str
    rules: list[str]
    reason: str


@dataclass(frozen=True)
class FeatureRow:
    """A feature before selection; `fraction` is the fraction of folds in which it was selected."""

    name: str
    kept: bool
    fraction: float | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class DataSection(PagePart):
    """The section on the data.

    Parameters
    ----------
    kind, source : str
        Kind and description of the source.
    chart : MarkChart
        Number of rows after each step, and in each subset.
    has_classes : bool
    steps : list of CleaningStep
    rejected : int
        Number of rows that violate the contract.
    columns : list of ColumnRow
    ruled : int
        Number of columns with rules in the contract.
    more_columns : int
        Number of columns that the table leaves out.
    features : list of FeatureRow
    kept, candidates : int
        Number of features after and before selection.
    stability : float or None
        Stability of the selection over the folds.
    files : list of dict
        Files of the snapshot.
    more_files : int
        Number of files that the table leaves out.
    """

    kind: str
    source: str
    chart: MarkChart
    has_classes: bool
    steps: list[CleaningStep]
    rejected: int
    columns: list[ColumnRow]
    ruled: int
    more_columns: int
    features: list[FeatureRow]
    kept: int
    candidates: int
    stability: float | None
    files: list[CollectedFile]
    more_files: int
    template: str = "pedigree/report/sections/data.html.j2"


def data(outputs: RunOutputs, most: int) -> DataSection:
    """Return the section on the data.

    Parameters
    ----------
    outputs : RunOutputs
    most : int
        Maximum number of files; four times as many columns are listed.

    Returns
    -------
    DataSection
    """
    snapshot, loaded = outputs.lineage.snapshot, outputs.require(LoadMetrics)
    source, files = snapshot.source, snapshot.files
    columns, selection = _columns(outputs), outputs.require(SelectMetrics)
    features = [
        FeatureRow(one["feature"], one["kept"] == "True", one["share_of_folds"], one["reason"])
        for one in outputs.rows("reports/select.csv", "share_of_folds")
    ]
    return DataSection(
        kind=source["kind"],
        source=source.get("what") or source.get("path") or source.get("url") or "",
        chart=_rows(outputs),
        has_classes=outputs.problem["kind"] == "classification",
        steps=_cleaning(outputs.require(CleanMetrics).steps),
        rejected=loaded.rejected,
        columns=columns[: WIDE * most],
        ruled=len(outputs.signature.contract.get("columns", {})),
        more_columns=max(0, len(columns) - WIDE * most),
        features=features[: WIDE * most],
        kept=sum(one.kept for one in features),
        candidates=len(features),
        stability=(selection.stability or {}).get("index"),
        files=files[:most],
        more_files=max(0, len(files) - most),
    )


def _rows(outputs: RunOutputs) -> MarkChart:
    """Return a chart of the rows after each step, and in each subset of the split."""
    loaded, split = outputs.require(LoadMetrics), outputs.require(SplitMetrics)
    marks = [
        Mark("collected", outputs.lineage.snapshot.rows),
        Mark("after the contract", loaded.loaded, note=f"{loaded.rejected:,} rejected"),
        Mark("after cleaning", outputs.require(CleanMetrics).kept),
    ]
    for subset, name in (SUBSETS | OTHERS).items():
        entry = split.subsets.get(subset, SubsetMetrics(rows=0))
        classes = list(entry.classes.items())[:CLASSES]
        note = "\n".join(f"{short(one, 30)}: {percent(fraction)}" for one, fraction in classes)
        if entry.rows or subset in SUBSETS:
            marks.append(Mark(name, entry.rows, note=note, tone="t2"))
    return bar_chart(marks)


def _cleaning(steps: dict[str, CleanedStep]) -> list[CleaningStep]:
    found = []
    for name, step in steps.items():
        changed = sorted(step.changed.items(), key=lambda one: -one[1])
        more = max(0, len(changed) - COLUMNS)
        values = sum(step.changed.values())
        found.append(CleaningStep(name, step.rows_dropped, values, changed[:COLUMNS], more))
    return found


def _columns(outputs: RunOutputs) -> list[ColumnRow]:
    rules = outputs.signature.contract.get("columns", {})
    excluded, inputs = outputs.problem.get("exclude") or {}, outputs.signature.inputs
    found = []
    for name, dtype in outputs.signature.types.items():
        role = "not a feature"
        if name in inputs:
            role = "required feature" if inputs[name].required else "optional feature"
        role = "target" if name == outputs.problem["target"] else role
        found.append(
            ColumnRow(
                name, dtype, role, contract_rules(rules.get(name) or {}), excluded.get(name, "")
            )
        )
    return found


def contract_rules(column: dict[str, Any]) -> list[str]:
    """Describe the rules of a contract for a column in words."""
    found = []
    for rule, words in RULES.items():
        value = column.get(rule)
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        if isinstance(value, dict):
            value = ", ".join(f"{key} {one}" for key, one in value.items())
        if value is not None:
            found.append(words.format(short(value)))
    found += ["unique"] if column.get("unique") else []
    return found + (["no missing values"] if column.get("nullable") is False else [])
