"""Leakage: checks on the split and the model, that what should not be known is not known.

Each entry of `leakage.checks` is a function that looks for one kind of leak::

    check(evidence, **options) -> list of Finding

It gets the rows of all sides as they were split, and returns what it found: a finding for each column
or pair of sides that raises the alarm, or a single one that tells that none does. Checks look at the
features of validation and test rows, never at the test rows' answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.base.paths import METRICS, REPORTS
from pipeline.core.base.stage import say
from pipeline.core.base.tables import write_json, write_rows
from pipeline.core.base.tools import instantiate
from pipeline.leakage.evidence import Evidence

if TYPE_CHECKING:
    from omegaconf import DictConfig

COLUMNS = ("check", "where", "found", "measured", "limit", "says")


def main(settings: DictConfig) -> None:
    """Run every chosen check; write what they found to reports/leakage.csv, and how much to metrics/leakage.json.

    A leak is a finding, not a crash: `verdict` can hold the number against a limit.
    """
    evidence = Evidence.read(settings)
    lines: list[dict[str, Any]] = []
    for name, check in settings.leakage.checks.items():
        for one in instantiate(check, _partial_=True)(evidence):
            found = "yes" if one.found else "no"
            lines.append({"check": name, **vars(one), "found": found})
    write_rows(lines, REPORTS / "leakage.csv", COLUMNS)
    alarms = [line for line in lines if line["found"] == "yes"]
    counts = {
        "findings": len(alarms),
        "checks": len(settings.leakage.checks),
        "found_by": sorted({line["check"] for line in alarms}),
    }
    write_json(counts, METRICS / "leakage.json")
    for line in alarms:
        say(f"{line['check']}: {line['says']}")
    say(f"{counts['findings']} findings of {counts['checks']} checks; see {REPORTS}/leakage.csv")
