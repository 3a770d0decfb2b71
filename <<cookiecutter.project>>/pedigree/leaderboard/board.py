"""The leaderboard: every model by its last round, and how far it is behind the winner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pedigree.folds.folding import interval_of_gain, mean_and_spread
from pedigree.leaderboard.rounds import Round
from pedigree.scoring.metrics import Metric, gain


def last_round(rounds: Sequence[Round], name: str) -> int:
    """Return the number of the last round in which a model took part, from 0."""
    return max(number for number, one in enumerate(rounds) if name in one.outcomes)


def leaderboard(
    rounds: Sequence[Round], metrics: Sequence[Metric], confidence: float
) -> list[dict[str, Any]]:
    """Rank the models: those that stayed longer come first, and within a round the first metric decides.

    A model is compared with the winner on the folds of its own last round, in which the winner, which
    was in all of them, was fitted on the same rows and scored on the same rows.

    Parameters
    ----------
    rounds : sequence of Round
        All models are in the first; a model that is not in the next has left.
    metrics : sequence of Metric
        The first one decides.
    confidence : float
        Coverage of the intervals, in (0, 1).

    Returns
    -------
    list of dict
        Best first: means and spreads of the metrics in the model's last round; `behind`, how far the
        first metric is behind the winner's, with its interval; `folds` on which it was measured, and
        `left_in_round`, None for models of the last round.
    """
    ranked: list[str] = []
    for one in reversed(rounds):
        ranked += [name for name in one.ranked(metrics[0]) if name not in ranked]
    winner, board = ranked[0], []
    for name in ranked:
        number = last_round(rounds, name)
        last = rounds[number]
        row: dict[str, Any] = {"model": name}
        for metric in (one.name for one in metrics):
            row[metric], row[f"{metric}_std"] = mean_and_spread(last.values(name, metric))
        first = metrics[0].name
        pairs = zip(last.values(winner, first), last.values(name, first), strict=True)
        gains = [gain(metrics[0], *pair) for pair in pairs]
        low, high = interval_of_gain(gains, last.cut, confidence)
        row |= {"behind": mean_and_spread(gains)[0], "behind_low": low, "behind_high": high}
        row["folds"] = len(last.cut)
        row["left_in_round"] = number + 1 if last is not rounds[-1] else None
        board.append(row)
    return board
