"""Leakage: checks on the split and the model, that what should not be known is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree.base.paths import METRICS, REPORTS
from pedigree.base.stage import run, say
from pedigree.base.tables import write_json, write_rows
from pedigree.base.tools import instantiate
from pedigree.leakage import COLUMNS
from pedigree.leakage.evidence import Evidence

if TYPE_CHECKING:
    from omegaconf import DictConfig


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


if __name__ == "__main__":
    run("leakage", main)
