"""Tracking: hand the finished result to a tracker, beside what DVC and Git record of every result.

A tracker is a function `log(result, **options)`; it must not log the same result twice. One that
cannot take the result raises `NotLogged`. That is no reason to lose the result: the stage warns,
says in its receipt that nothing was logged, and ends well.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.base.paths import REPORTS
from pipeline.core.base.settings import as_dict, read_yaml
from pipeline.core.base.stage import say
from pipeline.core.base.tables import write_json
from pipeline.core.base.tools import instantiate
from pipeline.track.result import NotLogged, Result

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Log the result to the chosen tracker, and write the receipt reports/track.json."""
    receipt: dict[str, Any] = {"tracker": None, "result": None, "logged": False}
    if settings.track.tracker:
        result = Result.read(read_yaml(Path("dvc.yaml"))["stages"]["track"]["deps"])
        receipt = {"tracker": settings.track.tracker["_target_"], "result": result.id}
        try:
            instantiate(as_dict(settings.track.tracker), _partial_=True)(result)
            receipt["logged"] = True
        except NotLogged as error:
            receipt["logged"] = False
            say(f"WARNING: the result was not logged: {error}")
            say("WARNING: everything else is done; once it works, `dvc repro -sf track` logs it")
    write_json(receipt, REPORTS / "track.json")
