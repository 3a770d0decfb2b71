"""Mapping encoded columns of an estimator back to the original features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.compose import ColumnTransformer


def column_features(
    encode: ColumnTransformer, encoded: pd.DataFrame, X: pd.DataFrame
) -> pd.DataFrame:
    """Return which feature each encoded column was made from.

    Encoders name columns after their source (`island_Biscoe`, `missingindicator_sex`). A column without
        such a name (hashed, for example) mixes several features and is a feature of its own.

    Parameters
    ----------
    encode : ColumnTransformer
        The fitted encoder of a model.
    encoded : DataFrame, shape (n, c)
        Its output.
    X : DataFrame, shape (n, p)
        Its input.

    Returns
    -------
    DataFrame of 0 and 1, shape (encoded columns, features)
    """
    import pandas as pd

    made_of = {}
    for name, _, sources in encode.transformers_:
        for column in encoded.columns[encode.output_indices_[name]]:
            stem = column.removeprefix("missingindicator_")
            fitting = [s for s in sources if column == s or stem == s or stem.startswith(f"{s}_")]
            made_of[column] = max(fitting, key=len, default=column)
    features = [name for name in X if name in made_of.values()]
    features += [name for name in made_of.values() if name not in features]
    marks = [[float(made_of[column] == name) for name in features] for column in encoded]
    return pd.DataFrame(np.array(marks), index=encoded.columns, columns=features)


def display_values(
    membership: pd.DataFrame, encoded: pd.DataFrame, X: pd.DataFrame
) -> pd.DataFrame:
    """Return the features' values for people: those before encoding, or the encoded ones.

    Parameters
    ----------
    membership : DataFrame
        Of `column_features`.
    encoded : DataFrame, shape (n, c)
    X : DataFrame, shape (n, p)
    """
    return X.reset_index(drop=True).join(
        encoded[[name for name in membership if name not in X]].reset_index(drop=True)
    )[list(membership)]
