"""Which bins are computed when some are left out, and what stands in the others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.pipeline.features.stride import STRIDES, computed_bins, fill_bins

RELEASED = {"clip_duration": 4.0, "frequency": 2.0}


@pytest.mark.parametrize(
    ("n_bins", "stride", "expected"),
    [
        (14, 1, [*range(14)]),
        (14, 2, [*range(8), 9, 11, 13]),
        (15, 2, [*range(8), 9, 11, 13, 14]),
        (17, 4, [*range(8), 11, 15, 16]),
        (8, 4, [*range(8)]),
        (9, 4, [*range(9)]),
        (3, 2, [0, 1, 2]),
        (0, 4, []),
    ],
)
def test_the_start_of_a_chunk_and_its_last_bin_are_computed(n_bins, stride, expected):
    assert computed_bins(n_bins, stride, **RELEASED).tolist() == expected


@given(st.integers(0, 200), st.sampled_from(STRIDES), st.floats(0.1, 9), st.floats(0.1, 9))
def test_no_gap_is_wider_than_the_stride(n_bins, stride, clip_duration, frequency):
    bins = computed_bins(n_bins, stride, clip_duration=clip_duration, frequency=frequency)
    assert set(bins.tolist()) <= set(range(n_bins))
    assert np.all((np.diff(bins) >= 1) & (np.diff(bins) <= stride))
    n_clamped = sum((b + 1) / frequency < clip_duration for b in range(n_bins))
    assert set(range(min(n_bins, n_clamped + 1))) <= set(bins.tolist())
    assert bins[-1:].tolist() == [n_bins - 1][:n_bins]


@given(st.integers(1, 60), st.sampled_from(STRIDES), st.sampled_from([np.float32, np.float64]), st.integers(0, 9))
def test_computed_bins_are_kept_and_straight_lines_are_restored(n_bins, stride, dtype, seed):
    bins = computed_bins(n_bins, stride, **RELEASED)
    drawn = np.random.default_rng(seed).normal(size=(2, 3, len(bins))).astype(dtype)
    filled = fill_bins(drawn, bins)
    assert filled.shape == (2, 3, n_bins)
    assert filled.dtype == dtype
    assert filled[..., bins].tobytes() == drawn.tobytes()
    line = np.arange(n_bins, dtype=dtype) * drawn[..., :1] + 1
    assert np.allclose(fill_bins(line[..., bins], bins), line, rtol=1e-5, atol=1e-5)


def test_the_weights_are_those_of_a_straight_line(rng):
    features = rng.normal(size=(1, 2, 12)).astype(np.float32)
    two, four = (computed_bins(n, stride, **RELEASED) for n, stride in ((14, 2), (15, 4)))
    left, right = features[..., 7], features[..., 8]
    assert np.array_equal(fill_bins(features[..., : len(two)], two)[..., 8], (left + right) / 2)
    filled = fill_bins(features[..., : len(four)], four)
    for k in (1, 2, 3):
        np.testing.assert_allclose(filled[..., 7 + k], left * (4 - k) / 4 + right * k / 4, rtol=1e-6, atol=1e-7)


def test_nothing_left_out_and_nothing_there():
    features = np.ones((2, 3, 5), np.float32)
    assert fill_bins(features, np.arange(5)) is features
    assert fill_bins(features[..., :0], np.arange(0)).shape == (2, 3, 0)
