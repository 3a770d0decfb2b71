"""Step 13, interpretation: what drives the model, and single predictions, on the validation rows."""

from __future__ import annotations

from pedigree.base.paths import MODEL, SPLIT
from pedigree.base.tables import read_json
from pedigree.estimators import artifact
from pedigree.explanation.subject import Subject
from pedigree.training.inputs import read_subset


def read_subject(single: int, metric: str, seed: int) -> Subject:
    """Read the trained model and the rows on which it is explained."""
    X, y, classes = read_subset("validation")
    train, _, _ = read_subset("train")
    target = read_json(SPLIT / "target.json")["name"]
    return Subject(artifact.load(MODEL), X, y, train, classes, target, metric, single, seed)
