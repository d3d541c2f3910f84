"""The colours on the canvas are those of the data: by vertex, by patch, by ramp; at rows, between rows and in gaps."""

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.made_run import OFFSET, PATCH_ROW, RAMP_ROW, MadeRun
from tests.browser.planted import N_VERTICES, patch, surface
from tests.browser.seen_cortex import SeenCortex, seen_cortex
from tests.browser.shown import SHAPES, align, at_places, drawn, go_to, shape, view

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


def visible(seen: SeenCortex, vertices: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Those of the vertices that nothing hides, away from the canvas's edge."""
    height, width = picture.shape[:2]
    x, y = seen.places[vertices, :2].T
    on = vertices[(x > 2) & (y > 2) & (x < width - 3) & (y < height - 3)]
    return np.array([vertex for vertex in on if seen.vertex_at(*seen.places[vertex, :2]) == vertex], int)


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
    picture = drawn(page)
    seen = seen_cortex(page, kind)
    facing = visible(seen, some, picture)
    assert len(facing) > 60
    shown = at_places(picture, seen.places[facing])[:, :3].astype(float)
    opaque = expected[facing, 3] > 250
    off = np.abs(shown - expected[facing, :3]).max(axis=1)
    if opaque.any():
        assert np.median(off[opaque]) <= 8
        assert np.percentile(off[opaque], 95) <= 40, "between vertices a value changes"
    clear = expected[facing, 3] < 1
    if clear.any():
        assert np.ptp(shown[clear], axis=1).max() <= 12, "sulci are grey"


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
    red, blue = (picture[..., one] - picture[..., other] for one, other in ((0, 2), (2, 0)))
    seen = seen_cortex(page, kind)
    lit = {"left": red > 60, "right": blue > 60}
    for name, side in planted:
        here = visible(seen, patch(name, side), picture)
        assert len(here) > 5, f"{name} {side} should be seen"
        assert at_places(lit[side], seen.places[here]).mean() > 0.9, f"{name} {side} is not lit"
    for side, pixels in lit.items():
        if side not in {one for _, one in planted}:
            continue
        every = np.concatenate(
            [patch(name, side) for name in ("lateral", "medial", "dorsal", "ventral", "anterior", "posterior")]
        )
        y, x = np.nonzero(pixels)
        places = seen.places[every, :2]
        away = np.sqrt(((np.stack([x, y], 1)[::7, None] + 0.5 - places[None]) ** 2).sum(axis=2)).min(
            axis=1, initial=1e9
        )
        assert away.max(initial=0) < 6 * seen.pixels, f"something else than the {side} patches is lit"
        assert len(x) > 50


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("name", ["left", "right"])
def test_a_ramp_has_its_colours_in_order(page: Browser, made_run: MadeRun, kind: str, name: str) -> None:
    shape(page, kind)
    view(page, name)
    go_to(page, float(RAMP_ROW))
    picture = drawn(page)
    seen = seen_cortex(page, kind)
    some = visible(seen, np.random.default_rng(2).choice(N_VERTICES, 500, replace=False), picture)
    y = surface("pial").coordinates[some, 1]
    shown = at_places(picture, seen.places[some]).astype(int)
    redness = shown[:, 0] - shown[:, 2]
    rank = [np.argsort(np.argsort(each)) for each in (y, redness)]
    middle = np.abs(made_run.values[RAMP_ROW, some]) < 1.2  # at the ends a diverging map gets darker
    assert middle.sum() > 40
    assert np.corrcoef(rank[0][middle], rank[1][middle])[0, 1] > 0.97
    back, front = redness[y < np.percentile(y, 10)], redness[y > np.percentile(y, 90)]
    assert back.max() < 0 < front.min(), "blue behind, red in front"
