"""Step 2, data collection: a snapshot of a source, as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pedigree.base.paths import RAW, SNAPSHOT
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import read_json, replacing, write_json
from pedigree.collecting import LIMITS, fingerprint, intact, refuse_foreign, refuse_suspect, take

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Take a snapshot of the chosen source into data/raw/."""
    wanted = as_dict(settings.collect)
    limits = {name: wanted.pop(name) for name in LIMITS}
    last = read_json(SNAPSHOT) if SNAPSHOT.exists() else {}
    if wanted.get("as_of") is not None and last.get("settings") == wanted and intact(last):
        say(f"the snapshot of {wanted['as_of']} stays; another collect.as_of takes a new one")
        return
    with replacing(RAW) as folder:
        folder.mkdir()
        source = take(wanted, folder)
        snapshot = {"settings": wanted, "source": source, **fingerprint(folder, source)}
        refuse_suspect(snapshot, last, limits)
        refuse_foreign(snapshot["columns"], Path(settings.load.contract))
        write_json(snapshot, folder / SNAPSHOT.name)
    say(
        f"{snapshot['rows']} rows, {len(snapshot['columns'])} columns in {len(snapshot['files'])} "
        f"files from {source['kind']}"
    )


if __name__ == "__main__":
    run("collect", main)
