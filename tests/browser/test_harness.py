"""The harness by a small page of its own: what it cannot see, no test of the real page can find."""

from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.conftest import refuse

pytestmark = pytest.mark.browser

SMALL = """<!doctype html><html lang="en"><title>small</title>
<style>body { margin: 0 } #box { width: 200px; height: 100px; background: rgb(200, 30, 60); touch-action: none }
@media (prefers-color-scheme: dark) { #box { background: rgb(0, 0, 90) } }</style>
<div id="box" tabindex="0"></div><canvas id="canvas" width="64" height="64"></canvas>
<script>
window.seen = [];
const box = document.querySelector("#box");
for (const name of ["pointerdown", "pointermove", "pointerup", "keydown", "click"])
    box.addEventListener(name, event => seen.push([name, event.pointerType || event.key, event.offsetX]));
const gl = document.querySelector("#canvas").getContext("webgl2");
window.hasWebGL = gl !== null;
/* MORE */
</script></html>"""


def small_page(folder: Path, more: str = "") -> Path:
    path = folder / "small.html"
    path.write_text(SMALL.replace("/* MORE */", more))
    return path


def test_a_quiet_page_is_quiet(chromium: Browser, tmp_path: Path) -> None:
    page = small_page(tmp_path)
    chromium.open(page, until="window.seen")
    assert chromium.faults() == []
    assert chromium.requests(page) == []
    assert chromium.value("window.hasWebGL") is True


@pytest.mark.parametrize(
    "fault", ["console.error('no')", "undefinedName()", "Promise.reject(new Error('no'))", "console.warn('no')"]
)
def test_a_fault_is_heard(chromium: Browser, tmp_path: Path, fault: str) -> None:
    chromium.open(small_page(tmp_path, fault), until="window.seen")
    assert len(chromium.faults()) == 1


@pytest.mark.parametrize(
    "request_",
    ["fetch('https://nowhere.invalid/x')", "new Image().src = 'y.png'", "new WebSocket('ws://nowhere.invalid')"],
)
def test_a_request_is_seen(chromium: Browser, tmp_path: Path, request_: str) -> None:
    page = small_page(tmp_path, request_ + (".catch(() => 0)" if "fetch" in request_ else ""))
    chromium.open(page, until="window.seen")
    assert len(chromium.requests(page)) == 1


def test_pictures_hands_and_keys(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(small_page(tmp_path), width=400, height=300, until="window.seen")
    assert chromium.picture().shape == (300, 400, 3)
    picture = chromium.picture("#box")
    assert picture.shape == (100, 200, 3)
    assert np.all(picture == [200, 30, 60])
    chromium.emulate(prefers_color_scheme="dark")
    assert np.all(chromium.picture("#box") == [0, 0, 90])
    chromium.emulate(prefers_color_scheme="light")
    chromium.drag((10, 10), (50, 50))
    chromium.click(20, 20)
    chromium.touch([(30, 30)], [(60, 60)])
    chromium.press("ArrowLeft", " ", "a", "Tab")
    assert chromium.value("document.activeElement === document.body")
    seen = chromium.value("window.seen")
    kinds = {(name, by) for name, by, _ in seen}
    assert {
        ("pointermove", "mouse"),
        ("pointerdown", "touch"),
        ("pointermove", "touch"),
        ("pointerup", "touch"),
    } <= kinds
    assert [by for name, by, _ in seen if name == "keydown"] == ["ArrowLeft", " ", "a", "Tab"]


def test_a_browser_without_webgl(without_webgl: Browser, tmp_path: Path) -> None:
    without_webgl.open(small_page(tmp_path), until="window.seen")
    assert without_webgl.value("window.hasWebGL") is False


def test_waiting_in_vain_says_what_the_console_said(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(small_page(tmp_path, "console.error('the reason')"))
    with pytest.raises(AssertionError, match="the reason"):
        chromium.wait("window.never", seconds=0.2)


def test_in_ci_nothing_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs chromium"):
        refuse("it needs chromium")
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="needs chromium"):
        refuse("it needs chromium")
