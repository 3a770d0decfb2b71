"""Plots of an explanation, the same for all methods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pedigree.explanation.interface import Contributions, Curve, Explanation
from pedigree.explanation.subject import Subject
from pedigree.explanation.tables import explained_output
from pedigree.report.figures import BLUE, GREY, ORANGE, bars, figure, shorten

LINES = 50  # single rows behind a curve; more would be a blot


def draw(folder: Path, name: str, explanation: Explanation, subject: Subject, top: int) -> None:
    """Draw what an explanation has into ``<folder>/<name>_*.png``, of the `top` strongest features."""
    strongest = explanation.strengths[:top]
    spread = [one.spread for one in strongest]
    with figure(folder / f"{name}_bar.png", size=(7.5, 1.2 + 0.32 * len(strongest))) as axes:
        bars(
            axes,
            [one.feature for one in strongest],
            [one.strength for one in strongest],
            [one or 0.0 for one in spread] if any(one is not None for one in spread) else None,
        )
        label(axes, explanation.measure, explanation.unit)
    if explanation.contributions:
        beeswarm(folder / f"{name}_beeswarm.png", explanation.contributions, subject, top)
        for number, row in enumerate(subject.chosen, start=1):
            path = folder / f"{name}_row_{number}.png"
            single_row(path, explanation.contributions, subject, row, top)
    if explanation.interactions:
        heat_map(folder / f"{name}_interactions.png", explanation, top)
    if explanation.curves:
        curves(folder / f"{name}_curves.png", explanation, subject, top)


def label(axes: Any, title: str, unit: str) -> None:
    """Say what is shown, and below the axis in which unit."""
    axes.set_title(title)
    axes.set_xlabel(unit)


def beeswarm(path: Path, found: Contributions, subject: Subject, top: int) -> None:
    """Draw a dot for each row, coloured by the feature's value: grey where it is a category."""
    sizes = np.abs(found.values).mean(axis=0)  # (features, outputs)
    order = np.argsort(-sizes.mean(axis=1), kind="stable")[:top]
    random = np.random.default_rng(0)  # spreads the dots, and nothing else
    several = len(subject.names) > 1
    names = [shorten(found.shown.columns[i], 36) for i in order]
    with figure(path, size=(8.2, 1.5 + 0.32 * len(order))) as axes:
        for position, i in enumerate(order):
            output = int(sizes[i].argmax())  # of several classes the one that it moves most
            if several:
                names[position] += f" ({shorten(subject.names[output], 16)})"
            heights = position + random.uniform(-0.28, 0.28, len(found.rows))
            values = found.shown.iloc[:, i]
            number = values.dtype.kind in "iuf"
            colour: dict[str, Any] = (
                {"c": values.rank(pct=True), "cmap": "coolwarm", "vmin": 0, "vmax": 1}
                if number
                else {"c": GREY}
            )
            axes.scatter(
                found.values[:, i, output], heights, s=9, linewidths=0, plotnonfinite=True, **colour
            )
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(order)), names)
        axes.invert_yaxis()
        which = "the class in brackets" if several else subject.names[0]
        title = f"{found.name}s, {len(found.rows)} validation rows, for {shorten(which, 24)}"
        label(axes, title, found.scale)
        import matplotlib

        shades = matplotlib.cm.ScalarMappable(cmap="coolwarm")
        bar = axes.figure.colorbar(shades, ax=axes, ticks=[0, 1], aspect=40)
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("the feature's value (grey: a category)")


def single_row(path: Path, found: Contributions, subject: Subject, row: int, top: int) -> None:
    """Draw what moved one prediction, and in which direction."""
    i = int(np.flatnonzero(found.rows == row)[0])
    output, prediction = explained_output(subject, row)
    shares = found.values[i, :, output]
    order = np.argsort(-np.abs(shares), kind="stable")
    shown, rest = order[:top], order[top:]
    lengths = [*shares[shown], *([shares[rest].sum()] if len(rest) else [])]
    names = [
        f"{shorten(found.shown.columns[k], 34)} = {short(found.shown.iloc[i, k])}" for k in shown
    ]
    names += [f"the other {len(rest)} features"] if len(rest) else []
    with figure(path, size=(7.8, 1.4 + 0.32 * len(names))) as axes:
        colours = [BLUE if share > 0 else ORANGE for share in lengths]
        axes.barh(range(len(names)), lengths, height=0.65, color=colours)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.axvline(0, color=GREY, linewidth=0.8)
        word = "probability of " if subject.classes else ""
        label(
            axes,
            f"validation row {row}: {word}{shorten(subject.names[output], 24)} {prediction:.4g}",
            f"{found.name}, {found.scale}; starts from {found.base[i, output]:.4g}",
        )


def heat_map(path: Path, explanation: Explanation, top: int) -> None:
    """Draw how strongly each pair of the strongest features interacts."""
    names = [one.feature for one in explanation.strengths[:top]]
    matrix = np.full((len(names), len(names)), np.nan)
    for one in explanation.interactions:
        if one.feature in names and one.other in names:
            a, b = names.index(one.feature), names.index(one.other)
            matrix[a, b] = matrix[b, a] = one.strength
    size = 2.8 + 0.42 * len(names)
    with figure(path, size=(size + 1, size)) as axes:
        image = axes.imshow(matrix, cmap="Blues", vmin=0)
        shortened = [shorten(name, 26) for name in names]
        axes.set_xticks(range(len(names)), shortened, rotation=90)
        axes.set_yticks(range(len(names)), shortened)
        axes.grid(visible=False)
        axes.set_title(explanation.interaction_measure)
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.7)
        bar.set_label(explanation.unit)


def curves(path: Path, explanation: Explanation, subject: Subject, top: int) -> None:
    """Draw the curves of the strongest features, with single rows behind them where there is one output."""
    names = [one.feature for one in explanation.strengths[:top]]
    columns = min(3, len(names))
    lines = -(-len(names) // columns)
    width = max(3.2 * columns, 5.5)
    with figure(path, rows=lines, columns=columns, size=(width, 2.5 * lines + 0.6)) as axes:
        grid = np.atleast_1d(axes).ravel()
        for axis, name in zip(grid, names, strict=False):
            for curve in (one for one in explanation.curves if one.feature == name):
                one_curve(axis, curve, len(subject.names) > 1)
            axis.set_title(shorten(name, 30))
        limits = [axis.get_ylim() for axis in grid[: len(names)]]
        for axis in grid[: len(names)]:  # one scale, or a flat curve would look like a steep one
            axis.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
        for axis in grid[len(names) :]:
            axis.set_axis_off()
        if len(subject.names) > 1:
            grid[0].legend(fontsize=7)
        rows = explanation.measure.rpartition(", ")[2]
        what = "probability" if subject.classes else "prediction"
        of = "" if len(subject.names) > 1 else f" of {subject.names[0]}"
        grid[0].figure.suptitle(
            f"partial dependence: mean {what}{of}, {rows}"
            + ("" if len(subject.names) > 1 else f" (grey: up to {LINES} of them)"),
            fontsize=10,
        )


def one_curve(axis: Any, curve: Curve, several: bool) -> None:
    """Draw a line over numbers, a point for each category."""
    mean = curve.lines.mean(axis=0)
    category = isinstance(curve.x[0], str)
    x = np.arange(len(curve.x)) if category else np.asarray(curve.x, dtype=float)
    if not several:
        axis.plot(x, curve.lines[:LINES].T, color=GREY, alpha=0.25, linewidth=0.6)
    colour = {} if several else {"color": BLUE}
    axis.plot(x, mean, marker="o" if category else None, linewidth=2, label=curve.output, **colour)
    if category:
        names = [shorten(one, 14) for one in curve.x]
        axis.set_xticks(x, names, rotation=90 if len(names) > 3 else 0)


def short(value: Any) -> str:
    """Write a value into a label."""
    if value is None or value != value:
        return "(missing)"
    return f"{value:.4g}" if isinstance(value, float) else shorten(value, 16)
