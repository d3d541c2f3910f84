"""Destrieux' regions on fsaverage5 as nilearn has them: the files it has fetched before, or what its fetcher gives.

Source   nilearn 0.14.1 and 0.11.1 datasets.fetch_atlas_surf_destrieux: labels are texts there, bytes in 0.11
"""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.cortex.parcellations.label_files import HemisphereLabels, hemisphere_labels
from tribe_np.cortex.sizes import HEMISPHERES
from tribe_np.errors import ParcellationError, TribeError, reason_of_fetch
from tribe_np.files.home import home_folder
from tribe_np.formats.annotation import Annotation
from tribe_np.optional import require
from tribe_np.shown import shown

FOLDER = "destrieux_surface"


def nilearn_folders() -> list[Path]:
    """Where nilearn keeps these files: NILEARN_SHARED_DATA, NILEARN_DATA, ~/nilearn_data."""
    given = [os.environ.get(name, "") for name in ("NILEARN_SHARED_DATA", "NILEARN_DATA")]
    home = home_folder()
    own = [home / "nilearn_data"] if home else []
    return [each / FOLDER for each in [*(Path(p) for text in given for p in text.split(os.pathsep) if p), *own]]


def destrieux_from_nilearn() -> tuple[list[HemisphereLabels], str]:
    """Both hemispheres from nilearn's fetcher; none, and the reason, where it is not installed or cannot fetch."""
    if find_spec("nilearn") is None:
        return [], "not installed"
    try:
        datasets = require("nilearn.datasets", extra="plot", why="--parcellation destrieux")
        fetched = datasets.fetch_atlas_surf_destrieux(verbose=0)
    except TribeError as error:
        return [], shown(str(error), 200)
    except Exception as error:  # a fetcher's failures are of any kind: no network, a full disk, a changed address
        return [], f"its download failed: {shown(reason_of_fetch(error), 200)}"
    return [_hemisphere(fetched, side) for side in HEMISPHERES], ""


def _hemisphere(fetched: Any, side: str) -> HemisphereLabels:
    names = tuple(
        name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else str(name) for name in fetched["labels"]
    )
    labels = np.asarray(fetched[f"map_{side}"])
    if (
        labels.ndim != 1
        or labels.dtype.kind not in "iu"
        or labels.size == 0
        or not -1 <= labels.min() <= labels.max() < len(names)
    ):
        raise ParcellationError(
            f"nilearn's fetch_atlas_surf_destrieux: map_{side} is not one index of a label per vertex"
        )
    return hemisphere_labels(Annotation(labels, names, side), "nilearn's Destrieux")
