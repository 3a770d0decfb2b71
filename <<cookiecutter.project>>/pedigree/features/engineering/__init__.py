"""Feature engineering: scikit-learn transformers, pandas in and pandas out.

They are fitted on the training set only, and again inside every fold of a cross-validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from sklearn.pipeline import Pipeline

from pedigree.base.names import UserError, did_you_mean
from pedigree.base.settings import as_dict
from pedigree.base.tools import at, instantiate
from pedigree.features.engineering.apply import Apply
from pedigree.features.engineering.dates import DateParts, DropDates, Durations
from pedigree.features.engineering.groups import GroupStatistics, RareCategories
from pedigree.features.engineering.history import Lags
from pedigree.features.engineering.numbers import Interactions, Ratios
from pedigree.features.engineering.outliers import IsolationForest, Outliers
from pedigree.features.engineering.related.synthesis import DeepFeatures
from pedigree.features.engineering.related.table import Related
from pedigree.features.engineering.steps import ColumnStep, DropColumns

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.base.problem import Columns
    from pedigree.base.section import Tool

__all__ = [  # conf/engineer/ refers to these as pedigree.features.engineering.<class>
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


def build_features(steps: Mapping[str, Tool], rows: pd.DataFrame, problem: Columns) -> Pipeline:
    """Build the unfitted transformers of ``conf/engineer``.

    Parameters
    ----------
    steps : Mapping[str, Tool]
        `engineer.steps`.
    rows : DataFrame
        Training rows, whose columns the steps may use.
    problem : Columns
        With `target` and `exclude`, which no step may use.

    Returns
    -------
    Pipeline
        With one named, unfitted step for each entry.

    Raises
    ------
    UserError
        A step's settings are wrong, or name a column that is not in the data.

    Examples
    --------
    >>> from pedigree import build_features, paths, read_table
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("engineer")
    >>> rows = read_table(paths.SPLIT / "train")
    >>> list(build_features(settings.engineer.steps, rows, settings.problem).named_steps)[-1]
    'drop_dates'
    """
    hidden = {problem.target, *problem.exclude}
    made = []
    for name, step in as_dict(steps).items():
        place = f"engineer.steps.{name}"
        with at(place):
            transformer = instantiate(step)
        for mistake in wrong_step(transformer):
            raise UserError(f"{place}: {mistake}")
        for column in transformer.spell().named_columns():
            if column not in rows:
                hint = did_you_mean(column, rows.columns)
                raise UserError(f"{place}: column '{column}' is not in the data; {hint}")
        try:
            made.append((name, transformer.without(hidden)))
        except UserError as error:
            raise UserError(f"{place}: {error}") from None
    return Pipeline([*made, ("drop_dates", DropDates())])


def wrong_step(transformer: object) -> Iterator[str]:
    """Find mistakes in a step, as far as it can be checked without data."""
    if isinstance(transformer, ColumnStep):
        yield from transformer.mistakes()
    else:
        kind = type(transformer).__name__
        yield (
            f"{kind} does not declare which columns it uses; wrap it as the transformer of "
            "pedigree.features.engineering.Apply."
        )
