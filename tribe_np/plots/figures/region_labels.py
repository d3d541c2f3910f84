"""Borders and names of regions over a brain: names at the middle of what is seen of a region, never on each other.

Source   tribev2 7239908 plotting.cortical.PlotBrainNilearn.annotate_rois
"""

import warnings
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.cortex.parcellations.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ConfigError
from tribe_np.plots.figures.brains import FoldedBrain
from tribe_np.plots.figures.drawn_views import DrawnView, draw_outlines, drawn_view_of
from tribe_np.plots.figures.label_places import place_labels
from tribe_np.shown import quoted

MOST_LISTED = 6
Names = str | Sequence[str] | Mapping[str, str]


@dataclass(frozen=True, eq=False)
class RegionMarks:
    """What is drawn over every view: borders of the regions in `outlined`, and names.

    Shapes   outlined (2 V,), negative where there is no border to draw, or None; labelled likewise, and counted up by
             the number of names on the right hemisphere
    """

    outlined: np.ndarray | None = None
    labelled: np.ndarray | None = None
    names: tuple[str, ...] = ()
    settings: Mapping[str, Any] | None = None

    def draw(self, drawn: DrawnView, *, has_names: bool = True) -> set[str]:
        """Borders, and names over them, in one view; gives the names that found a place."""
        if self.outlined is not None:
            draw_outlines(drawn, self.outlined)
        if self.labelled is None or not has_names:
            return set()
        names = dict(enumerate(self.names * 2))
        return {names[number] for number in place_labels(drawn, self.labelled, names, self.settings or {})}

    def draw_all(self, views: Iterable[DrawnView]) -> None:
        """Marks in axes of the caller's; names that found no place in any are said as a Python warning."""
        written = {name for drawn in views for name in self.draw(drawn)}
        for said in self.unwritten(written):
            warnings.warn(said, stacklevel=3)

    def unwritten(self, written: Collection[str]) -> list[str]:
        """What to say of names that no view shows."""
        missing = list(dict.fromkeys(name for name in self.names if name not in written))
        if not missing:
            return []
        listed = ", ".join(missing[:MOST_LISTED]) + (" ..." if len(missing) > MOST_LISTED else "")
        return [
            f"{len(missing)} of {len(set(self.names))} names are not written, for these views show too little of their "
            f"regions: {listed}"
        ]


def region_marks(
    brain: FoldedBrain,
    labels: Names | None,
    outlines: Any = None,
    parcellation: Any = None,
    *,
    only_labelled: bool = False,
) -> RegionMarks:
    """The marks of a brain: `outlines` is a parcellation, or True for `parcellation`, where labels are looked up.

    only_labelled   draws the borders of labelled regions alone
    Raises   ParcellationError where the parcellation is not found; ConfigError for a region that it has not
    """
    is_same = outlines is True or outlines is parcellation
    bordered = parcellation if is_same and parcellation is not None else (None if outlines is True else outlines)
    borders = None if outlines is None or outlines is False else load_parcellation(bordered, brain.n_vertices)
    if labels is None or len(labels) == 0:
        return RegionMarks(None if borders is None else np.asarray(borders.region_of))
    named = borders if borders is not None and (is_same or parcellation is None) else None
    named = named or load_parcellation(parcellation, brain.n_vertices)
    regions, texts = _regions(named, labels)
    labelled = _numbered(named, regions)
    outlined = None if borders is None else np.asarray(borders.region_of)
    if only_labelled:
        outlined = labelled
    return RegionMarks(outlined, _apart(labelled, len(regions)), texts)


def annotate_rois(
    axes: Any, rois: Names, hemi: str | None = None, *, parcellation: Any = None, outlines: bool = False, **kwargs: Any
) -> None:
    """Names of regions in axes that `plot_surf` drew in, at the middle of what is seen of each.

    rois          names of regions (V* is every one that begins with V), or a mapping from name to what is written
    hemi          "left" or "right": there alone; None: on every hemisphere that the view shows
    parcellation  where regions are found (None: hcp-mmp1); kwargs go to matplotlib's text
    A region of which the view shows too little gets no name, which is said as a Python warning.
    Raises   ConfigError for axes without a brain, an unknown region or hemisphere; ParcellationError
    """
    drawn = drawn_view_of(axes)
    marks = region_marks(drawn.brain, rois, None, parcellation, only_labelled=outlines)
    labelled = marks.labelled
    if hemi is not None and labelled is not None:
        if hemi not in HEMISPHERES:
            raise ConfigError(f"hemi {quoted(hemi)} is unknown; known are {', '.join(HEMISPHERES)}")
        is_right = np.arange(len(labelled)) >= len(labelled) // 2
        labelled = np.where(is_right == (hemi == "right"), labelled, NO_REGION)
    RegionMarks(marks.outlined, labelled, marks.names, kwargs).draw_all([drawn])


def _regions(parcellation: Parcellation, labels: Names) -> tuple[list[str], tuple[str, ...]]:
    """Regions, each once, and what is written on them."""
    wanted = [labels] if isinstance(labels, str) else list(labels)
    texts: dict[str, str] = {}
    for pattern in wanted:
        for region in parcellation.matching(pattern):
            texts.setdefault(region, str(labels[pattern]) if isinstance(labels, Mapping) else region)
    return list(texts), tuple(texts.values())


def _numbered(parcellation: Parcellation, regions: Sequence[str]) -> np.ndarray:
    """The place of each vertex's region among `regions`, (2 V,); NO_REGION for others."""
    place = np.full(len(parcellation.regions) + 1, NO_REGION)
    for number, region in enumerate(regions):
        place[parcellation.regions.index(region)] = number
    return np.asarray(place[parcellation.region_of])  # NO_REGION is the last


def _apart(labelled: np.ndarray, n: int) -> np.ndarray:
    """Regions of the right hemisphere counted on."""
    is_right = np.arange(len(labelled)) >= len(labelled) // 2
    return np.where((labelled >= 0) & is_right, labelled + n, labelled)
