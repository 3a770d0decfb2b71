"""The pipeline as a graph, and the result of each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pedigree.base.dvc_files.declared import DeclaredStage
from pedigree.base.dvc_files.lock import lies_in
from pedigree.base.paths import PARAMS
from pedigree.data.records import CleanMetrics, LoadMetrics, SplitMetrics
from pedigree.features.selection.select_metrics import SelectMetrics
from pedigree.report.formatting import number, short
from pedigree.report.outputs import RunOutputs
from pedigree.report.page.rendering import PagePart
from pedigree.scoring.results import MonitorMetrics

NODE, HIGH, GAP_X, GAP_Y = 178, 42, 14, 22  # of the graph, in pixels
WORDS = 30  # maximum number of characters of a result in a node
SECTIONS = {  # the section about each stage
    **dict.fromkeys(("collect", "load", "clean", "split", "select"), "data"),
    **dict.fromkeys(("compare", "tune", "train"), "search"),
    **dict.fromkeys(("leakage", "evaluate"), "weaknesses"),
    **dict.fromkeys(("explain",), "drivers"),
    **dict.fromkeys(("verdict",), "performance"),
    **dict.fromkeys(("package",), "lineage"),
    **dict.fromkeys(("monitor",), "next"),
}

Point = tuple[float, float]


@dataclass(frozen=True)
class Stage:
    """A stage of dvc.yaml.

    Parameters
    ----------
    number : int or None
        Number of the step, in the order of execution; None for a stage that is not a step.
    name, description, result : str
    parents : list of str
        Stages that it directly follows.
    """

    number: int | None
    name: str
    description: str
    result: str
    parents: list[str]

    @property
    def title(self) -> str:
        """Return number and name."""
        return f"{self.number} · {self.name}" if self.number else self.name


@dataclass(frozen=True)
class Node:
    """A stage in the graph: its upper left corner, and its section of the page."""

    stage: Stage
    result: str
    section: str | None
    x: float
    y: float


@dataclass(frozen=True, kw_only=True)
class PipelineSection(PagePart):
    """The section on the pipeline.

    Parameters
    ----------
    stages : list of Stage
    nodes : list of Node
    edges : list of str
        SVG paths.
    size : (float, float)
        Width and height of the graph.
    node : (int, int)
        Width and height of a node.
    """

    stages: list[Stage]
    nodes: list[Node]
    edges: list[str]
    size: Point
    node: tuple[int, int] = (NODE, HIGH)
    template: str = "pedigree/report/sections/pipeline.html.j2"


def pipeline(outputs: RunOutputs, stages: Mapping[str, DeclaredStage]) -> PipelineSection:
    """Return the section on the stages and links of dvc.yaml."""
    results, parents = _results(outputs), links(stages)
    found: dict[str, Stage] = {}
    count = 0
    for name, stage in stages.items():
        step, dash, description = stage.description.partition(" - ")
        is_step = bool(dash) and step[:1].isdigit()  # other stages are not steps
        count += is_step
        found[name] = Stage(
            count if is_step else None,
            name,
            description or stage.description,
            results.get(name, ""),
            parents[name],
        )
    places, width, height = _layout(parents)
    return PipelineSection(
        stages=list(found.values()),
        nodes=[
            Node(stage, short(stage.result, WORDS), SECTIONS.get(name), *places[name])
            for name, stage in found.items()
        ],
        edges=[
            _edge(places[one], places[name], width)
            for name, above in parents.items()
            for one in above
        ],
        size=(width + GAP_X, height),
    )


def _results(outputs: RunOutputs) -> dict[str, str]:
    """Summarize the result of each stage in a few words."""
    metric, tuned, board = outputs.headline.metric, outputs.tuned, outputs.leaderboard
    steps, split = outputs.require(CleanMetrics).steps, outputs.require(SplitMetrics)
    changed = sum(sum(one.changed.values()) for one in steps.values())
    sizes = [f"{one.rows:,}" for one in (split.train, split.validation, split.test)]
    monitored = outputs.find(MonitorMetrics)
    found = {
        "collect": f"{outputs.lineage.snapshot.rows:,} rows",
        "load": f"{outputs.require(LoadMetrics).rejected:,} rows rejected",
        "clean": f"{changed:,} values changed",
        "split": f"{' / '.join(sizes)} rows",
        "select": f"{len(outputs.require(SelectMetrics).kept)} features kept",
        "compare": f"best: {board[0]['model']}" if board else "",
        "tune": f"{tuned.trials} trials" if tuned else "off",
        "train": outputs.trained.model,
        "evaluate": f"{metric} {number(outputs.validation.scores.get(metric))}",
        "verdict": "accepted" if outputs.verdict.accepted else "not accepted",
        "monitor": "retrain" if monitored and monitored.retrain else "no need to retrain",
    }
    if not monitored or not monitored.rows:
        found["monitor"] = "no later batch"
    if outputs.leakage:
        found["leakage"] = f"{outputs.leakage.findings} findings"
    return found


def links(stages: Mapping[str, DeclaredStage]) -> dict[str, list[str]]:
    """Return the stages that each stage follows directly, in a possible order of execution.

    A link is left out if another path connects the same stages.
    """
    parents: dict[str, list[str]] = {}
    for name, stage in stages.items():
        read = [*stage.deps, *([PARAMS.as_posix()] if stage.params else [])]
        parents[name] = [
            other
            for other in stages
            if other != name
            and any(lies_in(d, o) or lies_in(o, d) for d in read for o in stages[other].outs)
        ]
    above: dict[str, set[str]] = {}  # all ancestors of a stage
    while waiting := [name for name in parents if name not in above]:
        # Groups of stages may depend on each other in turn; then the one that is listed first comes first.
        ready = (name for name in waiting if above.keys() >= set(parents[name]))
        name = next(ready, waiting[0])
        above[name] = set(parents[name]).union(*(above.get(one, ()) for one in parents[name]))
    return {
        name: [one for one in parents[name] if not any(one in above[o] for o in parents[name])]
        for name in above
    }


def levels(parents: dict[str, list[str]]) -> dict[str, int]:
    """Place each stage as low as its successors allow, so that few links pass other stages."""
    first: dict[str, int] = {}
    for name, above in parents.items():
        first[name] = 1 + max((first.get(one, -1) for one in above), default=-1)
    level: dict[str, int] = {}
    for name in reversed(parents):
        after = [level[o] - 1 for o, above in parents.items() if name in above and o in level]
        level[name] = min(after, default=first[name])
    return level


def _layout(parents: dict[str, list[str]]) -> tuple[dict[str, Point], float, float]:
    """Place the stages from top to bottom; also return the position of links that pass other stages, and the height."""
    level = levels(parents)
    rows: list[list[str]] = [[] for _ in range(max(level.values()) + 1)]
    for name in parents:
        rows[level[name]].append(name)
    for row in rows:  # stages with a distant parent are next to the lane of its link
        row.sort(key=lambda name: -max((level[one] for one in parents[name]), default=0))
    wide = max(map(len, rows))
    places: dict[str, Point] = {}
    for depth, row in enumerate(rows):
        start = (wide - len(row)) * (NODE + GAP_X) / 2
        for place, name in enumerate(row):
            places[name] = (start + place * (NODE + GAP_X), depth * (HIGH + GAP_Y))
    return places, wide * (NODE + GAP_X) - GAP_X / 2, len(rows) * (HIGH + GAP_Y) - GAP_Y


def _edge(start: Point, end: Point, lane: float) -> str:
    """Return the path from the bottom of one node to the top of another."""
    x1, y1, x2, y2 = start[0] + NODE / 2, start[1] + HIGH, end[0] + NODE / 2, end[1] - 3
    middle = (y1 + y2) / 2
    if y2 - y1 <= HIGH:
        return f"M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}"
    turn = GAP_Y * 0.8  # links over several levels run along the edge
    return (
        f"M{x1:g} {y1:g}C{x1:g} {y1 + turn:g} {lane:g} {y1:g} {lane:g} {y1 + 2 * turn:g}"
        f"V{y2 - 2 * turn:g}C{lane:g} {y2:g} {x2:g} {y2 - turn:g} {x2:g} {y2:g}"
    )
