"""The report: one page from the verdict down to the snapshot, for people who run nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.base.paths import REPORTS
from pipeline.core.base.settings import as_dict, read_yaml
from pipeline.core.base.stage import say
from pipeline.core.report.facts import Facts, here
from pipeline.core.report.page import Page
from pipeline.report.advice import advice, to_do
from pipeline.report.data import data
from pipeline.report.drivers import drivers
from pipeline.report.flow import pipeline
from pipeline.report.origin import origin
from pipeline.report.search import search
from pipeline.report.standing import standing
from pipeline.report.weaknesses import weaknesses

if TYPE_CHECKING:
    from omegaconf import DictConfig


DVC_YAML = Path("dvc.yaml")


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
