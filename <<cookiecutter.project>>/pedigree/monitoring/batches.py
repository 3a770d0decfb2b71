"""The batches in data/incoming/, processed like any request: bundle, contract, cleaning steps, prediction."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pedigree.base.files.replacing import new_folder
from pedigree.base.paths import INCOMING, PLOTS, REPORTS, SPLIT
from pedigree.base.tables import read_table
from pedigree.cleaning import clean_rows
from pedigree.data.engine import read_file
from pedigree.data.formats import is_readable
from pedigree.data.records import SnapshotRecord
from pedigree.data.target import features
from pedigree.monitoring.drift import column_drift
from pedigree.monitoring.performance import batch_performance, reasons
from pedigree.monitoring.report import draw_distances, report
from pedigree.prediction.bundle import Bundle
from pedigree.report.page import Page
from pedigree.scoring.results import BatchScore, MonitorMetrics

if TYPE_CHECKING:
    from pedigree.monitoring.settings import MonitorSettings

Lines = list[dict[str, Any]]


@dataclass(frozen=True)
class Batches:
    """The rows of data/incoming/, typed and cleaned like those of a request.

    Parameters
    ----------
    settings : MonitorSettings
        Settings of the step: `monitor`, `problem`, `load.missing` and `clean.steps`.
    files : list of Path
        In the order of their rows; empty before the first batch.
    bundle : Bundle or None
        None without files.
    rows : DataFrame
        Rows that satisfy the contract.
    broken : DataFrame
        Rows that violate it, with the reason (see `pedigree.data.loading.enforce`).

    Examples
    --------
    >>> from pedigree import Batches
    >>> from pedigree.settings import read_settings
    >>> batches = Batches.read(read_settings("monitor"))
    >>> batches.result([], None).retrain
    False
    """

    settings: MonitorSettings
    files: list[Path]
    bundle: Bundle | None = None
    rows: pd.DataFrame = field(default_factory=pd.DataFrame)
    broken: pd.DataFrame = field(default_factory=pd.DataFrame)

    @classmethod
    def read(cls, settings: MonitorSettings) -> Batches:
        """Read all files of data/incoming/ that contain rows; their format is that of the snapshot."""
        files = sorted(path for path in INCOMING.rglob("*") if is_readable(path))
        if not files:
            return cls(settings, [])
        reading = SnapshotRecord.read().reading
        parts = [read_file(file, settings.load.missing, reading) for file in files]
        bundle = Bundle.load()
        typed, broken = bundle.check(pd.concat(parts, ignore_index=True))
        kept = typed.drop(index=broken.index.unique())
        rows, _ = clean_rows(kept, settings.clean.steps, serving=True)
        return cls(settings, files, bundle, rows, broken)

    def drift(self) -> Lines:
        """Compare each column with the training rows; a line for each, the greatest distance first (see `column_drift`)."""
        if not self.bundle:
            return []
        problem, options = self.settings.problem, self.settings.monitor
        train = features(read_table(SPLIT / "train"), problem)
        return column_drift(train, features(self.rows, problem), options.alpha, options.min_effect)

    def performance(self) -> BatchScore | None:
        """Score the bundle on the labelled rows; None if there are too few."""
        if not self.bundle:
            return None
        return batch_performance(
            self.bundle, self.rows, self.settings.problem, self.settings.monitor
        )

    def result(self, drifted: Lines, score: BatchScore | None) -> MonitorMetrics:
        """Decide whether to train again; return what metrics/monitor.json contains.

        Parameters
        ----------
        drifted : list of dict
            As returned by `column_drift`.
        score : BatchScore or None
            As returned by `batch_performance`.
        """
        if not self.bundle:
            return MonitorMetrics(retrain=False, reasons=("no batch in data/incoming/",), rows=0)
        needed = self.bundle.needed
        why = reasons(drifted, needed, score, self.settings.monitor)
        return MonitorMetrics(
            retrain=bool(why),
            reasons=tuple(why or ["neither drift nor loss beyond the limits"]),
            rows=len(self.rows),
            rejected=self.broken.index.nunique(),
            drifted_columns=sum(one["drifted"] for one in drifted if one["column"] in needed),
            performance=score,
        )

    def write_report(self, result: MonitorMetrics, drifted: Lines) -> None:
        """Write reports/monitor.html and plots/monitor/."""
        page = Page(
            f"Later batches compared with the training data: {self.settings.problem.target}"
        )
        if self.bundle:
            report(page, result, drifted, self.files, self.broken)
        else:
            page.paragraph("There is no batch in data/incoming/ yet.")
        with new_folder(PLOTS / "monitor") as folder:
            draw_distances(folder / "drift.png", drifted, self.settings.monitor.min_effect)
            page.picture(
                folder / "drift.png", "bars: the distance of each column from the training data"
            )
        page.write(REPORTS / "monitor.html")
