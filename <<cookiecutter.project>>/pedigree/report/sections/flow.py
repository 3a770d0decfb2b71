"""The pipeline as a picture, and what came out of each stage."""

from __future__ import annotations

from typing import Any

from pedigree.base.lock import lies_in
from pedigree.report.charts import figure
from pedigree.report.elements import Element, el, number
from pedigree.report.facts import Facts
from pedigree.report.page import Page, table

NODE, HIGH, GAP_X, GAP_Y = 178, 42, 14, 22  # of the picture, in its pixels
SECTIONS = {  # where the page tells of a stage
    **dict.fromkeys(("collect", "load", "clean", "split", "select"), "data"),
    **dict.fromkeys(("compare", "tune", "train"), "search"),
    **dict.fromkeys(("leakage", "evaluate"), "weaknesses"),
    **dict.fromkeys(("explain",), "drivers"),
    **dict.fromkeys(("verdict",), "how-good"),
    **dict.fromkeys(("package",), "lineage"),
    **dict.fromkeys(("monitor",), "next"),
}


def pipeline(page: Page, facts: Facts, stages: dict[str, Any]) -> None:
    """Draw the stages as dvc.yaml links them, each with what came out of it."""
    page.heading("The pipeline", "pipeline")
    lines = [
        {
            "stage": name,
            "does": stage["desc"].partition(" - ")[2],
            "result": facts_of(facts).get(name, ""),
        }
        for name, stage in stages.items()
    ]
    page.add(
        el(
            "div",
            picture(stages, facts_of(facts)),
            table(lines, "the stages of dvc.yaml"),
            class_="beside",
        )
    )


def facts_of(facts: Facts) -> dict[str, str]:
    """Say in a few words what came out of each stage."""
    loaded, cleaned, split, select, monitor = (
        facts.json(f"metrics/{name}.json")
        for name in ("load", "clean", "split", "select", "monitor")
    )
    first, tuned = facts.headline, facts.tuned
    changed = sum(sum(one["changed"].values()) for one in cleaned["steps"].values())
    sides = [
        f"{split[side]['rows']:,}" for side in ("train", "validation", "test") if side in split
    ]
    again = "train again" if monitor.get("retrain") else "no need to train again"
    found = {
        "collect": f"{facts.lineage['snapshot']['rows']:,} rows",
        "load": f"{loaded['rejected']:,} rows rejected",
        "clean": f"{changed:,} values repaired",
        "split": f"{' / '.join(sides)} rows",
        "select": f"{len(select['kept'])} features kept",
        "compare": f"best: {facts.board[0]['model']}" if facts.board else "",
        "tune": f"{tuned['trials']} trials" if tuned.get("trials") else "off",
        "train": facts.trained["model"],
        "evaluate": f"{first['metric']} {number(facts.validation.get(first['metric']))}",
        "verdict": "accepted" if facts.verdict["accepted"] else "not accepted",
        "monitor": again if monitor.get("rows") else "no later batch",
    }
    if facts.leakage:
        found["leakage"] = f"{facts.leakage['findings']} findings"
    return found


def links(stages: dict[str, Any]) -> dict[str, list[str]]:
    """Return the stages that each stage follows directly: those that no other path leads through."""
    made = {
        name: [out if isinstance(out, str) else next(iter(out)) for out in stage.get("outs", ())]
        for name, stage in stages.items()
    }
    above: dict[str, set[str]] = {}  # all that a stage descends from; dvc.yaml lists them in order
    direct: dict[str, list[str]] = {}
    for name, stage in stages.items():
        read = [*stage.get("deps", ()), *(["params.yaml"] if stage.get("params") else [])]
        parents = [
            other
            for other in direct
            if any(lies_in(dep, out) or lies_in(out, dep) for dep in read for out in made[other])
        ]
        above[name] = set(parents).union(*(above[one] for one in parents))
        direct[name] = [one for one in parents if not any(one in above[other] for other in parents)]
    return direct


def levels(parents: dict[str, list[str]]) -> dict[str, int]:
    """Place each stage as late as what follows it allows, so that few links pass by others."""
    first: dict[str, int] = {}
    for name, above in parents.items():
        first[name] = 1 + max((first[one] for one in above), default=-1)
    level: dict[str, int] = {}
    for name in reversed(parents):
        after = [level[other] - 1 for other, above in parents.items() if name in above]
        level[name] = min(after, default=first[name])
    return level


def picture(stages: dict[str, Any], results: dict[str, str]) -> Element:
    """Draw the stages from top to bottom."""
    parents = links(stages)
    level = levels(parents)
    rows: list[list[str]] = [[] for _ in range(max(level.values()) + 1)]
    for name in parents:
        rows[level[name]].append(name)
    for row in rows:  # what follows something far above stands beside the lane that leads there
        row.sort(key=lambda name: -max((level[one] for one in parents[name]), default=0))
    wide = max(map(len, rows))
    lane = wide * (NODE + GAP_X) - GAP_X / 2  # for links that pass by others
    at: dict[str, tuple[float, float]] = {}
    for depth, row in enumerate(rows):
        start = (wide - len(row)) * (NODE + GAP_X) / 2
        for place, name in enumerate(row):
            at[name] = (start + place * (NODE + GAP_X), depth * (HIGH + GAP_Y))
    edges = [_edge(at[one], at[name], lane) for name, above in parents.items() for one in above]
    nodes = [_node(name, stages[name], at[name], results.get(name, "")) for name in stages]
    width, height = lane + GAP_X, len(rows) * (HIGH + GAP_Y) - GAP_Y
    said = "; ".join(f"{n} after {', '.join(above)}" for n, above in parents.items() if above)
    svg = el(
        "svg",
        el("defs", _arrow()),
        *edges,
        *nodes,
        viewBox=f"-2 -2 {width + 4:g} {height + 4}",
        style=f"max-width:{width + 4:g}px;width:100%",
        role="group",
        aria_label=f"the stages: {said}",
    )
    return figure(svg)


def _node(name: str, stage: dict[str, Any], place: tuple[float, float], result: str) -> Element:
    x, y = place
    box = el("rect", x=f"{x:g}", y=f"{y:g}", width=str(NODE), height=str(HIGH), rx="7")
    title = el(
        "text", name, x=f"{x + NODE / 2:g}", y=f"{y + 17:g}", text_anchor="middle", class_="title"
    )
    told = el("text", result[:30], x=f"{x + NODE / 2:g}", y=f"{y + 33:g}", text_anchor="middle")
    tip = stage["desc"].partition(" - ")[2]
    parts = el("g", box, title, told, class_="node", data_tip=tip)
    return el("a", parts, href=f"#{SECTIONS[name]}") if name in SECTIONS else parts


def _edge(start: tuple[float, float], end: tuple[float, float], lane: float) -> Element:
    x1, y1, x2, y2 = start[0] + NODE / 2, start[1] + HIGH, end[0] + NODE / 2, end[1] - 3
    middle = (y1 + y2) / 2
    path = f"M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}"
    if y2 - y1 > HIGH:  # along the side, past the stages in between
        turn = GAP_Y * 0.8
        path = (
            f"M{x1:g} {y1:g}C{x1:g} {y1 + turn:g} {lane:g} {y1:g} {lane:g} {y1 + 2 * turn:g}"
            f"V{y2 - 2 * turn:g}C{lane:g} {y2:g} {x2:g} {y2 - turn:g} {x2:g} {y2:g}"
        )
    return el("path", d=path, class_="edge", marker_end="url(#arrow)")


def _arrow() -> Element:
    head = el("path", d="M0 0L8 4L0 8z", class_="tip")
    size = {"refX": "6", "refY": "4", "markerWidth": "7", "markerHeight": "7"}
    return el("marker", head, id="arrow", viewBox="0 0 8 8", orient="auto", **size)
