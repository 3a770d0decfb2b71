"""The encoders of category_encoders, as the models need them."""

from __future__ import annotations

import json
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from pedigree.base.names import UserError
from pedigree.estimators.encoders import as_strings
from pedigree.estimators.frames import FrameTransformer, as_frame

if TYPE_CHECKING:
    from category_encoders.utils import BaseEncoder


class CategoryEncoder(FrameTransformer):
    """Any encoder of category_encoders; a missing value is a category like the others.

    The library's fitted encoders contain pandas objects, which skops files cannot; here their state is
    one JSON string. Training rows are encoded by the library's `fit_transform`, so that an encoder can
    leave out a row's own target.

    Parameters
    ----------
    encoder : category_encoders.utils.BaseEncoder
    target_type : {"binary", "multiclass", "continuous"} or None
        The type of the target, if the encoder uses it. More than two classes, whose codes have no order,
        are encoded one against the rest: a column for each categorical column and class.
    random_state : int or None
        Shuffles the training rows before they are encoded, and restores their order; None does not
        shuffle. It matters for encoders that encode a row by the rows before it.
    """

    def __init__(
        self,
        encoder: BaseEncoder,
        target_type: str | None = None,
        random_state: int | None = None,
    ) -> None:
        self.encoder = encoder
        self.target_type = target_type
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: np.ndarray | None = None) -> CategoryEncoder:
        """Fit the encoder on categories of shape (n, p) and a target of shape (n,)."""
        self.fit_transform(X, y)
        return self

    def fit_transform(self, X: pd.DataFrame, y: np.ndarray | None = None) -> pd.DataFrame:
        """Fit the encoder and encode the training rows, which it may encode differently from later ones."""
        X = as_frame(self, X, reset=True)
        order = np.arange(len(X))
        if self.random_state is not None:
            np.random.default_rng(self.random_state).shuffle(order)
        shuffled = _as_texts(X).iloc[order].reset_index(drop=True)
        answers = {"": y}
        if self.target_type == "multiclass" and y is not None:
            answers = {f"_{code}": y == code for code in np.unique(y)}
        self.encoders_: dict[str, BaseEncoder] = {}
        made = []
        for suffix, answer in answers.items():
            known = None if answer is None else pd.Series(np.asarray(answer, float)[order])
            self.encoders_[suffix] = clone(self.encoder)
            made.append(self.encoders_[suffix].fit_transform(shuffled, known).add_suffix(suffix))
        encoded = pd.concat(made, axis=1).iloc[np.argsort(order)].set_axis(X.index)
        self.feature_names_out_ = list(encoded.columns)
        return encoded

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Encode rows; an unknown category gets the encoder's value for all rows."""
        check_is_fitted(self)
        X = as_frame(self, X)
        rows = _as_texts(X)
        made = [one.transform(rows).add_suffix(suffix) for suffix, one in self.encoders_.items()]
        return pd.concat(made, axis=1)

    def get_feature_names_out(self, input_features: object = None) -> list[str]:
        """Return the names of the encoded columns."""
        return self.feature_names_out_

    def __getstate__(self) -> dict[str, Any]:
        """Return plain values, with the encoder of category_encoders as JSON."""
        written = {name: json.dumps(vars(self)[name], default=_plain) for name in self._foreign()}
        return vars(self) | written

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state of `__getstate__`."""
        self.__dict__.update(state)
        for name in self._foreign():
            setattr(self, name, json.loads(state[name], object_hook=_rebuilt))

    def _foreign(self) -> list[str]:
        return [name for name in ("encoder", "encoders_") if name in vars(self)]


def _as_texts(X: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: as_strings(X[name]).astype("object") for name in X}, index=X.index)


def _plain(value: Any) -> Any:
    """Write objects that JSON does not support as mappings for `_rebuilt`."""
    if isinstance(value, pd.DataFrame):
        return {"_type": "frame", "columns": [value[name] for name in value]}
    if isinstance(value, pd.Series):
        index = {"data": value.index.tolist(), "dtype": str(value.index.dtype)}
        content = {"data": value.tolist(), "dtype": str(value.dtype), "name": value.name}
        return {"_type": "series", "index": index, "content": content}
    if isinstance(value, np.ndarray):
        return {"_type": "array", "dtype": value.dtype, "values": value.tolist()}
    if isinstance(value, np.dtype):
        return {"_type": "dtype", "name": value.str}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, BaseEstimator):
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        return {"_type": "encoder", "name": name, "state": vars(value)}
    raise TypeError(f"a fitted encoder contains a {type(value)}, which cannot be stored")


def _rebuilt(found: dict[str, Any]) -> Any:
    kind = found.get("_type")
    if kind == "frame":
        return pd.concat(found["columns"], axis=1)
    if kind == "series":
        return pd.Series(**found["content"], index=pd.Index(**found["index"]))
    if kind == "array":
        return np.array(found["values"], dtype=found["dtype"])
    if kind == "dtype":
        return np.dtype(found["name"])
    if kind == "encoder":
        module, _, name = found["name"].rpartition(".")
        # A stored file may name anything, so nothing else is imported, and nothing but an encoder is made.
        its = re.fullmatch(r"category_encoders(\.\w+)*", module)
        made = getattr(import_module(module), name, None) if its else None
        if not (
            isinstance(made, type) and issubclass(made, BaseEstimator) and made.__module__ == module
        ):
            raise UserError(
                f"a stored encoder contains a {found['name']}, which is no encoder of category_encoders; do not open it."
            )
        encoder: Any = object.__new__(made)
        encoder.__dict__.update(found["state"])
        return encoder
    return found
