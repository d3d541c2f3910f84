"""Other layouts of the same numbers: axes in another order, heads merged or split, a batch axis more or less.

Only whole axes move. Channels of a head in another order (an interleaved rotary embedding, say) are no layout but
another computation, and stay an error.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod

import numpy as np

from tribe_np.oracle.conformance.deviations import masked_places
from tribe_np.oracle.summaries import Summary, sample_places

MOST_AXES = 5
MOST_ROWS = 64  # of a batch of which theirs may be one
CLEARLY = 0.5
"""The best order of axes is the right one where its error is less than this part of the next one's."""
SAMPLED = 1 << 16  # places at which orders are compared
UNLIKE = 10.0  # what a place counts where only one of the two is finite
NEAR = 1e-2  # so near needs no search


@dataclass(frozen=True)
class AxisLayout:
    """How an array of theirs becomes one of the kit's shape.

    Fields   shape theirs is seen as; order its axes are then put in; both are what undoes their layout; row the one of
             the first axis that theirs holds, where it holds no other; note what is told, empty where nothing differs
    """

    shape: tuple[int, ...]
    order: tuple[int, ...]
    note: str = ""
    row: int | None = None

    def applied(self, theirs: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """Theirs as the kit has it.

        Shapes   -> shape, but where `row` says so without its first axis
        """
        wanted = shape if self.row is None else shape[1:]
        return theirs.reshape(self.shape).transpose(self.order).reshape(wanted)


@dataclass(frozen=True)
class FoundLayout:
    """The layout that fits best, and whether another fits nearly as well."""

    layout: AxisLayout
    is_clear: bool


def find_layout(
    theirs: np.ndarray, reference: np.ndarray | Summary, letters: Sequence[str] = (), row: int | None = None
) -> FoundLayout | None:
    """The layout of theirs that is nearest to the reference; None where none has its shape.

    `letters` names the reference's axes in what is told; `row` is the one of the first axis that theirs is, where it is
    a single one: without it, the nearest.
    """
    known = KnownPlaces.of(reference)
    if theirs.shape == known.shape:
        plain = AxisLayout(theirs.shape, tuple(range(theirs.ndim)))
        if known.distance(theirs, plain) < NEAR:
            return FoundLayout(plain, True)
    found = list(layouts_of(theirs.shape, known.shape, letters))
    if not found:
        return None if isinstance(reference, Summary) else _one_row(theirs, reference, letters, row)
    distances = [known.distance(theirs, layout) for layout in found]
    best = int(np.argmin(distances))
    if found[0].order == tuple(sorted(found[0].order)) and distances[best] > CLEARLY * distances[0]:
        best = 0  # their order of values is the kit's, unless another is clearly nearer
    others = [distance for place, distance in enumerate(distances) if place != best]
    is_clear = not others or distances[best] < NEAR or distances[best] < CLEARLY * min(others)
    return FoundLayout(found[best], is_clear)


def _one_row(theirs: np.ndarray, reference: np.ndarray, letters: Sequence[str], row: int | None) -> FoundLayout | None:
    """The row of the first axis that theirs is, where theirs is a batch of one of the kit's several."""
    if reference.ndim < 2 or len(reference) > MOST_ROWS or theirs.size * len(reference) != reference.size:
        return None
    if theirs.ndim == reference.ndim and len(theirs) == len(reference):  # all rows, of half the length, say
        return None
    rows = [
        (number, layout)
        for number in (range(len(reference)) if row is None else [row])
        for layout in layouts_of(theirs.shape, reference.shape[1:], letters[1:])
    ]
    if not rows:
        return None
    known = [KnownPlaces.of(one) for one in reference]
    distances = [known[number].distance(theirs, layout) for number, layout in rows]
    best = int(np.argmin(distances))
    of_first = [place for place, (number, _) in enumerate(rows) if number == rows[0][0]]
    first = min(of_first, key=lambda place: distances[place])
    if distances[best] > CLEARLY * distances[first]:
        best = first  # who runs one row runs the first, unless another is clearly nearer
    number, layout = rows[best]
    note = f"only row {number} of {len(reference)} of the first axis" + (f", {layout.note}" if layout.note else "")
    others = [distance for place, distance in enumerate(distances) if place != best]
    is_clear = distances[best] < NEAR or distances[best] < CLEARLY * min(others, default=np.inf)
    return FoundLayout(AxisLayout(layout.shape, layout.order, note, number), is_clear)


def layouts_of(theirs: tuple[int, ...], ours: tuple[int, ...], letters: Sequence[str] = ()) -> Iterator[AxisLayout]:
    """Every way in which axes of theirs can be those of ours, the plainest first.

    Either theirs merges axes of ours, or splits them, in any order; axes of length 1 come and go.
    """
    if prod(theirs) != prod(ours):
        return
    kept = [axis for axis, length in enumerate(ours) if length != 1]
    mine, yours = tuple(ours[axis] for axis in kept), tuple(length for length in theirs if length != 1)
    if max(len(mine), len(yours)) > MOST_AXES:
        if theirs == ours:
            yield AxisLayout(theirs, tuple(range(len(theirs))))
        return
    names = [_axis_name(axis, letters if len(letters) == len(ours) else ()) for axis in kept]
    seen: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
    for layout in (*_merged(mine, yours, names), *_split(mine, yours, names)):
        if (layout.shape, layout.order) not in seen:
            seen.add((layout.shape, layout.order))
            yield _with_lone_axes(layout, theirs, ours)


def _axis_name(axis: int, letters: Sequence[str]) -> str:
    if not letters:
        return f"axis {axis}"
    return letters[axis] if list(letters).count(letters[axis]) == 1 else f"{letters[axis]} of axis {axis}"


def _merged(mine: tuple[int, ...], yours: tuple[int, ...], names: list[str]) -> Iterator[AxisLayout]:
    """Theirs is ours with its axes in another order, and then neighbours merged."""
    for order in permutations(range(len(mine))):
        moved = tuple(mine[axis] for axis in order)
        groups = _groups(moved, yours)
        if groups is not None:
            told = [" x ".join(names[order[axis]] for axis in group) for group in groups]
            is_plain = order == tuple(range(len(mine))) and len(yours) in (1, len(mine))  # flat: a raw file, say
            yield AxisLayout(moved, _inverse(order), "" if is_plain else f"theirs is ({', '.join(told)})")


def _split(mine: tuple[int, ...], yours: tuple[int, ...], names: list[str]) -> Iterator[AxisLayout]:
    """Ours is theirs with its axes in another order, and then neighbours merged."""
    for order in permutations(range(len(yours))):
        moved = tuple(yours[axis] for axis in order)
        groups = _groups(moved, mine)
        if groups is not None:
            told = [""] * len(yours)
            for name, group in zip(names, groups, strict=True):
                for part, axis in enumerate(group, 1):
                    told[order[axis]] = name if len(group) == 1 else f"part {part} of {name}"
            is_plain = order == tuple(range(len(yours))) and len(mine) == len(yours)
            yield AxisLayout(yours, order, "" if is_plain else f"theirs is ({', '.join(told)})")


def _groups(lengths: tuple[int, ...], wanted: tuple[int, ...]) -> list[list[int]] | None:
    """The runs of neighbouring axes whose lengths multiply to those wanted; None where there are none."""
    groups: list[list[int]] = []
    at = 0
    for length in wanted:
        run, size = [], 1
        while size < length and at < len(lengths):
            size *= lengths[at]
            run.append(at)
            at += 1
        if size != length:
            return None
        groups.append(run)
    return groups if at == len(lengths) else None


def _with_lone_axes(layout: AxisLayout, theirs: tuple[int, ...], ours: tuple[int, ...]) -> AxisLayout:
    """The same layout where lengths of 1 were left out; they are told where the two do not have as many."""
    more = theirs.count(1) - ours.count(1)
    if layout.note or more == 0:
        return layout
    what = "axes of length 1" if abs(more) > 1 else "an axis of length 1"
    return AxisLayout(layout.shape, layout.order, f"theirs has {what} {'more' if more > 0 else 'less'}")


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(place) for place in np.argsort(order))


@dataclass(frozen=True, eq=False)
class KnownPlaces:
    """What layouts are told apart by: values of the reference at places of its flat array, the same each time."""

    shape: tuple[int, ...]
    places: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, reference: np.ndarray | Summary) -> "KnownPlaces":
        """Of a whole array, or of the places that a summary keeps."""
        if isinstance(reference, Summary):
            places = sample_places(prod(reference.shape))
            return cls(tuple(reference.shape), places, reference.sample.astype(np.float64))
        places = np.arange(reference.size)
        if reference.size > SAMPLED:
            places = np.sort(np.random.default_rng(0).integers(0, reference.size, SAMPLED))
        return cls(reference.shape, places, reference.reshape(-1)[places].astype(np.float64))

    def distance(self, theirs: np.ndarray, layout: AxisLayout) -> float:
        """RMS of the difference over that of the reference, without what is masked or not finite in both."""
        if not self.values.size:
            return 0.0
        seen = theirs.reshape(layout.shape).transpose(layout.order)  # flat, it has the reference's order
        at = np.unravel_index(self.places, seen.shape) if seen.ndim else ()
        ours, yours = self.values, np.asarray(seen[at], np.float64).reshape(-1)
        masked = masked_places(yours, ours)
        counted = np.isfinite(ours) & np.isfinite(yours) & ~masked
        unlike = (np.isfinite(ours) != np.isfinite(yours)) & ~masked  # a causal mask that is turned
        if not counted.any():
            return float(unlike.mean())
        with np.errstate(over="ignore"):
            off = float(np.sqrt(np.mean(np.square(yours[counted] - ours[counted]))))
        scale = float(np.sqrt(np.mean(np.square(ours[counted]))))
        return (off / scale if scale > 0 else off) + UNLIKE * float(unlike.mean())
