"""How far two recordings of the same names are from each other, whole arrays or summaries of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from numbers import Real
from typing import Any, Protocol

import numpy as np

from tribe_np.errors import RecordingError
from tribe_np.oracle.summaries import Summary, mean_and_rms
from tribe_np.shown import quoted, some_of

BOUND = 1e-4
"""Above what float32 rounds to in a whole model: a difference that has a cause."""


@dataclass(frozen=True)
class Difference:
    """One compared intermediate; errors are over the root mean square of the reference.

    Numerics where one side is a summary, both are the largest that the samples and the statistics show: no more than
             the errors of the whole arrays, and below them as a rule
    """

    name: str
    max_error: float
    rms_error: float
    note: str = ""  # of shapes, or numbers that are not finite, that differ


class Differences(list[Difference]):
    """Compared intermediates in the order of computation.

    Fields   missing names of the reference that ours lacks; extra names that the reference lacks
    """

    def __init__(self, rows: Iterable[Difference] = (), missing: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        super().__init__(rows)
        self.missing = tuple(missing)
        self.extra = tuple(extra)


class ErrorBound(Protocol):
    """What an error must not exceed: `budget.bounds.Bound` is one."""

    @property
    def rms(self) -> float:
        """Of the root mean square of the differences."""

    @property
    def largest(self) -> float:
        """Of the largest difference."""


class NamedValues(Protocol):
    """What can be compared: a recording of arrays or of summaries."""

    def names(self) -> list[str]:
        """In order of computation."""

    def __getitem__(self, name: str) -> "np.ndarray | Summary": ...


def relative_error(ours: np.ndarray, reference: np.ndarray) -> float:
    """Largest absolute difference over the reference's root mean square; infinite for shapes or NaN that differ.

    Numerics equal infinities (masked scores) are no difference, nor is NaN at the same place in both; the root mean
             square is over finite numbers
    """
    return _of_arrays("", ours, reference).max_error


def finite_rms(x: np.ndarray) -> float:
    """The root mean square of the finite numbers; 0 without any."""
    wide = np.asarray(x, np.float64)
    return mean_and_rms(wide[np.isfinite(wide)])[1]


def compare(ours: NamedValues, reference: NamedValues, *, strict: bool = False) -> Differences:
    """Every intermediate of `reference` against ours, in the order of computation; the first large one is the cause.

    Names that one of the two lacks are left out, and told in `missing` and `extra`. Summaries are compared with
    summaries and with whole arrays.
    strict   refuses to leave any of the reference out
    Raises   RecordingError when ours lacks all names of the reference, or with `strict` one, or the reference has none
    """
    for recording in (ours, reference):
        if not (hasattr(recording, "names") and hasattr(recording, "__getitem__")):
            raise RecordingError(f"expected two recordings, got {quoted(recording)}; Recording(arrays) makes one")
    have, wanted = set(ours.names()), reference.names()
    missing = [name for name in wanted if name not in have]
    if missing and (strict or len(missing) == len(wanted)):
        raise RecordingError(f"the recording lacks {some_of(missing)} of the reference")
    if not wanted:
        raise RecordingError("the reference holds no intermediates: did its pattern match none, or nothing run?")
    rows = [difference_of(name, ours[name], reference[name]) for name in wanted if name in have]
    return Differences(rows, missing, [name for name in ours.names() if name not in set(wanted)])


def exceeds(row: Difference, bound: float | Callable[[str], ErrorBound | float]) -> bool:
    """Whether a difference is above its bound: of the largest error, or of both where the bound has both.

    Raises   RecordingError for a bound that is negative or NaN
    """
    limit = bound(row.name) if callable(bound) else bound
    most: tuple[Any, Any] = (getattr(limit, "largest", limit), getattr(limit, "rms", inf))
    if not all(isinstance(one, Real) for one in most) or not (most[0] >= 0 and most[1] >= 0):  # NaN would bound nothing
        raise RecordingError(f"the bound of {row.name} is {quoted(limit)}; expected numbers of at least 0")
    largest, rms = (float(one) for one in most)
    return row.max_error > largest or row.rms_error > rms


def difference_of(name: str, ours: "np.ndarray | Summary", reference: "np.ndarray | Summary") -> Difference:
    """One intermediate against another."""
    if tuple(ours.shape) != tuple(reference.shape):
        return Difference(name, np.inf, np.inf, f"shapes {tuple(ours.shape)} and {tuple(reference.shape)}")
    if isinstance(ours, Summary) or isinstance(reference, Summary):
        pair = (x if isinstance(x, Summary) else Summary.of(x) for x in (ours, reference))
        return _of_summaries(name, *pair)
    return _of_arrays(name, ours, reference)


def _of_arrays(name: str, ours: np.ndarray, reference: np.ndarray) -> Difference:
    if ours.shape != reference.shape:
        return Difference(name, np.inf, np.inf, f"shapes {ours.shape} and {reference.shape}")
    apart, scale = _apart(ours, reference), finite_rms(reference)
    rms = _rms(apart)
    note = "" if np.isfinite(rms) else _odd_note(*(int(np.sum(~np.isfinite(x))) for x in (ours, reference)))
    return Difference(name, _over(float(np.max(apart, initial=0.0)), scale), _over(rms, scale), note)


def _of_summaries(name: str, ours: Summary, reference: Summary) -> Difference:
    apart = _apart(ours.sample, reference.sample)
    rms = max(_rms(apart), abs(ours.rms - reference.rms), abs(ours.mean - reference.mean))
    ends = abs(ours.smallest - reference.smallest), abs(ours.largest - reference.largest)
    largest = max(float(np.max(apart, initial=0.0)), *ends, abs(ours.mean - reference.mean))
    note = _odd_note(ours.n_not_finite, reference.n_not_finite)
    if ours.n_not_finite != reference.n_not_finite:
        return Difference(name, np.inf, np.inf, note)
    told = "" if np.isfinite(largest) else note
    return Difference(name, _over(largest, reference.rms), _over(rms, reference.rms), told)


def _odd_note(ours: int, reference: int) -> str:
    return f"{ours} and {reference} are not finite" if ours or reference else ""


def _apart(ours: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Absolute differences in float64; 0 where both are the same infinity, or both NaN."""
    a, b = np.asarray(ours, np.float64), np.asarray(reference, np.float64)
    differ = (a != b) & ~(np.isnan(a) & np.isnan(b))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.abs(np.subtract(a, b, where=differ, out=np.zeros(a.shape)))


def _rms(apart: np.ndarray) -> float:
    """Of differences, of which NaN and infinity stay what they are."""
    return mean_and_rms(apart)[1] if np.isfinite(apart).all() else float(apart.max())


def _over(error: float, scale: float) -> float:
    if np.isnan(error):
        return float("inf")
    return error / scale if scale > 0 else (0.0 if error == 0 else float("inf"))
