"""Data loading: read the snapshot, name and type its columns, enforce the contract."""

from __future__ import annotations

from pedigree import (
    Contract,
    Snapshot,
    UserError,
    paths,
    run,
    say,
    write_table,
)
from pedigree.settings import LoadSettings


def main(settings: LoadSettings) -> None:
    """Read data/raw/ and keep the rows that honour the contract in data/loaded/."""
    options = settings.load
    rows = Snapshot.read().table(options.missing)
    contract = Contract.read(options.contract)
    types = contract.types(rows)
    typed, broken = contract.enforce(rows, types)
    rejected = broken.index.unique()
    if len(rejected) > options.max_rejected:
        raise UserError(contract.error_message(broken, options.max_rejected))
    kept = typed.drop(index=rejected)
    contract.check_target(kept, settings.problem)
    write_table(rows.loc[broken.index].assign(reason=broken["reason"]), paths.REJECTED)
    write_table(kept, paths.LOADED)
    counts = {"rows": len(rows), "loaded": len(kept), "rejected": len(rejected)}
    contract.metrics(**counts, types=types).write(paths.METRICS / "load.json")
    say(f"{len(kept)} rows and {len(types)} columns loaded, {len(rejected)} rows rejected")


if __name__ == "__main__":
    run("load", main)
