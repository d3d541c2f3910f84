"""What BERG calls a model's metadata: facts of its output, and the area of each vertex. No model is opened for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tribe_np.berg.model_card import N_VERTICES, areas
from tribe_np.cortex.parcellations.parcellation import Parcellation
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.errors import ParcellationError
from tribe_np.shown import quoted

PARCELLATION = "Glasser_HCP-MMP1.0"
NO_AREA = -1  # the medial wall
Source: TypeAlias = str | Path | Sequence[str | Path] | None  # of a parcellation: a name, a folder, files


def model_metadata(parcellation: Source = None) -> dict[str, Any]:
    """The metadata of TRIBE v2, in BERG's nesting; "tribe_np" is ours: the files that the areas were read from.

    Shapes   roi_labels (180,), roi_assignments (20484,) numbers into them, -1 where a vertex has no area
    Raises   ParcellationError that says how to get the annotation where there is none, or another one
    """
    found = load_parcellation(parcellation, N_VERTICES)
    files = [{"path": str(file.path), "sha256": file.sha256} for file in found.files]
    return {
        "fmri": {
            "subject_id": "average",
            "n_vertices": N_VERTICES,
            "n_vertices_lh": N_VERTICES // 2,
            "n_vertices_rh": N_VERTICES // 2,
            "surface_mesh": "fsaverage5",
            "output_frequency_hz": 1.0,
        },
        "roi": {
            "parcellation": PARCELLATION,
            "roi_labels": np.array(areas()),
            "roi_assignments": assignments(found),
            "roi_index": {name: number for number, name in enumerate(areas())},
        },
        "tribe_np": {"parcellation": {"name": found.name, "files": files}},
    }


def assignments(parcellation: Parcellation) -> np.ndarray:
    """The number of each vertex's area, in the order of the card.

    Shapes   -> (20484,) int64
    Raises   ParcellationError for a parcellation that does not have just the 180 areas of HCP-MMP1
    """
    names = areas()
    strange = sorted(set(parcellation.regions) - set(names))
    missing = sorted(set(names) - set(parcellation.regions))
    if strange or missing:
        what = f"has a region {quoted(strange[0])}" if strange else f"lacks the area {quoted(missing[0])}"
        raise ParcellationError(
            f"{parcellation.name} {what}: BERG's regions of TRIBE v2 are the 180 areas of HCP-MMP1; "
            f"this parcellation has {len(parcellation.regions)} regions, {len(names) - len(missing)} of them those"
        )
    number_of = np.array([*(names.index(region) for region in parcellation.regions), NO_AREA], np.int64)
    numbers: np.ndarray = number_of[parcellation.region_of]  # NO_REGION, -1, is the last
    return numbers
