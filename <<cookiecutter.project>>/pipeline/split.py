"""Data splitting: train, validation and test, before anything is fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree import (
    new_folder,
    paths,
    read_table,
    run,
    say,
    split_rows,
    write_json,
    write_table,
)

if TYPE_CHECKING:
    from pedigree.splitting.settings import SplitSettings


def main(settings: SplitSettings) -> None:
    """Put each row of data/clean/ into one subset; rows without a target go to data/split/unlabelled/."""
    target = settings.problem.target
    split = split_rows(read_table(paths.CLEAN), settings.split, settings.problem)
    with new_folder(paths.SPLIT) as folder:
        for name, rows in split.subsets.items():
            write_table(rows, folder / name)
        split.target.write(folder / "target.json")
    summary = split.summary(target)
    write_json(summary, paths.METRICS / "split.json")
    say(", ".join(f"{name}: {entry['rows']} rows" for name, entry in summary.items()))


if __name__ == "__main__":
    run("split", main)
