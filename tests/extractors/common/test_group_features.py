"""States to features: finite ones go by, of others the first is named with its layer; means keep float32's digits."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from extractors.common.layer_groups import (
    LayerSelection,
    feature_columns,
    finite_features,
    finite_states,
    group_features,
    mean_over_tokens,
)
from tests import fake_device
from tribe_np.backend import to_device, to_host
from tribe_np.errors import CheckpointError, NotFiniteError
from tribe_np.runtime import Runtime

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
    def features(value: float) -> np.ndarray:
        state = np.full((1, 3, 2), value, np.float32)
        found = group_features([(0, state)], mean_over_tokens, selection=LayerSelection((0.0, 1.0)), n_states=1)
        return finite_features(found, model="image")

    assert features(1e38).shape == (1, 2)
    with pytest.raises(NotFiniteError, match=r"image model .* mean over .* is not finite; try --precision float64"):
        features(3e38)


def test_whose_tokens_they_are() -> None:
    def of(bad: np.ndarray) -> str:
        assert bad.tolist() == [[False, True, False]]
        return " for the word 'was'"

    with pytest.raises(NotFiniteError, match=r"infinite values for the word 'was', first in layer\.0"):
        list(finite_states(states([0, np.inf, 0]), **NAMES, of=of))


def test_only_states_of_a_group_are_pooled(xp: Any) -> None:
    pooled = []

    def pool(state: Any) -> Any:
        pooled.append(float(to_host(state).max()))
        return mean_over_tokens(state)

    running = states([1, 2, 3, 4, 5], xp)
    found = group_features(running, pool, selection=LayerSelection((0.25, 0.5)), n_states=5)
    assert pooled == [2, 3]
    assert next(running)[0] == 3  # what lies above does not run
    np.testing.assert_allclose(found, [[2.5 / 3, 0]], rtol=1e-6)


def test_many_tokens_are_added_in_pairs(rng: np.random.Generator) -> None:
    state = (rng.standard_normal((1, 8192, 16)) + 3 * rng.standard_normal(16)).astype(np.float32)
    exact = state[0].astype(np.float64).mean(axis=0)
    found = mean_over_tokens(state)
    assert found.dtype == np.float32
    assert np.max(np.abs(found - exact)) < 1e-6 * np.sqrt(np.mean(exact**2))


def test_the_mean_of_a_device_stays_there(rng: np.random.Generator) -> None:
    state = rng.standard_normal((1, 5, 3))
    found = mean_over_tokens(to_device(state, fake_device.module))
    np.testing.assert_array_equal(to_host(found), mean_over_tokens(state))


def test_columns_are_counted_as_they_come() -> None:
    told: list[tuple[int, int]] = []
    model: Any = SimpleNamespace(config=SimpleNamespace(n_states=9, model_dim=3), runtime=Runtime())

    def columns(stimuli: Any) -> np.ndarray:
        return feature_columns(
            model, stimuli, lambda n: np.full((2, 3), n), selection=LayerSelection((0.5, 0.75, 1.0)),
            progress=lambda *step: told.append(step),
        )  # fmt: skip

    assert columns([5.0, 6.0])[0, 0].tolist() == [5, 6]
    assert columns(iter([7.0])).shape == (2, 3, 1)
    assert told == [(1, 2), (2, 2), (1, 0)]
    assert columns([]).shape == (2, 3, 0)
