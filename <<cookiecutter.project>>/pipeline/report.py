"""The report: one page from the verdict down to the snapshot, for people who run nothing."""

from __future__ import annotations

from pedigree import RunReport, paths, run, say
from pedigree.settings import ReportSettings


def main(settings: ReportSettings) -> None:
    """Write reports/index.html from the outputs of the other stages.

    Add a `page.paragraph`, `page.table`, `page.bars`, `page.curves` or `page.picture` of your own wherever you like.
    """
    page = RunReport(settings)
    page.verdict()
    page.performance()
    page.drivers()
    page.weaknesses()
    page.search()
    page.data()
    page.pipeline()
    page.lineage()
    page.next_steps()
    page.include("own.html.j2", outputs=page.outputs)  # of pipeline/custom/templates/
    page.draw_leaderboard(paths.PLOTS / "compare.png")
    page.draw_explanations(paths.PLOTS / "explain")
    page.write(paths.REPORTS / "index.html")
    say(f"report: {paths.REPORTS}/index.html")


if __name__ == "__main__":
    run("report", main)
