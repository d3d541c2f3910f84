"""A model built from a kit's weights: layers whose weights are lazy are made when they run, one at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from tribe_np.formats.weights import WeightTree
from tribe_np.oracle.kit_models.kit_model import LayerNames
from tribe_np.oracle.kits.lazy_tensors import BlankTensor, LazyTensor
from tribe_np.oracle.setup import Setup
from tribe_np.runtime import Runtime

Model = TypeVar("Model")


def built_model(
    setup: Setup, layers: LayerNames, own_name: Callable[[str], str], build: Callable[[WeightTree, Runtime], Model]
) -> Model:
    """build(weights, runtime), streamed where a layer's weights are lazy.

    A streamed stack builds every layer once to see that its weights fit, and once more when it runs. The first time
    their numbers are zeros here, which saves making all of them twice.
    """
    gate = _Gate()
    weights: dict[str, Any] = dict(setup.weights)
    of_layers = [n for n, tensor in weights.items() if n.startswith(layers.weights) and isinstance(tensor, LazyTensor)]
    weights |= {n: WaitingTensor(weights[n].shape, weights[n].dtype, weights[n], gate) for n in of_layers}
    runtime = replace(setup.runtime, streaming=bool(of_layers))
    arrays = {own_name(name): tensor for name, tensor in weights.items()}
    tree = WeightTree(arrays, origin="the kit's weights", dtype=runtime.dtype, place=runtime.place)
    model = build(tree, runtime)
    gate.is_open = True
    return model


@dataclass
class _Gate:
    is_open: bool = False


@dataclass(frozen=True, eq=False)
class WaitingTensor(LazyTensor):
    """Another lazy tensor, but zeros until its gate is open."""

    tensor: LazyTensor
    gate: _Gate

    @property
    def _now(self) -> LazyTensor:
        return self.tensor if self.gate.is_open else BlankTensor(self.shape, self.dtype)

    def whole(self) -> np.ndarray:
        """See LazyTensor."""
        return self._now.whole()

    def row(self, number: int) -> np.ndarray:
        """See LazyTensor."""
        return self._now.row(number)

    def blocks(self) -> Iterator[np.ndarray]:
        """See LazyTensor."""
        return self._now.blocks()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._now, dtype)
