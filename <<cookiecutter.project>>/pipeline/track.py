"""Tracking: hand the finished result to a tracker, beside what DVC and Git record of every result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree import Result, paths, run, write_json

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Log the result to the chosen tracker, and write the receipt reports/track.json."""
    receipt: dict[str, Any] = {"tracker": None, "result": None, "logged": False}
    if tracker := settings.track.tracker:
        result = Result.read()
        receipt = {"tracker": tracker["_target_"], "result": result.id}
        receipt["logged"] = result.log(tracker)
    write_json(receipt, paths.REPORTS / "track.json")


if __name__ == "__main__":
    run("track", main)
