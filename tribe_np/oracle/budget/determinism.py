"""Whether the same run gives the same bytes: again, on other threads, with other rows in the batch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.kernels.numba_set import numba_set
from tribe_np.oracle.budget.honest_variants import HonestVariant, threads_of_blas
from tribe_np.oracle.budget.tap_errors import TapError
from tribe_np.oracle.kit_models.kit_catalogue import kit_model
from tribe_np.oracle.kit_runs import run_setup
from tribe_np.oracle.kits.kit import Kit
from tribe_np.oracle.setup import Setup

PATTERNS = ("*",)  # attention in one kernel, as it runs
ALONE, REVERSED, TWICE = "each row alone", "rows in reverse order", "the batch twice over"
TapArrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Repeat:
    """Two runs that should give the same bytes.

    Fields   what differs between them; kernels their name; n_taps how many were compared, n_equal those with the same
             bytes; first_tap the first that differs, or ""; worst_tap and error the largest difference
    """

    what: str
    kernels: str
    n_taps: int
    n_equal: int
    first_tap: str = ""
    worst_tap: str = ""
    error: TapError | None = None

    @property
    def is_equal(self) -> bool:
        """Whether every tap has the same bytes."""
        return self.n_equal == self.n_taps

    @classmethod
    def of(cls, what: str, kernels: str, one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> "Repeat":
        """Compares the taps of two runs."""
        differing = {name: TapError.between(other[name], x) for name, x in one.items() if not same(x, other[name])}
        if not differing:
            return cls(what, kernels, len(one), len(one))
        worst = max(differing, key=lambda name: differing[name].largest)
        first = next(iter(differing))
        return cls(what, kernels, len(one), len(one) - len(differing), first, worst, differing[worst])


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays have the same shape, dtype and bytes."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def repeats(kit: Kit, precision: str = "float32") -> list[Repeat]:
    """The same run twice, on 1 and 2 threads of BLAS, and its rows in other batches; with every set of kernels."""
    found = []
    for name, kernels in _sets():
        setup = replace(kit.setup, precision=precision, kernels=kernels)
        once = _taps(setup, 1)
        found.append(Repeat.of("run again", name, once, _taps(setup, 1)))
        found.append(Repeat.of("2 threads instead of 1", name, once, _taps(setup, 2)))
        found += [Repeat.of(what, name, *pair) for what, pair in in_other_batches(setup, once).items()]
    return found


def in_other_batches(setup: Setup, together: TapArrays) -> dict[str, tuple[TapArrays, TapArrays]]:
    """Taps of the rows in other batches, and what they are in the batch as it is; nothing where there is none."""
    sizes = {x.shape[0] for x in setup.inputs.values() if x.ndim > 0}
    if not kit_model(setup.model).has_batch or len(sizes) != 1 or sizes == {1}:
        return {}
    (n_rows,) = sizes
    rows = np.arange(n_rows)
    alone = [_taps(_with_rows(setup, rows[i : i + 1]), 1) for i in rows]
    per_row = [n for n, x in alone[0].items() if together[n].shape == (n_rows, *x.shape[1:]) and len(x) == 1]
    found: dict[str, tuple[TapArrays, TapArrays]] = {}
    found[ALONE] = ({n: np.concatenate([taps[n] for taps in alone]) for n in per_row}, together)
    for what, order in ((REVERSED, rows[::-1]), (TWICE, np.tile(rows, 2))):
        other = _taps(_with_rows(setup, order), 1)
        found[what] = {n: other[n] for n in per_row}, {n: together[n][order] for n in per_row}
    return found


def _with_rows(setup: Setup, rows: np.ndarray) -> Setup:
    return replace(setup, inputs={name: x[rows] for name, x in setup.inputs.items()})


def _sets() -> Iterator[tuple[str, KernelSet]]:
    yield "reference", REFERENCE
    if HonestVariant("numba", numba_set).is_available:
        yield "numba", numba_set()


def _taps(setup: Setup, n_threads: int) -> TapArrays:
    with threads_of_blas(n_threads):
        return run_setup(setup, patterns=PATTERNS).taps.arrays
