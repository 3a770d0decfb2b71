"""Step 2, data collection: a snapshot of a source, as it is.

A source is a module of this folder with one function, ``collect(folder, **settings)``: it writes
files of rows into the folder and returns an account of where they came from, without credentials.
Its settings are a file of ``conf/collect/``. What every source needs is here: a snapshot that is
pinned stays, one that is suspect never replaces the last, and each file's fingerprint is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pedigree.base.names import UserError, did_you_mean, snake_cased
from pedigree.base.paths import RAW
from pedigree.base.settings import read_yaml
from pedigree.base.tables import sha256
from pedigree.base.tools import instantiate
from pedigree.data import formats

LIMITS = ("min_rows", "max_shrink")  # they judge a snapshot, and do not say which one is wanted


def take(wanted: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Let a source write its files into a folder; return its account of them.

    Parameters
    ----------
    wanted : mapping
        A file of ``conf/collect/``.
    folder : Path
        Exists, and is empty.
    """
    own = {key: value for key, value in wanted.items() if key not in ("as_of", *LIMITS)}
    return instantiate(own, folder=folder)


def fingerprint(folder: Path, source: dict[str, Any]) -> dict[str, Any]:
    """Describe a snapshot: rows, columns as the source spells them, and each file.

    Raises
    ------
    UserError
        A file cannot be read, or two have different columns.
    """
    files: list[dict[str, Any]] = []
    columns: list[str] = []
    for path in sorted(one for one in folder.rglob("*") if one.is_file()):
        rows = 0
        for table in formats.tables(path, source.get("reading") or {}):
            rows += table.num_rows
            columns += [name for name in table.column_names if name not in columns]
        name = path.relative_to(folder).as_posix()
        files.append(
            {"name": name, "bytes": path.stat().st_size, "sha256": sha256(path), "rows": rows}
        )
    return {"rows": sum(file["rows"] for file in files), "columns": columns, "files": files}


def intact(snapshot: dict[str, Any]) -> bool:
    """Tell whether the files of a snapshot are what they were."""
    return all(
        (RAW / file["name"]).is_file() and sha256(RAW / file["name"]) == file["sha256"]
        for file in snapshot["files"]
    )


def refuse_suspect(snapshot: dict[str, Any], last: dict[str, Any], limits: dict[str, Any]) -> None:
    """Refuse a snapshot with too few rows, in themselves or against the last one of this source.

    Raises
    ------
    UserError
        Names the limit; the last snapshot stays.
    """
    rows, kind = snapshot["rows"], snapshot["source"]["kind"]
    if rows < limits["min_rows"]:
        empty = f" ({snapshot['files'][0]['name']} has no rows)" if snapshot["files"] else ""
        found = f"returned {rows} rows" if rows else f"returned nothing{empty}"
        raise UserError(
            f"{kind} {found}, and collect.min_rows asks for {limits['min_rows']}; the last snapshot stays."
        )

    def identity(one: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in one.get("settings", {}).items() if key != "as_of"}

    if identity(snapshot) == identity(last) and rows < (1 - limits["max_shrink"]) * last["rows"]:
        raise UserError(
            f"{kind} returned {rows} rows, and {last['rows']} last time; collect.max_shrink allows a "
            f"loss of {limits['max_shrink']:.0%}. The last snapshot stays. If the loss is right, raise the limit."
        )


def refuse_foreign(columns: list[str], contract: Path) -> None:
    """Refuse a snapshot without the columns that the contract asks for.

    The contract is looked at, but is no dependency of the stage: whether a snapshot is good depends
    on it, what is in the snapshot does not, and widening a contract must not take a new snapshot.

    Raises
    ------
    UserError
        Names the columns; the last snapshot stays.
    """
    if not contract.exists():  # `load` says so
        return
    there = snake_cased(columns)
    promised = (read_yaml(contract) or {}).get("columns") or {}
    lacking = [
        name
        for name, column in promised.items()
        if name not in there and (column or {}).get("required", True)
    ]
    if lacking:
        raise UserError(
            f"the source returned other columns than {contract} asks for: '{lacking[0]}' is missing"
            f"{f' and {len(lacking) - 1} more' if lacking[1:] else ''}; {did_you_mean(lacking[0], there)} "
            "The last snapshot stays."
        )
