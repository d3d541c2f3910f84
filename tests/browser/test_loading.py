"""The page opens from disk: nothing is asked for, nothing goes wrong, and it can be read by everybody."""

from pathlib import Path

import numpy as np
import pytest

from tests.browser.axe import axe_faults
from tests.browser.chromium import Browser
from tests.browser.conftest import open_page
from tests.browser.made_run import MARKUP, WORDS, MadeRun
from tests.browser.page_contents import read_page
from tests.browser.shown import go_to, settle, shape, view

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}


def test_no_error_and_no_request(page: Browser, page_file: Path) -> None:
    go_to(page, 4.0)
    page.value("tribePage.play()")
    page.wait("tribePage.time() > 4.5")
    page.js("tribePage.pause()")
    assert page.faults() == []
    assert page.requests(page_file) == []
    assert (
        page.js("return performance.getEntriesByType('resource').filter(one => !/^(data|blob):/.test(one.name)).length")
        == 0
    )


def test_the_file_names_no_other_place(page_file: Path) -> None:
    """But for the names of XML's spaces, which nothing fetches."""
    text = read_page(page_file).text
    for scheme in ("http://", "https://", "//cdn", "ws://"):
        found = [text[at : at + 40] for at in range(len(text)) if text.startswith(scheme, at)]
        assert [each for each in found if not each.startswith("http://www.w3.org/")] == []


def test_the_file_holds_the_values_to_a_step(page_file: Path, made_run: MadeRun) -> None:
    contents = read_page(page_file)
    about = contents.facts["layers"][0]
    assert np.abs(contents.values() - made_run.values).max() <= about["step"] * 0.51
    assert about["step"] <= 0.03
    assert about["starts"] == list(made_run.starts)


def test_it_is_as_small_as_promised(page_file: Path) -> None:
    """60 s in at most 2.5 MB beside the stimulus: these 18 rows and what does not grow with time."""
    contents = read_page(page_file)
    media = sum(len(contents.blob(one["blob"])) * 4 // 3 for one in contents.facts["stimuli"] if one.get("blob"))
    layer = len(contents.blob("layer-0")) * 4 // 3
    rest = page_file.stat().st_size - media - layer
    assert rest + layer * 60 / len(contents.values()) < 2.5e6


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page: Browser, page_file: Path, scheme: str) -> None:
    page.emulate(prefers_color_scheme=scheme)
    try:
        open_page(page, page_file)
        page.js("for (const one of document.querySelectorAll('details')) one.open = true")
        go_to(page, 4.0)
        assert axe_faults(page) == []
    finally:
        page.emulate(prefers_color_scheme="light")


def test_light_and_dark_differ(page: Browser, page_file: Path) -> None:
    light = page.picture().mean()
    page.emulate(prefers_color_scheme="dark")
    try:
        settle(page)
        dark = page.picture().mean()
        page.js("document.querySelector('#theme').click()")
        settle(page)
        assert light > 200 > 90 > dark
        assert page.picture().mean() > 200, "the button goes back to light"
    finally:
        page.emulate(prefers_color_scheme="light")


def test_a_phone_needs_no_sideways_scroll(chromium: Browser, page_file: Path) -> None:
    open_page(chromium, page_file, **PHONE)
    width, inner = chromium.js("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert inner == PHONE["width"]
    assert width <= inner
    left, _, width, height = chromium.box("#cortex")
    assert left >= 0
    assert left + width <= inner
    assert height > 200
    small = chromium.js(
        "return [...document.querySelectorAll('button, select, summary, input:not([type=range])')]"
        ".filter(one => one.checkVisibility() && !one.closest('label') && one.getBoundingClientRect().height < 24)"
        ".map(one => one.id || one.className)"
    )
    assert small == [], "a finger needs 24 px"


def test_markup_is_shown_and_never_run(page: Browser) -> None:
    assert page.js("return document.querySelector('#words').textContent").count(MARKUP) == 1
    shown = page.js("return [...document.querySelectorAll('#words [data-word]')].map(one => one.textContent)")
    assert shown == list(WORDS)
    assert page.js("return document.querySelectorAll('#words script, #words img').length") == 0
    assert page.faults() == [], "no alert, no picture that was not found"


def test_a_picture_differs_from_another_time_and_from_nothing(page: Browser) -> None:
    view(page, "left")
    shape(page, "inflated")
    seen = {}
    for seconds in (4.0, 8.0, 13.5):  # patches, the ramp, nothing predicted
        go_to(page, seconds)
        settle(page)
        seen[seconds] = page.picture("#cortex").astype(int)
    page.js("document.querySelector('#cortex').style.opacity = 0")
    settle(page)
    blank = page.picture("#cortex").astype(int)

    def share(one: np.ndarray, other: np.ndarray) -> float:
        return float((np.abs(one - other).max(axis=2) > 24).mean())

    assert share(blank, seen[13.5]) > 0.2, "a bare cortex is something"
    assert share(seen[4.0], seen[13.5]) > 0.005
    assert share(seen[8.0], seen[13.5]) > 0.1
    assert share(seen[4.0], seen[8.0]) > 0.1
