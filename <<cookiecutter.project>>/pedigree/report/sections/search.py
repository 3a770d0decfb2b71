"""Model selection: the leaderboard of model families, and the search for hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass

from pedigree.estimators.tuned import TuneReport
from pedigree.report.charts.marks import Mark, MarkChart, interval_chart
from pedigree.report.charts.plots import Plot, Series, xy_plot
from pedigree.report.labels import significance
from pedigree.report.outputs import Row, RunOutputs, to_float, xy_points
from pedigree.report.page.rendering import PagePart

# Whether a family is significantly worse than the winner.
WORSE = {"significantly better": "yes", "no significant difference": "no"}


@dataclass(frozen=True)
class Candidate:
    """A line of the leaderboard.

    Parameters
    ----------
    rank : int
    model : str
    scores : list of float or None
        Means over the folds, in the order of the leaderboard's metrics.
    behind : float or None
        The difference from the winner in the first metric.
    is_worse : str
        Whether the difference is significant; empty for the winner.
    """

    rank: int
    model: str
    scores: list[float | None]
    behind: float | None
    is_worse: str


@dataclass(frozen=True)
class Leaderboard:
    """The model families, compared by cross-validation; the first metric first."""

    metrics: list[str]
    folds: str
    candidates: list[Candidate]
    chart: MarkChart


@dataclass(frozen=True)
class SearchResult:
    """The search for hyperparameters; `result` is reports/tune.json."""

    result: TuneReport
    folds: str
    has_pruned: bool
    chart: Plot | None


@dataclass(frozen=True, kw_only=True)
class SearchSection(PagePart):
    """The section on model selection."""

    leaderboard: Leaderboard | None
    tuning: SearchResult | None
    template: str = "pedigree/report/sections/search.html.j2"


def search(outputs: RunOutputs, most: int) -> SearchSection:
    """Return the section with the results of `compare` and `tune`; it has at most `most` families."""
    board = outputs.leaderboard
    return SearchSection(
        leaderboard=_leaderboard(board[:most], outputs.trained.model) if board else None,
        tuning=_tuning(outputs, outputs.tuned) if outputs.tuned else None,
    )


def _leaderboard(rows: list[Row], trained: str) -> Leaderboard:
    metrics = [name.removesuffix("_std") for name in rows[0] if name.endswith("_std")]
    marks, candidates = [], []
    for row in rows:
        is_trained = row["model"] == trained
        name = row["model"] + (" (trained)" if is_trained else "")
        scores = [to_float(row[metric]) for metric in metrics]
        spread = to_float(row[f"{metrics[0]}_std"])
        marks.append(Mark.around(name, scores[0], spread, strong=is_trained))
        low, high = to_float(row["behind_low"]), to_float(row["behind_high"])
        is_worse = "" if row is rows[0] else WORSE.get(significance(low, high), "unknown")
        candidates.append(
            Candidate(int(row["rank"]), row["model"], scores, to_float(row["behind"]), is_worse)
        )
    return Leaderboard(metrics, rows[0]["folds"], candidates, interval_chart(marks))


def _tuning(outputs: RunOutputs, report: TuneReport) -> SearchResult:
    trials = outputs.rows("plots/tune.csv")
    known = [one for one in trials if to_float(one["value"]) is not None]
    # A pruned trial was evaluated on fewer folds, so its score is not comparable with the best.
    complete = [one for one in known if one["pruned"] != "True"]
    pruned = [one for one in known if one["pruned"] == "True"]
    series = [
        _trials("trial", complete),
        Series("best so far", xy_points(known, "trial", "best")),
        *([_trials("pruned trial", pruned)] if pruned else []),
    ]
    chart = xy_plot(series, "trial", report.metric, whole=True)
    return SearchResult(report, trials[0]["folds"] if trials else "", bool(pruned), chart)


def _trials(name: str, rows: list[Row]) -> Series:
    notes = [one["changes"] for one in rows]
    return Series(name, xy_points(rows, "trial", "value"), "points", notes)
