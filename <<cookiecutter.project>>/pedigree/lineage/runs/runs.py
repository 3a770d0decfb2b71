"""Runs as Git and DVC have recorded them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import yaml

from pedigree.base.dvc_files.lock import LOCK, outdated, recorded_stages, whole
from pedigree.base.dvc_files.stored import refuse_damaged
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS
from pedigree.base.settings import Loader, read_yaml
from pedigree.lineage.diff.versions import WORKSPACE, lost, open_version, way_to
from pedigree.report.outputs import RunOutputs, read_workspace
from pedigree.scoring.predictions import PredictionTable
from pedigree.scoring.results import VerdictMetrics

PROBLEM = ("target", "task", "positive")  # settings that must be equal in all compared runs
NEEDED = ("metrics/evaluate.json", "metrics/train.json")


@dataclass(frozen=True)
class Run:
    """The recorded results of a run.

    Parameters
    ----------
    name : str
        As given on the command line.
    outputs : RunOutputs
    settings : dict
        Its params.yaml.
    stages : dict
        Stages of its dvc.lock.
    """

    name: str
    outputs: RunOutputs
    settings: dict[str, Any]
    stages: dict[str, Any]

    @property
    def has_verdict(self) -> bool:
        """Whether its model was evaluated on the test set; otherwise, the recorded verdict is about an earlier model."""
        return self.outputs.find(VerdictMetrics) is not None and not outdated(
            self.stages, "verdict"
        )

    def predictions(self, subset: str) -> PredictionTable:
        """Read its predictions for a subset."""
        import pandas as pd

        folder = f"data/predictions/{subset}"
        parts: list[pd.DataFrame] = []
        while data := self.outputs.read(f"{folder}/part-{len(parts):05d}.parquet"):
            parts.append(pd.read_parquet(BytesIO(data)))
        if not parts:
            raise UserError(
                f"{self.name} has no {folder}, since it ran before predictions were stored; run it again."
            )
        return PredictionTable.of_table(pd.concat(parts, ignore_index=True))


def open_run(name: str) -> Run:
    """Open a run.

    Raises
    ------
    UserError
        The run does not exist, stopped before `evaluate`, or its files are lost.
    """
    read = read_workspace if name == WORKSPACE else reader(name)
    way_out = "dvc repro" if name == WORKSPACE else f"{way_to(name)} && dvc repro"
    for path in (PARAMS.name, LOCK.name, *NEEDED):
        if read(path) is None:
            raise UserError(
                f"{name} has no {path}, since it stopped before `evaluate`; run `{way_out}`."
            )
    if name == WORKSPACE:  # its files may be damaged; those in Git are not
        settings, stages = read_yaml(PARAMS), recorded_stages()
    else:
        settings = yaml.load(read(PARAMS.name) or b"", Loader=Loader)
        stages = whole(yaml.load(read(LOCK.name) or b"", Loader=Loader))
    if outdated(stages, "evaluate"):
        raise UserError(
            f"{name} stopped before `evaluate`, so its scores are those of an earlier model; "
            f"run `{way_out}`."
        )
    return Run(name, RunOutputs(settings["problem"], read), settings, stages)


def reader(revision: str) -> Callable[[str], bytes | None]:
    """Return a function that reads the files of a revision."""
    from dvc_data.index.index import DataIndexError

    files = open_version(revision)

    def read(path: str) -> bytes | None:
        try:
            content = files.read_bytes(path) if files.exists(path) else None
            if content is not None and (md5 := files.info(path).get("md5")):  # else it is in Git
                refuse_damaged(content, md5)
        except (DataIndexError, FileNotFoundError):
            raise lost(f"{path} of {revision}", revision) from None
        return content

    return read


def same_problem(runs: Sequence[Run]) -> None:
    """Check that the runs have the same problem.

    Raises
    ------
    UserError
        They differ in a setting of `problem`.
    """
    first, *others = runs
    for other in others:
        for key in PROBLEM:
            one, two = (run.settings["problem"].get(key) for run in (first, other))
            if one != two:
                raise UserError(
                    f"{first.name} and {other.name} have different problems: problem.{key} is "
                    f"{json.dumps(one)} and {json.dumps(two)}. Compare runs of the same problem."
                )
