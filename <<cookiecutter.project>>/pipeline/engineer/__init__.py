"""Step 6, feature engineering: scikit-learn transformers, pandas in and pandas out.

They are fitted on the training rows only, and again inside every fold of a cross-validation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline

from pipeline.core.base.names import UserError, did_you_mean
from pipeline.core.base.paths import ENGINEER, FEATURES, SPLIT
from pipeline.core.base.settings import as_dict
from pipeline.core.base.stage import say
from pipeline.core.base.tables import read_json, read_table, replacing, write_table
from pipeline.core.base.tools import instantiate
from pipeline.core.data.target import encode, features
from pipeline.core.model import artifact
from pipeline.engineer.apply import Apply
from pipeline.engineer.dates import DateParts, DropDates, Durations
from pipeline.engineer.groups import GroupStatistics, RareCategories
from pipeline.engineer.history import Lags
from pipeline.engineer.numbers import Interactions, Ratios
from pipeline.engineer.outliers import IsolationForest, Outliers
from pipeline.engineer.related import Related
from pipeline.engineer.steps import ColumnStep, DropColumns
from pipeline.engineer.synthesis import DeepFeatures

if TYPE_CHECKING:
    import pandas as pd
    from omegaconf import DictConfig

__all__ = [  # what conf/engineer/ names as pipeline.engineer.<class>
    "Apply",
    "ColumnStep",
    "DateParts",
    "DeepFeatures",
    "DropColumns",
    "DropDates",
    "Durations",
    "GroupStatistics",
    "Interactions",
    "IsolationForest",
    "Lags",
    "Outliers",
    "RareCategories",
    "Ratios",
    "Related",
]


def main(settings: DictConfig) -> None:
    """Fit the transformers on data/split/train/ and write the features of train and validation.

    The test rows are left alone; `verdict` transforms them with what was fitted here.
    """
    problem = settings.problem
    sides = {side: read_table(SPLIT / side) for side in ("train", "validation")}
    engineer = build(settings.engineer.steps, sides["train"], problem)
    answers = encode(sides["train"][problem.target], read_json(SPLIT / "target.json")["classes"])
    engineer.fit(features(sides["train"], problem), answers)
    artifact.save(engineer, ENGINEER)
    with replacing(FEATURES) as folder:
        folder.mkdir()
        for side, rows in sides.items():
            made = engineer.transform(features(rows, problem))
            write_table(made.assign(**{problem.target: rows[problem.target]}), folder / side)
    before = features(sides["train"], problem).columns
    new = [name for name in made if name not in before]
    say(f"{len(before)} columns became {made.shape[1]}; new: {', '.join(new) if new else 'none'}")


def build(steps: DictConfig, rows: pd.DataFrame, problem: DictConfig) -> Pipeline:
    """Build the unfitted transformers of ``conf/engineer``.

    Raises
    ------
    UserError
        A step's settings are wrong, or name a column that the data do not have.
    """
    hidden = {problem.target, *problem.exclude}
    made = []
    for name, step in as_dict(steps).items():
        place = f"engineer.steps.{name}"
        transformer = instantiate(step)
        for mistake in wrong_step(transformer):
            raise UserError(f"{place}: {mistake}")
        for column in transformer.spell().named_columns():
            if column not in rows:
                hint = did_you_mean(column, rows.columns)
                raise UserError(f"{place}: '{column}' is no column of the data; {hint}")
        try:
            made.append((name, transformer.without(hidden)))
        except UserError as error:
            raise UserError(f"{place}: {error}") from None
    return Pipeline([*made, ("drop_dates", DropDates())])


def wrong_step(transformer: object) -> Iterator[str]:
    """Say what is wrong with a step, as far as it can be told without data."""
    if isinstance(transformer, ColumnStep):
        yield from transformer.mistakes()
    else:
        kind = type(transformer).__name__
        yield f"{kind} does not say which columns it reads; name it as transformer of pipeline.engineer.Apply."
