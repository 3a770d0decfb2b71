"""Step 9, model selection: a cross-validated leaderboard of model families, with a baseline."""

from __future__ import annotations

from typing import Any

from pedigree.base.paths import PLOTS
from pedigree.leaderboard.contest import Contest
from pedigree.report.figures import bars, figure


def draw(board: list[dict[str, Any]], contest: Contest) -> None:
    """Draw the first metric of each model, as measured in its last round; who left bears its number."""
    metric = contest.metrics[0].name
    names = [
        f"{row['model']} (round {row['left_in_round']})" if row["left_in_round"] else row["model"]
        for row in board
    ]
    with figure(PLOTS / "compare.png", size=(6, 0.9 + 0.42 * len(board))) as axes:
        bars(axes, names, [r[metric] for r in board], [r[f"{metric}_std"] for r in board])
        axes.set_title(f"{metric}, mean ± SD over {board[0]['folds']} folds")
