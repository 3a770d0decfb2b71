"""The input of all explanation methods: a model and rows, optionally coded as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from pedigree.base.names import UserError
from pedigree.base.paths import MODEL
from pedigree.base.settings import as_dict
from pedigree.base.tools import at, described, instantiate
from pedigree.data.target import EncodedTarget
from pedigree.estimators.predicting import plain, predict
from pedigree.explanation.interface import Explanation
from pedigree.scoring.custom import problem_metrics
from pedigree.storage.artifact import load_model
from pedigree.training.inputs import read_subset

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.pipeline import Pipeline

    from pedigree.base.section import Tool
    from pedigree.explanation.settings import ExplainSettings
    from pedigree.scoring.metrics import Metric


@dataclass(frozen=True)
class Subject:
    """The model and rows to explain.

    Parameters
    ----------
    model : Pipeline
    X, y : DataFrame of shape (n, p), ndarray of shape (n,)
        Validation rows: the features of the model, and the target.
    train : DataFrame, shape (m, p)
        Training rows, as the background.
    classes : list of str
        Empty for regression.
    target : str
        Name of the column that is predicted.
    metric : Metric
        The first of the problem.
    single : int
        Number of rows that are explained individually.
    seed : int
        Of the choice of rows.

    Examples
    --------
    >>> from pedigree import Subject
    >>> from pedigree.settings import read_settings
    >>> subject = Subject.read(read_settings("explain"))
    >>> subject.outputs(subject.X).shape == (len(subject.X), len(subject.names))
    True
    """

    model: Pipeline
    X: pd.DataFrame
    y: np.ndarray
    train: pd.DataFrame
    classes: list[str]
    target: str
    metric: Metric
    single: int
    seed: int

    @classmethod
    def read(cls, settings: ExplainSettings) -> Subject:
        """Read the trained model and the rows on which it is explained.

        Parameters
        ----------
        settings : ExplainSettings
            With `explain.single_rows`, `explain.seed`, `problem.metrics` and `problem.custom_metrics`.
        """
        X, y, classes = read_subset("validation")
        train, _, _ = read_subset("train")
        target = EncodedTarget.read().name
        metric, options = problem_metrics(settings.problem)[0], settings.explain
        rows, seed = options.single_rows, options.seed
        return cls(load_model(MODEL), X, y, train, classes, target, metric, rows, seed)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Predict probabilities of shape (n, k), or numbers of shape (n,)."""
        return predict(self.model, X, len(self.classes))

    def outputs(self, X: pd.DataFrame) -> np.ndarray:
        """Predict what is explained, of shape (n, outputs); see `explained`."""
        predicted = self.predict(X)
        return predicted[:, self.explained] if self.classes else predicted[:, np.newaxis]

    def explain(self, name: str, method: Tool) -> Explanation:
        """Explain the model by a method.

        Parameters
        ----------
        name : str
            Of the method in `explain.methods`.
        method : Tool
            Its settings.

        Raises
        ------
        UserError
            It does not return an `Explanation` of the model's features.
        """
        with at(f"explain.methods.{name}"):
            return self.checked(instantiate(method)(self), as_dict(method)["_target_"])

    def checked(self, found: Any, source: str) -> Explanation:
        """Return an explanation of this model, and refuse anything else.

        Parameters
        ----------
        found : object
            What a method returned.
        source : str
            Name of the method, for messages.
        """
        if not isinstance(found, Explanation):
            raise UserError(
                f"{source} returned {described(found)}; an explainer must return an Explanation, such as "
                "Explanation.of(measure, unit, {feature: strength})."
            )
        for mistake in found.mistakes(self._features):
            raise UserError(f"{source} returned an Explanation with a mistake: {mistake}")
        return found

    @cached_property
    def _features(self) -> list[str]:
        """Names of the features, and of those that the encoder makes of them."""
        encode = self.model.named_steps.get("encode")
        encoded = [] if encode is None else encode.transform(plain(self.X.head(1)))
        return list(map(str, dict.fromkeys([*self.X, *encoded])))

    @property
    def explained(self) -> list[int]:
        """Codes of the explained classes: of two the second (positive) one, of more each; [0] for a number."""
        return [1] if len(self.classes) == 2 else list(range(max(len(self.classes), 1)))

    @property
    def names(self) -> list[str]:
        """Names of the outputs: the explained classes, or the target."""
        return [self.classes[code] for code in self.explained] if self.classes else [self.target]

    @cached_property
    def prediction(self) -> np.ndarray:
        """Predictions of all validation rows."""
        return self.predict(self.X)

    @cached_property
    def chosen(self) -> list[int]:
        """Positions of the validation rows that are explained individually."""
        return pick_rows(self.prediction, self.single)

    def sample(self, n: int) -> np.ndarray:
        """Draw positions of n validation rows, in ascending order, including those that are explained individually."""
        drawn = np.random.default_rng(self.seed).permutation(len(self.X))
        rest = drawn[~np.isin(drawn, self.chosen)]
        return np.sort([*self.chosen, *rest[: max(n - len(self.chosen), 0)]]).astype(int)

    def background(self, n: int) -> pd.DataFrame:
        """Draw n training rows, in their order."""
        drawn = np.random.default_rng(self.seed).permutation(len(self.train))
        return self.train.iloc[np.sort(drawn[:n])]


def pick_rows(prediction: np.ndarray, n: int) -> list[int]:
    """Pick rows of different predictions: the most certain or highest, the least certain or middle, the lowest, and between."""
    certainty = prediction.max(axis=1) if prediction.ndim == 2 else prediction
    order = np.argsort(-certainty, kind="stable")
    return [
        int(order[i])
        for i in np.unique(np.linspace(0, len(order) - 1, min(n, len(order))).round().astype(int))
    ]


class Codes:
    """Codes rows as numbers, which explainers draw and shuffle, and decodes them for the model.

    Numbers stay as they are, missing ones are NaN; other values become their position among the values of
    the given tables, -1 if they are missing.

    Parameters
    ----------
    *tables : DataFrame
        All rows that will be coded.
    """

    def __init__(self, *tables: pd.DataFrame) -> None:
        import pandas as pd

        rows = pd.concat([plain(table) for table in tables])
        self.names = list(rows.columns)
        self.known = {
            name: pd.Categorical(rows[name]).categories
            for name in rows
            if not pd.api.types.is_numeric_dtype(rows[name])
        }
        self.dtypes = {name: rows[name].dtype for name in self.known}

    def code(self, X: pd.DataFrame) -> np.ndarray:
        """Return an array of shape (n, p)."""
        return np.column_stack(
            [
                self.known[name].get_indexer(X[name]).astype(float)
                if name in self.known
                else plain(X[[name]])[name].to_numpy(dtype=float)
                for name in self.names
            ]
        )

    def rows(self, codes: np.ndarray) -> pd.DataFrame:
        """Return the rows that the codes stand for."""
        import pandas as pd

        out = {}
        for name, column in zip(self.names, np.asarray(codes).T, strict=True):
            out[name] = pd.Series(column)
            if name in self.known:
                places = pd.Categorical.from_codes(column.astype(int), categories=self.known[name])
                out[name] = pd.Series(places).astype(self.dtypes[name])
        return pd.DataFrame(out)

    @property
    def texts(self) -> list[int]:
        """Positions of the columns that are not numeric."""
        return [place for place, name in enumerate(self.names) if name in self.known]
