"""A plot of the leaderboard. The report draws it, so that a change of the plot does not run `compare` again."""

from __future__ import annotations

from pathlib import Path

from pedigree.report.figures import bars, figure
from pedigree.report.outputs import RunOutputs


def draw_leaderboard(outputs: RunOutputs, path: Path) -> None:
    """Plot the first metric of each model in its last round; names of eliminated models include the round's number."""
    board = outputs.rows("reports/compare.csv")
    if not board:
        return
    metric = next(name for name in board[0] if f"{name}_std" in board[0])
    names = [
        f"{row['model']} (round {row['left_in_round']})" if row["left_in_round"] else row["model"]
        for row in board
    ]
    means, spreads = (
        [float(row[key] or "nan") for row in board] for key in (metric, f"{metric}_std")
    )
    with figure(path, size=(6, 0.9 + 0.42 * len(board))) as axes:
        bars(axes, names, means, spreads)
        axes.set_title(f"{metric}, mean ± SD over {board[0]['folds']} folds")
