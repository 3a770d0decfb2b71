"""The pictures of an explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.core.report.figures import BLUE, GREY, ORANGE, bars, figure, shorten

if TYPE_CHECKING:
    import pandas as pd


def draw(
    folder: Any,
    encoded: pd.DataFrame,
    values: np.ndarray,
    top: np.ndarray,
    permuted: list[dict[str, Any]],
    chosen: list[int],
    classes: list[str],
    random: Any,
) -> None:
    """Draw the global bars, the beeswarm, the permutation importance and the single rows."""
    folder.mkdir()
    names = [encoded.columns[i] for i in top]
    height = 1 + 0.32 * len(top)
    meaning = f"for {classes[1]}" if len(classes) == 2 else "over classes" if classes else ""
    with figure(folder / "bar.png", size=(7.5, height)) as axes:
        bars(axes, names, np.abs(values[:, top]).mean(axis=(0, 2)))
        axes.set_title(f"mean |SHAP value| {meaning}")
    with figure(folder / "beeswarm.png", size=(8, height + 0.3)) as axes:
        # With several classes the strongest one of each feature is shown.
        for position, i in enumerate(top):
            shares = values[:, i, int(np.abs(values[:, i]).mean(axis=0).argmax())]
            jitter = random.uniform(-0.28, 0.28, len(shares))
            shade = _ranks(encoded.iloc[:, i])
            dots = axes.scatter(
                shares,
                position + jitter,
                c=shade,
                cmap="coolwarm",
                vmin=0,
                vmax=1,
                s=9,
                linewidths=0,
            )
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(top)), [shorten(name) for name in names])
        axes.invert_yaxis()
        axes.set_title(f"SHAP value of each row {meaning}")
        bar = axes.figure.colorbar(dots, ax=axes, ticks=[0, 1], aspect=40)
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("the feature's value")
    with figure(folder / "permutation.png", size=(7.5, 1 + 0.32 * len(permuted))) as axes:
        bars(
            axes,
            [one["feature"] for one in permuted],
            [one["loss"] for one in permuted],
            [one["std"] for one in permuted],
        )
        axes.set_title("loss of the metric when shuffled")
    for number, row in enumerate(chosen, start=1):
        shares = values[row, :, int(np.abs(values[row]).sum(axis=0).argmax())]
        strongest = np.argsort(-np.abs(shares), kind="stable")[: len(top)]
        with figure(folder / f"row_{number}.png", size=(7.5, height)) as axes:
            labels = [
                f"{shorten(encoded.columns[i], 36)} = {_short(encoded.iloc[row, i])}"
                for i in strongest
            ]
            axes.barh(
                range(len(strongest)),
                shares[strongest],
                height=0.65,
                color=[BLUE if share > 0 else ORANGE for share in shares[strongest]],
            )
            axes.set_yticks(range(len(strongest)), labels)
            axes.invert_yaxis()
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.set_title(f"what moved the prediction of row {number} {meaning}")


def _ranks(values: pd.Series) -> np.ndarray:
    numbers = values.cat.codes if values.dtype == "category" else values
    return numbers.rank(pct=True).to_numpy()


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shorten(value, 14)
