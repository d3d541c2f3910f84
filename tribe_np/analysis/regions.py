"""Vertices by the name of their cortical area, from the HCP-MMP1 annotation that the user supplies.

The annotation is not part of this project and nothing stands in for it. Its files are lh.HCP-MMP1.annot and
rh.HCP-MMP1.annot on fsaverage (163,842 vertices a side); fsaverage5 is the first 10,242 of them.
Source   tribev2 utils.py get_hcp_labels, get_hcp_roi_indices
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tribe_np.errors import ConfigError, ParcellationError
from tribe_np.formats.annotation import read_annotation
from tribe_np.shown import quoted, shown

FILES = {"left": "lh.HCP-MMP1.annot", "right": "rh.HCP-MMP1.annot"}
HOW_TO = (
    "the HCP-MMP1 annotation on fsaverage: put lh.HCP-MMP1.annot and rh.HCP-MMP1.annot (figshare article 3498446, "
    "or mne.datasets.fetch_hcp_mmp_parcellation) in a folder and name it in TRIBE_NP_PARCELLATION or "
    'selection["parcellation"]'
)


NO_AREA = "?"


@dataclass(frozen=True, eq=False)
class Parcellation:
    """Areas by name; each holds the vertices of both hemispheres, left first."""

    areas: Mapping[str, np.ndarray]

    def indices(self, names: Sequence[str]) -> np.ndarray:
        """Vertices of the named areas in the order asked for; `V*` matches a prefix, `*a` a suffix.

        Raises   ConfigError for a name that matches nothing
        """
        found: list[np.ndarray] = []
        for name in names:
            matches = [area for area in self.areas if _matches(area, name)]
            if not name or not matches:
                some = ", ".join(shown(area, 40) for area in list(self.areas)[:5])
                raise ConfigError(f"region {quoted(name)} is not an area of HCP-MMP1; areas have names such as {some}")
            found += [self.areas[area] for area in matches]
        return np.concatenate(found) if found else np.zeros(0, np.int64)


def _matches(area: str, name: str) -> bool:
    if name.endswith("*"):
        return area.startswith(name[:-1])
    if name.startswith("*"):
        return area.endswith(name[1:])
    return area == name


def area_name(label: str) -> str:
    """The area of an annotation label: L_V1_ROI is V1, in either hemisphere; ??? (no area) stays ?."""
    return label[2:].removesuffix("_ROI")


def read_parcellation(folder: str | Path | None, n_vertices: int) -> Parcellation:
    """The areas of the first n_vertices / 2 vertices of each hemisphere of fsaverage.

    Raises   ParcellationError that says what to supply when the files are missing, damaged or of another mesh
    """
    if folder is None:
        raise ParcellationError(f"region names need {HOW_TO}")
    per_side = n_vertices // 2
    areas: dict[str, list[np.ndarray]] = {}
    for side, name in FILES.items():
        path = Path(folder) / name
        if not os.path.lexists(path):
            raise ParcellationError(f"{path}: no such file; region names need {HOW_TO}")
        annotation = read_annotation(path)
        n_labelled = len(annotation.labels)
        if n_vertices % 2 or n_labelled < per_side:
            raise ParcellationError(
                f"{path}: has {n_labelled} vertices, fewer than the {per_side} predicted per hemisphere"
            )
        of_label = [area_name(label) or NO_AREA for label in (*annotation.names, "")]  # label -1 is the last
        numbers = {area: number for number, area in enumerate(dict.fromkeys([NO_AREA, *of_label]))}
        of_vertex = np.array([numbers[area] for area in of_label])[annotation.labels[:per_side]]
        vertices = np.argsort(of_vertex, kind="stable")  # those of area 0 first, each in order
        stops = np.cumsum(np.bincount(of_vertex, minlength=len(numbers)))
        for area, start, stop in zip(numbers, [0, *stops[:-1]], stops, strict=True):
            areas.setdefault(area, []).append(vertices[start:stop] + (per_side if side == "right" else 0))
    return Parcellation({name: np.concatenate(parts) for name, parts in areas.items()})
