"""Epochs of training: every window once, in an order that is drawn, a batch at a time.

The same seed gives the same weights, bit for bit, with the same BLAS on the same number of threads.
Source   tribev2 7239908 main.Data.get_loaders (shuffle_train), TribeExperiment.fit
"""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from tribe_np.encoder.model import parts_of
from tribe_np.encoder.training.training_step import Batch, Trained, Training


def shuffled_batches(
    n_windows: int, batch_size: int, n_epochs: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """The numbers of the windows of each batch, in a new order each epoch; the last of an epoch may be smaller."""
    for _ in range(n_epochs):
        order = generator.permutation(n_windows)
        for part in parts_of(n_windows, batch_size):
            yield order[part]


def trained_over(
    training: Training,
    trained: Trained,
    batches: Iterable[np.ndarray],
    batch_of: Callable[[np.ndarray], Batch],
    generator: np.random.Generator,
    step: Callable[[int], object] = lambda n: None,
) -> tuple[Trained, list[float]]:
    """Training after a step on each batch, and the loss before each step; `step` gets the windows of each.

    Raises   as `Training.stepped`
    """
    losses: list[float] = []
    for numbers in batches:
        trained = training.stepped(trained, batch_of(numbers), generator)
        losses.append(trained.loss)
        step(len(numbers))
    return trained, losses
