"""Step 9, model selection: a cross-validated leaderboard of model families, with a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.compare.board import last_round, leaderboard
from pipeline.compare.contest import Contest
from pipeline.core.base.paths import PLOTS, REPORTS, WINNER
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import say
from pipeline.core.base.tables import write_json, write_rows
from pipeline.core.base.tools import instantiate
from pipeline.core.model.modelling import as_trained
from pipeline.core.model.training import Training
from pipeline.core.report.figures import bars, figure

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONFIDENCE = 0.95  # of the intervals of how far a model is behind the winner


def main(settings: DictConfig) -> dict[str, Any]:
    """Cross-validate every model of compare.models on the training rows and rank them."""
    asked = as_dict(settings.compare)
    early = settings.train.early_stopping
    contest = Contest(
        {name: as_trained(model, early) for name, model in asked["models"].items()},
        Training.read(settings),
        list(settings.problem.metrics),
        asked["folds"],
        asked["repeats"],
        settings.seed,
        asked["rows"],
    )
    rounds = instantiate(asked["method"], contest)
    board = leaderboard(rounds, contest.metrics, CONFIDENCE)
    winner = board[0]["model"]
    write_rows(
        [{"rank": rank, **row} for rank, row in enumerate(board, start=1)], REPORTS / "compare.csv"
    )
    write_json(asked["models"][winner], WINNER)
    _draw(board, contest)
    say(f"the winner is {winner}; `model: best` would train it")
    if near := [row["model"] for row in board[1:] if not row["behind_low"] > 0]:
        say(
            f"not surely better than {', '.join(near)} ({CONFIDENCE:.0%} intervals of the difference)"
        )
    names = [row["model"] for row in board]
    return {"models": {name: rounds[last_round(rounds, name)].seconds(name) for name in names}}


def _draw(board: list[dict[str, Any]], contest: Contest) -> None:
    """Draw the first metric of each model, as measured in its last round; who left bears its number."""
    metric = contest.metrics[0]
    names = [
        f"{row['model']} (round {row['left_in_round']})" if row["left_in_round"] else row["model"]
        for row in board
    ]
    with figure(PLOTS / "compare.png", size=(6, 0.9 + 0.42 * len(board))) as axes:
        bars(axes, names, [r[metric] for r in board], [r[f"{metric}_std"] for r in board])
        axes.set_title(f"{metric}, mean ± SD over {board[0]['folds']} folds")
