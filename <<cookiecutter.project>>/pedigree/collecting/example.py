"""The bundled example: the raw Palmer penguins."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pedigree.base.files.replacing import replacing
from pedigree.base.names import UserError, did_you_mean
from pedigree.data.formats import file_dialect


def collect(folder: Path, seasons: Sequence[str]) -> dict[str, Any]:
    """Collect seasons of the raw Palmer penguins from the installed package.

    Parameters
    ----------
    folder : Path
        Folder of the snapshot.
    seasons : sequence of str
        Values of `studyName` to keep.

    Raises
    ------
    UserError
        A season does not exist.
    """
    source = files("palmerpenguins") / "data" / "penguins-raw.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    known = {row["studyName"] for row in rows}
    for season in seasons:
        if season not in known:
            raise UserError(
                f"collect.seasons: '{season}' does not exist; {did_you_mean(season, known)}"
            )
    with (
        replacing(folder / "penguins.csv") as new,
        new.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if row["studyName"] in seasons)
    return {
        "kind": "example",
        "what": "raw Palmer penguins (Gorman, Williams and Fraser 2014), PyPI package palmerpenguins, CC0",
        "seasons": list(seasons),
        "reading": file_dialect(folder / "penguins.csv"),
    }
