"""Layer selection: golden tables of neuralset's own selection, and its properties."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extractors.common.layer_groups import LayerSelection
from tests import fake_device
from tribe_np.backend import to_device, to_host
from tribe_np.errors import ConfigError

GOLDEN = Path(__file__).parents[2] / "golden"
RELEASED = (0.5, 0.75, 1.0)
fractions = st.lists(st.floats(0, 1), min_size=1, max_size=6).map(tuple)


def states(arrays):
    return ((number, array) for number, array in enumerate(arrays))


def test_every_golden_table_of_upstream():
    rows = json.loads((GOLDEN / "llama_layer_index.json").read_text())
    assert len(rows) > 500
    for n_states, cuts, aggregation, cached, weights in rows:
        expected = np.array([[row.get(str(i), 0.0) for i in range(n_states)] for row in weights])
        selection = LayerSelection(tuple(cuts), aggregation, cached)
        found = selection.aggregate(states(np.eye(n_states)), n_states)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15, err_msg=f"{selection} of {n_states}")
        assert selection.needed(n_states) == {int(i) for row in weights for i in row}


@pytest.mark.parametrize(
    ("n_states", "cached", "expected"),
    [
        (29, None, [[14, 15, 16, 17, 18, 19, 20], [21, 22, 23, 24, 25, 26, 27, 28]]),
        (29, 20, [[13, 15, 16, 18, 19], [21, 22, 24, 25, 27, 28]]),
        (25, None, [[12, 13, 14, 15, 16, 17], [18, 19, 20, 21, 22, 23, 24]]),
        (9, 20, [[4, 5], [6, 7, 8]]),  # asked to cache more states than there are: all take part
        (5, 5, [[2], [3, 4]]),
    ],
)
def test_released_groups(n_states, cached, expected):
    assert LayerSelection(RELEASED, cache_n_layers=cached).groups(n_states) == expected


def test_audio_ignores_cache_n_layers():
    selection = LayerSelection(RELEASED, cache_n_layers=20)
    assert selection.groups(25, subselect=False) == LayerSelection(RELEASED).groups(25)
    arrays = np.arange(25.0)[:, None]
    assert selection.aggregate(states(arrays), 25, subselect=False).tolist() == [[14.5], [21.0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fractions": ()}, "fractions between 0 and 1"),
        ({"fractions": (1.5,)}, "fractions between 0 and 1"),
        ({"fractions": (-0.1, 1.0)}, "fractions between 0 and 1"),
        ({"fractions": (float("nan"),)}, "fractions between 0 and 1"),
        ({"fractions": (0.5,), "aggregation": "max"}, "layer_aggregation"),
        ({"fractions": (0.5,), "cache_n_layers": 1}, "cache_n_layers"),
        ({"fractions": (0.5,), "cache_n_layers": -3}, "cache_n_layers"),
    ],
)
def test_bad_options_are_one_clear_error(options, message):
    with pytest.raises(ConfigError, match=message):
        LayerSelection(**options)


@pytest.mark.parametrize(
    ("cuts", "aggregation", "n_states", "keeps"),
    [
        (RELEASED, "group_mean", 9, True), ((0.5, 0.6), "group_mean", 25, True), ((0.5, 0.5), "group_mean", 9, False),
        ((0.5, 0.6), "group_mean", 5, False),  # both fall on state 2
        ((0.5,), "group_mean", 9, False), (RELEASED, "mean", 9, False), (RELEASED, "sum", 9, False),
        ((0.5,), None, 9, True), (RELEASED, None, 9, True),
    ],
)  # fmt: skip
def test_where_upstream_has_an_axis_of_groups(cuts, aggregation, n_states, keeps):
    assert LayerSelection(cuts, aggregation).keeps_group_axis(n_states) is keeps


def test_the_axis_depends_on_the_kept_states_except_for_sound():
    selection = LayerSelection((0.5, 0.6), "group_mean", cache_n_layers=3)
    assert not selection.keeps_group_axis(25)
    assert selection.keeps_group_axis(25, subselect=False)


def test_a_stream_that_ends_early_is_an_error():
    with pytest.raises(ConfigError, match="fewer than the 9"):
        LayerSelection(RELEASED).aggregate(states(np.zeros((5, 2))), 9)


@given(fractions, st.integers(1, 50), st.none() | st.integers(2, 60))
def test_groups_partition_the_span_between_sorted_cuts(cuts, n_states, cached):
    groups = LayerSelection(cuts, cache_n_layers=cached).groups(n_states)
    kept = LayerSelection(cuts, cache_n_layers=cached).cached_states(n_states)
    flat = [number for group in groups for number in group]
    first, last = int(min(cuts) * (len(kept) - 1)), int(max(cuts) * (len(kept) - 1))
    assert flat == kept[first : last + 1]
    assert all(groups)


@given(fractions, st.integers(1, 30), st.integers(0, 2**32 - 1), st.sampled_from(["group_mean", "mean", None]))
def test_equal_states_give_that_state(cuts, n_states, seed, aggregation):
    state = np.random.default_rng(seed).standard_normal((2, 3))
    found = LayerSelection(cuts, aggregation).aggregate(states([state] * n_states), n_states)
    np.testing.assert_allclose(found, np.broadcast_to(state, found.shape), rtol=1e-14)


@given(fractions, st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from(["group_mean", "mean", "sum", None]))
def test_aggregation_is_linear(cuts, n_states, seed, aggregation):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, n_states, 3))
    selection = LayerSelection(cuts, aggregation)

    def of(x):
        return selection.aggregate(states(x), n_states)

    np.testing.assert_allclose(of(2 * a - b), 2 * of(a) - of(b), atol=1e-12)


def test_inputs_are_not_changed_and_one_state_is_copied():
    arrays = np.ones((5, 2))
    found = LayerSelection((1.0,), "sum").aggregate(states(arrays), 5)
    found[:] = 7
    assert np.all(arrays == 1)


def test_runs_on_the_fake_device_with_equal_bits(rng):
    arrays = rng.standard_normal((9, 2, 3)).astype(np.float32)
    selection = LayerSelection(RELEASED)
    there = selection.aggregate(states([to_device(a, fake_device.module) for a in arrays]), 9)
    assert np.array_equal(to_host(there), selection.aggregate(states(arrays), 9))
