"""Vertices by the name of their cortical area, from the HCP-MMP1 annotation that the user supplies.

The annotation is not part of this project and nothing stands in for it. Its files are lh.HCP-MMP1.annot and
rh.HCP-MMP1.annot on fsaverage (163,842 vertices a side); fsaverage5 is the first 10,242 of them.
Source   tribev2 utils.py get_hcp_labels, get_hcp_roi_indices
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel.freesurfer.io
import numpy as np

from tribe_np.errors import ConfigError

FILES = {"left": "lh.HCP-MMP1.annot", "right": "rh.HCP-MMP1.annot"}
HOW_TO = (
    "the HCP-MMP1 annotation on fsaverage: put lh.HCP-MMP1.annot and rh.HCP-MMP1.annot (figshare article 3498446, "
    "or mne.datasets.fetch_hcp_mmp_parcellation) in a folder and name it in TRIBE_NP_PARCELLATION or "
    'selection["parcellation"]'
)

_read_annot: Any = nibabel.freesurfer.io.read_annot  # nibabel ships no types for it


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
                some = ", ".join(list(self.areas)[:5])
                raise ConfigError(f"region {name!r} is not an area of HCP-MMP1; areas are such as {some}")
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

    Raises   ConfigError that says what to supply when the files are missing, damaged or of another mesh
    """
    if folder is None:
        raise ConfigError(f"region names need {HOW_TO}")
    per_side = n_vertices // 2
    areas: dict[str, list[np.ndarray]] = {}
    for side, name in FILES.items():
        path = Path(folder) / name
        if not path.is_file():
            raise ConfigError(f"{path}: no such file; region names need {HOW_TO}")
        try:
            labels, _, names = _read_annot(str(path))
        except (OSError, ValueError, IndexError, EOFError, MemoryError) as error:
            raise ConfigError(f"{path}: not a FreeSurfer annotation: {error}") from error
        if n_vertices % 2 or len(labels) < per_side:
            raise ConfigError(f"{path}: has {len(labels)} vertices, fewer than the {per_side} predicted a side")
        known = [area_name(label.decode("utf-8", "replace")) for label in names]
        of_vertex = np.array([*known, "?"])[labels[:per_side]]  # label -1, the last: no area
        for area in dict.fromkeys(["?", *known]):
            vertices = np.flatnonzero(of_vertex == area) + (per_side if side == "right" else 0)
            areas.setdefault(area, []).append(vertices)
    return Parcellation({name: np.concatenate(parts) for name, parts in areas.items()})
