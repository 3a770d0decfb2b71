"""The snapshot of a source: its files in data/raw/, described in data/raw/snapshot.json."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.base.names import UserError, did_you_mean, snake_cased
from pedigree.base.paths import RAW, SNAPSHOT
from pedigree.base.secrets.redaction import hide_variables, redact_all
from pedigree.base.settings import read_yaml
from pedigree.base.tables import sha256, write_json
from pedigree.base.tools import described, instantiate
from pedigree.data import formats
from pedigree.data.records import SnapshotRecord

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.collecting.settings import Collect


LIMITS = ("min_rows", "max_shrink")  # these validate a snapshot, and do not identify it


class Snapshot(SnapshotRecord):
    """Collected files and their origin, with the rows; for the parameters see `pedigree.data.records`.

    Examples
    --------
    >>> from pedigree import Snapshot
    >>> snapshot = Snapshot.read()
    >>> snapshot.rows == len(snapshot.table())
    True
    """

    @classmethod
    def take(cls, settings: Collect, folder: Path) -> Snapshot:
        """Let a source write its files to a folder, and return their description.

        Parameters
        ----------
        settings : Collect
            A file of ``conf/collect/``; its `_target_` is called with `folder` and the other settings.
        folder : Path
            An existing empty folder.

        Raises
        ------
        UserError
            The source does not accept `folder`, or does not return where the rows came from.
        """
        wanted = source_settings(settings)
        own = {key: value for key, value in wanted.items() if key != "as_of"}
        hide_variables(own)
        source = instantiate(own, folder=folder)
        if not (isinstance(source, dict) and isinstance(source.get("kind"), str)):
            found = f"keys {list(source)}" if isinstance(source, dict) else described(source)
            raise UserError(
                f"{settings.target} returned {found}; a source must return a dictionary with 'kind', a string "
                "that says where the rows came from."
            )
        return cls(settings=wanted, source=redact_all(source), **fingerprint(folder, source))

    def check(self, last: Snapshot | None, limits: Collect, contract: str) -> None:
        """Raise an error if a new snapshot is implausible, so that the last one is kept.

        Parameters
        ----------
        last : Snapshot or None
            The last snapshot.
        limits : Collect
            `min_rows`, and `max_shrink`, the fraction of rows that may be lost since the last one of this source.
        contract : str
            Path of the contract. It is not a dependency of the stage: it decides whether a snapshot is accepted, not
            what the snapshot contains, so widening a contract must not take a new snapshot.

        Raises
        ------
        UserError
            The snapshot has too few rows, or a column of the contract is missing.
        """
        _refuse_few(self, last, limits)
        _refuse_other_columns(self.columns, Path(contract))

    def write(self, folder: Path) -> None:
        """Write snapshot.json into the folder of the files."""
        write_json(self, folder / SNAPSHOT.name)

    def pinned(self, wanted: Collect) -> bool:
        """Return whether these settings, with a date `as_of`, took this snapshot and its files are unchanged."""
        known = source_settings(wanted)
        return known.get("as_of") is not None and self.settings == known and self.intact()

    def intact(self) -> bool:
        """Return whether the files of data/raw/ are the ones that were collected."""
        return all(
            (RAW / file.name).is_file() and sha256(RAW / file.name) == file.sha256
            for file in self.files
        )

    def table(self, missing: Sequence[str] = ()) -> pd.DataFrame:
        """Read all files as one table of strings, columns in snake case.

        Parameters
        ----------
        missing : sequence of str
            Strings that mark a missing value (`load.missing`).
        """
        import pandas as pd

        from pedigree.data.engine import read_file

        parts = [
            read_file(RAW / file.name, missing, self.reading) for file in self.files if file.rows
        ]
        return pd.concat(parts, ignore_index=True)


def source_settings(settings: Collect) -> dict[str, Any]:
    """Return a file of ``conf/collect/`` without the limits."""
    return settings.without(*LIMITS)


def fingerprint(folder: Path, source: dict[str, Any]) -> dict[str, Any]:
    """Return the number of rows, the columns, and the size and checksum of each file.

    Raises
    ------
    UserError
        A file cannot be read.
    """
    files: list[dict[str, Any]] = []
    columns: list[str] = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        rows = 0
        for table in formats.iter_tables(path, source.get("reading") or {}):
            rows += table.num_rows
            columns += [name for name in table.column_names if name not in columns]
        name = path.relative_to(folder).as_posix()
        files.append(
            {"name": name, "bytes": path.stat().st_size, "sha256": sha256(path), "rows": rows}
        )
    return {"rows": sum(file["rows"] for file in files), "columns": columns, "files": files}


def _refuse_few(snapshot: Snapshot, last: Snapshot | None, limits: Collect) -> None:
    rows, kind = snapshot.rows, snapshot.source["kind"]
    if rows < limits.min_rows:
        empty = f" ({snapshot.files[0].name} has no rows)" if snapshot.files else ""
        found = f"returned {rows} rows" if rows else f"returned nothing{empty}"
        raise UserError(
            f"{kind} {found}, but collect.min_rows requires {limits.min_rows}; the last snapshot is kept."
        )

    def identity(one: Snapshot) -> dict[str, Any]:
        return {key: value for key, value in one.settings.items() if key != "as_of"}

    same = last is not None and identity(snapshot) == identity(last)
    if last and same and rows < (1 - limits.max_shrink) * last.rows:
        raise UserError(
            f"{kind} returned {rows} rows, but {last.rows} last time; collect.max_shrink allows a loss of "
            f"{limits.max_shrink:.0%}. The last snapshot is kept; if the loss is expected, raise the limit."
        )


def _refuse_other_columns(columns: list[str], contract: Path) -> None:
    if not contract.exists():  # `load` reports it
        return
    present = snake_cased(columns)
    promised = (read_yaml(contract) or {}).get("columns") or {}
    absent = [
        name
        for name, column in promised.items()
        if name not in present and (column or {}).get("required", True)
    ]
    if absent:
        raise UserError(
            f"the source lacks columns of {contract}: '{absent[0]}'"
            f"{f' and {len(absent) - 1} more' if absent[1:] else ''}; {did_you_mean(absent[0], present)} "
            "The last snapshot is kept."
        )
