"""Clusters on icospheres: what belongs together, how large it is, and where its peak is."""

from pathlib import Path

import numpy as np
import pytest

from tests.cortex.icospheres import icosphere
from tests.cortex.made_brain import CENTRES, PIAL, write_fsaverage5
from tribe_np.analysis.statistics.surface_clusters import SurfaceCluster, clusters, vertex_areas
from tribe_np.cortex.meshes.surfaces import Surface
from tribe_np.errors import ConfigError, ShapeError


def balls(order: int = 3, radius: float = 10.0) -> Surface:
    """A sphere each side, 50 mm from the midline."""
    points, faces = icosphere(order)
    sides = [radius * points + [x, 0, 0] for x in (-50, 50)]
    return Surface(
        "two balls",
        "pial",
        np.concatenate(sides).astype(np.float32),
        np.concatenate([faces, faces + len(points)]),
        "made",
    )


BALLS = balls()
PER_SIDE = len(BALLS.coordinates) // 2


def cap(side: str, direction: tuple[float, float, float], width: float) -> np.ndarray:
    """The vertices of a side within an angle, in radians, of a direction."""
    points, _ = icosphere(3)
    near = np.arccos(np.clip(points @ (np.array(direction) / np.linalg.norm(direction)), -1, 1)) < width
    found = np.zeros(2 * PER_SIDE, bool)
    first = PER_SIDE * (side == "right")
    found[first : first + PER_SIDE] = near
    return found


def on_caps(*caps: tuple[np.ndarray, float]) -> np.ndarray:
    """A map that is 0 but on caps."""
    values = np.zeros(2 * PER_SIDE)
    for where, value in caps:
        values[where] = value
    return values


def by_flooding(sign: np.ndarray, faces: np.ndarray) -> set[frozenset[int]]:
    """The patches, by walking from neighbour to neighbour."""
    beside: dict[int, set[int]] = {v: set() for v in range(len(sign))}
    for a, b, c in faces.tolist():
        beside[a] |= {b, c}
        beside[b] |= {a, c}
        beside[c] |= {a, b}
    left, found = set(np.flatnonzero(sign).tolist()), set()
    while left:
        patch, edge = set(), {left.pop()}
        while edge:
            patch |= edge
            edge = {n for v in edge for n in beside[v] if sign[n] == sign[v]} - patch
        left -= patch
        found.add(frozenset(patch))
    return found


def test_areas_add_up_to_the_surface() -> None:
    assert vertex_areas(BALLS)[:PER_SIDE].sum() == pytest.approx(4 * np.pi * 100, rel=0.02)
    one = Surface(
        "one", "pial", np.array([[0, 0, 0], [3, 0, 0], [0, 4, 0], [9, 9, 9]], np.float32), np.array([[0, 1, 2]]), ""
    )
    assert vertex_areas(one).tolist() == pytest.approx([2, 2, 2, 0])  # a triangle of 6 mm2, and a vertex in none


def test_patches_are_apart_by_sign_and_hemisphere() -> None:
    """A positive cap whose rim touches a negative one, and the same place of the other side."""
    up, rim, other = cap("left", (0, 0, 1), 0.5), cap("left", (0, 0, 1), 0.9), cap("right", (0, 0, 1), 0.3)
    values = on_caps((rim, -2.0), (up, 3.0), (other, 1.0))
    found = clusters(values, values != 0, BALLS)
    assert [(one.hemisphere, one.sign, one.n_vertices) for one in found] == [
        ("left", -1, rim.sum() - up.sum()),
        ("left", 1, up.sum()),
        ("right", 1, other.sum()),
    ]
    areas = vertex_areas(BALLS)
    assert [one.area for one in found] == pytest.approx([areas[rim & ~up].sum(), areas[up].sum(), areas[other].sum()])
    assert found[1].area == pytest.approx(2 * np.pi * 100 * (1 - np.cos(0.5)), rel=0.15)  # of a cap of a sphere


def test_the_peak_is_farthest_from_nought_and_has_its_place() -> None:
    values = on_caps((cap("right", (0, 1, 0), 0.6), -1.0))
    peak = PER_SIDE + int(icosphere(3)[0][:, 1].argmax())
    values[peak] = -7.5
    (found,) = clusters(values, np.abs(values) > 0.5, BALLS)
    assert (found.peak, found.peak_vertex, found.hemisphere) == (-7.5, peak, "right")
    assert found.coordinates == pytest.approx(tuple(BALLS.coordinates[peak].tolist()))
    assert peak in found.vertices


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_patches_of_noise_are_those_of_flooding(share: float) -> None:
    random = np.random.default_rng(1)
    values = random.normal(size=2 * PER_SIDE)
    mask = random.uniform(size=len(values)) < share
    found = clusters(values, mask, BALLS)
    expected = by_flooding(np.where(mask, np.sign(values), 0), BALLS.faces)
    assert {frozenset(one.vertices) for one in found} == expected
    assert sum(one.n_vertices for one in found) == mask.sum()
    assert [one.area for one in found] == sorted((one.area for one in found), reverse=True)


def test_nan_nought_and_small_patches_are_left_out() -> None:
    values = on_caps((cap("left", (0, 0, 1), 0.5), 1.0))
    lone = PER_SIDE + 3
    values[lone], values[5] = 2.0, np.nan
    everywhere = np.ones(len(values), bool)
    assert [one.n_vertices for one in clusters(values, everywhere, BALLS, smallest=2)] == [np.nansum(values == 1)]
    assert [one.peak_vertex for one in clusters(values, everywhere, BALLS)][1:] == [lone]
    assert clusters(values, ~everywhere, BALLS) == []


@pytest.mark.parametrize("as_function", [True, False])
def test_regions_are_the_callers(as_function: bool) -> None:
    names = ["A" if x > 0 else "" if x < -4 else "B" for x in BALLS.coordinates[:, 1].tolist()]
    values = on_caps((cap("left", (0, 1, 0.01), 1.6), 1.0))
    values[2] += 1e-3
    (found,) = clusters(values, values > 0.5, BALLS, region_of=names.__getitem__ if as_function else names)
    counts = {name: sum(names[v] == name for v in found.vertices) for name in ("A", "B")}
    assert dict(found.regions) == {name: n for name, n in counts.items() if n}
    assert found.regions[0][0] == "A"
    assert found.region == names[found.peak_vertex]


def test_a_mesh_by_name_is_measured_on_its_pial_surface(tmp_path: Path) -> None:
    write_fsaverage5(tmp_path)
    values = np.zeros(20_484)
    values[:10_242], values[10_242:] = 1.0, 2.0
    left, right = sorted(
        clusters(values, values > 0, "fsaverage5", subjects_dir=tmp_path), key=lambda one: one.hemisphere
    )
    assert isinstance(left, SurfaceCluster)
    assert (left.n_vertices, right.n_vertices) == (10_242, 10_242)
    assert left.area == pytest.approx(4 * np.pi * PIAL**2, rel=1e-3)
    assert np.linalg.norm(np.array(left.coordinates) - CENTRES["l"]) == pytest.approx(PIAL, rel=1e-4)


@pytest.mark.parametrize(
    ("values", "mask", "smallest", "error", "said"),
    [
        (np.zeros(5), np.zeros(5, bool), 1, ShapeError, "vertices of two balls"),
        (np.zeros(2 * PER_SIDE), np.zeros(2 * PER_SIDE), 1, ShapeError, "True and False"),
        (np.zeros(2 * PER_SIDE), np.zeros(2 * PER_SIDE, bool), 0, ConfigError, "smallest must be"),
    ],
)
def test_what_does_not_fit_is_refused(
    values: np.ndarray, mask: np.ndarray, smallest: int, error: type, said: str
) -> None:
    with pytest.raises(error, match=said):
        clusters(values, mask, BALLS, smallest=smallest)
