"""Model selection: a cross-validated leaderboard of model families, with a baseline."""

from __future__ import annotations

from typing import Any

from pedigree import Contest, instantiate, paths, run, say, write_csv, write_json
from pedigree.settings import CompareSettings


def main(settings: CompareSettings) -> dict[str, Any]:
    """Cross-validate every model of compare.models on the training rows and rank them."""
    contest = Contest.of(settings)
    rounds = instantiate(settings.compare.method, contest)
    board = contest.leaderboard(rounds)
    winner = board[0]["model"]
    write_csv(
        [{"rank": rank, **row} for rank, row in enumerate(board, start=1)],
        paths.REPORTS / "compare.csv",
    )
    write_json(settings.compare.models[winner], paths.WINNER)
    say(f"the winner is {winner}; `model: best` would train it")
    if near := [row["model"] for row in board[1:] if not row["behind_low"] > 0]:
        say(f"not significantly better than {', '.join(near)} (95 % intervals of the difference)")
    seconds = contest.seconds(rounds)
    return {"models": {row["model"]: seconds[row["model"]] for row in board}}


if __name__ == "__main__":
    run("compare", main)
