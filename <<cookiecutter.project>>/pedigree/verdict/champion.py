"""The model in use: the bundle that `python -m pedigree promote` copied to models/champion/."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pedigree.base.names import UserError
from pedigree.base.paths import CHAMPION
from pedigree.data.engine import parse
from pedigree.estimators.signature import Signature
from pedigree.prediction.predictor import Predictor
from pedigree.scoring.decision import PredictedRows

if TYPE_CHECKING:
    import pandas as pd


def predict_by_champion(
    rows: pd.DataFrame, target: str, classes: Sequence[str]
) -> tuple[PredictedRows | None, str]:
    """Predict cleaned rows by the champion.

    Its own cleaning steps are not applied: the rows are those of the present settings.

    Parameters
    ----------
    rows : DataFrame, shape (n, p)
    target : str
        The column that is predicted.
    classes : sequence of str
        The order of the columns; empty for regression.

    Returns
    -------
    prediction : PredictedRows or None
        None without a champion, or if it predicts another target or other classes.
    about : str
        The champion's name, or why it is not compared.
    """
    if not CHAMPION.exists():
        return None, "no champion to compare with"
    from pedigree.prediction.sealed import Sealed

    try:
        sealed = Sealed.read(CHAMPION)
        identity, signature = sealed.id, sealed.parsed(Signature)
        for why in differences(signature, rows, target, classes):
            return None, f"the champion {identity[:12]} cannot be compared: {why}"
        known = signature.target.classes
        prediction = Predictor.load(known, sealed).predict(bundle_columns(signature, rows))
    except UserError as error:
        return None, f"the champion cannot be compared: {error}"
    except Exception as error:  # it was made by another version of this code, or of the libraries
        kind = type(error).__name__
        return None, f"the champion {identity[:12]} cannot be asked by this code ({kind}: {error})"
    if known != list(classes):  # its threshold is that of the other class
        prediction = PredictedRows(prediction.values[:, [known.index(name) for name in classes]])
    return prediction, f"champion {identity[:12]}"


def priced(prediction: PredictedRows, model: PredictedRows) -> PredictedRows:
    """Let the champion decide by its own threshold, with the model's costs of mistakes."""
    if prediction.threshold is None or model.threshold is None:
        return prediction
    return replace(prediction, threshold=replace(prediction.threshold, costs=model.threshold.costs))


def differences(
    signature: Signature, rows: pd.DataFrame, target: str, classes: Sequence[str]
) -> list[str]:
    """List the reasons why a bundle cannot be compared on these rows.

    Parameters
    ----------
    signature : Signature
        Of the bundle.
    rows : DataFrame, shape (n, p)
    target : str
        The column that is predicted.
    classes : sequence of str
        Empty for regression.
    """
    its_target = signature.target
    lacking = [name for name in signature.needed if name not in rows]
    found = []
    if its_target.name != target:
        found.append(f"it predicts {its_target.name}, not {target}")
    elif set(its_target.classes) != set(classes):
        names = [", ".join(sorted(one)) or "numbers" for one in (its_target.classes, classes)]
        found.append(f"it predicts {names[0]}, not {names[1]}")
    if lacking:
        found.append(f"it needs {', '.join(lacking)}, which the rows lack")
    return found


def bundle_columns(signature: Signature, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a bundle reads; optional ones that are absent are filled with missing values."""
    import pandas as pd

    absent = {
        name: parse(pd.Series(None, index=rows.index, dtype="object"), column.type)
        for name, column in signature.inputs.items()
        if name not in rows
    }
    return rows.assign(**absent)[list(signature.inputs)]
