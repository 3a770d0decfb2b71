"""Values of arguments that the library they belong to refuses, as far as it can tell without data.

scikit-learn and CatBoost, the default model, have a function for that, which their `fit` calls first; of others, `fit` does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# CatBoost's errors about a single value; others depend on what `fit` adds, or on synonyms that it resolves.
_CATBOOST = re.compile(r"(Can't parse parameter .*|Key '.*' not found in enum .*)", re.DOTALL)


def refused_values(made: Any) -> Iterator[str]:
    """Find values that scikit-learn or CatBoost refuses, in a tool and in the estimators among its arguments.

    Parameters
    ----------
    made : object
        A tool; only those with scikit-learn's `get_params` are examined.

    Yields
    ------
    str
        The library's own message.
    """
    if isinstance(made, type) or not hasattr(made, "get_params"):
        return
    for one in (made, *made.get_params(deep=True).values()):
        if not isinstance(one, type) and (message := refusal(one)):
            yield message


def refusal(one: Any) -> str | None:
    """Return why a library refuses an estimator's arguments; None if it does not, or cannot tell."""
    if hasattr(one, "_parameter_constraints") and hasattr(one, "_validate_params"):
        try:
            one._validate_params()
        except ValueError as error:  # scikit-learn's InvalidParameterError
            return str(error)
    elif type(one).__module__.partition(".")[0] == "catboost":
        from catboost import CatBoostError
        from catboost._catboost import _check_train_params

        try:
            _check_train_params(one.get_params())
        except (CatBoostError, ValueError) as error:
            found = _CATBOOST.search(str(error))
            return f"CatBoost: {found[1]}" if found else None
    return None
