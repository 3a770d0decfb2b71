"""Step 2, data collection: a snapshot of a source, as it is.

A source is a function that writes files into a folder and says where they came from; its settings
are a file of ``conf/collect/``.
"""

from __future__ import annotations

import csv
import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import EXTERNAL, RAW
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import replacing, sha256, write_json
from pipeline.core.base.tools import instantiate

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Take a snapshot of the chosen source into data/raw/."""
    with replacing(RAW) as folder:
        folder.mkdir()
        source = instantiate(settings.collect, folder=folder)
        snapshot = {
            "source": source,
            "files": [fingerprint(path) for path in sorted(folder.iterdir())],
        }
        write_json(snapshot, folder / "snapshot.json")
    for entry in snapshot["files"]:
        say(
            f"{entry['name']}: {entry.get('rows', '?')} rows, {entry['bytes']} bytes from {source['kind']}"
        )


def example(folder: Path, seasons: list[str]) -> dict[str, Any]:
    """Collect seasons of the raw Palmer penguins from the installed package.

    Parameters
    ----------
    folder : Path
        Where the snapshot goes.
    seasons : list of str
        Values of `studyName` to keep.
    """
    source = files("palmerpenguins") / "data" / "penguins-raw.csv"
    lines = source.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    known = {row["studyName"] for row in rows}
    for season in seasons:
        if season not in known:
            raise UserError(
                f"collect.seasons: there is no '{season}'; {did_you_mean(season, known)}"
            )
    with (folder / "penguins.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(row for row in rows if row["studyName"] in seasons)
    return {
        "kind": "example",
        "what": "raw Palmer penguins (Gorman, Williams and Fraser 2014), PyPI package palmerpenguins, CC0",
        "seasons": list(seasons),
    }


def file(folder: Path, path: str) -> dict[str, Any]:
    """Collect one CSV or Parquet file of data/external/.

    Raises
    ------
    UserError
        The file is missing, empty, has no rows, lies elsewhere, or is of another kind.
    """
    source = Path(path)
    if EXTERNAL not in source.parents or ".." in source.parts:
        raise UserError(f"collect.path: '{path}' does not lie in {EXTERNAL}/; copy the file there.")
    if not source.is_file():
        there = [p.name for p in EXTERNAL.iterdir() if p.suffix.lower() in (".csv", ".parquet")]
        raise UserError(f"collect.path: {path} is not there; {did_you_mean(source.name, there)}")
    if source.suffix.lower() not in (".csv", ".parquet"):
        raise UserError(f"collect.path: {path} is neither a CSV nor a Parquet file.")
    if source.stat().st_size == 0:
        raise UserError(f"collect.path: {path} is empty.")
    shutil.copyfile(source, folder / source.name)
    if fingerprint(folder / source.name)["rows"] == 0:
        raise UserError(f"collect.path: {path} has a header but no rows.")
    return {"kind": "file", "path": source.as_posix()}


def fingerprint(path: Path) -> dict[str, Any]:
    """Describe a file by name, size, SHA-256, rows and columns."""
    size = path.stat().st_size
    entry: dict[str, Any] = {"name": path.name, "bytes": size, "sha256": sha256(path)}
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet

        try:
            metadata = pyarrow.parquet.read_metadata(path)
        except (ValueError, OSError) as error:
            raise UserError(f"{path.name} is no readable Parquet file: {error}") from None
        return entry | {"rows": metadata.num_rows, "columns": metadata.schema.names}
    try:
        with path.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.reader(text)
            columns = next(reader, [])
            return entry | {"rows": sum(1 for row in reader if row), "columns": columns}
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path.name} is no CSV file in UTF-8: {error}") from None


if __name__ == "__main__":
    run("collect")
