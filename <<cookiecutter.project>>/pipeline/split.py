"""Data splitting: train, validation and test, before anything is fitted."""

from __future__ import annotations

from pedigree import (
    new_folder,
    paths,
    read_table,
    run,
    say,
    split_rows,
    write_table,
)
from pedigree.settings import SplitSettings


def main(settings: SplitSettings) -> None:
    """Put each row of data/clean/ into one subset; rows without a target go to data/split/unlabelled/."""
    split = split_rows(read_table(paths.CLEAN), settings.split, settings.problem)
    with new_folder(paths.SPLIT) as folder:
        for name, rows in split.subsets.items():
            write_table(rows, folder / name)
        split.target.write(folder / "target.json")
    split.metrics().write(paths.METRICS / "split.json")
    say(", ".join(f"{name}: {len(rows)} rows" for name, rows in split.subsets.items()))


if __name__ == "__main__":
    run("split", main)
