"""Tracking: hand the finished result to a tracker, beside what DVC and Git record of every result."""

from __future__ import annotations

from typing import Any

from pedigree import Result, paths, run, write_json
from pedigree.settings import TrackSettings


def main(settings: TrackSettings) -> None:
    """Log the result to the chosen tracker, and write the receipt reports/track.json."""
    receipt: dict[str, Any] = {"tracker": None, "result": None, "logged": False}
    if tracker := settings.track.tracker:
        result = Result.read()
        receipt = {"tracker": tracker.target, "result": result.id}
        receipt["logged"] = result.log(tracker)
    write_json(receipt, paths.REPORTS / "track.json")


if __name__ == "__main__":
    run("track", main)
