"""How far an array is from what is right: over the reference's root mean square, and in units of float32."""

from dataclasses import dataclass, replace
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
             reference the two values there; n_not_finite places where the two are not the same kind of number, n_theirs
             of them where a finite one is expected, first_not_finite the first, and first_pair the two values there
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
    n_theirs: int = 0
    first_pair: tuple[float, float] = (0.0, 0.0)

    def is_within(self, bound: Bound) -> bool:
        """Whether a right implementation may be as far off."""
        is_near = self.rms_over_rms <= bound.rms and self.largest_over_rms <= bound.largest
        return is_near and self.n_not_finite == 0

    def not_finite_words(self) -> str:
        """What is NaN or infinite, as people read it."""
        if self.n_theirs == self.n_not_finite:
            told = f"{_values(self.n_theirs)} NaN or infinite where a finite one is expected"
        elif self.n_theirs == 0:
            told = f"{_values(self.n_not_finite)} not the NaN or infinity that is expected"
        else:
            others = self.n_not_finite - self.n_theirs
            told = (
                f"{_values(self.n_theirs)} NaN or infinite where a finite one is expected, {others} the other way round"
            )
        if self.first_not_finite is None:
            return told
        theirs, expected = self.first_pair
        return f"{told}, the first at {self.first_not_finite}: theirs {theirs:.9g}, expected {expected:.9g}"


def deviation_of(theirs: np.ndarray, reference: np.ndarray) -> Deviation:
    """The error of one array.

    Shapes   both of one shape
    Numerics in float64; masked logits are equal (`masked_places`); the RMS is that of the places where both are finite
    """
    a, b = np.asarray(theirs, np.float64), np.asarray(reference, np.float64)
    unequal, differs = _not_finite(a, b), np.isfinite(a) & np.isfinite(b)
    counted = differs & ~masked_places(a, b)
    with np.errstate(over="ignore"):
        difference = np.abs(np.subtract(a, b, out=np.zeros(a.shape), where=counted))
    scale = _rms(b[counted])
    largest, over = float(difference.max(initial=0.0)), _rms(difference[counted])
    at = _place(int(difference.argmax()), a.shape) if a.size else ()
    value = float(b[at]) if a.size else 0.0
    found = Deviation(
        largest, _over(largest, scale), _over(over, scale), _ulp(largest, value), at, float(a[at]) if a.size else 0.0,
        value,
    )  # fmt: skip
    return _with_places(found, unequal, a, b) if unequal.any() else found


def _with_places(found: Deviation, unequal: np.ndarray, a: np.ndarray, b: np.ndarray) -> Deviation:
    """With the places that are not finite as they should be."""
    first = _place(int(np.flatnonzero(unequal)[0]), a.shape)
    return replace(
        found, n_not_finite=int(unequal.sum()), first_not_finite=first, n_theirs=int((unequal & np.isfinite(b)).sum()),
        first_pair=(float(a[first]), float(b[first])),
    )  # fmt: skip


def _values(number: int) -> str:
    return "1 value is" if number == 1 else f"{number} values are"


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
