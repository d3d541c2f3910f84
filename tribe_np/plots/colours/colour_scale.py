"""From values to colours, one scale for a whole series: limits that one vertex does not move, what is not shown.

Every picture of a series, every second of a film and the page take their colours from one ColourScale.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.errors import ConfigError
from tribe_np.plots.colours.colour_maps import DIVERGING, N_COLOURS, SEQUENTIAL, alpha_ramp, colour_map

PERCENTILE = 99.0
FADE = (0.0, 0.35)  # of the way from nothing to the limit, values come out of the grey of the sulci
NEAR_ZERO = 0.25  # of the other limit
MOST_VALUES = 8_000_000  # that limits are taken from; of a longer series every n-th row


@dataclass(frozen=True, eq=False)
class ColourScale:
    """The colour of every value.

    Shapes   table (256, 4) uint8, RGBA: alpha is 0 where the brain underneath is seen
    Units    low, high and threshold are the values' own; what is nearer to 0 than the threshold is not shown
    """

    name: str
    table: np.ndarray
    low: float
    high: float
    threshold: float | None = None
    is_symmetric: bool = False

    def indices(self, values: np.ndarray) -> np.ndarray:
        """The place of each value in the table, uint8; that of NaN is 0 and means nothing (see `is_hidden`)."""
        span = self.high - self.low
        with np.errstate(invalid="ignore", over="ignore"):  # infinities
            place = (np.asarray(values, np.float32) - np.float32(self.low)) * np.float32(N_COLOURS / span)
        last = np.float32(N_COLOURS - 1)
        indices: np.ndarray = np.nan_to_num(np.clip(place, 0, last), nan=0.0).astype(np.uint8)
        return indices

    def is_hidden(self, values: np.ndarray) -> np.ndarray:
        """Where nothing is drawn, bool: no number (NaN, infinite), or one nearer to 0 than the threshold."""
        values = np.asarray(values)
        hidden: np.ndarray = ~np.isfinite(values)
        return hidden if self.threshold is None else hidden | (np.abs(values) < self.threshold)

    def rgba(self, values: np.ndarray) -> np.ndarray:
        """Colours (..., 4) float32 in 0..1 of values (...); alpha is 0 where `is_hidden`."""
        colours: np.ndarray = (self.table / np.float32(255)).astype(np.float32)[self.indices(values)]
        colours[self.is_hidden(values), 3] = 0
        return colours


def colour_scale(
    values: np.ndarray,
    *,
    cmap: Any = None,
    low: float | None = None,
    high: float | None = None,
    percentile: float = PERCENTILE,
    symmetric: bool | None = None,
    threshold: float | None = None,
    fade: tuple[float, float] | None = FADE,
) -> ColourScale:
    """The scale of all `values` that will be shown, of any shape: give the series, not one row of it.

    Limits that are not given are the percentile and 100 minus it, or plus and minus that of the absolute values;
    NaN and infinities do not count. A limit near 0 beside the other one is 0. Where so few vertices have a value that
    this leaves no range, they are the least and greatest. A constant map goes from 0 to its value.
    symmetric   limits are as far from 0 on both sides; None: where the colour map is diverging. `cmap` None is a
                diverging one for values of both signs or where symmetric is asked for, else a sequential one
    fade        (threshold, scale) of `colour_maps.alpha_ramp`, or None: every value is opaque
    Raises   ConfigError for values without a number in them, limits without a range, a percentile outside 50..100, a
             negative threshold, an unknown colour map
    """
    _check(percentile, threshold)
    numbers = _some_numbers(values)
    if cmap is None:
        has_both = bool((numbers < 0).any() and (numbers > 0).any())
        cmap = DIVERGING if symmetric or (symmetric is None and has_both) else SEQUENTIAL
    chosen = colour_map(cmap)
    is_symmetric = _is_symmetric(chosen.is_diverging if symmetric is None else symmetric, low, high)
    low, high = _limits(numbers, low, high, percentile, is_symmetric)
    table = chosen.table.copy()
    if fade is FADE and low < 0 < high and not chosen.is_diverging:
        fade = None  # what is far below 0 is not little
    if fade is not None:
        table[:, 3] *= alpha_ramp(N_COLOURS, *fade, symmetric=chosen.is_diverging)
    colours = np.round(table * 255).astype(np.uint8)
    return ColourScale(chosen.name, colours, low, high, threshold, is_symmetric)


def _check(percentile: float, threshold: float | None) -> None:
    if not 50 < percentile <= 100:
        raise ConfigError(f"the percentile of the limits must be above 50 and at most 100, got {percentile}")
    if threshold is not None and not 0 <= threshold < np.inf:
        raise ConfigError(f"the threshold must be a number from 0 on, got {threshold}")


def _some_numbers(values: np.ndarray) -> np.ndarray:
    """The finite values as one float row; of a very long series those of every n-th row."""
    values = np.asarray(values)
    if values.ndim > 1 and values.size > MOST_VALUES:
        found = _finite(values[:: -(-values.size // MOST_VALUES)])
        if found.size:
            return found
    found = _finite(values)
    if not found.size:
        raise ConfigError("there is nothing to draw: no value is a number (all are NaN or infinite)")
    return found


def _finite(values: np.ndarray) -> np.ndarray:
    flat: np.ndarray = np.ravel(values).astype(np.result_type(values.dtype, np.float32), copy=False)
    numbers: np.ndarray = flat[np.isfinite(flat)]
    return numbers


def _is_symmetric(wanted: bool, low: float | None, high: float | None) -> bool:
    """Two given limits are taken as they are."""
    return wanted and (low is None or high is None or low == -high)


def _limits(
    numbers: np.ndarray, low: float | None, high: float | None, percentile: float, is_symmetric: bool
) -> tuple[float, float]:
    if is_symmetric:
        given = high if high is not None else None if low is None else -low
        bound = _bound(np.abs(numbers), percentile) if given is None else given
        low, high = -bound, bound
    else:
        least, most = -_bound(-numbers, percentile), _bound(numbers, percentile)
        least, most = _or_zero(least, most, numbers.min() >= 0), _or_zero(most, least, numbers.max() <= 0)
        low, high = least if low is None else low, most if high is None else high
        if low == high and numbers.min() == numbers.max():
            low, high = min(low, 0.0), max(high, 0.0)
    if low == high == 0:  # all is 0
        low, high = (-1.0, 1.0) if is_symmetric else (0.0, 1.0)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ConfigError(f"the lower limit of the colours must be below the upper one, got {low:g} and {high:g}")
    return float(low), float(high)


def _or_zero(limit: float, other: float, is_inner: bool) -> float:
    """0 for the inner limit of values of one sign, where it is far nearer to 0 than the outer one."""
    return 0.0 if is_inner and abs(limit) < NEAR_ZERO * abs(other) else limit


def _bound(numbers: np.ndarray, percentile: float) -> float:
    """The percentile; where most vertices have one value, as in a map of few regions, the greatest."""
    bound, middle = np.percentile(numbers, (percentile, 50))
    return float(bound if bound > middle else numbers.max())
