"""Arrays as the page holds them: numbers of one byte or two, packed by gzip, written as base64. Same input, same text.

A value becomes an index from 0 to 254, and is read again as low + index * (high - low) / 254; 255 means that there is
none. Zero lies on this ladder where the values reach below and above it, so that nothing becomes a little something.
"""

import base64
import gzip
from dataclasses import dataclass

import numpy as np

LEVELS = 254  # steps of the ladder
NO_VALUE = 255
WIDEST = 3.0  # the ladder reaches so many times the robust limits; farther out lie outliers, which cost resolution
ROBUST = 99.0  # the percentile that those limits are
GZIP_LEVEL = 9


@dataclass(frozen=True, eq=False)
class PackedValues:
    """Rows of vertex values as indices.

    Shapes   indices (R, 2 V) uint8
    Units    low, high, step, lowest and highest are those of the values
    """

    indices: np.ndarray
    low: float
    high: float
    lowest: float  # of the values themselves: beyond low and high where some were cut off
    highest: float
    n_below: int  # values below low, shown as low
    n_above: int

    @property
    def step(self) -> float:
        """Values lie within half of this of what is read again, but for those cut off."""
        return (self.high - self.low) / LEVELS

    def values(self) -> np.ndarray:
        """What the page reads again, (R, 2 V) float64, NaN where there is no value."""
        found = self.low + self.indices * self.step
        return np.where(self.indices == NO_VALUE, np.nan, found)


def pack_values(values: np.ndarray) -> PackedValues:
    """Values (R, 2 V) as indices; what is not finite has none.

    The ladder spans all values, unless outliers lie beyond three times the limits of the 99th percentile: these are
    then cut off and counted, because one vertex at 20 sigma must not cost all others their resolution.
    """
    is_value = np.isfinite(values)
    known = values[is_value].astype(np.float64)
    if not len(known):
        return PackedValues(np.full(values.shape, NO_VALUE, np.uint8), 0.0, 0.0, 0.0, 0.0, 0, 0)
    lowest, highest = float(known.min()), float(known.max())
    low, high = _ladder(*_span(known, lowest, highest))
    indices = np.full(values.shape, NO_VALUE, np.uint8)
    if high > low:
        steps = np.rint((known - low) * (LEVELS / (high - low)))
        indices[is_value] = np.clip(steps, 0, LEVELS).astype(np.uint8)
    else:
        indices[is_value] = 0
    half = (high - low) / LEVELS / 2
    n_below, n_above = int((known < low - half).sum()), int((known > high + half).sum())
    return PackedValues(indices, low, high, lowest, highest, n_below, n_above)


def _span(known: np.ndarray, lowest: float, highest: float) -> tuple[float, float]:
    """Lowest and highest value that are kept apart."""
    low, high = (float(v) for v in np.percentile(known, [100 - ROBUST, ROBUST]))
    middle, reach = (low + high) / 2, (high - low) / 2
    if lowest < 0 < highest:
        middle, reach = 0.0, float(np.percentile(np.abs(known), ROBUST))
    if reach == 0:  # nearly all values are one: the others are all there is to see
        return lowest, highest
    return max(lowest, middle - WIDEST * reach), min(highest, middle + WIDEST * reach)


def _ladder(low: float, high: float) -> tuple[float, float]:
    """The ends of a ladder that spans low to high, with a rung at 0 where that lies between them."""
    if not low < 0 < high:
        return low, high
    step = (high - low) / (LEVELS - 1)
    below = int(np.ceil(-low / step))
    return -below * step, (LEVELS - below) * step


def differences(indices: np.ndarray) -> np.ndarray:
    """Each row less the row before it, modulo 256: what `is_delta` in the facts means. The first row stays."""
    changed = indices.copy()
    changed[1:] -= indices[:-1]  # uint8 wraps around
    return changed


def packed_indices(indices: np.ndarray) -> tuple[str, bool]:
    """A blob of rows of indices, and whether it holds their differences: whichever is smaller."""
    plain = blob(indices)
    if len(indices) < 2:
        return plain, False
    changed = blob(differences(indices))
    return (changed, True) if len(changed) < len(plain) else (plain, False)


def blob(array: np.ndarray) -> str:
    """The bytes of an array, little-endian, gzip without a date, base64."""
    bytes_ = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
    return text_of(gzip.compress(bytes_, GZIP_LEVEL, mtime=0))


def text_of(content: bytes) -> str:
    """Bytes as base64: letters, digits, +, / and = alone, which HTML leaves as they are."""
    return base64.b64encode(content).decode("ascii")
