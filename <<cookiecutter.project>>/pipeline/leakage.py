"""Leakage: checks on the split and the model, that what should not be known is not known."""

from __future__ import annotations

from typing import Any

from pedigree import Evidence, instantiate, paths, run, say, write_csv
from pedigree.settings import LeakageSettings

COLUMNS = ("check", "where", "found", "measured", "limit", "says")


def main(settings: LeakageSettings) -> None:
    """Run every chosen check; write what they found to reports/leakage.csv, and how much to metrics/leakage.json.

    A leak is a finding, not a crash: `verdict` can hold the number against a limit.
    """
    checks = settings.leakage.checks
    evidence = Evidence.read(settings)
    lines: list[dict[str, Any]] = []
    for name, check in checks.items():
        for finding in instantiate(check, _partial_=True)(evidence):
            found = "yes" if finding.found else "no"
            lines.append({"check": name, **vars(finding), "found": found})
    write_csv(lines, paths.REPORTS / "leakage.csv", COLUMNS)
    counts = evidence.metrics(lines)
    counts.write(paths.METRICS / "leakage.json")
    for line in lines:
        if line["found"] == "yes":
            say(f"{line['check']}: {line['says']}")
    say(f"findings: {counts.findings} of {counts.checks} checks; see {paths.REPORTS}/leakage.csv")


if __name__ == "__main__":
    run("leakage", main)
