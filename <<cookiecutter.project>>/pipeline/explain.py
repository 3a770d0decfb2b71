"""Interpretation: what drives the model, and single predictions, on the validation rows."""

from __future__ import annotations

from typing import Any

from pedigree import Subject, run, say, write_explanations
from pedigree.settings import ExplainSettings


def main(settings: ExplainSettings) -> None:
    """Let each chosen method explain the model; write their tables, which `report` draws."""
    options = settings.explain
    subject = Subject.read(settings)
    explanations: dict[str, Any] = {}
    for name, method in options.methods.items():
        found = explanations[name] = subject.explain(name, method)
        strongest = ", ".join(one.feature for one in found.strengths[:3] if one.strength)
        say(f"{name}: strongest {strongest or 'none'} ({found.measure}; {found.unit})")
    write_explanations(explanations, subject)
    say("the model is explained as it was fitted, before calibration and threshold")


if __name__ == "__main__":
    run("explain", main)
