"""Data collection: a snapshot of a source, as it is."""

from __future__ import annotations

from pedigree import Snapshot, new_folder, paths, run, say
from pedigree.settings import CollectSettings


def main(settings: CollectSettings) -> None:
    """Take a snapshot of the chosen source into data/raw/."""
    last = Snapshot.read() if paths.SNAPSHOT.exists() else None
    if last and last.pinned(settings.collect):
        say(
            f"the snapshot of {last.settings['as_of']} stays; another collect.as_of takes a new one"
        )
        return
    with new_folder(paths.RAW) as folder:
        snapshot = Snapshot.take(settings.collect, folder)
        snapshot.check(last, settings.collect, settings.load.contract)
        snapshot.write(folder)
    files = "1 file" if len(snapshot.files) == 1 else f"{len(snapshot.files)} files"
    columns, kind = len(snapshot.columns), snapshot.source["kind"]
    say(f"{snapshot.rows} rows, {columns} columns in {files} from {kind}")


if __name__ == "__main__":
    run("collect", main)
