"""How far an array is from what is right: over the reference's root mean square, and in units of float32."""

from dataclasses import dataclass
from math import frexp, isfinite, ldexp

import numpy as np

from tribe_np.oracle.budget.bounds import Bound

MASKED = -1e4
"""What a port adds to a logit that is masked, or less; upstream's own is -inf or the dtype's smallest number."""
SURELY_MASKED = -1e30  # in ours
SMALLEST_EXPONENT, DIGITS = -126, 23  # of float32


@dataclass(frozen=True)
class Deviation:
    """One array against its reference.

    Fields   largest the largest absolute difference; largest_over_rms and rms_over_rms over the reference's RMS; ulp
             that difference in steps of float32 at the reference's value there; worst where it is, and theirs and
             reference the two values there; n_not_finite places where only one of the two is finite, and first of them
    """

    largest: float
    largest_over_rms: float
    rms_over_rms: float
    ulp: float
    worst: tuple[int, ...]
    theirs: float
    reference: float
    n_not_finite: int = 0
    first_not_finite: tuple[int, ...] | None = None

    def is_within(self, bound: Bound) -> bool:
        """Whether a right implementation may be as far off."""
        is_near = self.rms_over_rms <= bound.rms and self.largest_over_rms <= bound.largest
        return is_near and self.n_not_finite == 0


def deviation_of(theirs: np.ndarray, reference: np.ndarray) -> Deviation:
    """The error of one array.

    Shapes   both of one shape
    Numerics in float64; masked logits are equal (`masked_places`); the RMS is that of the places where both are finite
    """
    a, b = np.asarray(theirs, np.float64), np.asarray(reference, np.float64)
    unequal, differs = _not_finite(a, b), np.isfinite(a) & np.isfinite(b)
    if unequal.any():
        first = _place(int(np.flatnonzero(unequal)[0]), a.shape)
    counted = differs & ~masked_places(a, b)
    with np.errstate(over="ignore"):
        difference = np.abs(np.subtract(a, b, out=np.zeros(a.shape), where=counted))
    scale = _rms(b[counted])
    largest, over = float(difference.max(initial=0.0)), _rms(difference[counted])
    at = _place(int(difference.argmax()), a.shape) if a.size else ()
    value = float(b[at]) if a.size else 0.0
    return Deviation(
        largest, _over(largest, scale), _over(over, scale), _ulp(largest, value), at,
        float(a[at]) if a.size else 0.0, value, int(unequal.sum()), first if unequal.any() else None,
    )  # fmt: skip


def masked_places(theirs: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Where a logit is masked in both, however each writes it: softmax makes 0 of all of them."""
    masked: np.ndarray = (reference <= SURELY_MASKED) & (theirs <= MASKED)
    return masked


def _not_finite(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where one is finite and the other not, or both are something else than a number, but not the same."""
    other = (np.isnan(a) != np.isnan(b)) | ((np.isinf(a) | np.isinf(b)) & (a != b))
    unequal: np.ndarray = other & ~masked_places(a, b)
    return unequal


def _rms(values: np.ndarray) -> float:
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0 or not isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean(np.square(values / largest))))  # squares of 1e200 would be infinite


def _over(error: float, scale: float) -> float:
    if error == 0.0:
        return 0.0
    return error / scale if scale > 0.0 else float("inf")


def _ulp(difference: float, value: float) -> float:
    exponent = frexp(value)[1] - 1 if isfinite(value) else SMALLEST_EXPONENT
    return difference / ldexp(1.0, max(exponent, SMALLEST_EXPONENT) - DIGITS)


def _place(flat: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(index) for index in np.unravel_index(flat, shape))
