"""The ribbon of the real fsaverage5 that nilearn carries: its volume, its markers, and back to the surface."""

from pathlib import Path

import nibabel
import numpy as np
import pytest

from tribe_np.cortex.meshes.spaces import in_space, surfaces_in_space
from tribe_np.cortex.meshes.surfaces import load_overlay, load_surface
from tribe_np.cortex.parcellations.parcellation_files import load_parcellation
from tribe_np.cortex.volumes.grids import box_grid
from tribe_np.cortex.volumes.painting import paint_with
from tribe_np.cortex.volumes.ribbon import ribbon_of

pytestmark = pytest.mark.extras
EVERY = np.arange(20484)


def midway() -> np.ndarray:
    return (load_surface("fsaverage5", "white").coordinates + load_surface("fsaverage5", "pial").coordinates) / 2


@pytest.mark.parametrize(("space", "resolution"), [("mni305", 2.0), ("mni152", 3.0)])
def test_markers_volume_and_the_way_back(space: str, resolution: float) -> None:
    import nilearn
    from nilearn.surface import vol_to_surf

    found = surfaces_in_space("fsaverage5", ("white", "pial"), space)
    white, pial = found.surfaces["white"], found.surfaces["pial"]
    grid = box_grid(resolution)
    ribbon = ribbon_of(white, pial, grid)
    corners = (surface.coordinates[surface.faces].astype(float) for surface in (white, pial))
    inner, outer = (np.linalg.det(triangles).sum() / 6 for triangles in corners)
    assert ribbon.share.sum(dtype=float) * resolution**3 == pytest.approx(outer - inner, rel=1e-3)

    marks = ribbon.weights.tocsc()
    totals = np.asarray(marks.sum(axis=0))
    assert (totals > 0).all()
    indices = np.stack(np.unravel_index(ribbon.voxels, grid.shape, order="F"), axis=1)
    centres = (marks.T @ (indices * resolution + grid.affine[:3, 3])) / totals[:, None]
    middle = (white.coordinates + pial.coordinates) / 2
    away = np.linalg.norm(centres - middle, axis=1)
    assert (away < resolution).mean() > 0.999
    assert away.max() < resolution + 0.5

    sulc = load_overlay("fsaverage5", "sulc")
    paint = paint_with(ribbon, EVERY)
    volume = paint.volume(paint.values(sulc[None])[0]).reshape(grid.shape, order="F")
    image = nibabel.Nifti1Image(volume, grid.affine)
    is_old = nilearn.__version__.startswith("0.11.")
    back = np.concatenate([
        vol_to_surf(image, pial.hemisphere(side), inner_mesh=white.hemisphere(side), kind="depth", depth=[0.5],
                    interpolation="nearest" if is_old else "nearest_most_frequent")
        for side in ("left", "right")
    ])  # fmt: skip
    assert np.corrcoef(back, sulc)[0, 1] > 0.99


def test_mni305_and_mni152_are_about_two_millimetres_apart(tmp_path: Path) -> None:
    places = load_surface("fsaverage5", "pial").coordinates
    away = np.linalg.norm(in_space(places, "mni152") - places, axis=1)
    assert np.median(away) == pytest.approx(2.28, abs=0.02)
    assert 1.4 < away.min() < away.max() < 2.9


def test_nilearns_mesh_is_mni305() -> None:
    """Moved by the 4 x 4, mid cortex lies better on the grey matter of the MNI152 template that nilearn carries."""
    import nilearn.datasets
    from scipy.ndimage import map_coordinates

    folder = Path(nilearn.datasets.__file__).parent / "data"
    grey = nibabel.load(folder / "mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz")
    values = grey.get_fdata() / grey.get_fdata().max()

    def fit(places: np.ndarray) -> float:
        voxels = np.linalg.inv(grey.affine) @ np.concatenate([places, np.ones((len(places), 1))], axis=1).T
        return float(map_coordinates(values, voxels[:3], order=1).mean())

    assert fit(in_space(midway(), "mni152")) > fit(midway()) + 0.005


@pytest.mark.atlas
def test_a_sixth_of_the_vertices_change_their_area_when_the_spaces_are_confused() -> None:
    """The nearest vertex to each MNI152 coordinate, looked up among MNI305 coordinates, with the real HCP-MMP1."""
    from scipy.spatial import cKDTree

    region_of = load_parcellation("hcp-mmp1", 20484).region_of
    places = load_surface("fsaverage5", "pial").coordinates
    _, nearest = cKDTree(places).query(in_space(places, "mni152"))
    has_area = region_of >= 0
    changed = (region_of[nearest] != region_of)[has_area].mean()
    assert changed == pytest.approx(0.17, abs=0.01)
