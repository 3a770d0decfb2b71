"""Step 5, data cleaning: an ordered list of repairs, each a function of a Narwhals frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import CLEAN, LOADED, METRICS
from pedigree.base.stage import run, say
from pedigree.base.tables import read_table, write_json, write_table
from pedigree.cleaning import apply

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Mend data/loaded/ into data/clean/ and count what each repair changed."""
    rows = read_table(LOADED)
    cleaned, counts = apply(rows, settings.clean.steps)
    write_table(cleaned, CLEAN)
    write_json({"rows": len(rows), "kept": len(cleaned), "steps": counts}, METRICS / "clean.json")
    for name, count in counts.items():
        say(
            f"{name}: {count['rows_dropped']} rows dropped, {sum(count['changed'].values())} values changed"
        )


if __name__ == "__main__":
    run("clean", main)
