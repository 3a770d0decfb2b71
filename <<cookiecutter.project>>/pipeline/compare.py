"""Step 9, model selection: a cross-validated leaderboard of model families, with a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.base.paths import PLOTS, REPORTS, WINNER
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import run, say
from pipeline.core.base.tables import write_json, write_rows
from pipeline.core.model.folding import interval_of_gain, mean_and_spread, training_folds
from pipeline.core.model.metrics import METRICS, gain
from pipeline.core.model.modelling import cross_validate
from pipeline.core.report.figures import bars, figure

if TYPE_CHECKING:
    from omegaconf import DictConfig

CONFIDENCE = 0.95  # of the intervals of how far a model is behind the winner


def main(settings: DictConfig) -> None:
    """Cross-validate every model of compare.models on the training rows and rank them."""
    models: dict[str, Any] = as_dict(settings.compare.models)
    metrics = list(settings.problem.metrics)
    cut, classes = training_folds(
        settings, settings.compare.folds, settings.compare.repeats, settings.seed
    )
    board, by_fold = [], {}
    for number, (name, model) in enumerate(models.items(), start=1):
        scores = cross_validate(model, cut, metrics, len(classes))
        by_fold[name] = [one[metrics[0]] for one in scores]
        row: dict[str, Any] = {"model": name}
        for metric in metrics:
            row[metric], row[f"{metric}_std"] = mean_and_spread([one[metric] for one in scores])
        board.append(row)
        say(
            f"[{number}/{len(models)}] {name}: {metrics[0]} {row[metrics[0]]:.4g} ± {row[f'{metrics[0]}_std']:.2g}"
        )
    board.sort(key=lambda row: row[metrics[0]], reverse=METRICS[metrics[0]].greater_is_better)
    winner = board[0]["model"]
    for row in board:
        gains = [
            gain(metrics[0], *pair)
            for pair in zip(by_fold[winner], by_fold[row["model"]], strict=True)
        ]
        low, high = interval_of_gain(gains, cut, CONFIDENCE)
        row |= {"behind": mean_and_spread(gains)[0], "behind_low": low, "behind_high": high}
    write_rows(
        [{"rank": rank, **row} for rank, row in enumerate(board, start=1)], REPORTS / "compare.csv"
    )
    write_json(models[winner], WINNER)
    with figure(PLOTS / "compare.png", size=(6, 0.9 + 0.42 * len(board))) as axes:
        bars(
            axes,
            [r["model"] for r in board],
            [r[metrics[0]] for r in board],
            [r[f"{metrics[0]}_std"] for r in board],
        )
        folds = f"{settings.compare.folds} folds × {settings.compare.repeats}"
        axes.set_title(f"{metrics[0]}, mean and standard deviation over {folds}")
    say(f"the winner is {winner}; `model: best` would train it")
    if near := [row["model"] for row in board[1:] if not row["behind_low"] > 0]:
        say(
            f"not surely better than {', '.join(near)} ({CONFIDENCE:.0%} intervals of the difference)"
        )


if __name__ == "__main__":
    run("compare")
