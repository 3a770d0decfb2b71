"""Exploratory analysis: the data before cleaning, in charts and reports."""

from __future__ import annotations

from pedigree import instantiate, new_folder, paths, read_table, run, say
from pedigree.settings import ProfileSettings


def main(settings: ProfileSettings) -> None:
    """Write every chosen report to reports/profile/ and its charts to plots/profile/."""
    rows, target = read_table(paths.LOADED), settings.problem.target
    rows = rows[[target, *(name for name in rows if name != target)]]
    charts, pages = paths.PLOTS / "profile", paths.REPORTS / "profile"
    with new_folder(charts) as charts_folder, new_folder(pages) as pages_folder:
        for name, report in settings.profile.reports.items():
            n = min(report.max_rows, len(rows))
            sample = (
                rows.sample(n, random_state=settings.seed).sort_index() if n < len(rows) else rows
            )
            title = f"Data before cleaning (target: {target})"
            if n < len(rows):
                title += f" ({n:,} of {len(rows):,} rows, drawn at random)"
            instantiate(report.without("max_rows"), _partial_=True)(
                sample.reset_index(drop=True),
                problem=settings.problem,
                title=title,
                page=pages_folder / f"{name}.html",
                pictures=charts_folder / name,
            )
            say(f"{n} of {len(rows)} rows; see {pages}/{name}.html")
    if not settings.profile.reports:
        say("profile.reports names no report")


if __name__ == "__main__":
    run("profile", main)
