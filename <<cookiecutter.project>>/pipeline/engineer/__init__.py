"""Step 6, feature engineering: scikit-learn transformers, pandas in and pandas out.

They are fitted on the training rows only, and again inside every fold of a cross-validation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import ENGINEER, FEATURES, SPLIT
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_table, replacing, write_table
from pipeline.core.base.tools import instantiate
from pipeline.core.data.target import features
from pipeline.core.model import artifact
from pipeline.engineer.outliers import IsolationForest, Outliers
from pipeline.engineer.transformers import (
    ColumnStep,
    DateParts,
    DropDates,
    GroupStatistics,
    RareCategories,
    Ratios,
)

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

__all__ = [  # what conf/engineer/ names as pipeline.engineer.<class>
    "ColumnStep",
    "DateParts",
    "DropDates",
    "GroupStatistics",
    "IsolationForest",
    "Outliers",
    "RareCategories",
    "Ratios",
]


def main(settings: DictConfig) -> None:
    """Fit the transformers on data/split/train/ and write the features of train and validation.

    The test rows are left alone; `verdict` transforms them with what was fitted here.
    """
    problem = settings.problem
    sides = {side: read_table(SPLIT / side) for side in ("train", "validation")}
    engineer = build(settings.engineer.steps, sides["train"], problem)
    engineer.fit(features(sides["train"], problem))
    artifact.save(engineer, ENGINEER)
    with replacing(FEATURES) as folder:
        folder.mkdir()
        for side, rows in sides.items():
            made = engineer.transform(features(rows, problem))
            write_table(made.assign(**{problem.target: rows[problem.target]}), folder / side)
    before = set(features(sides["train"], problem))
    say(
        f"{len(before)} columns became {made.shape[1]}; new: {', '.join(c for c in made if c not in before)}"
    )


def build(steps: DictConfig, rows: pd.DataFrame, problem: DictConfig) -> Pipeline:
    """Build the unfitted transformers of ``conf/engineer``.

    Raises
    ------
    UserError
        A step names a column that the data do not have.
    """
    hidden = {problem.target, *problem.exclude}
    made = []
    for name, step in as_dict(steps).items():
        transformer = instantiate(step)
        for column in transformer.named_columns():
            if column not in rows:
                hint = did_you_mean(column, rows.columns)
                raise UserError(
                    f"engineer.steps.{name}: '{column}' is no column of the data; {hint}"
                )
        made.append((name, transformer.without(hidden)))
    return Pipeline([*made, ("drop_dates", DropDates())])
