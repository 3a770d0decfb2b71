"""Tracking: hand the finished result to a tracker, beside what DVC and Git record of every result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree.base.paths import DVC_YAML, REPORTS
from pedigree.base.settings import as_dict, read_yaml
from pedigree.base.stage import run, say
from pedigree.base.tables import write_json
from pedigree.base.tools import instantiate
from pedigree.tracking.result import NotLogged, Result

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Log the result to the chosen tracker, and write the receipt reports/track.json."""
    receipt: dict[str, Any] = {"tracker": None, "result": None, "logged": False}
    if settings.track.tracker:
        result = Result.read(read_yaml(DVC_YAML)["stages"]["track"]["deps"])
        receipt = {"tracker": settings.track.tracker["_target_"], "result": result.id}
        try:
            instantiate(as_dict(settings.track.tracker), _partial_=True)(result)
            receipt["logged"] = True
        except NotLogged as error:
            receipt["logged"] = False
            say(f"WARNING: the result was not logged: {error}")
            say("WARNING: everything else is done; once it works, `dvc repro -sf track` logs it")
    write_json(receipt, REPORTS / "track.json")


if __name__ == "__main__":
    run("track", main)
