"""Data cleaning: an ordered list of cleaning steps, each a function of a Narwhals frame."""

from __future__ import annotations

from pedigree import clean_rows, paths, read_table, run, say, write_table
from pedigree.settings import CleanSettings


def main(settings: CleanSettings) -> None:
    """Clean data/loaded/ into data/clean/ and count what each step changed."""
    cleaned, counts = clean_rows(read_table(paths.LOADED), settings.clean.steps)
    write_table(cleaned, paths.CLEAN)
    counts.updated(kept=len(cleaned)).write(paths.METRICS / "clean.json")
    for name, count in counts.steps.items():
        changed = sum(count.changed.values())
        say(f"{name}: {count.rows_dropped} rows dropped, {changed} values changed")


if __name__ == "__main__":
    run("clean", main)
