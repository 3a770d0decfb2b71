"""The model in use: the bundle that `python -m pedigree promote` put into models/champion/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigree.base.names import UserError
from pedigree.base.paths import CHAMPION
from pedigree.data.engine import parse
from pedigree.estimators.signature import Signature
from pedigree.prediction.predictor import Predictor
from pedigree.scoring.decision import Prediction

if TYPE_CHECKING:
    import pandas as pd


def ask(rows: pd.DataFrame, target: str, classes: Sequence[str]) -> tuple[Prediction | None, str]:
    """Ask the champion about cleaned rows.

    Its own repairs are not made: the rows come as the present settings clean them.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
    target : str
        The column that is predicted.
    classes : sequence of str
        The order of the columns; empty for regression.

    Returns
    -------
    prediction : Prediction or None
        None where there is no champion, or one that cannot answer this question.
    about : str
        Which one it is, or why it is not compared.
    """
    if not CHAMPION.exists():
        return None, "no champion to compare with"
    from pedigree.prediction.bundle import verify

    try:
        identity = verify(CHAMPION)
        signature = Signature.read(CHAMPION / Signature.place.name)
        for why in differences(signature, rows, target, classes):
            return None, f"the champion {identity[:12]} cannot be compared: {why}"
        known = signature.target.classes
        said = Predictor.load(CHAMPION, known).predict(inputs(signature, rows))
    except UserError as error:
        return None, f"the champion cannot be compared: {error}"
    except Exception as error:  # it was made by another version of this code, or of the libraries
        kind = type(error).__name__
        return None, f"the champion {identity[:12]} cannot be asked by this code ({kind}: {error})"
    if known != list(classes):  # its threshold is one for the other class
        said = Prediction(said.values[:, [known.index(name) for name in classes]])
    return said, f"champion {identity[:12]}"


def priced(said: Prediction, model: Prediction) -> Prediction:
    """Let the champion decide by its own threshold, and pay for mistakes what the model pays."""
    if said.threshold is None or model.threshold is None:
        return said
    return replace(said, threshold=replace(said.threshold, costs=model.threshold.costs))


def differences(
    signature: Signature, rows: pd.DataFrame, target: str, classes: Sequence[str]
) -> list[str]:
    """Say why a bundle does not answer the question that the rows put."""
    asked = signature.target
    lacking = [name for name in signature.needed if name not in rows]
    found = []
    if asked.name != target:
        found.append(f"it predicts {asked.name}, not {target}")
    elif set(asked.classes) != set(classes):
        names = [", ".join(sorted(one)) or "numbers" for one in (asked.classes, classes)]
        found.append(f"it tells {names[0]}, and the question is {names[1]}")
    if lacking:
        found.append(f"it needs {', '.join(lacking)}, which the rows lack")
    return found


def inputs(signature: Signature, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a bundle looks at; one that it can do without may be missing."""
    import pandas as pd

    absent = {
        name: parse(pd.Series(None, index=rows.index, dtype="object"), column.type)
        for name, column in signature.inputs.items()
        if name not in rows
    }
    return rows.assign(**absent)[list(signature.inputs)]
