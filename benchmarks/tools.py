"""Turn what `make test-tools` saw into docs/tools.md: python benchmarks/tools.py build/tools/*.csv > docs/tools.md."""

import csv
import sys
from itertools import groupby
from pathlib import Path

TASKS = ("binary", "multiclass", "regression")
HEAD = """# Every option, tried

The results of `make test-tools`: each option is run through its stage on the raw penguins (some 130 training rows, small budgets),
for each task, twice with the same bytes. Seconds are those of one run on two shared cores and only show which options are
slow; – marks options that do not fit the task and that `configure` rejects. Sources that require a server
(`api`, `bigquery`, `openml`, `scrape`, `sql`) have separate tests.
"""


def main(files: list[str]) -> None:
    """Print a table for each group of options, an option a line."""
    rows: list[dict[str, str]] = []
    for file in files:
        rows += csv.DictReader(Path(file).read_text(encoding="utf-8").splitlines())
    rows.sort(key=lambda row: (row["group"], row["option"]))
    print(HEAD)
    for group, of_group in groupby(rows, key=lambda row: row["group"]):
        print(f"## {group}\n\n| option | {' | '.join(TASKS)} |\n|---|{'---:|' * len(TASKS)}")
        for option, of_option in groupby(of_group, key=lambda row: row["option"]):
            told = {row["task"]: tell(row) for row in of_option}
            print(f"| `{option}` | {' | '.join(told.get(task, '') for task in TASKS)} |")
        print()


def tell(row: dict[str, str]) -> str:
    """Tell seconds, failure or refusal."""
    if row["outcome"] != "passed":
        return "failed"
    return f"{float(row['seconds']):.1f} s" if row["how"] == "run" else "–"


if __name__ == "__main__":
    main(sys.argv[1:])
