"""The network of `pedigree.estimators.networks.neural`, trained by Keras with TensorFlow."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import Any

from pedigree.estimators.networks.neural import (
    EntityEmbeddingClassifier,
    EntityEmbeddingMLP,
    EntityEmbeddingRegressor,
    NetworkInput,
    Trained,
)


def train_keras(
    settings: EntityEmbeddingMLP,
    rows: NetworkInput,
    evaluation_set: NetworkInput | None,
    categories: Sequence[int],
    outputs: int,
) -> Trained:
    """Train the network with AdamW.

    Parameters
    ----------
    settings : EntityEmbeddingMLP
        The parameters of the network.
    rows : NetworkInput
        Training rows.
    evaluation_set : NetworkInput or None
        Evaluation set for early stopping.
    categories : sequence of int
        Number of categories of each categorical column.
    outputs : int
    """
    keras = _reproducible_keras(settings.random_state, settings.n_jobs)
    tables = [keras.layers.Embedding(n, settings.vector_size(n)) for n in categories]
    numbers = keras.Input((rows.numbers.shape[1],))
    codes = [keras.Input((), dtype="int64") for _ in categories]
    parts = [numbers, *(table(one) for table, one in zip(tables, codes, strict=True))]
    values = keras.layers.concatenate(parts) if tables else numbers
    layers = [keras.layers.Dense(n, activation="relu") for n in settings.hidden_layer_sizes]
    for layer in layers:
        values = keras.layers.Dropout(settings.dropout)(layer(values))
    layers.append(keras.layers.Dense(outputs))
    network = keras.Model([numbers, *codes], layers[-1](values))

    def inputs(part: NetworkInput) -> list[Any]:
        return [part.numbers, *part.codes.T]

    steps = -(-len(rows.y) // settings.batch_size) * settings.max_epochs
    logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(
        keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps),
            weight_decay=settings.weight_decay,
        ),
        loss=keras.losses.MeanSquaredError() if rows.y.ndim == 2 else logits,
        jit_compile=False,  # compiling would take longer than training
    )
    stopping = keras.callbacks.EarlyStopping(patience=settings.patience, restore_best_weights=True)
    history = network.fit(
        inputs(rows),
        rows.y,
        sample_weight=rows.weight,
        batch_size=settings.batch_size,
        epochs=settings.max_epochs,
        validation_data=(inputs(evaluation_set), evaluation_set.y) if evaluation_set else None,
        callbacks=[stopping] if evaluation_set else [],
        verbose=0,
    )
    return Trained(
        [table.get_weights()[0] for table in tables],
        [tuple(layer.get_weights()) for layer in layers],
        (stopping.best_epoch if evaluation_set else history.epoch[-1]) + 1,
    )


def _reproducible_keras(seed: int, threads: int) -> Any:
    """Import Keras with TensorFlow, quietly, and fix what its results depend on."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"  # its sums differ between processors
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its C++ part prints crashes only
    import keras
    import tensorflow

    with contextlib.suppress(RuntimeError):  # only possible before the first tensor of a process
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(threads)
    tensorflow.config.experimental.enable_op_determinism()
    keras.utils.clear_session()  # otherwise layers are numbered on from earlier models
    keras.utils.set_random_seed(seed)
    return keras


class MLPClassifier(EntityEmbeddingClassifier):
    """Classifier trained by Keras; the parameters are those of `EntityEmbeddingMLP`."""

    needs = ("keras", "tensorflow")
    train = train_keras


class MLPRegressor(EntityEmbeddingRegressor):
    """Regressor trained by Keras; the parameters are those of `EntityEmbeddingMLP`."""

    needs = ("keras", "tensorflow")
    train = train_keras
