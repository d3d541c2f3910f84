"""States that are not finite: the first is named with the layer that made it; finite ones go by untouched."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from extractors.common.finite import finite_states
from extractors.common.layers import LayerSelection
from extractors.common.token_means import token_mean_features
from tribe_np.backend import to_device
from tribe_np.errors import CheckpointError, NotFiniteError

NAMES: Any = {"model": "video", "first": "table", "layers": "layer", "n_layers": 2, "final_norm": True}


def states(values: list[float], xp: Any = np) -> Iterator[tuple[int, Any]]:
    for number, value in enumerate(values):
        state = np.zeros((1, 3, 2), np.float32)
        state[0, 1, 0] = value
        yield number, to_device(state, xp)


def test_finite_states_go_by(xp: Any) -> None:
    given = list(states([1, 2, 3], xp))
    found = list(finite_states(given, **NAMES))
    assert [number for number, _ in found] == [0, 1, 2]
    assert all(state is given[number][1] for number, state in found)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("number", "place"), [(0, "table"), (1, r"layer\.0"), (2, r"layer\.1 or the norm after it")])
def test_the_first_layer_is_named(xp: Any, value: float, number: int, place: str) -> None:
    values = [0.0] * number + [value] + [np.nan] * (2 - number)
    with pytest.raises(CheckpointError, match=f"the video model gives NaN .* first in {place} of its 2 layers"):
        list(finite_states(states(values, xp), **NAMES))


def test_a_model_without_a_last_norm() -> None:
    with pytest.raises(NotFiniteError, match=r"first in layer\.1 of its"):
        list(finite_states(states([0, 1, np.nan]), **(NAMES | {"final_norm": False})))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_mean_that_overflows_is_an_error() -> None:
    def means(value: float) -> np.ndarray:
        state = np.full((1, 3, 2), value, np.float32)
        return token_mean_features(
            [None], lambda _: iter([(0, state)]), selection=LayerSelection((0.0, 1.0)), n_states=1, model_dim=2,
            dtype=np.float32, progress=None,
        )  # fmt: skip

    assert means(1e38).shape == (1, 2, 1)
    with pytest.raises(NotFiniteError, match="mean of a state over its tokens is not finite; try --precision float64"):
        means(3e38)
