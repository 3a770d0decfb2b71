"""Step 4, exploratory analysis: the data as it came, in pictures and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import LOADED, PLOTS, REPORTS
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import read_table, replacing
from pedigree.base.tools import instantiate
from pedigree.profiling import sample

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Write every chosen report to reports/profile/ and its pictures to plots/profile/."""
    rows = read_table(LOADED)
    target = settings.problem.target
    rows = rows[[target, *(name for name in rows if name != target)]]
    with (
        replacing(PLOTS / "profile") as pictures,
        replacing(REPORTS / "profile") as pages,
    ):
        pictures.mkdir()
        pages.mkdir()
        for name, options in as_dict(settings.profile.reports).items():
            seen = sample(rows, options.pop("max_rows"), settings.seed)
            title = f"The data as it came: {target}"
            if len(seen) < len(rows):
                title += f" ({len(seen):,} of {len(rows):,} rows, drawn at random)"
            report = instantiate(options, _partial_=True)
            report(
                seen,
                problem=settings.problem,
                title=title,
                page=pages / f"{name}.html",
                pictures=pictures / name,
            )
            say(f"{len(seen)} of {len(rows)} rows; see {REPORTS}/profile/{name}.html")
    if not settings.profile.reports:
        say("no report is asked for")


if __name__ == "__main__":
    run("profile", main)
