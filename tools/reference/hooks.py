"""The intermediates of a torch module, kept under our names while it runs."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Stages = dict[str, np.ndarray]
Change = Callable[[Any], Any]


def keep_output(
    module: Any, stages: Stages, name: str, change: Change | None = None, *, gradients: bool = False
) -> Any:
    """Stores what `module` returns (the first of several), after `change`; returns the handle that removes the hook.

    With `gradients`, stores what flows back there in its stead.
    """

    def hook(_module: Any, _inputs: Any, output: Any) -> None:
        keep_tensor(output[0] if isinstance(output, tuple) else output, stages, name, change, gradients=gradients)

    return module.register_forward_hook(hook)


def keep_inputs(module: Any, stages: Stages, *names: str, change: Change | None = None, gradients: bool = False) -> Any:
    """Stores what `module` is given, argument by argument, after `change`; returns what removes the hook."""

    def hook(_module: Any, inputs: tuple[Any, ...]) -> None:
        for name, value in zip(names, inputs, strict=False):
            keep_tensor(value, stages, name, change, gradients=gradients)

    return module.register_forward_pre_hook(hook)


def keep_tensor(tensor: Any, stages: Stages, name: str, change: Change | None = None, *, gradients: bool) -> None:
    """Stores the tensor after `change`, or with `gradients` what flows back to it."""

    def keep(value: Any) -> None:
        stages[name] = _as_array(value, change)

    if gradients:
        tensor.register_hook(keep)
    else:
        keep(tensor)


def keep_layer(layer: Any, names: Mapping[str, str], stages: Stages, path: str, n_heads: int) -> None:
    """Stores the output of each submodule (path inside the layer -> our leaf), queries, keys and values by head."""
    for inner, leaf in names.items():
        change = split_heads(n_heads) if leaf.endswith((".query", ".key", ".value")) else None
        keep_output(layer.get_submodule(inner), stages, f"{path}.{leaf}", change)


def split_heads(n_heads: int) -> Change:
    """The change from (B, S, N * H) to our (B, N, S, H)."""
    return lambda x: x.unflatten(-1, (n_heads, -1)).transpose(1, 2)


def _as_array(tensor: Any, change: Change | None) -> np.ndarray:
    changed = tensor.detach() if change is None else change(tensor.detach())
    return np.array(changed.numpy())
