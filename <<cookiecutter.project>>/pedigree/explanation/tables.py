"""Tables of explanations, the same four files for all methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.files.formulas import unescaped
from pedigree.base.files.replacing import new_folder
from pedigree.base.paths import REPORTS
from pedigree.base.tables import is_missing, write_csv
from pedigree.explanation.interface import Explanation

if TYPE_CHECKING:
    import pandas as pd

    from pedigree.explanation.subject import Subject

FOLDER = REPORTS / "explain"
COLUMNS = {
    # The strength of each feature: the measure, its rows and its unit.
    "global": ("method", "feature", "strength", "spread", "measure", "unit"),
    # Contributions of the features to single predictions; base and contributions sum to the output.
    "rows": (
        *("method", "validation_row", "output", "prediction", "base"),
        *("feature", "value", "contribution", "measure", "unit"),
    ),
    # Contributions for all explained rows and each output.
    "contributions": (
        *("method", "feature", "output", "validation_row", "value"),
        *("contribution", "measure", "unit"),
    ),
    # How the prediction depends on a feature: mean and standard deviation over rows.
    "curves": ("method", "feature", "output", "x", "y", "spread", "unit"),
    "interactions": ("method", "feature", "other", "strength", "measure", "unit"),
}
NUMBERS = {"strength", "spread", "prediction", "base", "contribution", "y"}


def write_explanations(explanations: Mapping[str, Explanation], subject: Subject) -> None:
    """Write reports/explain/ anew; a table without rows keeps its header.

    Parameters
    ----------
    explanations : mapping of str to Explanation
        By name of the method.
    subject : Subject
        The model and rows that they explain.

    Examples
    --------
    >>> from pedigree import Subject, paths, write_explanations
    >>> from pedigree.settings import read_settings
    >>> settings = read_settings("explain")
    >>> subject = Subject.read(settings)
    >>> shap = subject.explain("shap", settings.explain.methods["shap"])
    >>> write_explanations({"shap": shap}, subject)
    >>> sorted(path.stem for path in (paths.REPORTS / "explain").iterdir())
    ['contributions', 'curves', 'global', 'interactions', 'rows']
    """
    makers = {
        "global": strength_rows,
        "rows": single_rows,
        "contributions": contribution_rows,
        "curves": curve_rows,
        "interactions": interaction_rows,
    }
    for method, explanation in explanations.items():
        subject.checked(explanation, method)
    with new_folder(FOLDER) as folder:
        for table, make in makers.items():
            lines = [
                {"method": method, **line}
                for method, explanation in explanations.items()
                for line in make(explanation, subject)
            ]
            write_csv(lines, folder / f"{table}.csv", COLUMNS[table])


def read(folder: Path = FOLDER) -> dict[str, pd.DataFrame]:
    """Read the tables of `write_explanations`: global, rows, curves and interactions.

    Values and names are unchanged strings ("NA" is a name); missing ones are "" or NaN.
    """
    import pandas as pd

    found = {
        table: pd.read_csv(
            folder / f"{table}.csv",
            dtype={
                name: "float64"
                if name in NUMBERS
                else "int64"
                if name == "validation_row"
                else "str"
                for name in columns
            },
            keep_default_na=False,
            na_values={name: [""] for name in NUMBERS},
        )
        for table, columns in COLUMNS.items()
    }
    return {table: rows.apply(_unescaped) for table, rows in found.items()}


def _unescaped(column: pd.Series) -> pd.Series:
    return column.map(unescaped).astype("str") if column.dtype == "str" else column


def strength_rows(explanation: Explanation, subject: Subject) -> Iterator[dict[str, Any]]:
    """List the features, the strongest first."""
    for one in explanation.strengths:
        yield {
            "feature": one.feature,
            "strength": one.strength,
            "spread": one.spread,
            "measure": explanation.measure,
            "unit": explanation.unit,
        }


def contribution_rows(explanation: Explanation, subject: Subject) -> Iterator[dict[str, Any]]:
    """List the contribution of each feature to each output of every explained row."""
    found = explanation.contributions
    for place, feature in enumerate(found.shown if found else ()):
        assert found is not None
        values = [written(value) for value in found.shown.iloc[:, place]]
        for number, output in enumerate(subject.names):
            for row, value, added in zip(
                found.rows, values, found.values[:, place, number], strict=True
            ):
                yield {
                    "feature": feature,
                    "output": output,
                    "validation_row": row,
                    "value": value,
                    "contribution": added,
                    "measure": found.name,
                    "unit": found.scale,
                }


def written(value: Any) -> str | None:
    """Return a feature's value as a string, None for a missing one."""
    return None if is_missing(value) else str(value)


def single_rows(explanation: Explanation, subject: Subject) -> Iterator[dict[str, Any]]:
    """List the contributions of the features to the predictions of the chosen rows, the greatest first.

    Of several classes the predicted one is explained.
    """
    found = explanation.contributions
    for row in subject.chosen if found else []:
        assert found is not None
        i = int(np.flatnonzero(found.rows == row)[0])
        output, prediction = explained_output(subject, row)
        for place in np.argsort(-np.abs(found.values[i, :, output]), kind="stable"):
            yield {
                "validation_row": row,
                "output": subject.names[output],
                "prediction": prediction,
                "base": found.base[i, output],
                "feature": found.shown.columns[place],
                "value": written(found.shown.iloc[i, place]),
                "contribution": found.values[i, place, output],
                "measure": found.name,
                "unit": found.scale,
            }


def explained_output(subject: Subject, row: int) -> tuple[int, float]:
    """Return which output of a row is explained, and what the model predicts for it."""
    if not subject.classes:
        return 0, float(subject.prediction[row])
    output = 0 if len(subject.names) == 1 else int(subject.prediction[row].argmax())
    return output, float(subject.prediction[row, subject.explained[output]])


def curve_rows(explanation: Explanation, subject: Subject) -> Iterator[dict[str, Any]]:
    """List the points of all curves."""
    scale = "probability" if subject.classes else f"units of {subject.target}"
    for curve in explanation.curves:
        for place, x in enumerate(curve.x):
            yield {
                "feature": curve.feature,
                "output": curve.output,
                "x": x,
                "y": curve.lines[:, place].mean(),
                "spread": curve.lines[:, place].std(),
                "unit": scale,
            }


def interaction_rows(explanation: Explanation, subject: Subject) -> Iterator[dict[str, Any]]:
    """List the pairs of features, the strongest first."""
    for one in explanation.interactions:
        yield {
            "feature": one.feature,
            "other": one.other,
            "strength": one.strength,
            "measure": explanation.interaction_measure,
            "unit": explanation.unit,
        }
