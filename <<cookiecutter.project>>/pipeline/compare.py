"""Step 9, model selection: a cross-validated leaderboard of model families, with a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pedigree.base.paths import REPORTS, WINNER
from pedigree.base.settings import as_dict
from pedigree.base.stage import run, say
from pedigree.base.tables import write_json, write_rows
from pedigree.base.tools import instantiate
from pedigree.estimators.building import as_trained
from pedigree.training.data import Training
from pedigree.training.leaderboard import CONFIDENCE, draw
from pedigree.training.leaderboard.board import last_round, leaderboard
from pedigree.training.leaderboard.contest import Contest

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> dict[str, Any]:
    """Cross-validate every model of compare.models on the training rows and rank them."""
    options = as_dict(settings.compare)
    early = settings.train.early_stopping
    contest = Contest(
        {name: as_trained(model, early) for name, model in options["models"].items()},
        Training.read(settings),
        list(settings.problem.metrics),
        options["folds"],
        options["repeats"],
        settings.seed,
        options["rows"],
    )
    rounds = instantiate(options["method"], contest)
    board = leaderboard(rounds, contest.metrics, CONFIDENCE)
    winner = board[0]["model"]
    write_rows(
        [{"rank": rank, **row} for rank, row in enumerate(board, start=1)], REPORTS / "compare.csv"
    )
    write_json(options["models"][winner], WINNER)
    draw(board, contest)
    say(f"the winner is {winner}; `model: best` would train it")
    if near := [row["model"] for row in board[1:] if not row["behind_low"] > 0]:
        say(
            f"not surely better than {', '.join(near)} ({CONFIDENCE:.0%} intervals of the difference)"
        )
    names = [row["model"] for row in board]
    return {"models": {name: rounds[last_round(rounds, name)].seconds(name) for name in names}}


if __name__ == "__main__":
    run("compare", main)
