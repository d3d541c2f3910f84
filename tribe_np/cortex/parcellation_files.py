"""Parcellations from files that the user supplies: lh.HCP-MMP1.annot and rh.HCP-MMP1.annot on fsaverage.

No annotation is part of this project and nothing stands in for one. fsaverage5 is the first 10,242 vertices of each
hemisphere of fsaverage.
Source   tribev2 7239908 utils.get_hcp_labels
"""

import os
from pathlib import Path

import numpy as np

from tribe_np.cortex.parcellation import NO_REGION, Parcellation
from tribe_np.cortex.sizes import FS_LR, VERTICES_PER_HEMISPHERE
from tribe_np.errors import ParcellationError
from tribe_np.formats.annotation import read_annotation

FILES = {"left": "lh.HCP-MMP1.annot", "right": "rh.HCP-MMP1.annot"}
HOW_TO = (
    "the HCP-MMP1 annotation on fsaverage: put lh.HCP-MMP1.annot and rh.HCP-MMP1.annot (figshare article 3498446, "
    "or mne.datasets.fetch_hcp_mmp_parcellation) in a folder and name it in TRIBE_NP_PARCELLATION or "
    'selection["parcellation"]'
)


def load_parcellation(source: str | Path | None, n_vertices: int) -> Parcellation:
    """The regions of the first n_vertices / 2 vertices of each hemisphere of fsaverage.

    Raises   ParcellationError that says what to supply when the files are missing, damaged or of another mesh
    """
    if source is None:
        raise ParcellationError(f"region names need {HOW_TO}")
    per_side = n_vertices // 2
    if per_side == VERTICES_PER_HEMISPHERE[FS_LR]:  # which would pass for the first vertices of fsaverage
        raise ParcellationError(f"the values are on {FS_LR}; regions are those of fsaverage's meshes")
    regions: dict[str, int] = {}
    region_of = []
    for name in FILES.values():
        path = Path(source) / name
        if not os.path.lexists(path):
            raise ParcellationError(f"{path}: no such file; region names need {HOW_TO}")
        annotation = read_annotation(path)
        if n_vertices % 2 or len(annotation.labels) < per_side:
            raise ParcellationError(
                f"{path}: has {len(annotation.labels)} vertices, fewer than the {per_side} predicted per hemisphere"
            )
        numbers = [
            NO_REGION if label == "???" or not label else regions.setdefault(_region_name(label), len(regions))
            for label in (*annotation.names, "")  # label -1 is the last
        ]
        region_of.append(np.array(numbers)[annotation.labels[:per_side]])
    return Parcellation("HCP-MMP1", tuple(regions), np.concatenate(region_of))


def _region_name(label: str) -> str:
    """L_V1_ROI is V1, in either hemisphere."""
    return label[2:].removesuffix("_ROI")
