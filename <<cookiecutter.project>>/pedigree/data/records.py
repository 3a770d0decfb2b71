"""What data/raw/snapshot.json says of the collected rows, and metrics/load.json of the loaded ones."""

from __future__ import annotations

from typing import Any, Self

from pedigree.base.json_file import Entry, JsonFile, read_as
from pedigree.base.paths import METRICS, SNAPSHOT


class CollectedFile(Entry):
    """A file of data/raw/, named relative to that folder."""

    name: str
    bytes: int
    sha256: str
    rows: int


class SnapshotRecord(Entry):
    """Collected files and their origin.

    Parameters
    ----------
    settings : dict
        Settings of the source (a file of ``conf/collect/``), without limits.
    source : dict
        The source's own account: `kind`, where the rows came from, and `reading`, how its files are to be read.
    rows : int
    columns : list of str
        Names in the source.
    files : list of CollectedFile
    """

    settings: dict[str, Any]
    source: dict[str, Any]
    rows: int
    columns: list[str]
    files: list[CollectedFile]

    @classmethod
    def read(cls) -> Self:
        """Read data/raw/snapshot.json.

        Raises
        ------
        UserError
            No snapshot has been taken yet, or the file does not have these keys.
        """
        return read_as(cls, SNAPSHOT, "collect")

    @property
    def reading(self) -> dict[str, Any] | None:
        """How the files are to be read."""
        return self.source.get("reading")


class LoadMetrics(JsonFile):
    """How many rows were read, loaded and rejected, and the type of each column."""

    place = METRICS / "load.json"
    stage = "load"

    rows: int
    loaded: int
    rejected: int
    types: dict[str, str]
