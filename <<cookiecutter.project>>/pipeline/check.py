"""The last verdict as an exit code, for CI: 0 accepted, 1 not accepted or no verdict."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipeline.core.base.tables import read_json


def main() -> None:
    """Print the verdict, one line a criterion."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.check", description=__doc__)
    parser.add_argument(
        "verdict",
        nargs="?",
        type=Path,
        default=Path("metrics/verdict.json"),
        help="default: %(default)s",
    )
    path = parser.parse_args().verdict
    if not path.exists():
        sys.exit(f"check: {path} is not there; run `dvc repro` first.")
    verdict = read_json(path)
    for one in verdict["metrics"]:
        low, high = one["interval"]
        print(
            f"  {one['metric']:<20} {_number(one['value'])}  [{_number(low)}, {_number(high)}]"
            f"  validation {_number(one['validation'])}  dummy {_number(one['dummy'])}"
        )
    print(f"  {'; '.join(verdict['about'])}\n")
    for one in verdict["criteria"]:
        sign, limit = (">=", one["at_least"]) if "at_least" in one else ("<=", one["at_most"])
        print(
            f"  {'met   ' if one['met'] else 'MISSED'} {one['criterion']} {_number(one['value'])} {sign} {limit:g}"
        )
    print("accepted" if verdict["accepted"] else "NOT ACCEPTED")
    sys.exit(0 if verdict["accepted"] else 1)


def _number(value: float | None) -> str:
    return f"{value:.4g}" if value is not None else "-"


if __name__ == "__main__":
    main()
