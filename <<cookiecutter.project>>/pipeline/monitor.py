"""Monitoring: later batches against the training data, and whether to train again."""

from __future__ import annotations

from pedigree import Batches, paths, run, say
from pedigree.settings import MonitorSettings


def main(settings: MonitorSettings) -> None:
    """Measure drift and performance on data/incoming/ and decide whether to train again."""
    batches = Batches.read(settings)
    drifted = batches.drift()
    scores = batches.performance()
    result = batches.result(drifted, scores)
    result.write(paths.METRICS / "monitor.json")
    batches.write_report(result, drifted)
    say(f"retrain: {'yes' if result.retrain else 'no'} ({'; '.join(result.reasons)})")


if __name__ == "__main__":
    run("monitor", main)
