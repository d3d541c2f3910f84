"""Values and colours brought into 0..1 by upstream's two functions.

Source   tribev2 7239908 plotting.utils
"""

from typing import Any, Literal

import numpy as np

from tribe_np.errors import ShapeError

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of red, green and blue light: Rec. 709


def robust_normalize(
    array: Any,
    axis: int | tuple[int, ...] | None = None,
    percentile: float = 99,
    clip: bool = True,
    final_range: tuple[Any, Any] | Literal["original"] | None = None,
    two_sided: bool = True,
) -> np.ndarray:
    """The array with its low percentile at 0 and its high one at 1, or at the ends of `final_range`.

    Shapes   (...) -> (...), the percentiles along `axis`
    Numerics equal to upstream to the bit for numbers that differ. NaN stays NaN and does not count for the
             percentiles (upstream: all becomes NaN); a constant array becomes 0 (upstream: NaN, by 0 / 0)
    Source   tribev2 7239908 plotting.utils.robust_normalize; one-sided: the least value is 0
    """
    array = np.asarray(array)
    has_nan = array.dtype.kind == "f" and bool(np.isnan(array).any())
    of, least = (np.nanpercentile, np.nanmin) if has_nan else (np.percentile, np.min)
    high = of(array, percentile, axis=axis, keepdims=True)
    low = of(array, 100 - percentile, axis=axis, keepdims=True) if two_sided else least(array, axis=axis, keepdims=True)
    span = high - low
    scaled: np.ndarray = (array - low) / np.where(span == 0, np.ones_like(span), span)
    if clip:
        scaled = np.clip(scaled, 0, 1)
    if final_range is not None:
        start, stop = (low, high) if isinstance(final_range, str) else final_range
        scaled = scaled * (stop - start) + start
    return scaled


def saturate_colors(rgb: Any, factor: float) -> np.ndarray:
    """Colours drawn away from the grey of the same lightness (factor above 1) or towards it; 0 is that grey.

    Shapes   (3,) or (n, 3), in 0..1 -> the same, float64, clipped to 0..1
    Raises   ShapeError
    Source   tribev2 7239908 plotting.utils.saturate_colors
    """
    colours = np.asarray(rgb, dtype=float)
    if colours.ndim not in (1, 2) or colours.shape[-1] != 3:
        raise ShapeError(f"colours must have shape (3,) or (n, 3), got {colours.shape}")
    grey = np.dot(colours, LUMINANCE)[..., None]
    drawn: np.ndarray = np.clip(grey + factor * (colours - grey), 0, 1)
    return drawn
