"""Volumes at vertices, beside nilearn's vol_to_surf."""

import warnings

import numpy as np
import pytest

from tests.cortex.icospheres import icosphere
from tests.cortex.made_brain import CENTRES, PIAL, WHITE, box, noise
from tribe_np.cortex.volumes.sampling import SamplePoints, VolumeSampler, normals
from tribe_np.errors import ConfigError

BOUND = 1e-9  # of values about 1,000: sums in another order


def surfaces(level: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    points, faces = icosphere(level)
    return CENTRES["l"] + PIAL * points, CENTRES["l"] + WHITE * points, faces


def ours(volumes: np.ndarray, affine: np.ndarray, how: SamplePoints, interpolation: str = "linear") -> np.ndarray:
    outer, inner, faces = surfaces()
    sampler = VolumeSampler.at(how.around(outer, inner, faces), affine, volumes.shape[:3], interpolation)
    return sampler(volumes)


def oblique(affine: np.ndarray) -> np.ndarray:
    angle = 0.2
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return turn @ affine


HOWS = [
    SamplePoints(), SamplePoints(radius=5, n_samples=40), SamplePoints("line"), SamplePoints("line", 4, 7),
    SamplePoints("line", depth=(-0.5, 0.0, 1.0)), SamplePoints("depth"), SamplePoints("auto", n_samples=4),
    SamplePoints("depth", depth=(0.0, 0.5, 1.2)), SamplePoints(radius=7, n_samples=160), SamplePoints("line", 4, 1),
]  # fmt: skip
WITH_NAN = ("cut", "slice", "two slices", "holes")


def in_case(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Volumes (X, Y, Z, 2) and their affine: turned, mirrored, with thick slices, too small, of one slice, with NaN."""
    volumes, affine = noise(2)
    along = {"cut": np.s_[:8, :, :9], "slice": np.s_[:, :, 9:10], "two slices": np.s_[:, :, 9:11]}.get(case)
    if along is not None:
        volumes = np.ascontiguousarray(volumes[along])
        affine = affine @ moved(2, float(along[2].start or 0))
    elif case == "thick":
        volumes, affine = np.ascontiguousarray(volumes[:, :, ::3]), affine @ np.diag([1.0, 1.0, 3.0, 1.0])
    elif case == "mirrored":
        affine = affine @ moved(0, len(volumes) - 1.0) @ np.diag([-1.0, 1.0, 1.0, 1.0])
    elif case == "oblique":
        affine = oblique(affine)
    elif case == "holes":
        volumes[np.random.default_rng(1).random(volumes.shape) < 0.2] = np.nan
    return volumes, affine


def moved(axis: int, voxels: float) -> np.ndarray:
    by = np.eye(4)
    by[axis, 3] = voxels
    return by


def nilearns(volumes: np.ndarray, affine: np.ndarray, how: SamplePoints) -> np.ndarray:
    import nibabel
    from nilearn.surface import InMemoryMesh, vol_to_surf

    outer, inner, faces = surfaces()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of no points
        return vol_to_surf(
            nibabel.Nifti1Image(volumes, affine), InMemoryMesh(outer, faces), inner_mesh=InMemoryMesh(inner, faces),
            kind=how.kind, radius=how.radius, n_samples=how.n_samples, depth=how.depth,
        ).T  # fmt: skip


@pytest.mark.extras
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("case", ["whole", "oblique", "mirrored", "thick", *WITH_NAN])
def test_linear_sampling_is_nilearns(how: SamplePoints, case: str) -> None:
    volumes, affine = in_case(case)
    found, expected = ours(volumes, affine, how), nilearns(volumes, affine, how)
    assert (np.isnan(found) == np.isnan(expected)).all()
    assert np.isnan(found).any() == (case in WITH_NAN)
    assert np.nanmax(np.abs(found - expected)) < BOUND


@pytest.mark.extras
@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("case", ["whole", "oblique", "mirrored", "thick", *WITH_NAN])
def test_nearest_sampling_is_nilearns(how: SamplePoints, case: str) -> None:
    surface = pytest.importorskip("nilearn.surface.surface")
    nearest = getattr(surface, "_nearest_voxel_sampling", None)  # its own: only 0.11's vol_to_surf still offers it
    if nearest is None:
        pytest.skip("this nilearn has no nearest sampling")
    volumes, affine = in_case(case)
    outer, inner, faces = surfaces()
    found = ours(volumes, affine, how, "nearest")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(nearest(
            np.moveaxis(volumes, -1, 0).astype(float), (outer, faces), affine, kind=how.kind, radius=how.radius,
            n_points=how.n_samples, inner_mesh=(inner, faces), depth=how.depth,
        ))  # fmt: skip
    if case == "holes":  # there one point that is NaN makes its vertex NaN
        assert np.isnan(expected)[np.isnan(found)].all()
    else:
        assert (np.isnan(found) == np.isnan(expected)).all()
    assert np.nanmax(np.abs(found - expected)) < BOUND


def test_a_volume_of_coordinates_gives_the_coordinates_back() -> None:
    affine, shape = box()
    affine = oblique(affine)
    voxels = np.moveaxis(np.indices(shape), 0, -1).astype(float)
    places = voxels @ affine[:3, :3].T + affine[:3, 3]
    outer, inner, _ = surfaces()
    found = ours(places, affine, SamplePoints("depth", depth=(0.0, 1.0)))
    assert np.abs(found.T - (outer + inner) / 2).max() < 1e-9


def test_blocks_of_volumes_give_the_same_bits() -> None:
    volumes, affine = noise(5)
    whole = ours(volumes, affine, SamplePoints("depth"))
    apart = np.concatenate([ours(volumes[..., i : i + 2], affine, SamplePoints("depth")) for i in (0, 2, 4)])
    assert (whole == apart).all()


def test_normals_of_a_sphere_point_outward() -> None:
    points, faces = icosphere(3)
    assert (normals(points, faces) * points).sum(axis=1).min() > 0.99


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (SamplePoints("ball", depth=(0.0,)), "kind ball"),
        (SamplePoints("depth", n_samples=3, depth=(0.0,)), "contradict"),
        (SamplePoints("ball", n_samples=21), "10, 20, 40, 80, 160, got 21"),
    ],
)
def test_contradictions_are_refused(how: SamplePoints, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        how.check()
