"""Neural networks for tables: the common part of PyTorch's and Keras's.

Both are the same network, a multilayer perceptron with entity embeddings (Guo and Berkhahn 2016,
arXiv:1604.06737): each category of a column has a learned vector, which is concatenated with the numbers.
A library trains it; the weights are kept as NumPy arrays, and NumPy predicts from them. So a stored
model contains no object of the library, and predictions do not require the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from pedigree.base.names import UserError
from pedigree.estimators.frames import as_frame
from pedigree.estimators.validation import training_rows


@dataclass(frozen=True)
class NetworkInput:
    """The input of a network.

    Parameters
    ----------
    numbers : ndarray of float32, shape (n, p)
    codes : ndarray of int64, shape (n, q)
        The category of each categorical column.
    y : ndarray, shape (n,) of int64 or (n, 1) of float32
        Class codes, or the standardised target.
    weight : ndarray of float32, shape (n,)
    """

    numbers: np.ndarray
    codes: np.ndarray
    y: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True)
class Trained:
    """Weights of a trained network.

    Parameters
    ----------
    embeddings : list of ndarray, shape (categories, size)
        One for each categorical column.
    layers : list of (ndarray of shape (inputs, outputs), ndarray of shape (outputs,))
        Weights and biases; the embedded categories come after the numbers.
    epochs : int
        Epoch of these weights.
    """

    embeddings: list[np.ndarray]
    layers: list[tuple[np.ndarray, np.ndarray]]
    epochs: int


class EntityEmbeddingMLP(BaseEstimator):
    """Base class of the classifier and the regressor.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int
        Neurons of each layer.
    embedding_size : int
        Length of a category's vector, at most; half the number of categories if that is less.
    dropout : float
        Fraction of the neurons that each step leaves out, in [0, 1).
    learning_rate : float
        Of the first steps; it falls to 0 along a cosine.
    weight_decay : float
        How much each step shrinks the weights (AdamW).
    batch_size : int
        Rows of a step.
    max_epochs : int
        Maximum passes over the rows.
    patience : int
        Epochs without a lower loss on the evaluation set (`X_val`, `y_val`) after which it stops; the
        weights of the best epoch are kept.
    random_state : int
    n_jobs : int
        Threads.

    Attributes
    ----------
    n_iter_ : int
        Epoch whose weights were kept.
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (128, 64),
        embedding_size: int = 8,
        dropout: float = 0.1,
        learning_rate: float = 0.003,
        weight_decay: float = 0.01,
        batch_size: int = 64,
        max_epochs: int = 60,
        patience: int = 15,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.embedding_size = embedding_size
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(
        self,
        X: Any,
        y: np.ndarray,
        sample_weight: np.ndarray | None = None,
        X_val: Any = None,
        y_val: np.ndarray | None = None,
    ) -> EntityEmbeddingMLP:
        """Train the network; columns of dtype category are embedded.

        Parameters
        ----------
        X, y : DataFrame of shape (n, p), ndarray of shape (n,)
            Training rows.
        sample_weight : ndarray, shape (n,), optional
        X_val, y_val : DataFrame of shape (m, p), ndarray of shape (m,), optional
            Evaluation set for early stopping.

        Raises
        ------
        UserError
            A number is missing or infinite.
        """
        validate_data(self, X, skip_check_array=True)  # stores names and number of the features
        X, y, weight = training_rows(self, X, y, sample_weight)
        outputs = self._learn_target(y)
        weight = np.ones(len(X)) if weight is None else weight
        rows = self._rows(X, y, weight / weight.mean())
        evaluation_set = None if X_val is None else self._rows(X_val, y_val, np.ones(len(X_val)))
        sizes = [len(X[name].cat.categories) for name in X.select_dtypes("category")]
        trained = self.train(rows, evaluation_set, sizes, outputs)
        for table, codes in zip(trained.embeddings, rows.codes.T, strict=True):
            # A category without a training row gets the average vector, not a random one.
            counts = np.bincount(codes, minlength=len(table))
            table[counts == 0] = np.average(table, axis=0, weights=counts)
        self.embeddings_ = trained.embeddings
        self.layers_ = [list(layer) for layer in trained.layers]
        self.n_iter_ = trained.epochs
        return self

    def train(
        self,
        rows: NetworkInput,
        evaluation_set: NetworkInput | None,
        categories: Sequence[int],
        outputs: int,
    ) -> Trained:
        """Train the network, with the library of the class.

        Parameters
        ----------
        rows : NetworkInput
            Training rows.
        evaluation_set : NetworkInput or None
            Evaluation set for early stopping.
        categories : sequence of int
            Number of categories of each categorical column.
        outputs : int
        """
        raise NotImplementedError

    def vector_size(self, categories: int) -> int:
        """Return the length of the vectors of a column with so many categories."""
        return max(1, min(self.embedding_size, (categories + 1) // 2))

    def _rows(self, X: Any, y: Any, weight: np.ndarray) -> NetworkInput:
        numbers, codes = _inputs(as_frame(self, X))
        return NetworkInput(
            numbers.astype("float32"), codes, self._code(np.asarray(y)), weight.astype("float32")
        )

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the output of the last layer, shape (n, outputs)."""
        check_is_fitted(self)
        numbers, codes = _inputs(as_frame(self, X))
        # In double precision, so that a row's prediction does not depend on the other rows of the batch.
        values = np.hstack(
            [numbers, *(t[c] for t, c in zip(self.embeddings_, codes.T, strict=True))]
        )
        *hidden, last = self.layers_
        for weights, biases in hidden:
            values = np.maximum(values @ weights + biases, 0)
        return np.asarray(values @ last[0] + last[1])

    def _learn_target(self, y: np.ndarray) -> int:
        """Learn the coding of the target; return the number of outputs."""
        raise NotImplementedError

    def _code(self, y: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class EntityEmbeddingClassifier(ClassifierMixin, EntityEmbeddingMLP):
    """A network whose outputs are the classes' logits."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the classes' probabilities, shape (n, k)."""
        return np.asarray(softmax(self._outputs(X), axis=1))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable classes, shape (n,)."""
        best = self._outputs(X).argmax(axis=1)
        return np.asarray(self.classes_[best])

    def _learn_target(self, y: np.ndarray) -> int:
        self.classes_ = np.unique(y)
        return len(self.classes_)

    def _code(self, y: np.ndarray) -> np.ndarray:
        return np.searchsorted(self.classes_, y).astype("int64")


class EntityEmbeddingRegressor(RegressorMixin, EntityEmbeddingMLP):
    """A network whose output is the target in units of its standard deviation."""

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted numbers, shape (n,)."""
        return self._outputs(X)[:, 0] * self.scale_ + self.mean_

    def _learn_target(self, y: np.ndarray) -> int:
        self.mean_, self.scale_ = float(y.mean()), float(y.std()) or 1.0
        return 1

    def _code(self, y: np.ndarray) -> np.ndarray:
        return ((y - self.mean_) / self.scale_).astype("float32")[:, np.newaxis]


def _inputs(X: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers, shape (n, p), and the codes of the categories, shape (n, q)."""
    categories = X.select_dtypes("category")
    numbers = X.drop(columns=categories.columns).to_numpy(dtype="float64")
    if not np.isfinite(numbers).all():
        raise UserError(
            "model: a neural network cannot handle missing numbers; choose another model/imputer."
        )
    codes = [categories[name].cat.codes.to_numpy(dtype="int64") for name in categories]
    return numbers, np.column_stack(codes) if codes else np.empty((len(X), 0), dtype="int64")
