"""A comparison of two versions for people: a table in the terminal, or a page."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pedigree.report.figures import BLUE, ORANGE, figure, shorten
from pedigree.report.page import Page

if TYPE_CHECKING:
    import pandas as pd

PANELS = 6  # distributions that are plotted
WIDTH = 100  # characters of a table in the terminal
HAIR = 0.005  # distances below are shown as 0.00


def sentences(found: dict[str, Any]) -> list[str]:
    """Describe the differences in a few sentences."""
    rows, columns = found["rows"], found["columns"]
    parts = [f"{rows['before']:,} rows before, {rows['after']:,} after:"]
    parts[0] += f" {rows['added']:,} added, {rows['gone']:,} gone"
    if found["key"]:
        parts[0] += f", {rows['changed']:,} changed, {rows['same']:,} the same"
        parts.append(f"Rows are identified by {', '.join(found['key'])}.")
    else:
        parts[0] += f", {rows['same']:,} the same"
        parts.append(
            "No columns identify a row, so whole rows are compared; use --key to set such columns."
        )
    parts[0] += "."
    for verb in ("added", "gone"):
        if columns[verb]:
            listed = ", ".join(f"{name} ({dtype})" for name, dtype in columns[verb].items())
            parts.append(f"Columns {verb}: {listed}.")
    for name, (old, new) in columns["retyped"].items():
        parts.append(f"Type of {name}: {old} -> {new}.")
    if rows["reordered"]:
        parts.append("The rows are in another order.")
    return parts


def lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the columns that differ, the most changed first."""
    shown = []
    order = sorted(
        found["values"], key=lambda one: (-(one["changed"] or 0), -(one["distance"] or 0))
    )
    for one in order:
        missing = [f"{one[f'missing_{version}']:.1%}" for version in ("before", "after")]
        # A few added or removed rows change every distribution a little.
        if one["changed"] or missing[0] != missing[1] or (one["distance"] or 0) >= HAIR:
            line = {"column": one["column"]}
            if found["key"]:
                line["changed"] = "key" if one["changed"] is None else one["changed"]
            line["missing"] = "" if missing == ["0.0%"] * 2 else " -> ".join(missing)
            line["distance"] = "" if one["distance"] is None else f"{one['distance']:.2f}"
            shown.append({**line, "shifted": "yes" if one["shifted"] else ""})
    return shown


def format_comparison(found: dict[str, Any], title: str) -> str:
    """Format a comparison for the terminal."""
    out = [title, *(f"  {sentence}" for sentence in sentences(found))]
    differing = lines(found)
    if differing:
        out += ["", *_aligned(differing)]
    rest = len(found["values"]) - len(differing)
    if rest:
        plural = "" if rest == 1 else "s"
        out.append(f"{rest} {'other ' if differing else ''}column{plural}: no differences")
    for name, rows in found["examples"].items():
        if rows:
            out += ["", f"{name}, the first:", *_aligned(_narrow(rows, found["key"]))]
    return "\n".join(out)


def write_page(
    path: Path, found: dict[str, Any], title: str, before: pd.DataFrame, after: pd.DataFrame
) -> None:
    """Write a comparison as a page, with the distributions that have shifted most.

    Parameters
    ----------
    path : Path
        The HTML file to write.
    found : dict
        As returned by `compare`.
    title : str
        Title of the page.
    before, after : DataFrame
        The two versions.
    """
    page = Page(title)
    for sentence in sentences(found):
        page.paragraph(sentence)
    page.heading("Columns")
    page.paragraph(
        "changed: number of different values in rows of both versions. distance: Kolmogorov-Smirnov D for numbers, total "
        "variation for strings; shifted: beyond the limits of conf/monitor/."
    )
    page.table(lines(found))
    moved = sorted(
        (one for one in found["values"] if (one["distance"] or 0) >= HAIR),
        key=lambda one: -one["distance"],
    )
    if moved:
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "moved.png"
            _draw(picture, [one["column"] for one in moved[:PANELS]], before, after)
            page.picture(picture, "distributions before and after")
    for name, rows in found["examples"].items():
        if rows:
            page.heading(
                f"Rows {name}, the first" if name != "changed" else "Values changed, the first"
            )
            page.table(rows)
    page.write(path)


def _draw(path: Path, columns: Sequence[str], before: pd.DataFrame, after: pd.DataFrame) -> None:
    """Plot each column's distribution in both versions."""
    import numpy as np
    import pandas as pd

    height = -(-len(columns) // 2)
    with figure(path, rows=height, columns=2, size=(9, 2.4 * height)) as grid:
        axes = np.ravel(grid)
        for panel, name in zip(axes, columns, strict=False):
            versions = {"before": before[name].dropna(), "after": after[name].dropna()}
            colours = {"before": BLUE, "after": ORANGE}
            if all(
                pd.api.types.is_float_dtype(one) or one.dtype.kind == "i"
                for one in versions.values()
            ):
                edges = np.histogram_bin_edges(pd.concat(versions.values()), bins=30)
                for version, values in versions.items():
                    panel.hist(
                        values,
                        edges,
                        density=True,
                        histtype="step",
                        color=colours[version],
                        label=version,
                    )
            else:
                fractions = pd.DataFrame(
                    {
                        version: one.astype("str").value_counts(normalize=True)
                        for version, one in versions.items()
                    }
                )
                fractions = (
                    fractions.fillna(0)
                    .sort_values("before", ascending=False, kind="stable")
                    .head(8)
                )
                positions = np.arange(len(fractions))
                for offset, version in ((-0.2, "before"), (0.2, "after")):
                    panel.barh(
                        positions + offset,
                        fractions[version],
                        0.4,
                        color=colours[version],
                        label=version,
                    )
                panel.set_yticks(positions, [shorten(one, 24) for one in fractions.index])
                panel.invert_yaxis()
            panel.set_title(shorten(name))
        axes[0].legend()
        for panel in axes[len(columns) :]:
            panel.set_visible(False)


def _narrow(rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> list[dict[str, Any]]:
    """Omit columns that do not fit into a line, the columns of the key last."""
    names: list[str] = []
    width = 0
    for name in [*key, *(name for name in rows[0] if name not in key)]:
        width += 2 + max(len(name), *(len(_cell(row[name])) for row in rows))
        if names and width > WIDTH:
            break
        names.append(name)
    left_out = {"": "…"} if len(names) < len(rows[0]) else {}
    return [{name: row[name] for name in names} | left_out for row in rows]


def _aligned(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Format mappings with equal keys as the lines of a table."""
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    ]


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if len(str(value)) <= 28 else f"{str(value)[:27]}…"
