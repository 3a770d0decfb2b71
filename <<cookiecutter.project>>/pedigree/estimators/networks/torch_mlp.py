"""The network of `pedigree.estimators.networks.neural`, trained by PyTorch through skorch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pedigree.estimators.networks.neural import (
    EntityEmbeddingClassifier,
    EntityEmbeddingMLP,
    EntityEmbeddingRegressor,
    NetworkInput,
    Trained,
)


def train_torch(
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
    import torch
    from skorch import NeuralNet
    from skorch.callbacks import EarlyStopping, LRScheduler
    from skorch.dataset import Dataset
    from skorch.helper import predefined_split

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            sizes = [settings.vector_size(count) for count in categories]
            self.embeddings = torch.nn.ModuleList(map(torch.nn.Embedding, categories, sizes))
            inputs = rows.numbers.shape[1] + sum(sizes)
            steps: list[torch.nn.Module] = []
            for size in settings.hidden_layer_sizes:
                steps += [torch.nn.Linear(inputs, size), torch.nn.ReLU()]
                steps += [torch.nn.Dropout(settings.dropout)]
                inputs = size
            self.layers = torch.nn.Sequential(*steps, torch.nn.Linear(inputs, outputs))

        def forward(self, numbers: Any, codes: Any, weight: Any) -> Any:
            vectors = [table(codes[:, i]) for i, table in enumerate(self.embeddings)]
            return self.layers(torch.cat([numbers, *vectors], dim=1))

    class Weighted(NeuralNet):
        def get_loss(self, y_pred: Any, y_true: Any, X: Any = None, training: bool = False) -> Any:
            losses = super().get_loss(y_pred, y_true, X, training).reshape(len(y_pred))
            return (losses * X["weight"]).mean()

    def dataset(part: NetworkInput) -> Dataset:
        return Dataset(
            {"numbers": part.numbers, "codes": part.codes, "weight": part.weight}, part.y
        )

    loss = torch.nn.MSELoss if rows.y.ndim == 2 else torch.nn.CrossEntropyLoss
    with _reproducible(settings.random_state, settings.n_jobs):
        falling = LRScheduler(torch.optim.lr_scheduler.CosineAnnealingLR, T_max=settings.max_epochs)
        stopping = EarlyStopping(patience=settings.patience, load_best=True)
        net = Weighted(
            Network(),
            criterion=loss,
            criterion__reduction="none",
            optimizer=torch.optim.AdamW,
            optimizer__weight_decay=settings.weight_decay,
            lr=settings.learning_rate,
            batch_size=settings.batch_size,
            max_epochs=settings.max_epochs,
            iterator_train__shuffle=True,
            train_split=predefined_split(dataset(evaluation_set)) if evaluation_set else None,
            callbacks=[falling, *([stopping] if evaluation_set else [])],
            verbose=0,
        ).fit(dataset(rows), y=None)
    best = (
        min(net.history, key=lambda epoch: epoch["valid_loss"])
        if evaluation_set
        else net.history[-1]
    )
    linear = [layer for layer in net.module_.layers if isinstance(layer, torch.nn.Linear)]
    return Trained(
        [table.weight.detach().numpy().copy() for table in net.module_.embeddings],
        [
            (layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy())
            for layer in linear
        ],
        best["epoch"],
    )


@contextmanager
def _reproducible(seed: int, threads: int) -> Iterator[None]:
    """Fix everything that PyTorch's results depend on, and restore it afterwards."""
    import torch

    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1])


class MLPClassifier(EntityEmbeddingClassifier):
    """Classifier trained by PyTorch; the parameters are those of `EntityEmbeddingMLP`."""

    needs = ("skorch", "torch")
    train = train_torch


class MLPRegressor(EntityEmbeddingRegressor):
    """Regressor trained by PyTorch; the parameters are those of `EntityEmbeddingMLP`."""

    needs = ("skorch", "torch")
    train = train_torch
