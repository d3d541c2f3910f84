"""Film, words, curves and cortex go by one clock; the link keeps the view; a lost context comes back."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.conftest import open_page
from tests.browser.made_run import DURATION, OFFSET, WORDS
from tests.browser.shown import align, choose, drawn, go_to, settle, shape, slide, state, view

pytestmark = pytest.mark.browser
CURSOR = "const box = document.querySelector('#plot-cursor').getBoundingClientRect(); return box.left + box.width / 2"


def test_playing_moves_film_and_clock_together(page: Browser) -> None:
    go_to(page, 2.0)
    page.js("document.querySelector('#play').click()")
    page.wait("tribePage.time() > 3")
    film, time = page.js("return [document.querySelector('#media video').currentTime, tribePage.time()]")
    assert film == pytest.approx(time, abs=0.3)
    assert page.js("return document.querySelector('#media video').paused") is False
    page.js("document.querySelector('#play').click()")
    page.wait("!tribePage.state().playing && document.querySelector('#media video').paused")
    at = page.js("return tribePage.time()")
    settle(page)
    assert page.js("return tribePage.time()") == at


def test_the_cortex_moves_while_it_plays(page: Browser) -> None:
    """From 0 s on: a slow machine must have taken its pictures before 12 s, when nothing is predicted for a while."""
    page.js("tribePage.play()")
    seen = []
    for _ in range(3):
        at = page.js("return tribePage.time()")
        page.wait(f"tribePage.time() > {at + 0.4}")
        seen.append(page.picture("#cortex").astype(int))
    page.js("tribePage.pause()")
    moved = [(np.abs(one - other).max(axis=2) > 12).mean() for one, other in pairwise(seen)]
    assert min(moved) > 0.01


def test_the_film_shows_the_picture_of_the_time(page: Browser) -> None:
    seen = []
    for seconds in (1.0, 9.0):
        go_to(page, seconds)
        settle(page)
        seen.append(page.picture("#media video").astype(int))
    assert np.abs(seen[0] - seen[1]).mean() > 1
    assert np.ptp(seen[0]) > 150, "a test card, not a black square"


def test_the_cursor_of_the_curves_follows(page: Browser) -> None:
    places = []
    for seconds in (0.0, 5.0, 10.0, 20.0):
        go_to(page, seconds)
        settle(page)
        places.append(page.js(CURSOR))
    steps = np.diff(places)
    assert steps[0] > 20
    assert steps == pytest.approx(steps[0] * np.array([1, 1, 2]), abs=1.5)
    left, _, width, _ = page.box("#plot")
    assert left <= places[0] < places[-1] <= left + width
    page.js("document.querySelector('#plot').scrollIntoView({ block: 'center' })")
    _, top, _, height = page.box("#plot")
    page.click(places[2], top + height / 2)
    page.wait("Math.abs(tribePage.time() - 10) < 0.15")


def test_words_are_lit_as_they_are_spoken(page: Browser) -> None:
    for place, word in enumerate(WORDS):
        go_to(page, 1.0 + 2.5 * place + 0.3)
        page.wait("document.querySelectorAll('#words .is-lit').length === 1")
        assert page.js("return document.querySelector('#words .is-lit').textContent") == word
    go_to(page, 0.2)
    page.wait("document.querySelectorAll('#words .is-lit').length === 0")
    page.js("document.querySelectorAll('#words [data-word]')[2].click()")
    page.wait("Math.abs(tribePage.time() - 6) < 0.05")


def test_bold_time_goes_on_after_the_film(page: Browser) -> None:
    """The answer to the film's last second comes five seconds after it."""
    assert state(page)["end"] == pytest.approx(DURATION, abs=0.2)
    align(page, "bold")
    page.wait(f"tribePage.state().end > {DURATION + OFFSET - 0.5}")
    go_to(page, DURATION + 3)
    page.js("tribePage.play()")
    page.wait(f"tribePage.time() > {DURATION + 3.4}")
    page.js("tribePage.pause()")


def test_a_gap_is_said(page: Browser) -> None:
    go_to(page, 13.5)
    page.wait("!document.querySelector('#cortex-bare').hidden")
    assert page.js("return document.querySelector('#cortex-bare').textContent.trim()")
    go_to(page, 6.0)
    page.wait("document.querySelector('#cortex-bare').hidden")


def test_the_link_keeps_the_view(page: Browser, page_file: Path) -> None:
    go_to(page, 7.25)
    shape(page, "pial")
    align(page, "bold")
    page.js("tribePage.scene.camera = { azimuth: 33, elevation: -21, zoom: 1.75, pan: [4, -3] }")
    page.js("tribePage.set({ chosen: ['MadeUp03', 'MadeUp07'] })")
    slide(page, "#threshold", 0.5)
    choose(page, "#limit", page.js("return document.querySelector('#limit option').value"))
    before = state(page)
    seen = page.js("return tribePage.scene.camera")
    picture = drawn(page).astype(int)
    mark = page.js("return tribePage.state().link").lstrip("#")
    open_page(page, page_file, mark=mark)
    after = state(page)
    for name in ("shape", "align", "map", "limit", "low", "high", "threshold", "chosen", "layer"):
        assert (
            after[name] == pytest.approx(before[name], rel=1e-3)
            if isinstance(before[name], float)
            else after[name] == before[name]
        ), name
    assert after["time"] == pytest.approx(7.25, abs=0.02)
    again = page.js("return tribePage.scene.camera")
    for name in ("azimuth", "elevation", "zoom", "pan"):
        assert again[name] == pytest.approx(seen[name], abs=0.05), name
    assert (np.abs(drawn(page) - picture).max(axis=2) > 30).mean() < 0.01


@pytest.mark.parametrize(
    "mark",
    [
        "t=NaN&az=1e999&shape=99&layer=7",
        "%",
        "show=%3Cscript%3Ealert(1)%3C/script%3E&map=__proto__",
        "limit=constructor&t=-5",
        "x" * 5000,
    ],
)
def test_a_broken_link_does_no_harm(chromium: Browser, page_file: Path, mark: str) -> None:
    open_page(chromium, page_file, mark=mark)
    settle(chromium)
    assert chromium.faults() == []
    assert chromium.js(
        "const { time, shape } = tribePage.state(); return Number.isFinite(time) && shape >= 0 && shape <= 2"
    )


def test_a_lost_context_comes_back_with_the_same_picture(page: Browser) -> None:
    view(page, "left")
    go_to(page, 6.5)
    before = drawn(page, light=True).astype(int)
    page.js(
        "window.lose = tribePage.scene.canvas.getContext('webgl2').getExtension('WEBGL_lose_context');"
        "window.lose.loseContext()"
    )
    page.wait("!document.querySelector('#lost').hidden")
    page.js("tribePage.play()")
    page.wait("tribePage.time() > 6.7")
    page.js("tribePage.pause()")
    page.js("window.lose.restoreContext()")
    page.wait("document.querySelector('#lost').hidden && !tribePage.scene.isLost")
    go_to(page, 6.5)
    after = drawn(page, light=True).astype(int)
    assert (before[..., 3] > 0).mean() > 0.2
    assert np.abs(after - before).max() <= 2
    assert [text for text in page.faults() if "CONTEXT_LOST" not in text] == []
