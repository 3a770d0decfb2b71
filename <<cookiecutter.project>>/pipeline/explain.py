"""Step 13, interpretation: what drives the model, and single predictions, on the validation rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import PLOTS
from pedigree.base.stage import run, say
from pedigree.base.tables import replacing
from pedigree.base.tools import instantiate
from pedigree.explanation import read_subject, tables
from pedigree.explanation.interface import Explanation
from pedigree.explanation.pictures import draw

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


if __name__ == "__main__":
    run("explain", main)
