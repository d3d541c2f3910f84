"""Maps on another mesh: as upstream makes them, exactly where vertices are shared, and on registered spheres."""

from pathlib import Path

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from scipy.spatial.transform import Rotation

from tests.cortex.icospheres import (
    icosphere,
    numbers,
    reordered,
    shuffled,
    surface,
    surface_gifti,
    write_freesurfer,
    write_meshes,
    write_nilearn,
)
from tools.places import GOLDEN
from tools.reference.surface_maps import PAIRS, labels, size
from tribe_np.cortex.meshes import interpolation, subsampling
from tribe_np.cortex.meshes.interpolation import SourceWeights, barycentric, most_frequent
from tribe_np.cortex.meshes.resampling import METHODS, resample
from tribe_np.cortex.series import SurfaceSeries
from tribe_np.errors import ConfigError, MeshError, ShapeError

SIDES = ("left", "right")


@pytest.fixture(scope="module")
def meshes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_meshes(tmp_path_factory.mktemp("subjects"))


def series(values: np.ndarray, mesh: str, vertices: np.ndarray | None = None) -> SurfaceSeries:
    values = np.atleast_2d(values)
    return SurfaceSeries(values, mesh, np.arange(len(values), dtype=float), 1.0, 5.0, vertices)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_means_and_labels_are_upstreams(tmp_path: Path, source: str, target: str) -> None:
    """Recorded from tribev2's own get_stat_map on the same meshes: labels to the bit, means to 1e-13."""
    golden = load_file(GOLDEN / "surface_maps.safetensors")
    for mesh in (source, target):
        write_nilearn(tmp_path, mesh)
    found = resample(numbers(size(source), 1), target, method="inverse-distance", subjects_dir=tmp_path)
    np.testing.assert_allclose(found.values[0], golden[f"means.{source}.{target}"], rtol=0, atol=1e-13)
    found = resample(labels(size(source)), target, method="inverse-distance", subjects_dir=tmp_path)
    np.testing.assert_array_equal(found.values[0], golden[f"labels.{source}.{target}"])
    assert found.record["labels"] is True


def test_a_coarser_mesh_takes_the_values_of_its_own_vertices(meshes: Path) -> None:
    values = np.stack([numbers(2 * 10242, seed) for seed in range(3)]).astype(np.float32)
    for target, n in (("fsaverage4", 2562), ("fsaverage3", 642)):
        found = resample(values, target, subjects_dir=meshes)
        np.testing.assert_array_equal(found.values, np.hstack([values[:, :n], values[:, 10242 : 10242 + n]]))
        assert found.values.dtype == np.float32
        assert found.record["method"] == "subsample"
        assert found.record["nesting"]["proven"] is True
        assert found.series.mesh == target


def test_a_mesh_in_another_order_is_subsampled_by_its_spheres(tmp_path: Path) -> None:
    """As FreeSurfer's fsaverage3 and 4 are; upstream's projector would take the first vertices, which are others."""
    order = shuffled(642, seed=3)
    write_freesurfer(tmp_path, "fsaverage4")
    write_freesurfer(tmp_path, "fsaverage3", order=order)
    values = numbers(2 * 2562, 0)
    found = resample(values, "fsaverage3", subjects_dir=tmp_path)
    np.testing.assert_array_equal(found.values[0], np.concatenate([values[:2562][order], values[2562:][order]]))
    assert found.record["nesting"]["first_vertices"] is False


def test_vertices_that_are_not_shared_are_not_subsampled(tmp_path: Path) -> None:
    write_freesurfer(tmp_path, "fsaverage4")
    folder = write_freesurfer(tmp_path, "fsaverage3") / "fsaverage3" / "surf"
    coordinates, faces = surface("fsaverage3", "sphere", "left")
    turned = Rotation.from_euler("x", 3, degrees=True).apply(coordinates)
    nibabel.freesurfer.write_geometry(folder / "rh.sphere", turned, faces)
    with pytest.raises(MeshError, match="vertices of fsaverage3 are not vertices of fsaverage4, as their spheres show"):
        resample(np.zeros(2 * 2562), "fsaverage3", subjects_dir=tmp_path)


def test_fsaverage6_to_5_needs_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsampling, "local_files", lambda mesh, kind, subjects_dir: None)
    values = np.arange(2 * 40962)
    found = resample(values, "fsaverage5")
    np.testing.assert_array_equal(found.values[0], np.concatenate([np.arange(10242), 40962 + np.arange(10242)]))
    assert found.record["nesting"]["proven"] is False
    assert "numbering" in found.record["nesting"]["by"]


def test_fsaverage6_to_4_goes_by_the_sphere_of_fsaverage5(meshes: Path) -> None:
    found = resample(np.arange(2 * 40962), "fsaverage4", subjects_dir=meshes)
    np.testing.assert_array_equal(found.values[0], np.concatenate([np.arange(2562), 40962 + np.arange(2562)]))
    assert found.record["nesting"]["proven"] is False
    assert "in fsaverage5: the first vertices of fsaverage6" in found.record["nesting"]["by"]


def test_a_finer_mesh_keeps_the_values_at_shared_vertices(meshes: Path) -> None:
    values = numbers(2 * 642, 2)
    fine = resample(values, "fsaverage4", subjects_dir=meshes)
    assert fine.record["method"] == "inverse-distance"
    back = resample(fine.values, "fsaverage3", subjects_dir=meshes)
    np.testing.assert_allclose(back.values[0], values, atol=1e-11)  # the others' share is 1e-12 / 10 mm


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_stays_one(meshes: Path, method: str) -> None:
    target = "fsaverage3" if method == "subsample" else "fsaverage5"
    found = resample(np.full(2 * 2562, 0.1, np.float32), target, method=method, subjects_dir=meshes)
    assert (found.values == np.float32(0.1)).all()


def test_barycentric_reproduces_a_linear_function_to_the_depth_of_a_triangle(meshes: Path) -> None:
    """A triangle whose corners lie on a ball dips below it by at most edge**2 / 6: so far is a linear function off."""
    ball, faces = icosphere(3)
    edge = np.linalg.norm(ball[faces[:, 0]] - ball[faces[:, 1]], axis=1).max()
    direction = np.array([0.6, -0.48, 0.64])
    values = np.concatenate([ball @ direction] * 2)
    found = resample(values, "fsaverage5", method="barycentric", subjects_dir=meshes).values[0]
    off = np.abs(found - np.concatenate([icosphere(5)[0] @ direction] * 2)).max()
    assert edge**2 / 100 < off < edge**2 / 6


def test_barycentric_weights_solve_the_equations_of_a_triangle() -> None:
    """An independent computation: the linear system of each point's triangle, found among all of them."""
    ball, faces = icosphere(2)
    points = np.random.default_rng(0).normal(size=(200, 3))
    by = barycentric(ball, faces, points)
    for point, vertices, weights in zip(points, by.vertices, by.weights, strict=True):
        shares = np.linalg.solve(np.swapaxes(ball[faces], 1, 2), np.broadcast_to(point, (len(faces), 3))[..., None])
        (inside,) = np.flatnonzero((shares[..., 0] > 0).all(axis=1))
        assert set(faces[inside]) == set(vertices)
        expected = dict(zip(faces[inside], shares[inside, :, 0] / shares[inside].sum(), strict=True))
        np.testing.assert_allclose(weights, [expected[vertex] for vertex in vertices], atol=1e-12)
        met = weights @ ball[vertices]
        np.testing.assert_allclose(met / np.linalg.norm(met), point / np.linalg.norm(point), atol=1e-12)


def test_barycentric_takes_triangles_either_way_round_and_hits_vertices_exactly() -> None:
    ball, faces = icosphere(2)
    for turned in (faces, faces[:, ::-1]):
        by = barycentric(ball * 7, turned, ball[:50])
        np.testing.assert_array_equal(by.nearest(), np.arange(50))
        np.testing.assert_allclose(by.weights.max(axis=1), 1, atol=1e-12)
    with pytest.raises(MeshError, match="are in no triangle: the source is no closed sphere"):
        barycentric(ball, faces[:100], ball)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sphere of 32,492 vertices under HCP's names: a spiral, turned, whose triangles are its convex hull."""
    from scipy.spatial import ConvexHull

    folder = tmp_path_factory.mktemp("spheres")
    n = 32492
    height = 1 - (2 * np.arange(n) + 1) / n
    angle = np.arange(n) * np.pi * (3 - np.sqrt(5))
    around = np.sqrt(1 - height**2)
    spiral = np.stack([around * np.cos(angle), around * np.sin(angle), height], axis=1)
    faces = ConvexHull(spiral).simplices
    inward = np.linalg.det(spiral[faces]) < 0
    faces[inward] = faces[inward, ::-1]
    for side, letter, turn in (("left", "L", 10), ("right", "R", 50)):
        turned = Rotation.from_euler("xyz", [turn, 20, 30], degrees=True).apply(spiral) * 100
        image = surface_gifti(turned.astype(np.float32), faces.astype(np.int32), side)
        nibabel.save(image, folder / f"fs_LR-deformed_to-fsaverage.{letter}.sphere.32k_fs_LR.surf.gii")
    return folder


def sphere_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("fs_LR-deformed*"))


def test_fs_lr_comes_by_the_spheres_given(meshes: Path, registered: Path) -> None:
    """The places themselves, resampled, are the places of the target's vertices, to the depth of a triangle."""
    places = np.concatenate([surface("fsaverage5", "sphere", side)[0] for side in SIDES]).T
    found = resample(places, "fsLR-32k", subjects_dir=meshes, spheres=registered)
    there = np.concatenate([nibabel.load(path).darrays[0].data for path in sphere_files(registered)]).T
    assert np.linalg.norm(found.values - there, axis=0).max() < 0.06
    assert found.series.mesh == "fsLR-32k"
    assert found.values.shape == (3, 64984)
    assert {Path(path).name for path in found.record["meshes"]} == {
        "lh.sphere", "rh.sphere", *(path.name for path in sphere_files(registered))
    }  # fmt: skip
    again = resample(places, "fsLR-32k", subjects_dir=meshes, to_sphere=sphere_files(registered))
    np.testing.assert_array_equal(again.values, found.values)
    back = resample(found.values, "fsaverage5", subjects_dir=meshes, from_sphere=sphere_files(registered))
    assert np.linalg.norm(back.values - places, axis=0).max() < 0.1


def test_labels_go_to_fs_lr_by_weight(meshes: Path, registered: Path) -> None:
    """A label of a half of the sphere stays that half, and nothing between the two labels appears."""
    z = np.concatenate([surface("fsaverage5", "sphere", side)[0] for side in SIDES])[:, 2]
    found = resample(np.where(z > 0, 7, 3), "fsLR-32k", subjects_dir=meshes, spheres=registered).values[0]
    there = np.concatenate([nibabel.load(path).darrays[0].data for path in sphere_files(registered)])[:, 2]
    assert set(found) == {3, 7}
    clear = np.abs(there) > 2  # an edge is 1.7 mm
    np.testing.assert_array_equal(found[clear], np.where(there > 0, 7, 3)[clear])


def _own(folder: Path) -> list[Path]:
    """A sphere of fs_LR's size that begins, as fs_LR's own does, with an icosahedron's corners."""
    ball = np.random.default_rng(0).normal(size=(32492, 3))
    ball *= 100 / np.linalg.norm(ball, axis=1, keepdims=True)
    ball[:3] = [(85.065, 0, 52.573), (0, -52.573, 85.065), (-85.065, 0, 52.573)]
    return _saved(folder, ball)


def _saved(folder: Path, left: np.ndarray) -> list[Path]:
    faces = np.array([[0, 1, 2]], np.int32)
    paths = [folder / f"{side}.surf.gii" for side in SIDES]
    for path, coordinates in zip(paths, (left, left * (-1, 1, 1)), strict=True):
        nibabel.save(surface_gifti(coordinates.astype(np.float32), faces), path)
    return paths


@pytest.fixture
def real_start(tmp_path: Path) -> Path:
    """fsaverage5 whose sphere has, as FreeSurfer's own does, these corners of its icosahedron."""
    place = write_freesurfer(tmp_path / "subjects", "fsaverage5") / "fsaverage5" / "surf"
    for letter in ("lh", "rh"):
        coordinates, faces = surface("fsaverage5", "sphere", "left")
        coordinates[:3] = [(0, 0, 100), (27.64, -85.07, 44.72), (89.44, 0, 44.72)]
        nibabel.freesurfer.write_geometry(place / f"{letter}.sphere", coordinates, faces)
    return tmp_path / "subjects"


def test_the_sphere_that_was_never_registered_is_refused(tmp_path: Path, real_start: Path) -> None:
    with pytest.raises(MeshError, match="this is fs_LR's own sphere, which is not registered to fsaverage"):
        resample(np.zeros(20484), "fsLR-32k", subjects_dir=real_start, to_sphere=_own(tmp_path))


def test_spheres_that_cannot_be_meant_are_refused(tmp_path: Path, meshes: Path, registered: Path) -> None:
    left, right = sphere_files(registered)
    ball = nibabel.load(left).darrays[0].data

    def refused(message: str, **given: object) -> None:
        with pytest.raises((MeshError, ConfigError), match=message):
            resample(np.zeros(20484), "fsLR-32k", subjects_dir=meshes, **given)  # type: ignore[arg-type]

    refused("fsLR-32k needs its sphere registered to fsaverage")
    refused("has none of the files' names", spheres=tmp_path)
    refused("no such folder", spheres=tmp_path / "nowhere")
    refused("taken for the left hemisphere, but its header says right", to_sphere=(right, left))
    refused("given for both hemispheres", to_sphere=[_saved(tmp_path, ball)[0]] * 2)
    refused("expected two files", to_sphere=[left])
    refused("not a sphere around 0", to_sphere=_saved(tmp_path, ball * (1, 1, 0.9)))
    refused("has 642 vertices, but a hemisphere of fsLR-32k", to_sphere=[meshes / "fsaverage3/surf/lh.sphere"] * 2)
    refused("take the method barycentric, not subsample", spheres=registered, method="subsample")


def test_a_selection_keeps_the_vertices_whose_nearest_was_computed(meshes: Path) -> None:
    chosen = np.flatnonzero(np.tile(surface("fsaverage3", "sphere", "left")[0][:, 2] > 40, 2))
    values = numbers(2 * 642, 4)
    part = series(values[chosen], "fsaverage3", chosen)
    found = resample(part, "fsaverage4", subjects_dir=meshes)
    kept = found.series.vertices
    assert kept is not None
    whole = resample(values, "fsaverage4", subjects_dir=meshes).values[0]
    z = np.tile(surface("fsaverage4", "sphere", "left")[0][:, 2], 2)
    deep = z[kept] > 62  # every neighbour was computed
    np.testing.assert_allclose(found.values[0][deep], whole[kept][deep], atol=1e-12)
    assert z[kept].min() > 30
    assert set(np.flatnonzero(z > 50)) <= set(kept)
    assert "only 268 vertices" in found.warnings[0].replace(str(len(chosen)), "268")
    assert "at the edge, lack some neighbours" in found.warnings[0]
    coarse = resample(found.series, "fsaverage3", subjects_dir=meshes)
    np.testing.assert_array_equal(coarse.series.vertices, chosen)
    np.testing.assert_allclose(coarse.values[0], values[chosen], atol=1e-11)


def test_a_selection_without_any_vertex_of_the_target_is_refused(meshes: Path) -> None:
    last = np.array([2 * 2562 - 1])
    with pytest.raises(MeshError, match="none of the 1 vertices computed is nearest to a vertex of fsaverage3"):
        resample(series(np.zeros((2, 1)), "fsaverage4", last), "fsaverage3", subjects_dir=meshes)


def test_labels_of_a_selection_are_not_outvoted_by_what_is_not_there(meshes: Path) -> None:
    chosen = np.arange(0, 2 * 642, 2)
    found = resample(series(np.full(len(chosen), 4), "fsaverage3", chosen), "fsaverage4", subjects_dir=meshes)
    assert set(found.values[0]) == {4}


def test_values_that_are_not_finite_are_left_out_and_counted(meshes: Path) -> None:
    values = np.ones((2, 2 * 642))
    values[1, [5, 700]] = np.nan, np.inf
    found = resample(values, "fsaverage4", subjects_dir=meshes)
    np.testing.assert_allclose(found.values[0], 1)
    lost = np.isnan(found.values[1])
    assert lost[5]
    assert lost[2562 + 700 - 642]
    np.testing.assert_allclose(found.values[1][~lost], 1)
    assert 2 <= lost.sum() < 30
    (said,) = found.warnings
    assert said.startswith("2 values of the source are not finite: left out of ")
    assert f"{lost.sum()} values of the result are NaN" in said
    coarse = resample(found.values, "fsaverage3", subjects_dir=meshes)
    assert coarse.warnings == ("2 values of the result are not finite, as in the source",)


def test_labels_of_a_folder_must_be_whole_numbers(meshes: Path) -> None:
    values = labels(2 * 642).astype(np.float32)
    found = resample(values, "fsaverage4", labels=True, subjects_dir=meshes)
    expected = resample(labels(2 * 642), "fsaverage4", subjects_dir=meshes).values
    np.testing.assert_array_equal(found.values, expected)
    assert found.values.dtype == np.float32
    with pytest.raises(ShapeError, match="labels must be whole numbers"):
        resample(values + 0.5, "fsaverage4", labels=True, subjects_dir=meshes)


def test_whole_numbers_can_be_averaged(meshes: Path) -> None:
    found = resample(labels(2 * 642), "fsaverage4", labels=False, subjects_dir=meshes)
    assert found.values.dtype == np.float64
    assert (found.values % 1 != 0).any()


def test_contradictions_are_refused(meshes: Path) -> None:
    values = np.zeros(2 * 642)
    for message, to, method in (
        ("the values are on fsaverage3 already", "fsaverage3", None),
        ("is finer than fsaverage3: there is nothing to subsample", "fsaverage4", "subsample"),
        ("method 'barycentrc' is unknown; .*did you mean barycentric", "fsaverage4", "barycentrc"),
        ("mesh 'fsaverage8' is unknown", "fsaverage8", None),
    ):
        with pytest.raises(ConfigError, match=message):
            resample(values, to, method=method, subjects_dir=meshes)
    with pytest.raises(ShapeError, match="has 1000 vertices"):
        resample(np.zeros(1000), "fsaverage4", subjects_dir=meshes)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_the_commonest_label_is_bincounts(seed: int, n_labels: int) -> None:
    """The lowest of equally common ones, as numpy.bincount(...).argmax() has it; labels below 0 are labels too."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, n_labels, 30)
    by = SourceWeights(rng.integers(0, 30, (20, 5)), np.full((20, 5), 0.2))
    expected = [np.bincount(values[row]).argmax() for row in by.vertices]
    np.testing.assert_array_equal(most_frequent(values, by, is_weighted=False), expected)
    np.testing.assert_array_equal(most_frequent(values - 3, by, is_weighted=False), np.array(expected) - 3)


def test_means_stay_within_the_values_they_are_made_of(meshes: Path) -> None:
    for method in ("inverse-distance", "barycentric"):
        found = resample(numbers(2 * 642, 8), "fsaverage5", method=method, subjects_dir=meshes).values
        assert found.min() >= numbers(2 * 642, 8).min() - 1e-12
        assert found.max() <= numbers(2 * 642, 8).max() + 1e-12


def test_the_hemispheres_do_not_mix(meshes: Path) -> None:
    values = np.repeat([1.0, -1.0], 642)
    for method in ("inverse-distance", "barycentric"):
        found = resample(values, "fsaverage4", method=method, subjects_dir=meshes).values[0]
        np.testing.assert_allclose(found, np.repeat([1.0, -1.0], 2562))


def test_a_point_in_the_centre_is_no_place_on_a_sphere() -> None:
    ball, faces = icosphere(1)
    with pytest.raises(MeshError, match="1 vertices of the sphere lie in its centre"):
        barycentric(ball, faces, np.zeros((1, 3)))


def test_upstreams_constants_are_ours() -> None:
    assert (interpolation.N_NEIGHBOURS, interpolation.AT_THE_SAME_PLACE) == (5, 1e-12)
    assert reordered(*icosphere(0), np.arange(12))[0].shape == (12, 3)
