"""Step 16, monitoring and retraining: later batches against the training data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree.base.paths import METRICS, PLOTS, REPORTS, SPLIT
from pedigree.base.stage import run, say
from pedigree.base.tables import read_table, replacing, write_json
from pedigree.cleaning import apply
from pedigree.data.target import features
from pedigree.monitoring import batches, decide, judge, read_batches, summary
from pedigree.monitoring.drift import drift
from pedigree.monitoring.report import draw, report
from pedigree.prediction.bundle import Bundle
from pedigree.report.page import Page

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Measure drift and performance on data/incoming/ and decide whether to train again."""
    options, problem = settings.monitor, settings.problem
    files = batches()
    page = Page(f"Later batches against the training data: {problem.target}")
    drifted: list[dict[str, Any]] = []
    result: dict[str, Any] = {
        "retrain": False,
        "reasons": ["no batch in data/incoming/"],
        "rows": 0,
    }
    if not files:
        page.paragraph("There is no batch in data/incoming/ yet.")
    else:
        bundle = Bundle.load()
        typed, broken = bundle.check(read_batches(files, settings.load.missing))
        batch, _ = apply(
            typed.drop(index=broken.index.unique()), settings.clean.steps, serving=True
        )
        train = features(read_table(SPLIT / "train"), problem)
        drifted = drift(train, features(batch, problem), options.alpha, options.min_effect)
        performance = judge(bundle, batch, problem, options)
        reasons = decide(drifted, bundle.needed, performance, options)
        result = summary(reasons, batch, broken, drifted, bundle.needed, performance)
        report(page, result, drifted, files, broken)
    with replacing(PLOTS / "monitor") as folder:
        folder.mkdir()
        draw(folder / "drift.png", drifted, options.min_effect)
        page.picture(folder / "drift.png", "bars of each column's distance")
    write_json(result, METRICS / "monitor.json")
    page.write(REPORTS / "monitor.html")
    say(f"retrain: {'yes' if result['retrain'] else 'no'} ({'; '.join(result['reasons'])})")


if __name__ == "__main__":
    run("monitor", main)
