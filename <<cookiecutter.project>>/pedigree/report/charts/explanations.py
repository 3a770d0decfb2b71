"""Plots of the explanations. The report draws them, so that a change of a plot does not run `explain` again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pedigree.base.files.replacing import new_folder
from pedigree.report.figures import BLUE, GREY, ORANGE, bars, figure, shorten
from pedigree.report.outputs import Row, RunOutputs, grouped, to_float

FOLDER = "reports/explain"


def draw_explanations(outputs: RunOutputs, folder: Path, most: int) -> None:
    """Plot the results of each method to ``<folder>/<method>_*.png``.

    Parameters
    ----------
    outputs : RunOutputs
    folder : Path
        Replaced if it exists.
    most : int
        Maximum number of features in a plot; the strongest are shown.
    """
    strengths = outputs.rows(f"{FOLDER}/global.csv", "strength", "spread")
    added = outputs.rows(f"{FOLDER}/contributions.csv", "contribution")
    single = outputs.rows(f"{FOLDER}/rows.csv", "contribution", "prediction", "base")
    pairs = outputs.rows(f"{FOLDER}/interactions.csv", "strength")
    points = outputs.rows(f"{FOLDER}/curves.csv", "y", "spread")
    is_classifier = outputs.problem["kind"] == "classification"
    with new_folder(folder) as new:
        for (method,), lines in grouped(strengths, "method"):
            names = [one["feature"] for one in lines[:most]]
            importance(new / f"{method}_bar.png", lines[:most])
            for _, own in _of(added, method):
                beeswarm(new / f"{method}_beeswarm.png", own, most)
            for _, own in _of(single, method):
                for number, (_, row) in enumerate(grouped(own, "validation_row"), start=1):
                    draw_single_row(new / f"{method}_row_{number}.png", row, most, is_classifier)
            for _, own in _of(pairs, method):
                interactions(new / f"{method}_interactions.png", own, names)
            for _, own in _of(points, method):
                rows = lines[0]["measure"].rpartition(", ")[2]
                curves(new / f"{method}_curves.png", own, names, rows, is_classifier)


def _of(rows: list[Row], method: str) -> list[tuple[tuple[str, ...], list[Row]]]:
    return [one for one in grouped(rows, "method") if one[0] == (method,)]


def importance(path: Path, lines: Sequence[Row]) -> None:
    """Plot the importance of each feature."""
    spread = [one["spread"] for one in lines]
    with figure(path, size=(7.5, 1.2 + 0.32 * len(lines))) as axes:
        bars(
            axes,
            [one["feature"] for one in lines],
            [one["strength"] for one in lines],
            [one or 0.0 for one in spread] if any(one is not None for one in spread) else None,
        )
        label_axes(axes, lines[0]["measure"], lines[0]["unit"])


def label_axes(axes: Any, title: str, unit: str) -> None:
    """Set the title of a plot, and the unit below its axis.

    Parameters
    ----------
    axes : Axes
    title : str
    unit : str
    """
    axes.set_title(title)
    axes.set_xlabel(unit)


def beeswarm(path: Path, lines: list[Row], most: int) -> None:
    """Plot a dot for each row, coloured by the feature's value; grey for categories.

    Parameters
    ----------
    path : Path
        The PNG file to write.
    lines : list of dict
        A line of the explanations for each row, feature and output.
    most : int
        Maximum number of features.
    """
    outputs = list(dict.fromkeys(one["output"] for one in lines))
    added: dict[str, dict[str, np.ndarray]] = {}
    values: dict[str, list[str]] = {}
    for (feature, output), own in grouped(lines, "feature", "output"):
        added.setdefault(feature, {})[output] = np.array([one["contribution"] for one in own])
        values[feature] = [one["value"] for one in own]
    sizes = {
        feature: {output: np.abs(found).mean() for output, found in by_output.items()}
        for feature, by_output in added.items()
    }
    strongest = sorted(sizes, key=lambda feature: -np.mean(list(sizes[feature].values())))[:most]
    random = np.random.default_rng(0)  # used only to spread the dots
    several = len(outputs) > 1
    names = [shorten(feature, 36) for feature in strongest]
    n = len(next(iter(values.values())))
    with figure(path, size=(8.2, 1.5 + 0.32 * len(strongest))) as axes:
        for position, feature in enumerate(strongest):
            output = max(
                outputs, key=sizes[feature].__getitem__
            )  # the output that the feature changes most
            if several:
                names[position] += f" ({shorten(output, 16)})"
            heights = position + random.uniform(-0.28, 0.28, n)
            shades = ranks(values[feature])
            colour: dict[str, Any] = (
                {"c": GREY}
                if shades is None
                else {"c": shades, "cmap": "coolwarm", "vmin": 0, "vmax": 1}
            )
            axes.scatter(
                added[feature][output], heights, s=9, linewidths=0, plotnonfinite=True, **colour
            )
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        which = "the class in brackets" if several else outputs[0]
        title = f"{lines[0]['measure']}s, {n} validation rows, for {shorten(which, 24)}"
        label_axes(axes, title, lines[0]["unit"])
        import matplotlib

        scale = matplotlib.cm.ScalarMappable(cmap="coolwarm")
        bar = axes.figure.colorbar(scale, ax=axes, ticks=[0, 1], aspect=40)
        bar.ax.set_yticklabels(["low", "high"])
        bar.set_label("the feature's value (grey: a category)")


def ranks(values: Sequence[str]) -> np.ndarray | None:
    """Return the relative ranks of numbers, in (0, 1], NaN for missing values; None for categories."""
    numbers = np.array([np.nan if (one := to_float(text)) is None else one for text in values])
    known = np.sort(numbers[~np.isnan(numbers)])
    if len(known) < sum(text != "" for text in values):
        return None
    below, upto = (np.searchsorted(known, numbers, side) for side in ("left", "right"))
    return np.where(np.isnan(numbers), np.nan, (below + upto + 1) / 2 / max(len(known), 1))


def draw_single_row(path: Path, lines: list[Row], most: int, is_classifier: bool) -> None:
    """Plot the contributions of features to one prediction.

    Parameters
    ----------
    path : Path
        The PNG file to write.
    lines : list of dict
        The contributions, a line for each feature.
    most : int
        Maximum number of features; the others are added up.
    is_classifier : bool
    """
    shown, rest = lines[:most], lines[most:]
    lengths = [one["contribution"] for one in shown]
    names = [f"{shorten(one['feature'], 34)} = {value_label(one['value'])}" for one in shown]
    if rest:
        lengths.append(sum(one["contribution"] for one in rest))
        names.append(f"the other {len(rest)} features")
    with figure(path, size=(7.8, 1.4 + 0.32 * len(names))) as axes:
        colours = [BLUE if length > 0 else ORANGE for length in lengths]
        axes.barh(range(len(names)), lengths, height=0.65, color=colours)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.axvline(0, color=GREY, linewidth=0.8)
        first = lines[0]
        word = "probability of " if is_classifier else ""
        label_axes(
            axes,
            f"validation row {first['validation_row']}: {word}{shorten(first['output'], 24)} {first['prediction']:.4g}",
            f"{first['measure']}, {first['unit']}; starts from {first['base']:.4g}",
        )


def interactions(path: Path, lines: list[Row], names: Sequence[str]) -> None:
    """Plot the strength of the interaction of each pair of the strongest features.

    Parameters
    ----------
    path : Path
        The PNG file to write.
    lines : list of dict
        A line for each pair.
    names : sequence of str
        The strongest features.
    """
    matrix = np.full((len(names), len(names)), np.nan)
    place = {name: number for number, name in enumerate(names)}
    for one in lines:
        if one["feature"] in place and one["other"] in place:
            a, b = place[one["feature"]], place[one["other"]]
            matrix[a, b] = matrix[b, a] = one["strength"]
    size = 2.8 + 0.42 * len(names)
    with figure(path, size=(size + 1, size)) as axes:
        image = axes.imshow(matrix, cmap="Blues", vmin=0)
        shortened = [shorten(name, 26) for name in names]
        axes.set_xticks(range(len(names)), shortened, rotation=90)
        axes.set_yticks(range(len(names)), shortened)
        axes.grid(visible=False)
        axes.set_title(lines[0]["measure"])
        bar = axes.figure.colorbar(image, ax=axes, shrink=0.7)
        bar.set_label(lines[0]["unit"])


def curves(
    path: Path, lines: list[Row], names: Sequence[str], rows: str, is_classifier: bool
) -> None:
    """Plot the curves of the strongest features, with the spread of single rows if there is one output.

    Parameters
    ----------
    path : Path
    lines : list of dict
        Points of the curves.
    names : sequence of str
        Features, the strongest first.
    rows : str
        Description of the rows over which the curves are averaged.
    is_classifier : bool
    """
    outputs = list(dict.fromkeys(one["output"] for one in lines))
    several = len(outputs) > 1
    columns = min(3, len(names))
    high = -(-len(names) // columns)
    size = (max(3.2 * columns, 5.5), 2.5 * high + 0.6)
    with figure(path, rows=high, columns=columns, size=size) as axes:
        grid = np.atleast_1d(axes).ravel()
        for axis, name in zip(grid, names, strict=False):
            own = [one for one in lines if one["feature"] == name]
            for (output,), points in grouped(own, "output"):
                one_curve(axis, points, output, several)
            axis.set_title(shorten(name, 30))
        limits = [axis.get_ylim() for axis in grid[: len(names)]]
        for axis in grid[: len(names)]:  # a common scale, since otherwise a flat curve looks steep
            axis.set_ylim(min(low for low, _ in limits), max(top for _, top in limits))
        for axis in grid[len(names) :]:
            axis.set_axis_off()
        if several:
            grid[0].legend(fontsize=7)
        what = "probability" if is_classifier else "prediction"
        of, band = ("", "") if several else (f" of {outputs[0]}", " (grey: ± SD of single rows)")
        grid[0].figure.suptitle(f"partial dependence: mean {what}{of}, {rows}{band}", fontsize=10)


def one_curve(axis: Any, points: list[Row], output: str, several: bool) -> None:
    """Plot a line for a number, and points for a category.

    Parameters
    ----------
    axis : Axes
    points : list of dict
        Points of the curve.
    output : str
        Name of the output, for the legend.
    several : bool
        Whether there are several outputs; with one, the spread of single rows is shown.
    """
    numbers = [to_float(one["x"]) for one in points]
    is_category = None in numbers
    x = np.arange(len(points)) if is_category else np.array(numbers, dtype=float)
    y, spread = (np.array([one[key] for one in points], dtype=float) for key in ("y", "spread"))
    if not several:
        axis.fill_between(x, y - spread, y + spread, color=GREY, alpha=0.25, linewidth=0)
    colour = {} if several else {"color": BLUE}
    axis.plot(x, y, marker="o" if is_category else None, linewidth=2, label=output, **colour)
    if is_category:
        names = [shorten(one["x"], 14) for one in points]
        axis.set_xticks(x, names, rotation=90 if len(names) > 3 else 0)


def value_label(text: str) -> str:
    """Shorten a value for a label."""
    number = to_float(text)
    return f"{number:.4g}" if number is not None else shorten(text or "(missing)", 16)
