"""tribev2's functions on regions, run for real on a synthetic annotation that MNE reads: labels, indices, means, ranks.

The areas are stripes of 97 vertices with names of HCP-MMP1, and no one's cortex. tribev2 is not on PyPI, so only `dump`
with a checkout makes these. Of its functions `get_topk_rois` crashes but for "both_separate": the others are recorded
by its own rule on its own means.
"""

import hashlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

import nibabel.freesurfer.io
import numpy as np

from tools.reference.measure import Row

NAME = "regions.json"
AREAS = (
    "V1", "V2", "V3", "V3A", "V3B", "V3CD", "V4", "FFC", "TE1a", "TE1m", "TE2a", "1", "2", "3a", "3b", "5L", "5m",
    "5mv", "10d", "10pp", "p32", "p32pr", "i6-8", "s6-8", "H", "RSC", "OP2-3", "46", "p9-46v", "A1",
)  # fmt: skip
N_VERTICES = 163842
STRIPE = 97
MESHES = ("fsaverage5", "fsaverage6")
HEMISPHERES = ("left", "right", "both")
REQUESTS = ("V1", ["V2", "V1", "V2"], "V*", "*a", ["p*", "V1"], "*8")
REFUSED = ("V9", "*x*", "v1")


def write_annotations(folder: Path, spelling: str = "{side}_{area}_ROI") -> list[Path]:
    """lh.HCPMMP1.annot and rh.HCPMMP1.annot with the synthetic areas, shifted by one stripe on the right."""
    colours = np.array([[7 * i, 255 - i, i, 0] for i in range(len(AREAS) + 1)])
    paths = []
    for shift, (side, hemisphere) in enumerate((("L", "lh"), ("R", "rh"))):
        labels = (np.arange(N_VERTICES) // STRIPE + shift) % (len(AREAS) + 1)
        names = ["???", *(spelling.format(side=side, area=area) for area in AREAS)]
        paths.append(folder / f"{hemisphere}.HCPMMP1.annot")
        nibabel.freesurfer.io.write_annot(str(paths[-1]), labels, colours, names, fill_ctab=True)
    return paths


def values(mesh: str, *, with_nan: bool = False) -> np.ndarray:
    """One row of float32 values for both hemispheres of a mesh; NaN at one vertex of V3B, on the left."""
    size = {"fsaverage5": 10242, "fsaverage6": 40962}[mesh]
    row = np.random.default_rng(3).standard_normal(2 * size).astype(np.float32) + 0.25
    if with_nan:
        row[STRIPE * (1 + AREAS.index("V3B"))] = np.nan
    return row


def digest(vertices: np.ndarray) -> str:
    """Of the indices, in their order."""
    return hashlib.sha256(np.ascontiguousarray(vertices, np.int64).tobytes()).hexdigest()[:16]


def _upstream(checkout: Path) -> ModuleType:
    """tribev2.utils without the rest of the package."""
    package = ModuleType("tribev2")
    package.__path__ = [str(checkout / "tribev2")]
    sys.modules["tribev2"] = package
    spec = importlib.util.spec_from_file_location("tribev2.utils", checkout / "tribev2" / "utils.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def subject_for_mne(folder: Path) -> None:
    """What MNE needs to read labels: the synthetic annotations, and a surface of as many vertices."""
    for name in ("label", "surf"):
        (folder / "subjects" / "fsaverage" / name).mkdir(parents=True)
    write_annotations(folder / "subjects" / "fsaverage" / "label")
    coordinates = np.zeros((N_VERTICES, 3), np.float32)
    for hemisphere in ("lh", "rh"):
        path = folder / "subjects" / "fsaverage" / "surf" / f"{hemisphere}.white"
        nibabel.freesurfer.io.write_geometry(str(path), coordinates, np.array([[0, 1, 2]]))


def _recorded(utils: Any, mesh: str) -> dict[str, Any]:
    found: dict[str, Any] = {"labels": {}, "indices": {}, "means": {}, "top": {}, "top_with_nan": {}}
    row, row_with_nan = values(mesh), values(mesh, with_nan=True)
    for hemi in HEMISPHERES:
        labels = utils.get_hcp_labels(mesh=mesh, hemi=hemi)
        found["labels"][hemi] = [[label, len(v), digest(v)] for label, v in labels.items()]
        found["indices"][hemi] = [digest(utils.get_hcp_roi_indices(rois, hemi=hemi, mesh=mesh)) for rois in REQUESTS]
    found["vertex_labels"] = hashlib.sha256("\n".join(utils.get_hcp_vertex_labels(mesh)).encode()).hexdigest()
    for hemi in (*HEMISPHERES, "both_separate"):
        found["means"][hemi] = [float(mean) for mean in utils.summarize_by_roi(row, hemi=hemi, mesh=mesh)]
        for name, given in (("top", row), ("top_with_nan", row_with_nan)):
            if hemi == "both_separate":
                top = utils.get_topk_rois(given, hemi=hemi, mesh=mesh, k=12)
            else:
                order = np.argsort(utils.summarize_by_roi(given, hemi=hemi, mesh=mesh))[::-1][:12]
                top = np.array(list(utils.get_hcp_labels(mesh=mesh, hemi=hemi)))[order]
            found[name][hemi] = top.tolist()
    return found


def _crashes(utils: Any) -> dict[str, str]:
    """The exceptions of tribev2 for what it cannot do."""
    row, raised = values("fsaverage5"), {}
    attempts = {f"get_topk_rois {hemi}": lambda hemi=hemi: utils.get_topk_rois(row, hemi) for hemi in HEMISPHERES}
    attempts |= {f"get_hcp_roi_indices {name}": lambda name=name: utils.get_hcp_roi_indices(name) for name in REFUSED}
    for what, attempt in attempts.items():
        try:
            attempt()
        except Exception as error:
            raised[what] = type(error).__name__
    return raised


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes regions.json; needs a checkout."""
    if upstream is None:
        return []
    utils = _upstream(upstream)
    with tempfile.TemporaryDirectory() as name:
        subject_for_mne(Path(name))
        data_path = patch.object(utils.mne.datasets.sample, "data_path", lambda: name)
        fetch = patch.object(utils.mne.datasets, "fetch_hcp_mmp_parcellation", lambda **options: None)
        with data_path, fetch:
            content: dict[str, Any] = {mesh: _recorded(utils, mesh) for mesh in MESHES}
            content["raised"] = _crashes(utils)
    (folder / NAME).write_text(json.dumps(content, separators=(",", ":")) + "\n")
    return [NAME]


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; tests/cortex/regions/test_hcp_regions.py holds the dump."""
    return []
