"""Measured data on the surface, by tribev2's own projector in neuralset's own extractor; needs a checkout and nilearn.

The scan, and the surfaces "made in MNI152", are made up from seeds. tests/cortex/measured/test_projection_golden.py
makes the same and compares. Places without values or signal are in tests/parity/test_measured.py.
"""

import importlib.util
import os
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.measure import Row, write_golden

NAME = "projection"
EVERY = 97  # vertices
TR, N_VOLUMES = 1.49, 6
FROM_MNI = "extract_fsaverage_from_mni"
CASES: Mapping[str, Mapping[str, Any]] = {
    "ball": {"kind": "ball"},
    "middle": {"kind": "ball", "center_depth": 0.5, "radius": 2.0},
    "depth": {"kind": "auto", "center_depth": 0.9, "depth": [0.2, 0.6, 1.0]},
    "line": {"kind": "line", "center_depth": 0.0, "n_samples": 5},
    "mni": {"kind": "ball", FROM_MNI: True},
}


def write_scan(path: Path) -> Path:
    """Volumes of noise and trends around the cortex, 5 mm."""
    import nibabel

    rng = np.random.default_rng(11)
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    affine[:3, 3] = [-85, -115, -65]
    shape = (35, 40, 32)
    values = (
        800 + 20 * rng.standard_normal((*shape, N_VOLUMES)) + np.arange(N_VOLUMES) * rng.standard_normal((*shape, 1))
    )
    image = nibabel.Nifti1Image(values.astype(np.float32), affine)
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = TR
    nibabel.save(image, path)
    return path


def write_mni_surfaces(subjects: Path) -> None:
    """White and pial of fsaverage5 in upstream's layout, moved a little further than the 4 x 4 moves them."""
    from nibabel import gifti

    from tribe_np.cortex.meshes.spaces import MNI152_FOLDER, in_space
    from tribe_np.cortex.meshes.surfaces import load_surface

    folder = subjects / MNI152_FOLDER
    folder.mkdir(parents=True)
    for kind in ("white", "pial"):
        surface = load_surface("fsaverage5", kind)
        for side in ("left", "right"):
            coordinates, faces = surface.hemisphere(side)
            moved = in_space(coordinates, "mni152") + np.sin(coordinates / 10).astype(np.float32)
            arrays = [
                gifti.GiftiDataArray(moved.astype(np.float32), intent="NIFTI_INTENT_POINTSET"),
                gifti.GiftiDataArray(faces.astype(np.int32), intent="NIFTI_INTENT_TRIANGLE"),
            ]
            gifti.GiftiImage(darrays=arrays).to_filename(folder / f"{side[0]}h.{kind}.fsaverage5.gii")


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes every 97th vertex of each case."""
    if upstream is None:
        return []
    from neuralset.events.etypes import Fmri
    from neuralset.extractors.neuro import FmriExtractor

    projectors, made = _upstream_module(upstream), {}
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, {"FREESURFER_SUBJECTS_DIR": name}):
        write_mni_surfaces(Path(name))
        path = write_scan(Path(name) / "bold.nii.gz")
        event = Fmri(start=0, timeline="run", filepath=str(path), subject="sub-01", frequency=1 / TR)
        for case, options in CASES.items():
            projector = projectors.TribeSurfaceProjector(mesh="fsaverage5", **options)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = FmriExtractor(projection=projector, frequency=1.0)._preprocess_event(event)
            made[case] = np.ascontiguousarray(np.asarray(found.data).T[:, ::EVERY])
    write_golden(folder, NAME, made, {"from": "tribev2 utils_fmri.TribeSurfaceProjector in neuralset's FmriExtractor"})
    return [f"{NAME}.safetensors"]


def _upstream_module(upstream: Path) -> Any:
    """utils_fmri.py alone: its package imports far more."""
    spec = importlib.util.spec_from_file_location("upstream_fmri", upstream / "tribev2" / "utils_fmri.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(seed: int) -> list[Row]:
    """Live, tests/parity/test_measured.py compares with neuralset; tribev2 cannot be installed."""
    return []
