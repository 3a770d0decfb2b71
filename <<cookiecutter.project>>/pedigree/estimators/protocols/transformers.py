"""What the methods of a transformer must accept and return."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from pedigree.base.tools import described
from pedigree.estimators.protocols.signatures import name_of, wrong_fit


def wrong_fitted(returned: Any, transformer: Any) -> str | None:
    """Return a sentence if `fit` returned something else than a fitted transformer."""
    if isinstance(returned, type(transformer)):
        return None
    return f"{name_of(transformer)}.fit returned {described(returned)}; end it with `return self`."


def wrong_rows(returned: Any, transformer: Any, rows: int) -> str | None:
    """Return a sentence if `transform` returned another number of rows than it was given."""
    found = returned.shape[0] if getattr(returned, "shape", ()) else None
    if found == rows:
        return None
    shown = described(returned) if found is None else f"{found} rows"
    return f"{name_of(transformer)}.transform returned {shown} for {rows} rows; return one row for each."


def transformer_mistake(transformer: Any, tables: Iterable[Any], y: Any) -> str | None:
    """Return how a transformer breaks its contract, as far as sample rows show it; None if they do not.

    An error of the transformer itself is ignored, since the rows may not suit it.

    Parameters
    ----------
    transformer : object
        With `fit` and `transform`; a clone of it is fitted.
    tables : iterable of DataFrame
        Sample rows; the first table that suits the transformer is used.
    y : array-like
        Their target.
    """
    from sklearn.base import clone

    if mistake := wrong_fit(type(transformer)):
        return mistake
    for X in tables:
        with suppress(Exception):
            fitted = clone(transformer).fit(X, y)
            return wrong_fitted(fitted, transformer) or wrong_rows(
                fitted.transform(X), transformer, len(X)
            )
    return None
