"""An array of theirs as the kit has that tap: its axes in the kit's order, what is masked as the kit masks it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.oracle.conformance.deviations import Deviation, deviation_of, masked_places
from tribe_np.oracle.conformance.layouts import FoundLayout, find_layout
from tribe_np.oracle.summaries import Summary
from tribe_np.oracle.taps import named_tap


@dataclass(frozen=True, eq=False)
class PlacedTap:
    """One tap of theirs.

    Fields   theirs as they gave it; array of the kit's shape, None where it does not fit; layout what was
             undone to get there, None where it does not fit; fault why it cannot be compared
    """

    name: str
    their_name: str
    theirs: np.ndarray
    array: np.ndarray | None = None
    layout: FoundLayout | None = None
    fault: str | None = None

    @property
    def is_clear(self) -> bool:
        """Whether no other order of axes fits nearly as well."""
        return self.layout is not None and self.layout.is_clear

    @property
    def row(self) -> int | None:
        """The only one of the first axis that theirs holds; None where it holds all."""
        return None if self.layout is None else self.layout.layout.row

    @property
    def note(self) -> str:
        """What is to be told of its layout; empty where it is the kit's."""
        if self.layout is None:
            return ""
        note = self.layout.layout.note
        return note if self.is_clear or not note else f"{note}, or another order of axes: nothing fits well"

    def deviation(self, reference: np.ndarray) -> Deviation:
        """How far theirs is from an array of the kit's shape."""
        assert self.array is not None, "it has been placed"
        if self.row is None:
            return deviation_of(self.array, reference)
        return deviation_of(self.array[self.row], reference[self.row])


def place_tap(name: str, their_name: str, theirs: np.ndarray, reference: np.ndarray) -> PlacedTap:
    """Theirs in the layout that is nearest to the reference; the rows that they do not have are the reference's."""
    return laid_out(PlacedTap(name, their_name, theirs), nearest_layout(name, theirs, reference), reference)


def with_one_row(taps: Mapping[str, PlacedTap], expected: Mapping[str, np.ndarray]) -> dict[str, PlacedTap]:
    """Of a port that ran one row of the kit's batch, every tap is of the same: that of the first that is clear."""
    alone = {name: tap for name, tap in taps.items() if tap.row is not None}
    known = next((tap for tap in alone.values() if tap.is_clear), next(iter(alone.values()), None))
    if known is None:
        return dict(taps)
    length = len(expected[known.name])
    moved = {
        name: laid_out(tap, nearest_layout(name, tap.theirs, expected[name], known.row), expected[name])
        for name, tap in alone.items()
        if tap.row != known.row and len(expected[name]) == length
    }
    return {**taps, **moved}


def nearest_layout(
    name: str, theirs: np.ndarray, reference: np.ndarray | Summary, row: int | None = None
) -> FoundLayout | None:
    """`find_layout` with axes called as the table of taps has them."""
    known = named_tap(name)
    return find_layout(theirs, reference, () if known is None else known.axes, row)


def laid_out(tap: PlacedTap, found: FoundLayout | None, reference: np.ndarray) -> PlacedTap:
    """A tap in a layout; with a fault where there is none."""
    if found is None:
        return replace(tap, fault=unlike_shapes(tap.theirs.shape, reference.shape))
    array = found.layout.applied(tap.theirs, reference.shape)
    if (row := found.layout.row) is not None:
        array, part = np.array(reference, np.float64), array
        array[row] = part
    masked = masked_places(array, reference)
    return replace(tap, array=np.where(masked, reference, array) if masked.any() else array, layout=found)


def shown_shape(shape: tuple[int, ...]) -> str:
    """A shape as people write it."""
    return f"({', '.join(map(str, shape))})"


def unlike_shapes(theirs: tuple[int, ...], reference: tuple[int, ...]) -> str:
    """Why an array cannot be compared."""
    return f"theirs has shape {shown_shape(theirs)}, the kit's is {shown_shape(reference)}"
