"""The model card in Markdown: what the model is for, its scores, its weaknesses, and its data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.report.labels import REFERENCES
from pedigree.report.outputs import RunOutputs, read_workspace
from pedigree.report.page.rendering import jinja_environment, rendered
from pedigree.report.sections.performance import gain_rows, metric_rows
from pedigree.report.sections.verdict import summarize

if TYPE_CHECKING:
    from pedigree.estimators.lineage import Lineage
    from pedigree.estimators.signature import Signature
    from pedigree.packaging.settings import PackageSettings

TEMPLATE = "pedigree/packaging/card.md.j2"
MOST = 10  # maximum number of slices, and of failed leakage checks, that the card lists


def card(settings: PackageSettings, signature: Signature, lineage: Lineage) -> str:
    """Write the model card (Mitchell et al. 2019); its sentences are those of the report.

    Parameters
    ----------
    settings : PackageSettings
        With `problem`.
    signature, lineage : Signature, Lineage
        Contents of the bundle's signature.json and lineage.json.

    Returns
    -------
    str
        Markdown.
    """
    outputs = RunOutputs({"target": settings.problem.target}, read_workspace)
    leaks = [one for one in outputs.rows("reports/leakage.csv") if one["found"] == "yes"]
    scores = metric_rows(outputs)
    values = {
        "problem": settings.problem,
        "signature": signature,
        "lineage": lineage,
        "trained": outputs.trained,
        "verdict": outputs.verdict,
        "remarks": outputs.remarks,
        "summary": summarize(outputs),
        "scores": scores,
        "references": {name: REFERENCES[name] for one in scores for name in one.references},
        "gains": gain_rows(outputs),
        "worst": outputs.worst_slice,
        "slices": outputs.slices()[1][:MOST],
        "fairness": outputs.fairness()[1],
        "ece": outputs.validation.scores.get("ece"),
        "threshold": outputs.threshold,
        "leakage": outputs.leakage,
        "leaks": leaks[:MOST],
    }
    return str(rendered(jinja_environment(escape=False), TEMPLATE, values))
