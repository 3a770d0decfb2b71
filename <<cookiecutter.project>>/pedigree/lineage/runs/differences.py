"""How the runs differ: settings, data and code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pedigree.base.dvc_files.lock import is_code, output_hashes
from pedigree.base.names import UserError
from pedigree.base.paths import LOADED
from pedigree.base.settings import leaves
from pedigree.data.records import LoadMetrics, SplitMetrics
from pedigree.lineage.diff import compare_versions
from pedigree.lineage.diff.report import sentences
from pedigree.lineage.diff.versions import read_version
from pedigree.lineage.runs.runs import Run
from pedigree.report.formatting import DASH, short
from pedigree.report.page.rendering import PagePart

DATA = (
    "data/raw",
    "data/loaded",
    "data/clean",
    "data/split",
    "data/features",
    "models/model.skops",
)
UNUSED = {"by_kind", "space_by_kind"}  # options from which the settings of a model were chosen
SETTINGS = 200  # maximum number of lines in the table of settings


@dataclass(frozen=True)
class OutputRow:
    """An output, and its MD5 in each run; None for a run without it."""

    path: str
    hashes: list[str | None]

    @property
    def differs(self) -> bool:
        """Whether the runs have different versions."""
        return len(set(self.hashes)) > 1


@dataclass(frozen=True, kw_only=True)
class ComparedSettings(PagePart):
    """The section on settings: each one that differs, with its value in each run."""

    runs: list[str]
    settings: list[tuple[str, list[str]]]
    more: int
    template: str = "pedigree/lineage/runs/settings.html.j2"


@dataclass(frozen=True, kw_only=True)
class ComparedData(PagePart):
    """The section on data.

    Parameters
    ----------
    runs : list of str
    outputs : list of OutputRow
    subsets : list of str
        Columns of the table of row counts.
    rows : list of dict
        Number of rows of each run, by subset.
    loaded : list of (run, sentences)
        How the loaded rows of a run differ from those of the first run.
    path : str
        Path of the loaded rows.
    """

    runs: list[str]
    outputs: list[OutputRow]
    subsets: list[str]
    rows: list[dict[str, Any]]
    loaded: list[tuple[str, list[str]]]
    path: str = LOADED.as_posix()
    template: str = "pedigree/lineage/runs/data.html.j2"


@dataclass(frozen=True, kw_only=True)
class ComparedCode(PagePart):
    """The section on code: run, stage and files that differ from the first run."""

    first: str
    stages: list[tuple[str, str, list[str]]]
    template: str = "pedigree/lineage/runs/code.html.j2"


def compare_settings(runs: Sequence[Run]) -> ComparedSettings:
    """Return the section that lists the settings that differ."""
    flat = [
        {
            key: value
            for key, value in leaves(run.settings).items()
            if not UNUSED & {*key.split(".")}
        }
        for run in runs
    ]
    keys = sorted({key for one in flat for key in one})
    lines = [(key, [_shown(one, key) for one in flat]) for key in keys]
    differing = [
        (key, [short(value, 80) for value in values])
        for key, values in lines
        if len(set(values)) > 1
    ]
    return ComparedSettings(
        runs=[run.name for run in runs],
        settings=differing[:SETTINGS],
        more=max(0, len(differing) - SETTINGS),
    )


def _shown(values: dict[str, Any], key: str) -> str:
    return json.dumps(values[key], ensure_ascii=False, default=str) if key in values else DASH


def compare_data(runs: Sequence[Run]) -> ComparedData:
    """Return the section on the versions of the data, and how they differ from those of the first run."""
    versions = [output_hashes(run.stages) for run in runs]
    rows, loaded, path = [], [], LOADED.as_posix()
    for run, version in zip(runs, versions, strict=True):
        sizes = {name: one.rows for name, one in run.outputs.require(SplitMetrics).subsets.items()}
        read = run.outputs.require(LoadMetrics).loaded
        rows.append({"run": run.name, "loaded": read, **sizes})
        if version.get(path) != versions[0].get(path):
            loaded.append((run.name, _differences(runs[0].name, run.name)))
    return ComparedData(
        runs=[run.name for run in runs],
        outputs=[OutputRow(path, [one.get(path) for one in versions]) for path in DATA],
        subsets=list(dict.fromkeys(name for one in rows for name in one if name != "run")),
        rows=rows,
        loaded=loaded,
    )


def _differences(before: str, after: str) -> list[str]:
    """Describe how the loaded rows differ, or why it is unknown."""
    try:
        found = compare_versions(*(read_version(name, Path(LOADED)) for name in (before, after)))
    except UserError as error:
        return [str(error)]
    moved = [one["column"] for one in found["values"] if one["shifted"]]
    return sentences(found) + (
        [f"Distributions that have shifted: {', '.join(moved)}."] if moved else []
    )


def compare_code(runs: Sequence[Run]) -> ComparedCode:
    """Return the section that lists the stages whose code differs from that of the first run."""
    found = []
    for run in runs[1:]:
        for stage in run.stages:
            one, two = (_code(each, stage) for each in (runs[0], run))
            changed = sorted(path for path in one | two if one.get(path) != two.get(path))
            if changed and stage in runs[0].stages:
                found.append((run.name, stage, changed))
    return ComparedCode(first=runs[0].name, stages=found)


def _code(run: Run, stage: str) -> dict[str, str]:
    deps = run.stages.get(stage, {"deps": ()})["deps"]
    return {dep["path"]: dep["md5"] for dep in deps if is_code(dep["path"])}
