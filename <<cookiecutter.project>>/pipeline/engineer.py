"""Step 6, feature engineering: scikit-learn transformers, pandas in and pandas out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pedigree.base.paths import ENGINEER, FEATURES, SPLIT
from pedigree.base.stage import run, say
from pedigree.base.tables import read_json, read_table, replacing, write_table
from pedigree.data.target import encode, features
from pedigree.estimators import artifact
from pedigree.features.engineering import build

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main(settings: DictConfig) -> None:
    """Fit the transformers on data/split/train/ and write the features of train and validation.

    The test rows are left alone; `verdict` transforms them with what was fitted here.
    """
    problem = settings.problem
    subsets = {name: read_table(SPLIT / name) for name in ("train", "validation")}
    engineer = build(settings.engineer.steps, subsets["train"], problem)
    target = encode(subsets["train"][problem.target], read_json(SPLIT / "target.json")["classes"])
    engineer.fit(features(subsets["train"], problem), target)
    artifact.save(engineer, ENGINEER)
    with replacing(FEATURES) as folder:
        folder.mkdir()
        for name, rows in subsets.items():
            made = engineer.transform(features(rows, problem))
            write_table(made.assign(**{problem.target: rows[problem.target]}), folder / name)
    before = features(subsets["train"], problem).columns
    new = [column for column in made if column not in before]
    say(f"{len(before)} columns became {made.shape[1]}; new: {', '.join(new) if new else 'none'}")


if __name__ == "__main__":
    run("engineer", main)
