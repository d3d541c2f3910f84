"""Structures of the subcortex: beside upstream's own surfaces and values, and in pictures, by what lights up where."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.prediction_folders import write_folder
from tools.reference.structures import CORNER, ELLIPSOIDS, scores, write_ellipsoids
from tribe_np.cortex.output_space import OutputSpace
from tribe_np.cortex.subcortex.harvard_oxford import Atlas, read_atlas, subcortical_mask
from tribe_np.cortex.subcortex.voxel_mask import VoxelMask
from tribe_np.cortex.voxel_series import VoxelSeries
from tribe_np.errors import ConfigError, ParcellationError, ShapeError
from tribe_np.plots import plot, plot_subcortical
from tribe_np.plots.figures.subcortex.subcortical_brain import StructuresBrain, load_structures
from tribe_np.plots.figures.subcortex.subcortical_meshes import StructureMesh, VoxelsOnMesh, relaxed, structure_mesh
from tribe_np.plots.views import view_of

pytestmark = pytest.mark.extras
UPSTREAM = load_file(Path(__file__).parents[3] / "golden" / "structures.safetensors")
THALAMUS, AMYGDALA, STEM = ELLIPSOIDS
RED, GREEN = (255, 0, 0), (0, 128, 0)


@pytest.fixture(scope="module")
def atlases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ellipsoids(tmp_path_factory.mktemp("atlas"))


@pytest.fixture
def atlas(atlases: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The atlas where it is looked for."""
    monkeypatch.setenv("TRIBE_NP_SUBCORTEX", str(atlases))
    return atlases


def fine(atlases: Path) -> Atlas:
    return read_atlas(atlases, 1)


def voxels(atlases: Path, name: str) -> np.ndarray:
    found = fine(atlases)
    return np.asarray(found.volume.values == found.labels.index(name))


def picture(figure: Any) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].astype(int)


def n_like(image: np.ndarray, colour: tuple[int, int, int], within: int = 60) -> int:
    """Pixels of about this hue."""
    return int((np.abs(image - np.array(colour)).max(axis=-1) < within).sum())


def axes() -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2), dpi=100)
    FigureCanvasAgg(figure)
    return figure.add_axes((0, 0, 1, 1))


# -- beside upstream ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELLIPSOIDS)
def test_surfaces_are_upstreams(atlases: Path, name: str) -> None:
    made = structure_mesh(name, voxels(atlases, name), fine(atlases).volume.affine)
    np.testing.assert_array_equal(made.faces, UPSTREAM[f"{name}.faces"])
    np.testing.assert_allclose(made.coordinates, UPSTREAM[f"{name}.vertices"], atol=3e-3)


@pytest.mark.parametrize("name", [THALAMUS, AMYGDALA])
def test_values_on_upstreams_vertices_are_upstreams(atlas: Path, name: str) -> None:
    structures = load_structures()
    mask = structures.mask
    mesh = StructureMesh(name, UPSTREAM[f"{name}.vertices"], UPSTREAM[f"{name}.faces"].astype(np.int64))
    inside = np.zeros(mask.inside.shape, bool)
    inside[mask.inside] = mask.structure_of == mask.structures.index(name)
    found = VoxelsOnMesh.of(mesh, mask, inside)(scores(mask.n_voxels)[None])[0]
    np.testing.assert_allclose(found, UPSTREAM[f"{name}.values"], atol=1e-12)


@pytest.mark.parametrize("name", [THALAMUS, AMYGDALA])
def test_values_on_our_own_vertices_are_close(atlas: Path, name: str) -> None:
    structures = load_structures()
    (part,) = [part for part in structures.parts if part.name == name]
    found = structures.values(scores(structures.mask.n_voxels))[0, part.vertices]
    upstream = UPSTREAM[f"{name}.values"]
    assert np.sqrt(np.mean((found - upstream) ** 2)) < 0.02 * np.sqrt(np.mean(upstream**2))


def test_smoothing_draws_a_spike_in_and_leaves_a_plane_alone() -> None:
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(5.0), np.arange(5.0), indexing="ij"))
    squares = [(k, k + 1, k + 5, k + 6) for k in range(19) if k % 5 != 4]
    faces = np.array([face for a, b, c, d in squares for face in ((a, c, b), (b, c, d))])
    z = np.zeros(25)
    z[12] = 1.0
    found = relaxed(np.stack([x, y, z], axis=1), faces, n_times=50, step=0.01)
    assert 0.5 < found[12, 2] < 0.75
    assert found[[0, 4, 20, 24], 2] == pytest.approx(0, abs=0.02)


# -- the brain ----------------------------------------------------------------------------------------------------


@pytest.fixture
def small(atlas: Path) -> StructuresBrain:
    """The two structures of the made-up atlas."""
    return load_structures(named_only(subcortical_mask(read_atlas(atlas))))


def named_only(mask: VoxelMask) -> VoxelMask:
    from dataclasses import replace

    present = sorted(set(mask.structure_of.tolist()))
    return replace(
        mask,
        structures=tuple(mask.structures[k] for k in present),
        structure_of=np.searchsorted(present, mask.structure_of),
    )


def test_a_structure_without_voxels_is_left_out_of_the_brain(atlas: Path) -> None:
    assert [part.name for part in load_structures().parts] == [THALAMUS, AMYGDALA]


def test_structures_keep_their_places_and_their_sides(small: StructuresBrain) -> None:
    surface = small.brain.surface
    per_side = len(surface.coordinates) // 2
    for part, name in zip(small.parts, (THALAMUS, AMYGDALA), strict=True):
        middle = surface.coordinates[part.vertices].mean(axis=0)
        expected = np.array(ELLIPSOIDS[name][0]) + np.array(CORNER)
        expected[2] *= 1.5
        np.testing.assert_allclose(middle, expected, atol=0.6)
        assert (part.vertices.start < per_side) == (name == THALAMUS)
    np.testing.assert_array_equal(surface.apart(5.0).coordinates, surface.coordinates)


def test_a_structure_lights_up_where_it_is(small: StructuresBrain) -> None:
    values = np.full(small.mask.n_voxels, np.nan)
    values[small.mask.voxels_of(AMYGDALA)] = 1.0
    found = small.values(values)[0]
    first, second = (found[part.vertices] for part in small.parts)
    assert np.isnan(first).all()
    assert np.nanmin(second) > 0.2
    raster = small.brain.raster(view_of("posterior"), 60, 60)
    x = raster.pixels[np.isfinite(raster.at_pixels(found))] % 60
    assert x.min() > 30, "from behind, the right amygdala is on the right"


def test_each_structure_gets_its_mean(small: StructuresBrain) -> None:
    values = scores(small.mask.n_voxels)
    own = small.mask.voxels_of(THALAMUS)
    values[own[0]] = np.nan
    found = small.averaged(values)
    assert found[own] == pytest.approx(np.nanmean(values[own]))
    assert np.isnan(values[own[0]]), "what was given stays as it is"


def test_what_does_not_fit_is_refused(small: StructuresBrain, atlas: Path) -> None:
    with pytest.raises(ShapeError, match=r"expected rows of the .* voxels of subcortical"):
        small.values(np.zeros(3))
    with pytest.raises(ParcellationError, match="did you mean"):
        small.colours({"Left Thalamos": (1.0, 0.0, 0.0)})
    for wrong, message in (({"resolution": "3mm"}, "resolution must be one of"), ({"explode": np.nan}, "explode")):
        with pytest.raises(ConfigError, match=message):
            load_structures(**wrong)
    with pytest.raises(ParcellationError, match="no voxel"):
        structure_mesh("nothing", np.zeros((3, 3, 3), bool), np.eye(4))


def test_a_thin_structure_has_a_surface_all_the_same() -> None:
    thin = np.zeros((9, 9, 9), bool)
    thin[4, 2:7, 4] = True
    made = structure_mesh("thin", thin, np.diag([2.0, 2, 2, 1]))
    assert np.ptp(made.coordinates, axis=0) == pytest.approx([3, 11, 3], abs=2)


# -- plot_subcortical ---------------------------------------------------------------------------------------------


def test_colours_by_structure(small: StructuresBrain) -> None:
    both = axes()
    assert plot_subcortical(both, colors={"Thalamus": "red", "Right Amygdala": "green"}, structures=small) is None
    image = picture(both.figure)
    assert n_like(image, RED) > 500
    assert n_like(image, GREEN) > 200
    one = axes()
    plot_subcortical(one, colors={"Thalamus": "red"}, structures=small)
    assert n_like(picture(one.figure), GREEN) == 0


def test_voxels_in_a_scale_that_is_returned(small: StructuresBrain) -> None:
    values = np.zeros(small.mask.n_voxels)
    values[small.mask.voxels_of(THALAMUS)] = 2.0
    ax = axes()
    mappable = plot_subcortical(ax, voxel_scores=values, structures=small, cmap="hot", vmin=0, vmax=2, alpha_cmap=None)
    assert mappable.get_clim() == (0.0, 2.0)
    image = picture(ax.figure)
    assert n_like(image, (30, 0, 0), 40) > 100, "hot's darkest"
    assert values.max() == 2.0


def test_three_rows_are_red_green_and_blue(small: StructuresBrain) -> None:
    rgb = np.zeros((3, small.mask.n_voxels))
    rgb[0, small.mask.voxels_of(THALAMUS)] = 1
    ax = axes()
    plot_subcortical(ax, voxel_scores=rgb, structures=small)
    assert n_like(picture(ax.figure), RED, 90) > 300


def test_zoom_and_side_change_the_picture(small: StructuresBrain) -> None:
    colours = {"Thalamus": "red", "Amygdala": "green"}
    drawn = {}
    for name, settings in {
        "usual": {},
        "near": {"zoom": 2.6},
        "behind": {"azimuth": 195},
        "dim": {"intensity": 0.5},
    }.items():
        ax = axes()
        plot_subcortical(ax, colors=colours, structures=small, **settings)
        drawn[name] = picture(ax.figure)
    n_drawn = {name: int((image.min(axis=-1) < 250).sum()) for name, image in drawn.items()}
    assert n_drawn["near"] > 1.2 * n_drawn["usual"]
    red_at = [np.argwhere(drawn[k][:, :, 0] - drawn[k][:, :, 1] > 100)[:, 1].mean() for k in ("usual", "behind")]
    assert red_at[0] > 100 > red_at[1], "what is on one side from the front is on the other from behind"
    assert drawn["dim"].sum() < drawn["usual"].sum()


def test_with_the_brain_stem_and_the_cortex_in_grey(atlas: Path) -> None:
    with_both = load_structures(show_brain_stem=True, show_cortex=True)
    assert [part.name for part in with_both.parts] == [THALAMUS, AMYGDALA, STEM, "Cerebral Cortex"]
    values = with_both.values(np.ones(with_both.mask.n_voxels))[0]
    assert [bool(np.isfinite(values[part.vertices]).any()) for part in with_both.parts] == [True, True, False, False]
    cortex = with_both.brain.surface.coordinates[with_both.parts[3].vertices]
    assert cortex[:, 0].mean() < -30


def test_calls_that_contradict_themselves_are_refused(small: StructuresBrain) -> None:
    calls: list[tuple[dict[str, Any], str]] = [
        ({}, "either colors"),
        ({"colors": {}, "voxel_scores": np.zeros(3)}, "either colors"),
        ({"colors": ["red"]}, "mapping"),
        ({"colors": {"Thalamus": "no colour"}}, "Thalamus has no colour"),
        ({"voxel_scores": np.zeros(3), "show_cerebellum": True}, "no cerebellum"),
        ({"voxel_scores": np.zeros(3), "zoom": 0}, "zoom must be above 0"),
    ]
    for arguments, message in calls:
        with pytest.raises(ConfigError, match=message):
            plot_subcortical(axes(), structures=small, **arguments)
    with pytest.raises(ShapeError, match=r"\(n,\), or \(3, n\)"):
        plot_subcortical(axes(), structures=small, voxel_scores=np.zeros((2, 5)))
    with pytest.raises(ConfigError, match="all are NaN"):
        plot_subcortical(axes(), structures=small, voxel_scores=np.full(small.mask.n_voxels, np.nan))


def test_without_an_atlas_the_error_says_how_to_get_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIBE_NP_SUBCORTEX", str(tmp_path))
    with pytest.raises(ParcellationError, match=r"holds no HarvardOxford.*give the atlas with --mask FILE"):
        plot_subcortical(colors={"Thalamus": "red"})


# -- prediction folders -------------------------------------------------------------------------------------------


def voxel_folder(folder: Path, atlas: Path, n_rows: int = 4) -> Path:
    n = subcortical_mask(read_atlas(atlas)).n_voxels
    rows = np.outer(np.linspace(-1, 1, n_rows), np.ones(n)) + 0.01 * scores(n)
    space = {"kind": "mask", "mask": "subcortical", "resolution": 2, "n_outputs": n}
    return write_folder(folder, rows, {"space": space})


def test_a_folder_of_voxels_is_drawn_by_plot(tmp_path: Path, atlas: Path) -> None:
    folder = voxel_folder(tmp_path / "p", atlas)
    out = tmp_path / "p.png"
    figure = plot(folder, out=out, at=[0, 3])
    assert out.stat().st_size > 1000
    image = picture(figure)
    middle = image.shape[1] // 2
    red, blue = image[:, :, 0] - image[:, :, 2], image[:, :, 2] - image[:, :, 0]
    assert (blue[:, :middle] > 60).sum() > 100 > (red[:, :middle] > 60).sum()
    assert (red[:, middle:] > 60).sum() > 100


def test_a_series_of_voxels_is_shown_as_its_mean(small: StructuresBrain) -> None:
    n = small.mask.n_voxels
    values = np.stack([np.full(n, 1.0), np.full(n, 3.0)])
    series = VoxelSeries(values, OutputSpace("mask", n, "subcortical", 2), np.arange(2.0))
    ax = axes()
    assert plot_subcortical(ax, voxel_scores=series, structures=small).get_clim() == (0.0, 2.0)


def test_what_only_a_cortex_has_is_refused_for_voxels(tmp_path: Path, atlas: Path) -> None:
    folder = voxel_folder(tmp_path / "p", atlas)
    for options, message in (
        ({"timesteps": True}, "--timesteps is for predictions of the cortex"),
        ({"labels": ["V1"]}, "--label is for"),
        ({"at": [99.0]}, "--at 99: rows of .* are shown from 0 s to 4 s"),
    ):
        with pytest.raises(ConfigError, match=message):
            plot(folder, **options)
    with pytest.raises(ConfigError, match="draw them apart"):
        plot(folder, np.zeros(20484))
    assert plot(folder, minus=folder, limits=(-1, 1)) is not None
