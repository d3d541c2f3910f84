"""Mouse, fingers and keys: what lies under the pointer, what a click plots, what turns the cortex."""

import re

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.made_run import MadeRun
from tests.browser.planted import PIECES, piece_of
from tests.browser.seen_cortex import NONE, SeenCortex, seen_cortex
from tests.browser.shown import CANVAS, SHAPES, go_to, settle, shape, state, view

pytestmark = pytest.mark.browser


def canvas_points(page: Browser, n: int) -> np.ndarray:
    """Points (n, 2) all over the canvas, in its own pixels."""
    *_, width, height = page.box(CANVAS)
    return np.random.default_rng(3).uniform([0.06, 0.06], [0.94, 0.94], (n, 2)) * [width, height]


def on_cortex(page: Browser, seen: SeenCortex, n: int) -> np.ndarray:
    """Points (n, 2) of the canvas under which the cortex is."""
    points = canvas_points(page, 40 * n)
    found = [point for point in points if seen.vertex_at(*point) != NONE]
    assert len(found) >= n
    return np.array(found[:n])


def camera(page: Browser) -> dict[str, float]:
    return page.js("return tribePage.scene.camera")


def in_window(page: Browser, point: np.ndarray) -> tuple[float, float]:
    left, top, *_ = page.box(CANVAS)
    return left + point[0], top + point[1]


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("angles", [(205.0, 12.0), (40.0, -50.0)])
def test_the_vertex_under_a_point_is_the_right_one(page: Browser, kind: str, angles: tuple[float, float]) -> None:
    shape(page, kind)
    page.js("tribePage.scene.camera = { azimuth: arguments[0], elevation: arguments[1] }", *angles)
    seen = seen_cortex(page, kind)
    points = canvas_points(page, 150)
    script = "return arguments[0].map(([x, y]) => tribePage.scene.pick(x, y)?.vertex ?? -1)"
    said = page.js(script, points.tolist())
    expected = [seen.vertex_at(*point) for point in points]
    assert sum(vertex != NONE for vertex in expected) > 40
    assert sum(vertex == NONE for vertex in expected) > 10
    wrong = [place for place, (one, other) in enumerate(zip(said, expected, strict=True)) if one != other]
    # a float32 of the page may fall on the other side of a border between two vertices, or of the outline
    assert len(wrong) <= 2, [(points[place], said[place], expected[place]) for place in wrong]


def test_hovering_tells_vertex_region_and_value(page: Browser, made_run: MadeRun) -> None:
    shape(page, "inflated")
    view(page, "left")
    go_to(page, 6.0)
    seen = seen_cortex(page, "inflated")
    for point in on_cortex(page, seen, 6):
        vertex = seen.vertex_at(*point)
        page.mouse("Moved", *in_window(page, point))
        page.wait(
            "!document.querySelector('#tip').hidden"
            f" && document.querySelector('#tip').textContent.includes('vertex {vertex}')"
        )
        text = page.js("return document.querySelector('#tip').innerText")
        assert PIECES[piece_of()[vertex]] in text
        assert ("left" if vertex < 10242 else "right") in text
        numbers = [float(each) for each in re.findall(r"[-−]?\d+\.\d+", text.replace("−", "-"))]
        assert any(number == pytest.approx(made_run.values[6, vertex], abs=0.02) for number in numbers), text
    page.mouse("Moved", *in_window(page, np.array([2.0, 2.0])))
    page.wait("document.querySelector('#tip').hidden")


def test_a_click_on_a_region_plots_it(page: Browser) -> None:
    view(page, "left")
    seen = seen_cortex(page, "inflated")
    chosen = set(state(page)["chosen"])
    point = next(
        point for point in on_cortex(page, seen, 60) if PIECES[piece_of()[seen.vertex_at(*point)]] not in chosen
    )
    name = PIECES[piece_of()[seen.vertex_at(*point)]]
    before = page.picture("#plot").astype(int)
    page.js("window.scrollTo(0, 0)")
    page.click(*in_window(page, point))
    page.wait(f"tribePage.state().chosen.includes('{name}')")
    settle(page)
    assert name in page.js("return document.querySelector('#legend').innerText")
    assert (np.abs(page.picture("#plot") - before).max(axis=2) > 40).sum() > 50, "a curve is drawn"
    page.js("window.scrollTo(0, 0)")
    page.click(*in_window(page, point))
    page.wait(f"!tribePage.state().chosen.includes('{name}')")


def test_the_mean_of_a_region_is_that_of_the_data(page: Browser, made_run: MadeRun) -> None:
    for name in PIECES[:4]:
        for seconds in (0.0, 3.25, 19.0):
            expected = made_run.at(seconds)[made_run.region(name)].mean()
            assert page.js("return tribePage.regionMean(arguments[0], arguments[1])", name, seconds) == pytest.approx(
                expected, abs=0.02
            )


def test_a_mouse_turns_and_its_wheel_zooms(page: Browser) -> None:
    view(page, "left")
    before = camera(page)
    *_, width, height = page.box(CANVAS)
    middle = np.array([width / 2, height / 2])
    chosen = state(page)["chosen"]
    page.drag(in_window(page, middle), in_window(page, middle + np.array([80, 0])))
    page.wait(f"Math.abs(tribePage.scene.camera.azimuth - {before['azimuth']}) > 10")
    assert camera(page)["elevation"] == pytest.approx(before["elevation"], abs=3)
    assert state(page)["chosen"] == chosen, "a drag is no click"
    x, y = in_window(page, middle)
    page.mouse("Wheel", x, y, deltaX=0, deltaY=-240)
    page.wait(f"tribePage.scene.camera.zoom > {before['zoom'] * 1.1}")


def test_a_finger_turns_and_two_zoom(page: Browser) -> None:
    view(page, "left")
    before = camera(page)
    *_, width, height = page.box(CANVAS)
    x, y = in_window(page, np.array([width / 2, height / 2]))
    page.touch([(x, y)], [(x + 30, y)], [(x + 60, y + 20)], [(x + 90, y + 40)])
    page.wait(f"Math.abs(tribePage.scene.camera.azimuth - {before['azimuth']}) > 10")
    turned = camera(page)
    assert turned["elevation"] != before["elevation"]
    assert turned["zoom"] == before["zoom"]
    page.touch(*[[(x - reach, y), (x + reach, y)] for reach in (30, 45, 60, 80)])
    page.wait(f"tribePage.scene.camera.zoom > {before['zoom'] * 1.5}")
    zoomed = camera(page)["zoom"]
    page.touch(*[[(x - reach, y), (x + reach, y)] for reach in (80, 60, 40)])
    page.wait(f"tribePage.scene.camera.zoom < {zoomed * 0.8}")
    assert page.js("return [window.scrollX, window.scrollY, window.visualViewport.scale]") == [0, 0, 1]


def test_keys_alone_are_enough(page: Browser) -> None:
    """Tab reaches every control, and each shows that it has the focus."""
    reached: list[str] = []
    for _ in range(80):
        page.press("Tab")
        name = page.js(
            "const one = document.activeElement;"
            "return one === document.body ? '' : (one.id || one.name || one.textContent.trim().slice(0, 20))"
        )
        if not name:
            break
        reached.append(name)
        outline = page.js(
            "const of = one => { const { outlineStyle, boxShadow } = getComputedStyle(one);"
            " return outlineStyle !== 'none' || boxShadow !== 'none' };"
            "const one = document.activeElement;"
            "return of(one) || (one.nextElementSibling ? of(one.nextElementSibling) : false)"
            " || (one.parentElement ? of(one.parentElement) : false)"
        )
        assert outline, f"nothing shows that {name} has the focus"
    for wanted in ("cortex", "shape", "play", "scrub", "rate", "region-search", "words", "theme", "copy-link"):
        assert wanted in reached, f"{wanted} is not reached: {reached}"


def test_keys_turn_play_and_plot(page: Browser) -> None:
    view(page, "left")
    page.js("document.querySelector('#cortex').focus()")
    before = camera(page)
    page.press("ArrowLeft", "ArrowLeft")
    page.wait(f"Math.abs(tribePage.scene.camera.azimuth - {before['azimuth']}) > 5")
    page.press("ArrowUp")
    page.wait(f"tribePage.scene.camera.elevation !== {before['elevation']}")
    page.press("+")
    page.wait(f"tribePage.scene.camera.zoom > {before['zoom']}")
    page.press(" ")
    page.wait("tribePage.state().playing && tribePage.time() > 0.1")
    page.press(" ")
    page.wait("!tribePage.state().playing")
    at = page.js("return tribePage.time()")
    page.press("l")
    page.wait(f"tribePage.time() > {at + 0.9}")
    page.press("b")
    page.wait("tribePage.state().align === 'bold'")
    view(page, "left")
    chosen = state(page)["chosen"]
    page.press("Enter")
    page.wait("tribePage.state().chosen.join() !== arguments[0]", ",".join(chosen))
    assert page.faults() == []
