"""What transformers' attention is handed and hands back, its logits and probabilities: by our taps' names.

The pass goes on with the function that the library chose (torch's fused one, as shipped). Beside it the library's own
plain function runs on the same queries, keys and values, and its softmax shows what goes in and out.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.hooks import Stages
from tools.reference.torch_setup import skip_torchvision_operators

UNSEEN = -1e30
"""Logits below are masked."""


@contextmanager
def keeping_scores(stages: Stages, path: str, *, rotated: bool = False) -> Iterator[None]:
    """Within it each call of attention is stored; `path` holds {i}, which counts the calls.

    rotated   whether queries and keys are turned before: they are stored, too
    """
    skip_torchvision_operators()
    from transformers.modeling_utils import AttentionInterface

    real, n_calls = AttentionInterface.get_interface, 0

    def get_interface(self: Any, name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        chosen = real(self, name, plain)

        def attention(module: Any, query: Any, key: Any, value: Any, mask: Any, **options: Any) -> Any:
            nonlocal n_calls
            at = path.format(i=n_calls)
            n_calls += 1
            found = chosen(module, query, key, value, mask, **options)
            if rotated:
                stages[f"{at}.query_rotated"], stages[f"{at}.key_rotated"] = _host(query), _host(key)
            stages[f"{at}.mixed"] = _host(found[0].flatten(2))
            with _keeping_softmax(stages, at, query.dtype):
                plain(module, query, key, value, _added(mask, module, query, key), **options)
            return found

        return attention

    with patch.object(AttentionInterface, "get_interface", get_interface):
        yield


@contextmanager
def _keeping_softmax(stages: Stages, at: str, dtype: Any) -> Iterator[None]:
    """Stores what torch's softmax is given and returns, computed in `dtype`."""
    from torch.nn import functional

    real = functional.softmax

    def softmax(x: Any, dim: int = -1, **_options: Any) -> Any:
        weights, logits = real(x, dim=dim, dtype=dtype), _host(x)
        stages[f"{at}.logits"] = np.where(logits < UNSEEN, -np.inf, logits)
        stages[f"{at}.probabilities"] = _host(weights)
        return weights

    with patch.object(functional, "softmax", softmax):
        yield


def _added(mask: Any, module: Any, query: Any, key: Any) -> Any:
    """The mask as the plain function takes it: added to the logits; the fused one may be told of it otherwise."""
    import torch

    if mask is None and getattr(module, "is_causal", False):
        mask = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool).tril()[None, None]
    if mask is None or mask.dtype != torch.bool:
        return mask
    return torch.zeros(mask.shape, dtype=query.dtype).masked_fill(~mask, torch.finfo(query.dtype).min)


def _host(tensor: Any) -> np.ndarray:
    return np.array(tensor.detach().numpy())
