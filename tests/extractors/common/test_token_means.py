"""The mean over tokens keeps float32's digits over as many tokens as a clip has."""

import numpy as np

from extractors.common.token_means import mean_over_tokens
from tests import fake_device
from tribe_np.backend import to_device, to_host


def test_many_tokens_are_added_in_pairs(rng: np.random.Generator) -> None:
    state = (rng.standard_normal((8192, 16)) + 3 * rng.standard_normal(16)).astype(np.float32)
    exact = state.astype(np.float64).mean(axis=0)
    found = mean_over_tokens(state)
    assert found.dtype == np.float32
    assert np.max(np.abs(found - exact)) < 1e-6 * np.sqrt(np.mean(exact**2))


def test_the_mean_of_a_device_stays_there(rng: np.random.Generator) -> None:
    state = rng.standard_normal((5, 3))
    found = mean_over_tokens(to_device(state, fake_device.module))
    np.testing.assert_array_equal(to_host(found), mean_over_tokens(state))
