"""The page's sums are those of Python: which rows a moment shows, which colour a value has, what was packed."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.scripts_page import functions_page
from tribe_np.plots.colours.colour_maps import alpha_ramp
from tribe_np.plots.colours.colour_scale import colour_scale
from tribe_np.plots.pages.packed_mesh import coded_faces

pytestmark = pytest.mark.browser
CASES = Path(__file__).parents[1] / "plots" / "stimulus" / "row_clock_cases.json"
WANTED = {
    "clock.js": "rowsAt",
    "colours.js": "alphaRamp, colourOf, fadedTable",
    "decode.js": "bytesOfBase64, decodedFaces, whyNoScene",
    "borders.js": "borderChains, smoothed",
    "turning.js": "afterKey, turned, zoomed",
    "matrices.js": "viewAxes, wrappedAngle",
}


@pytest.fixture(scope="module")
def scripts(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """The browser with the functions in window.scripts."""
    page = functions_page(tmp_path_factory.mktemp("scripts") / "scripts.html", WANTED)
    chromium.open(page, until="window.scripts")
    assert chromium.faults() == []
    return chromium


def test_the_page_counts_rows_by_pythons_table(scripts: Browser) -> None:
    clocks = json.loads(CASES.read_text())["clocks"]
    body = """return arguments[0].map(({ starts, tr, hemodynamic_offset: offset, align, at }) =>
        at.map(([seconds]) => scripts.rowsAt({ starts, tr, offset, align }, seconds)))"""
    for clock, said in zip(clocks, scripts.js(body, clocks), strict=True):
        for (seconds, expected), found in zip(clock["at"], said, strict=True):
            where = f"{clock['name']}, {seconds} s"
            assert (found is None) == (expected is None), where
            if expected is not None:
                assert [found["row"], found["next"]] == expected[:2], where
                assert found["weight"] == pytest.approx(expected[2], abs=2e-6), where


def test_a_map_without_time_stands_at_all_times(scripts: Browser) -> None:
    still = {"starts": [], "tr": 1, "offset": 5, "align": "bold", "isStatic": True}
    assert scripts.js("return scripts.rowsAt(arguments[0], -100)", still) == {"row": 0, "next": 0, "weight": 0}
    for odd in ("NaN", "Infinity", "-Infinity"):
        assert scripts.js(f"return scripts.rowsAt({{ starts: [0, 1], tr: 1, offset: 5 }}, {odd})") is None


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("fade", [(0, 1), (0, 0.35), (0.2, 0.3), (0.9, 0.5), (0.1, 0), (1, 1)])
def test_what_fades_is_what_fades_in_python(scripts: Browser, fade: tuple[float, float], symmetric: bool) -> None:
    said = scripts.js("return scripts.alphaRamp(256, ...arguments[0], arguments[1])", fade, symmetric)
    assert said == pytest.approx(alpha_ramp(256, *fade, symmetric=symmetric).tolist(), abs=1e-12)


@pytest.mark.parametrize("cmap", ["RdBu_r", "inferno"])
@pytest.mark.parametrize("threshold", [None, 0.4])
def test_a_value_has_the_colour_that_python_gives_it(scripts: Browser, cmap: str, threshold: float | None) -> None:
    import matplotlib as mpl

    values = np.random.default_rng(4).normal(size=400).astype(np.float32)
    values[:3] = [np.nan, 0, 50]
    scale = colour_scale(values, cmap=cmap, threshold=threshold)
    rgb = np.rint(mpl.colormaps[cmap](np.linspace(0, 1, 256))[:, :3] * 255).astype(int)
    body = """const table = scripts.fadedTable(Uint8Array.from(arguments[0]), arguments[1], ...arguments[2]);
        const [low, high, threshold] = arguments[2];
        return [[...table], arguments[3].map(v => scripts.colourOf({ table, low, high, threshold }, v))]"""
    numbers = [None if np.isnan(value) else float(value) for value in values]
    limits = [scale.low, scale.high, threshold]
    table, said = scripts.js(body, rgb.ravel().tolist(), cmap == "RdBu_r", limits, numbers)
    assert np.array_equal(np.reshape(table, (256, 4)), scale.table)
    expected = np.rint(scale.rgba(values) * 255)
    assert (np.abs(np.array(said) - expected).max(axis=1) > 0).mean() < 0.01, "but where float32 rounds over a step"
    assert said[0][3] == 0


@pytest.mark.parametrize("kind", [np.uint16, np.uint32])
def test_faces_are_those_that_were_packed(scripts: Browser, kind: type) -> None:
    faces = np.random.default_rng(5).integers(0, np.iinfo(kind).max, (50, 3), endpoint=True)
    text = base64.b64encode(coded_faces(faces, np.dtype(kind)).tobytes()).decode()
    array = {np.uint16: "Uint16Array", np.uint32: "Uint32Array"}[kind]
    body = f"return [...scripts.decodedFaces(scripts.bytesOfBase64(arguments[0]), 50, {array})]"
    said = scripts.js(body, text)
    assert np.array_equal(np.reshape(said, (50, 3)), faces)


def test_lines_run_between_regions_and_meet_where_three_do(scripts: Browser) -> None:
    """A hexagon around vertex 0: regions 1, 1, 2, 2, 3, 3 on its rim, and 1 in the middle."""
    faces = [corner for rim in range(6) for corner in (0, 1 + rim, 1 + (rim + 1) % 6)]
    regions = [1, 1, 1, 2, 2, 3, 3]
    chains = scripts.js("return scripts.borderChains(arguments[0], arguments[1], 0, 18, 7)", regions, faces)
    ends = sorted(sorted(map(tuple, (chain["points"][0], chain["points"][-1]))) for chain in chains)
    assert len(chains) == 3
    assert all(not chain["isClosed"] for chain in chains)
    assert all((0, 4, 5) in pair for pair in ends), "all three begin where 1, 2 and 3 meet"
    assert sorted(sorted(chain["regions"]) for chain in chains) == [[1, 2], [1, 3], [2, 3]]
    island = scripts.js("return scripts.borderChains([9, 1, 1, 1, 1, 1, 1], arguments[0], 0, 18, 7)", faces)
    assert [chain["isClosed"] for chain in island] == [True]
    assert len(island[0]["points"]) == 7, "its first point again at the end"
    assert scripts.js("return scripts.borderChains([2, 2, 2, 2, 2, 2, 2], arguments[0], 0, 18, 7)", faces) == []


def test_smoothing_keeps_the_ends_of_an_open_line(scripts: Browser) -> None:
    zigzag = [[float(place), float(place % 2), 0.0] for place in range(9)]
    flat = np.array(scripts.js("return scripts.smoothed(arguments[0], false)", zigzag))
    assert flat[[0, -1]].tolist() == [zigzag[0], zigzag[-1]]
    assert np.ptp(flat[2:-2, 1]) < 0.35
    ring = [[float(np.cos(a)), float(np.sin(a)), 0.0] for a in np.linspace(0, 2 * np.pi, 9)]
    round_ = np.linalg.norm(scripts.js("return scripts.smoothed(arguments[0], true)", ring), axis=1)
    assert np.ptp(round_) < 1e-6, "a closed line shrinks evenly, and its seam is not seen"


def test_keys_turn_and_zoom_within_bounds(scripts: Browser) -> None:
    camera = {"azimuth": 180, "elevation": 80, "zoom": 1, "pan": [3, -2], "side": "both"}
    press = "return scripts.afterKey(arguments[0], arguments[1], arguments[2])"
    up = scripts.js(press, scripts.js(press, camera, "ArrowUp", False), "ArrowUp", False)
    assert up == {**camera, "elevation": 90}
    assert scripts.js(press, camera, "ArrowUp", True)["pan"] != camera["pan"], "a flat map is moved"
    assert scripts.js(press, camera, "+", False)["zoom"] == pytest.approx(1.2)
    assert scripts.js(press, camera, "a", False) is None
    many = scripts.js("let c = arguments[0]; for (let n = 0; n < 99; n++) c = scripts.zoomed(c, 1.2); return c", camera)
    assert many["zoom"] <= 12


def test_zooming_leaves_what_is_under_the_pointer_there(scripts: Browser) -> None:
    camera = {"azimuth": 0, "elevation": 0, "zoom": 2, "pan": [10, -20]}
    at = [30.0, 40.0]  # mm from the middle of the canvas, at the zoom before
    after = scripts.js("return scripts.zoomed(arguments[0], 1.7, arguments[1])", camera, at)
    point = np.array(at) - camera["pan"]
    assert (point + after["pan"]) * after["zoom"] == pytest.approx(np.array(at) * camera["zoom"])
