"""What stages say of the rows: data/raw/snapshot.json, metrics/load.json, metrics/clean.json, metrics/split.json."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field

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


class CleanedStep(Entry):
    """How many rows a cleaning step dropped, and how many values of each column it changed."""

    rows_dropped: int
    changed: dict[str, int]


class CleanMetrics(JsonFile):
    """How many rows there were before and after cleaning, and what each step did."""

    place = METRICS / "clean.json"
    stage = "clean"

    rows: int
    kept: int
    steps: dict[str, CleanedStep]


class SubsetMetrics(Entry):
    """The rows of a subset; of those that are used, also the fraction of each class, or mean and standard deviation."""

    rows: int
    classes: dict[str, float] = Field(default_factory=dict)
    mean: float | None = None
    std: float | None = None


class SplitMetrics(JsonFile):
    """The subsets of the split."""

    place = METRICS / "split.json"
    stage = "split"

    train: SubsetMetrics
    validation: SubsetMetrics
    test: SubsetMetrics
    left_out: SubsetMetrics | None = None
    unlabelled: SubsetMetrics | None = None

    @property
    def subsets(self) -> dict[str, SubsetMetrics]:
        """Those that the split has, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: one for name, one in found.items() if one}
