"""Step 3, data loading: read the snapshot, name and type its columns, enforce the contract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.names import UserError
from pedigree.base.paths import LOADED, METRICS, RAW, REJECTED, SNAPSHOT
from pedigree.base.stage import run, say
from pedigree.base.tables import read_json, write_json, write_table
from pedigree.data.engine import read_file
from pedigree.data.loading import check_target, column_types, describe, enforce, read_contract

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Read data/raw/ and keep the rows that honour the contract in data/loaded/."""
    import pandas as pd

    snapshot = read_json(SNAPSHOT)
    reading = snapshot["source"].get("reading")
    rows = pd.concat(
        [
            read_file(RAW / file["name"], settings.load.missing, reading)
            for file in snapshot["files"]
            if file["rows"]
        ],
        ignore_index=True,
    )
    contract = read_contract(Path(settings.load.contract))
    types = column_types(rows, contract)
    typed, broken = enforce(rows, contract, types)
    if broken.index.nunique() > settings.load.max_rejected:
        raise UserError(describe(broken, settings.load.max_rejected, settings.load.contract))
    kept = typed.drop(index=broken.index.unique())
    check_target(kept, settings.problem)
    write_table(rows.loc[broken.index].assign(reason=broken["reason"]), REJECTED)
    write_table(kept, LOADED)
    write_json(
        {
            "rows": len(rows),
            "loaded": len(kept),
            "rejected": broken.index.nunique(),
            "types": types,
        },
        METRICS / "load.json",
    )
    say(f"{len(kept)} rows and {len(types)} columns loaded, {broken.index.nunique()} rows rejected")


if __name__ == "__main__":
    run("load", main)
