"""Resizing pictures and tables: torch's antialiased kernels (8-bit integer, and float) and its plain bicubic.

All are separable. Each output sample is a weighted sum of a few neighbours; `resize_taps` says which and how much.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tribe_np.backend import array_module
from tribe_np.errors import ShapeError
from tribe_np.protocols import Array

MAX_PRECISION = 22  # bits after the point of the integer weights
WEIGHT_LIMIT = 1 << 15  # they must fit int16
ANTIALIASED_A = -0.5  # the cubic of torch's antialiased kernels (Pillow's)
PLAIN_A = -0.75  # the cubic of its plain one


def shortest_edge_size(size: tuple[int, ...], shortest_edge: int) -> tuple[int, int]:
    """(height, width) with the short side at `shortest_edge`; the long one is truncated.

    Source   transformers 5.23.0 get_resize_output_image_size
    """
    height, width = size
    long = int(shortest_edge * max(height, width) / min(height, width))
    return (shortest_edge, long) if height <= width else (long, shortest_edge)


def centre_crop(size: tuple[int, int], crop_size: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a centre crop that is not larger than the picture.

    Source   transformers 5.23.0 TorchvisionBackend.center_crop
    """
    top, left = (int((n - crop) / 2.0) for n, crop in zip(size, crop_size, strict=True))
    return slice(top, top + crop_size[0]), slice(left, left + crop_size[1])


def resize_bilinear_uint8(image: np.ndarray, size: tuple[int, int], *, crop: tuple[slice, slice]) -> np.ndarray:
    """A `crop` (rows, columns of the result) of an 8-bit picture resized to `size`, equal to torch's to the bit.

    Shapes   image (height, width, C) uint8 on the host -> (crop height, crop width, C) uint8
    Numerics antialiased, in integers, first along the width, then the height, 8 bits in between; what lies outside
             the crop is not computed, which changes nothing inside
    Raises   ShapeError for another dtype or number of axes
    Source   torch 2.13.0 upsample_bilinear2d_aa on uint8 (the AVX2/AVX512/NEON kernel), as torchvision 0.28.0 calls it
    """
    if image.dtype != np.uint8 or image.ndim != 3:
        raise ShapeError(f"an 8-bit picture (height, width, C) is needed, got {image.dtype} {image.shape}")
    rows, columns = crop
    turned = _resize_first_axis(image.transpose(1, 0, 2), size[1], columns)
    return _resize_first_axis(turned.transpose(1, 0, 2), size[0], rows)


def _resize_first_axis(image: np.ndarray, n_out: int, part: slice) -> np.ndarray:
    n_in = image.shape[0]
    if n_out == n_in:
        return image[part]
    first, exact = resize_taps(n_in, n_out, triangle, 1.0)
    weights, precision = integer_weights(exact)
    first, weights = first[part], weights[part]
    rows = np.ascontiguousarray(image).reshape(n_in, -1)
    total = np.full((len(first), rows.shape[1]), 1 << (precision - 1), np.int32)
    for k in range(weights.shape[1]):
        taps = np.minimum(first + k, n_in - 1)  # beyond the border the weight is 0
        total += rows[taps] * weights[:, k, None]
    pixels: np.ndarray = np.clip(total >> precision, 0, 255).astype(np.uint8)
    return pixels.reshape(len(first), *image.shape[1:])


def integer_weights(weights: np.ndarray) -> tuple[np.ndarray, int]:
    """Weights as integers of the finest precision that fits int16, and that precision in bits.

    Shapes   weights (n_out, K) float64 -> (n_out, K) int32
    Numerics trunc(0.5 + w 2^P); P grows to 22, or until the largest weight of the axis would reach 2^15
    Source   torch 2.13.0 _compute_index_ranges_int16_weights
    """
    largest, precision = float(np.max(weights)), 0
    while precision < MAX_PRECISION and int(0.5 + largest * 2 ** (precision + 1)) < WEIGHT_LIMIT:
        precision += 1
    return np.trunc(np.where(weights < 0, -0.5, 0.5) + weights * 2**precision).astype(np.int32), precision


def resize_bicubic(x: Array, size: tuple[int, int], *, tables: Any = None) -> Array:
    """Pictures resized with torch's antialiased bicubic: no rounding, no clipping.

    Shapes   x (..., height, width) float -> (..., *size), same dtype and module
    Numerics a = -0.5, weights rounded to `tables`, x's dtype by default; width first; an axis that keeps its length is
             not touched
    Source   torch 2.13.0 interpolate(mode="bicubic", antialias=True), as torchvision 0.28.0 resize calls it on floats
    """
    dtype = x.dtype.type if tables is None else tables
    return _resize_axes(x, size, lambda n_in, n_out: _dense(*resize_taps(n_in, n_out, cubic, 2.0, dtype), n_in))


def resize_bicubic_plain(x: Array, size: tuple[int, int], *, tables: Any = np.float64) -> Array:
    """Tables resized with torch's plain bicubic: four taps whatever the scale.

    Shapes   x (..., height, width) float -> (..., *size), same dtype and module
    Numerics a = -0.75, half-pixel centres (i + 0.5) n_in / n_out - 0.5, taps clamped at the borders; centres and
             weights in `tables`: torch has them in float32 on float32, where a centre at 6.3 is off by 5e-7
    Source   torch 2.13.0 interpolate(mode="bicubic", align_corners=False)
    """
    return _resize_axes(x, size, lambda n_in, n_out: plain_cubic_matrix(n_in, n_out, tables))


def plain_cubic_matrix(n_in: int, n_out: int, dtype: Any = np.float64) -> np.ndarray:
    """The matrix of a plain bicubic resize of one axis.

    Shapes   -> (n_out, n_in) of the dtype, in which everything is computed
    Source   torch 2.13.0 get_cubic_upsample_coefficients, upsample_bicubic2d
    """
    source = (np.arange(n_out, dtype=dtype) + 0.5) * dtype(n_in / n_out) - 0.5
    start = np.floor(source)
    matrix = np.zeros((n_out, n_in), dtype)
    for k in range(-1, 3):
        taps = np.clip(start.astype(np.int64) + k, 0, n_in - 1)
        np.add.at(matrix, (np.arange(n_out), taps), cubic(source - start - k, PLAIN_A))
    return matrix


def _dense(first: np.ndarray, weights: np.ndarray, n_in: int) -> np.ndarray:
    matrix = np.zeros((len(first), n_in + weights.shape[1]))
    matrix[np.arange(len(first))[:, None], first[:, None] + np.arange(weights.shape[1])] = weights
    return matrix[:, :n_in]


def _resize_axes(x: Array, size: tuple[int, int], matrix: Callable[[int, int], np.ndarray]) -> Array:
    xp = array_module(x)
    height, width = x.shape[-2:]
    if width != size[1]:
        x = x @ xp.asarray(matrix(width, size[1]).T.astype(x.dtype))
    if height != size[0]:
        x = xp.asarray(matrix(height, size[0]).astype(x.dtype)) @ x
    return x


@lru_cache(maxsize=64)
def resize_taps(
    n_in: int, n_out: int, weight: Callable[[np.ndarray], np.ndarray], support: float, dtype: Any = np.float64
) -> tuple[np.ndarray, np.ndarray]:
    """First input sample and weights of every output sample of an antialiased resize; arrays of the host, read-only.

    Shapes   -> first (n_out,) integers, weights (n_out, K); rows sum to 1, unused taps are 0 at the end
    Numerics centre c = scale (i + 0.5); taps from trunc(c - s + 0.5) to trunc(c + s + 0.5), s = support max(scale, 1);
             rounded to `dtype` wherever torch rounds to the picture's
    Source   torch 2.13.0 _compute_indices_min_size_weights_aa
    """
    scale = dtype(n_in / n_out)
    reach, shrink = (support * scale, dtype(1.0 / scale)) if scale >= 1 else (dtype(support), dtype(1.0))
    centre = (float(scale) * (np.arange(n_out) + 0.5)).astype(dtype)
    first = np.maximum(np.trunc(centre - reach + 0.5), 0).astype(np.int64)
    stop = np.minimum(np.trunc(centre + reach + 0.5), n_in).astype(np.int64)
    taps = first[:, None] + np.arange(int(np.max(stop - first)))
    distance = ((taps.astype(dtype) - centre[:, None] + 0.5) * shrink).astype(dtype)
    weights = np.where(taps < stop[:, None], weight(distance), dtype(0.0))
    weights = weights / np.sum(weights, axis=1, keepdims=True)
    first.flags.writeable = weights.flags.writeable = False
    return first, weights


def triangle(x: np.ndarray) -> np.ndarray:
    """1 - |x|, not below 0: bilinear interpolation's weight at distance x.

    Source   torch 2.13.0 HelperInterpLinear.aa_filter
    """
    return np.asarray(np.maximum(0.0, 1.0 - np.abs(x)))


def cubic(x: np.ndarray, a: float = ANTIALIASED_A) -> np.ndarray:
    """Keys' cubic convolution weight at distance x, with slope parameter a.

    Source   torch 2.13.0 cubic_convolution1, cubic_convolution2
    """
    d = np.abs(x)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))
