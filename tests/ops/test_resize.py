"""Resizing: integer weights, properties, and torch's recorded results."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import fake_device
from tribe_np.backend import to_host
from tribe_np.errors import ShapeError
from tribe_np.ops.resize import (
    cubic,
    integer_weights,
    plain_cubic_matrix,
    resize_bicubic,
    resize_bicubic_plain,
    resize_bilinear_uint8,
    resize_taps,
    triangle,
)

LENGTHS = st.integers(1, 60)


def whole(size):
    return slice(0, size[0]), slice(0, size[1])


@given(LENGTHS, LENGTHS, st.sampled_from([(triangle, 1.0), (cubic, 2.0)]))
def test_taps_lie_inside_and_sum_to_one(n_in, n_out, kind):
    first, weights = resize_taps(n_in, n_out, *kind)
    assert np.allclose(weights.sum(1), 1, atol=1e-14)
    assert np.all(first >= 0)
    assert np.all(first + (weights != 0).sum(1) <= n_in)


@given(LENGTHS, LENGTHS)
def test_integer_weights_are_as_fine_as_int16_allows(n_in, n_out):
    _, weights = resize_taps(n_in, n_out, triangle, 1.0)
    integers, precision = integer_weights(weights)
    assert integers.max() < 1 << 15
    assert precision == 22 or integers.max() >= 1 << 13
    assert np.abs(integers - weights * 2**precision).max() <= 0.5


@given(st.integers(2, 40), st.integers(2, 40), st.integers(2, 40), st.integers(2, 40), st.integers(0, 255))
def test_a_flat_picture_stays_flat(height, width, rows, columns, value):
    picture = np.full((height, width, 3), value, np.uint8)
    small = resize_bilinear_uint8(picture, (rows, columns), crop=whole((rows, columns)))
    assert small.shape == (rows, columns, 3)
    assert np.abs(small.astype(int) - value).max() <= 1
    assert np.allclose(resize_bicubic(np.ones((height, width)), (rows, columns)), 1)
    assert np.allclose(resize_bicubic_plain(np.ones((height, width)), (rows, columns)), 1)


def test_a_crop_is_part_of_the_whole(rng):
    picture = rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)
    all_of_it = resize_bilinear_uint8(picture, (30, 42), crop=whole((30, 42)))
    part = resize_bilinear_uint8(picture, (30, 42), crop=(slice(3, 20), slice(5, 29)))
    assert np.array_equal(part, all_of_it[3:20, 5:29])


def test_equal_size_is_the_identity(rng):
    picture = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    assert np.array_equal(resize_bilinear_uint8(picture, (9, 7), crop=whole((9, 7))), picture)
    x = rng.normal(size=(2, 9, 7))
    assert resize_bicubic(x, (9, 7)) is x


def test_inputs_are_not_touched(rng):
    picture = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    copy = picture.copy()
    resize_bilinear_uint8(picture, (5, 5), crop=whole((5, 5)))
    assert np.array_equal(picture, copy)


def test_turning_the_picture_turns_the_result(rng):
    x = rng.normal(size=(9, 14))
    for resize in (resize_bicubic, resize_bicubic_plain):
        assert np.allclose(resize(x, (5, 20)).T, resize(x.T, (20, 5)))


def test_cubics_differ_in_their_slope():
    assert cubic(np.array([0.0, 1.0, 2.0, 0.5])).tolist() == [1.0, 0.0, 0.0, 0.5625]
    assert cubic(np.array([0.5, 1.5]), -0.75).tolist() == [0.59375, -0.09375]


def test_plain_bicubic_has_four_taps_whatever_the_scale():
    matrix = plain_cubic_matrix(37, 16)
    assert np.all((matrix != 0).sum(1) <= 4)
    assert np.allclose(matrix.sum(1), 1)


@pytest.mark.parametrize("picture", [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8)])
def test_only_8_bit_pictures(picture):
    with pytest.raises(ShapeError, match="8-bit picture"):
        resize_bilinear_uint8(picture, (2, 2), crop=whole((2, 2)))


def test_tables_resize_on_the_fake_device_with_equal_bits(rng):
    x = rng.normal(size=(3, 9, 14)).astype(np.float32)
    for resize in (resize_bicubic, resize_bicubic_plain):
        found = resize(fake_device.module.asarray(x), (5, 20))
        assert np.array_equal(to_host(found), resize(x, (5, 20)))
