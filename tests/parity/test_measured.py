"""`project` against neuralset's own fMRI extractor on made-up scans: within 2e-6, float32's rounding of z-scores."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.parity

BOUND = 2e-6


def scan(path: Path, *, tr: float, n: int, dtype: type = np.float32, seed: int = 0) -> Path:
    """A volume around the cortex, with a trend, and places without signal or values."""
    import nibabel

    rng = np.random.default_rng(seed)
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    affine[:3, 3] = [-82, -112, -60]
    values = 800 + 20 * rng.normal(size=(33, 38, 30, n)) + np.arange(n) * rng.normal(size=(33, 38, 30, 1))
    if dtype is np.float32:
        values[:4, :, :, 2] = np.nan
        values[:, :6] = np.nan
    image = nibabel.Nifti1Image(values.astype(dtype), affine)
    if dtype is np.int16:
        image.header.set_slope_inter(0.31, 4.0)
    image.header.set_xyzt_units("mm", "sec")
    image.header["pixdim"][4] = tr
    nibabel.save(image, path)
    return path


def extracted(path: Path, tr: float, fwhm: float | None = None, frequency: Any = 1.0, **projector: Any) -> np.ndarray:
    from neuralset.events.etypes import Fmri
    from neuralset.extractors.neuro import FmriExtractor, SurfaceProjector

    event = Fmri(start=0, timeline="run", filepath=str(path), subject="sub-01", frequency=1 / tr)
    made = SurfaceProjector(mesh="fsaverage5", **projector)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nilearn's, of vertices without a point
        found = FmriExtractor(projection=made, frequency=frequency, fwhm=fwhm)._preprocess_event(event)
    return np.asarray(found.data).T


@pytest.mark.parametrize(
    ("tr", "n", "dtype"),
    [(2.0, 7, np.float32), (1.49, 9, np.float32), (1.0, 6, np.float32), (0.8, 11, np.int16), (2.0, 5, np.int16)],
)
def test_the_released_projection_is_the_same(tmp_path: Path, tr: float, n: int, dtype: type) -> None:
    from tribe_np.cortex import project

    path = scan(tmp_path / "bold.nii.gz", tr=tr, n=n, dtype=dtype)
    expected = extracted(path, tr, kind="ball")
    found = project(path, tr=tr, compat="upstream")
    assert found.values.shape == expected.shape
    assert np.abs(found.values - expected).max() < BOUND


@pytest.mark.parametrize("options", [
    {"kind": "auto"}, {"kind": "line"}, {"kind": "ball", "radius": 5.0, "n_samples": 40},
    {"kind": "auto", "depth": [0.25, 0.75]}, {"kind": "line", "radius": 2.0, "n_samples": 6},
])  # fmt: skip
def test_other_projections_are_the_same(tmp_path: Path, options: dict[str, Any]) -> None:
    from tribe_np.cortex import project

    path = scan(tmp_path / "bold.nii.gz", tr=1.5, n=6)
    found = project(path, tr=1.5, compat="upstream", frequency="native", **options)
    assert np.abs(found.values - extracted(path, 1.5, frequency="native", **options)).max() < BOUND


def test_smoothing_is_the_same(tmp_path: Path) -> None:
    from tribe_np.cortex import project

    path = scan(tmp_path / "bold.nii.gz", tr=2.0, n=6)
    found = project(path, tr=2.0, compat="upstream", smooth=6.0)
    off = np.abs(found.values - extracted(path, 2.0, fwhm=6.0, kind="ball"))
    assert off.max() < 2e-3  # nilearn smooths in the file's float32; ours in float64


def test_a_finer_surface_is_the_same(tmp_path: Path) -> None:
    import nibabel

    from tribe_np.cortex import project

    values = np.random.default_rng(0).normal(size=(2, 40962, 6)).astype(np.float32)
    both = tmp_path / "both.nii.gz"
    nibabel.save(nibabel.Nifti2Image(values.reshape(-1, 6), np.eye(4)), both)  # upstream's own form
    for side, rows in zip(("lh", "rh"), values, strict=True):
        nibabel.save(nibabel.Nifti2Image(rows[:, None, None], np.eye(4)), tmp_path / f"{side}.bold.nii.gz")
    found = project(tmp_path / "lh.bold.nii.gz", tr=2.0, compat="upstream")
    assert np.abs(found.values - extracted(both, 2.0)).max() < BOUND
