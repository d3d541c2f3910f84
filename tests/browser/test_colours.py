"""The colours on the canvas are those of the data: by vertex, by patch, by ramp; at rows, between rows and in gaps."""

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.made_run import OFFSET, PATCH_ROW, RAMP_ROW, MadeRun
from tests.browser.planted import N_VERTICES, PLACES, patch, surface
from tests.browser.seen_cortex import SeenCortex, seen_cortex
from tests.browser.shown import SHAPES, align, drawn, go_to, shape, view

pytestmark = pytest.mark.browser
BARE = 13.5  # seconds at which nothing is predicted
VIEWS = {
    "lateral_left": [("lateral", "left")],
    "lateral_right": [("lateral", "right")],
    "medial_left": [("medial", "left")],
    "medial_right": [("medial", "right")],
    "dorsal": [("dorsal", "left"), ("dorsal", "right")],
    "ventral": [("ventral", "left"), ("ventral", "right")],
    "anterior": [("anterior", "left"), ("anterior", "right")],
    "posterior": [("posterior", "left"), ("posterior", "right")],
}


def expected_colours(made_run: MadeRun, values: np.ndarray | None) -> np.ndarray:
    """RGBA (V, 4) of values by Python's own scale; nothing where nothing is predicted."""
    from tribe_np.plots.colours.colour_scale import colour_scale

    if values is None:
        return np.zeros((N_VERTICES, 4))
    return 255 * colour_scale(made_run.values).rgba(values)


def random_pixels(picture: np.ndarray, n: int) -> np.ndarray:
    """Pixels (n, 2), column and row, anywhere on the canvas."""
    return np.random.default_rng(1).integers(0, picture.shape[1::-1], (n, 2))


def around(seen: SeenCortex, vertices: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Every second pixel (n, 2) of the part of the canvas in which vertices are."""
    low = np.maximum(0, np.floor(seen.places[vertices, :2].min(axis=0)).astype(int))
    high = np.minimum(picture.shape[1::-1], np.ceil(seen.places[vertices, :2].max(axis=0)).astype(int) + 1)
    x, y = (np.arange(low[axis], high[axis], 2) for axis in range(2))
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)


def said_colours(page: Browser, vertices: np.ndarray) -> np.ndarray:
    script = "return arguments[0].map(vertex => tribePage.scene.colourOfVertex(vertex))"
    return np.array(page.js(script, vertices.tolist()), float)


def check_colours(page: Browser, made_run: MadeRun, values: np.ndarray | None, kind: str) -> None:
    """Some vertices by what the scene says of them, and by what is drawn where they are."""
    expected = expected_colours(made_run, values)
    some = np.random.default_rng(1).choice(N_VERTICES, 400, replace=False)
    said = said_colours(page, some)
    assert np.abs(said - expected[some])[expected[some, 3] > 0].max(initial=0) <= 12, "a step of a byte is 2.5 colours"
    assert said[:, 3][expected[some, 3] == 0].max(initial=0) <= 12
    picture, seen = drawn(page), seen_cortex(page, kind)
    pixels, corners, weights = seen.sampled(random_pixels(picture, 700))
    assert len(pixels) > 100
    shown = picture[pixels[:, 1], pixels[:, 0], :3].astype(float)
    if values is None:
        assert np.ptp(shown, axis=1).max() <= 12, "bare sulci are grey"
        return
    wanted = expected_colours(made_run, (values[corners] * weights).sum(axis=1))
    opaque = wanted[:, 3] > 250
    off = np.abs(shown - wanted[:, :3])[opaque].max(axis=1)
    assert opaque.sum() > 15
    assert np.median(off) <= 6
    assert np.percentile(off, 90) <= 16, "one of ten may lie at the edge of a fold"


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("seconds", [6.0, 6.5, BARE])
def test_colours_of_vertices_are_those_of_the_data(page: Browser, made_run: MadeRun, kind: str, seconds: float) -> None:
    shape(page, kind)
    view(page, "left")
    go_to(page, seconds)
    check_colours(page, made_run, made_run.at(seconds), kind)


@pytest.mark.parametrize("seconds", [2.0, 11.25, 13.5 + OFFSET, 25.5])
def test_bold_time_shows_what_was_seen_five_seconds_ago(page: Browser, made_run: MadeRun, seconds: float) -> None:
    shape(page, "inflated")
    view(page, "right")
    align(page, "bold")
    go_to(page, seconds)
    check_colours(page, made_run, made_run.at(seconds - OFFSET), "inflated")


def test_values_of_the_page_are_those_of_the_data(page: Browser, made_run: MadeRun) -> None:
    """At many times, both ways to align, as the page's own tools tell them; null or NaN where nothing is predicted."""
    times = np.round(np.arange(0, 22, 0.37), 2)
    for name, offset in (("stimulus", 0.0), ("bold", OFFSET)):
        align(page, name)
        said = page.js(
            "return arguments[0].map(t => [0, 5000, 20483].map(v => { const x = tribePage.valueAt(v, t);"
            " return Number.isFinite(x) ? x : null }))",
            times.tolist(),
        )
        for seconds, found in zip(times, said, strict=True):
            values = made_run.at(seconds - offset)
            if values is None:
                assert found == [None] * 3, f"{name} {seconds}"
            else:
                assert found == pytest.approx(values[[0, 5000, 20483]].tolist(), abs=0.02), f"{name} {seconds}"


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("kind", ["pial", "inflated"])
def test_a_patch_lights_the_right_pixels(page: Browser, name: str, kind: str) -> None:
    shape(page, kind)
    view(page, name)
    check_patches(page, VIEWS[name], kind)


def test_patches_light_the_right_pixels_of_the_flat_map(page: Browser) -> None:
    shape(page, "flat")
    check_patches(page, [one for several in VIEWS.values() for one in several], "flat")


def check_patches(page: Browser, planted: list[tuple[str, str]], kind: str) -> None:
    """Left patches are red and right ones blue; what is lit lies where they are, and nowhere else."""
    go_to(page, float(PATCH_ROW))
    picture = drawn(page).astype(int)
    seen = seen_cortex(page, kind)
    colourful = picture[..., 0] - picture[..., 2]
    lit = {"left": colourful > 60, "right": colourful < -60}
    for name, side in planted:
        vertices = patch(name, side)
        pixels, corners, _ = seen.sampled(around(seen, vertices, picture))
        inside = pixels[np.isin(corners, vertices).all(axis=1)]
        assert len(inside) >= 8, f"{name} {side} should be seen"
        assert lit[side][inside[:, 1], inside[:, 0]].mean() > 0.9, f"{name} {side} is not lit"
    every = {side: np.concatenate([patch(name, side) for name in PLACES]) for side in lit}
    for side in {side for _, side in planted}:
        y, x = np.nonzero(lit[side])
        pixels, corners, _ = seen.sampled(np.stack([x, y], 1)[::5])
        strange = pixels[~np.isin(corners, every[side]).any(axis=1)]
        assert len(strange) <= 0.03 * len(pixels), f"something else than the {side} patches is lit: {strange[:9]}"


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", ["left", "right"])
def test_a_ramp_has_its_colours_in_order(page: Browser, made_run: MadeRun, kind: str, name: str) -> None:
    shape(page, kind)
    view(page, name)
    go_to(page, float(RAMP_ROW))
    picture, seen = drawn(page).astype(int), seen_cortex(page, kind)
    pixels, corners, weights = seen.sampled(random_pixels(picture, 900))
    y = (surface("pial").coordinates[corners, 1] * weights).sum(axis=1)
    redness = (picture[..., 0] - picture[..., 2])[pixels[:, 1], pixels[:, 0]]
    middle = np.abs((made_run.values[RAMP_ROW][corners] * weights).sum(axis=1)) < 1.2  # beyond, a map gets darker
    assert middle.sum() > 60
    rank = [np.argsort(np.argsort(each[middle])) for each in (y, redness)]
    assert np.corrcoef(*rank)[0, 1] > 0.97
    back, front = redness[y < np.percentile(y, 10)], redness[y > np.percentile(y, 90)]
    assert np.percentile(back, 95) < 0 < np.percentile(front, 5), "blue behind, red in front"
