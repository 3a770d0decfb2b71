"""What made the runs differ: settings, data, code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pedigree.base.lock import fingerprints, is_code
from pedigree.base.names import UserError
from pedigree.base.paths import LOADED
from pedigree.base.settings import leaves
from pedigree.lineage.diff import compare
from pedigree.lineage.diff.report import sentences
from pedigree.lineage.diff.versions import read_version
from pedigree.lineage.runs.runs import Run
from pedigree.report.elements import DASH, short
from pedigree.report.page import Page, copyable

DATA = (
    "data/raw",
    "data/loaded",
    "data/clean",
    "data/split",
    "data/features",
    "models/model.skops",
)
UNUSED = {"by_kind", "space_by_kind"}  # what the settings of a model were chosen from
SETTINGS = 200  # lines of the table of settings


def settings(page: Page, runs: Sequence[Run]) -> None:
    """List the settings that differ."""
    page.heading("Settings that differ", "settings")
    flat = [
        {
            key: value
            for key, value in leaves(run.settings).items()
            if not UNUSED & {*key.split(".")}
        }
        for run in runs
    ]
    keys = sorted({key for one in flat for key in one})
    differing = [key for key in keys if len({_shown(one, key) for one in flat}) > 1]
    if not differing:
        page.paragraph("None.")
        return
    lines = [
        {
            "setting": key,
            **{run.name: short(_shown(one, key), 80) for run, one in zip(runs, flat, strict=True)},
        }
        for key in differing
    ]
    page.table(lines[:SETTINGS], "lines of params.yaml")
    if len(lines) > SETTINGS:
        page.paragraph(f"{len(lines) - SETTINGS} more differ.")


def _shown(values: dict[str, Any], key: str) -> str:
    return json.dumps(values[key], ensure_ascii=False, default=str) if key in values else DASH


def data(page: Page, runs: Sequence[Run]) -> None:
    """List the versions of the data, and how they differ from those of the first run."""
    page.heading("Data that differ", "data")
    versions = [fingerprints(run.stages) for run in runs]
    lines = []
    for path in DATA:
        found = [one.get(path) for one in versions]
        hashes = {
            run.name: copyable(md5) if md5 else DASH for run, md5 in zip(runs, found, strict=True)
        }
        lines.append({"output": path, "differs": len(set(found)) > 1, **hashes})
    page.table(lines, "MD5 of what DVC recorded")
    rows = []
    for run in runs:
        split = run.facts.json("metrics/split.json")
        sides = {side: entry["rows"] for side, entry in split.items()}
        rows.append(
            {"run": run.name, "loaded": run.facts.json("metrics/load.json")["loaded"], **sides}
        )
    names = dict.fromkeys(name for one in rows for name in one)
    page.table([{name: one.get(name) for name in names} for one in rows], "rows")
    for run, version in zip(runs[1:], versions[1:], strict=True):
        path = LOADED.as_posix()
        if version.get(path) != versions[0].get(path):
            page.subheading(f"{path}: {runs[0].name}, then {run.name}")
            for said in _differences(runs[0].name, run.name):
                page.paragraph(said)


def _differences(before: str, after: str) -> list[str]:
    """Say how the loaded rows differ, or why that cannot be known here."""
    try:
        found = compare(*(read_version(name, Path(LOADED)) for name in (before, after)))
    except UserError as error:
        return [str(error)]
    moved = [one["column"] for one in found["values"] if one["shifted"]]
    return sentences(found) + (
        [f"Distributions that have shifted: {', '.join(moved)}."] if moved else []
    )


def code(page: Page, runs: Sequence[Run]) -> None:
    """List the stages whose code differs from that of the first run."""
    page.heading("Code that differs", "code")
    lines = []
    for run in runs[1:]:
        for stage in run.stages:
            one, two = (_code(each, stage) for each in (runs[0], run))
            changed = sorted(path for path in one | two if one.get(path) != two.get(path))
            if changed and stage in runs[0].stages:
                lines.append({"run": run.name, "stage": stage, "code": ", ".join(changed)})
    if lines:
        page.table(lines, f"against {runs[0].name}; `git diff` shows the lines")
    else:
        page.paragraph("None.")


def _code(run: Run, stage: str) -> dict[str, str]:
    deps = run.stages.get(stage, {}).get("deps", ())
    return {dep["path"]: dep["md5"] for dep in deps if is_code(dep["path"])}
