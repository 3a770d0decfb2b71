"""Runs as Git and DVC have recorded them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import yaml

from pedigree.base.lock import LOCK, outdated
from pedigree.base.names import UserError
from pedigree.base.paths import PARAMS
from pedigree.base.settings import Loader
from pedigree.lineage.diff.versions import WORKSPACE, lost, recorded, way_to
from pedigree.report.facts import Facts, here
from pedigree.scoring.predictions import Predictions

QUESTION = ("target", "task", "positive")
UNJUDGED = "stopped before `verdict`"
NEEDED = ("metrics/evaluate.json", "metrics/train.json")


@dataclass(frozen=True)
class Run:
    """What a run left behind.

    Parameters
    ----------
    name : str
        As it was asked for.
    facts : Facts
    settings : dict
        Its params.yaml.
    stages : dict
        Of its dvc.lock.
    """

    name: str
    facts: Facts
    settings: dict[str, Any]
    stages: dict[str, Any]

    @property
    def judged(self) -> bool:
        """Whether its model has seen the test rows; the verdict recorded may be an earlier one's."""
        return bool(self.facts.verdict) and not outdated(self.stages, "verdict")

    def predictions(self, side: str) -> Predictions:
        """Read what it has predicted of a side's rows."""
        import pandas as pd

        folder = f"data/predictions/{side}"
        parts: list[pd.DataFrame] = []
        while data := self.facts.read(f"{folder}/part-{len(parts):05d}.parquet"):
            parts.append(pd.read_parquet(BytesIO(data)))
        if not parts:
            raise UserError(
                f"{self.name} records no {folder}; it ran before predictions were kept: run it again."
            )
        return Predictions.of_table(pd.concat(parts, ignore_index=True))


def open_run(name: str) -> Run:
    """Open a run.

    Raises
    ------
    UserError
        There is no such run, it has not got as far as `evaluate`, or its files are nowhere.
    """
    read = here if name == WORKSPACE else reader(name)
    way_out = "dvc repro" if name == WORKSPACE else f"{way_to(name)} && dvc repro"
    for path in (PARAMS.name, LOCK.name, *NEEDED):
        if read(path) is None:
            raise UserError(
                f"{name} has no {path}: it has not run as far as `evaluate`. `{way_out}` makes it."
            )
    settings = yaml.load(read(PARAMS.name) or b"", Loader=Loader)
    stages = yaml.load(read(LOCK.name) or b"", Loader=Loader)["stages"]
    if outdated(stages, "evaluate"):
        raise UserError(
            f"{name} has not run as far as `evaluate`: its scores are those of an earlier model. "
            f"`{way_out}` makes them anew."
        )
    return Run(name, Facts(settings["problem"], read), settings, stages)


def reader(revision: str) -> Callable[[str], bytes | None]:
    """Return what reads the files of a revision."""
    from dvc_data.index.index import DataIndexError

    files = recorded(revision)

    def read(path: str) -> bytes | None:
        try:
            return files.read_bytes(path) if files.exists(path) else None
        except (DataIndexError, FileNotFoundError):
            raise lost(f"{path} of {revision}", revision) from None

    return read


def same_question(runs: Sequence[Run]) -> None:
    """Refuse runs that answer different questions.

    Raises
    ------
    UserError
        Names the setting.
    """
    first, *others = runs
    for other in others:
        for key in QUESTION:
            one, two = (run.settings["problem"].get(key) for run in (first, other))
            if one != two:
                raise UserError(
                    f"{first.name} and {other.name} answer different questions: problem.{key} is "
                    f"{json.dumps(one)} and {json.dumps(two)}. Compare runs of one question."
                )
