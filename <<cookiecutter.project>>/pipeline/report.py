"""The report: one page from the verdict down to the snapshot, for people who run nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import DVC_YAML, REPORTS
from pedigree.base.settings import as_dict, read_yaml
from pedigree.base.stage import run, say
from pedigree.report.facts import Facts, here
from pedigree.report.page import Page
from pedigree.report.sections.advice import advice, to_do
from pedigree.report.sections.data import data
from pedigree.report.sections.drivers import drivers
from pedigree.report.sections.flow import pipeline
from pedigree.report.sections.origin import origin
from pedigree.report.sections.search import search
from pedigree.report.sections.standing import standing
from pedigree.report.sections.weaknesses import weaknesses

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Write reports/index.html from what the stages before have measured."""
    problem, most = as_dict(settings.problem), settings.report.most
    facts = Facts(problem, here)
    page = Page(problem["goal"].strip() or f"Predict {problem['target']}")
    found = advice(facts)
    standing(page, facts, found)
    drivers(page, facts, most)
    weaknesses(page, facts, most)
    search(page, facts, most)
    data(page, facts, most)
    pipeline(page, facts, read_yaml(DVC_YAML)["stages"])
    origin(page, facts)
    to_do(page, found)
    page.write(REPORTS / "index.html")
    say(f"report: {REPORTS / 'index.html'}")


if __name__ == "__main__":
    run("report", main)
