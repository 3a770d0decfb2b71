"""Step 13, interpretation: what drives the model, and single predictions, on the validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.base.paths import MODEL, PLOTS, SPLIT
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_json, replacing
from pipeline.core.base.tools import instantiate
from pipeline.core.model import artifact
from pipeline.core.model.inputs import read_side
from pipeline.explain import tables
from pipeline.explain.contract import Explanation
from pipeline.explain.pictures import draw
from pipeline.explain.subject import Subject

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Let each chosen method explain the model; write their tables and draw their pictures."""
    options = settings.explain
    subject = read_subject(options.single_rows, settings.problem.metrics[0], options.seed)
    explanations: dict[str, Explanation] = {}
    with replacing(PLOTS / "explain") as folder:
        folder.mkdir()
        for name, method in options.methods.items():
            found = explanations[name] = instantiate(method)(subject)
            draw(folder, name, found, subject, options.top)
            strongest = ", ".join(one.feature for one in found.strengths[:3])
            say(f"{name}: strongest {strongest} ({found.measure}; {found.unit})")
        tables.write(explanations, subject)
    say("explained is the model as it was fitted, before calibration and threshold")


def read_subject(single: int, metric: str, seed: int) -> Subject:
    """Read the trained model and the rows on which it is explained."""
    X, y, classes = read_side("validation")
    train, _, _ = read_side("train")
    target = read_json(SPLIT / "target.json")["name"]
    return Subject(artifact.load(MODEL), X, y, train, classes, target, metric, single, seed)
