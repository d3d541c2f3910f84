"""What the page does without something: WebGL, the stimulus, a film, a parcellation, a value."""

import base64
from pathlib import Path

import numpy as np
import pytest

from tests.browser.axe import axe_faults
from tests.browser.chromium import Browser
from tests.browser.conftest import open_page, write_page
from tests.browser.made_run import MARKUP, MadeRun, make_run, rewrite_run
from tests.browser.page_contents import read_page
from tests.browser.shown import go_to, settle, state

pytestmark = pytest.mark.browser


@pytest.fixture
def own_run(tmp_path: Path) -> MadeRun:
    """A run that a test may change."""
    return make_run(tmp_path / "run")


def texts(browser: Browser) -> str:
    return browser.js("return document.body.innerText")


def test_without_webgl_pictures_are_shown(without_webgl: Browser, page_file: Path) -> None:
    browser = without_webgl
    open_page(browser, page_file)
    assert browser.faults() == []
    assert browser.requests(page_file) == []
    pictures = browser.js(
        "return [...document.querySelectorAll('#pictures img')].filter(one => one.checkVisibility())"
        ".map(one => [one.naturalWidth, one.naturalHeight, one.alt])"
    )
    assert pictures, "static pictures stand in its place"
    assert all(width > 100 and height > 60 and alt for width, height, alt in pictures)
    assert not browser.js("return document.querySelector('#cortex').checkVisibility()")
    assert "WebGL" in texts(browser)
    drawn = browser.picture("#pictures img").astype(int)
    assert np.ptp(drawn) > 60, "a brain, not a blank"
    assert (np.abs(drawn[..., 0] - drawn[..., 2]) > 60).mean() > 0.005, "with colours"
    go_to(browser, 3.0)
    browser.js("tribePage.play()")
    browser.wait("tribePage.time() > 3.4")
    browser.js("tribePage.pause()")
    assert np.isfinite(browser.js("return tribePage.valueAt(5, 3)"))
    assert axe_faults(browser) == []


def test_without_the_stimulus_file_the_page_says_so(chromium: Browser, own_run: MadeRun, tmp_path: Path) -> None:
    own_run.film.unlink()
    out = write_page(own_run, tmp_path / "page.html")
    open_page(chromium, out)
    note = chromium.js("return document.querySelector('#stimulus-note').innerText")
    assert own_run.film.name in note, note
    assert chromium.js("return document.querySelectorAll('video, audio').length") == 0
    chromium.js("tribePage.play()")
    chromium.wait("tribePage.time() > 0.4")
    chromium.js("tribePage.pause()")
    assert MARKUP in chromium.js("return document.querySelector('#words').innerText"), "the words are still there"
    assert chromium.faults() == []
    assert chromium.requests(out) == []


def test_sound_alone_plays(chromium: Browser, own_run: MadeRun, tmp_path: Path) -> None:
    sound = write_tone(tmp_path / "tone.wav")
    events = (own_run.folder / "events.tsv").read_text().splitlines()
    kept = [line.replace(str(own_run.film), str(sound)) for line in events if not line.startswith("Video")]
    (own_run.folder / "events.tsv").write_text("\n".join(kept) + "\n")
    rewrite_run(own_run, stimulus={"path": str(sound), "kind": "audio"})
    out = write_page(own_run, tmp_path / "page.html")
    open_page(chromium, out)
    chromium.js("document.querySelector('#play').click()")
    chromium.wait("document.querySelector('audio').currentTime > 0.5 && tribePage.time() > 0.5")
    time, sound_time = chromium.js("return [tribePage.time(), document.querySelector('audio').currentTime]")
    assert time == pytest.approx(sound_time, abs=0.4)
    chromium.js("tribePage.pause()")
    assert chromium.faults() == []


def write_tone(path: Path) -> Path:
    import soundfile

    seconds = np.arange(21 * 8000) / 8000
    soundfile.write(path, 0.3 * np.sin(2 * np.pi * 330 * seconds), 8000)
    return path


def test_without_a_parcellation_vertices_are_plotted(chromium: Browser, made_run: MadeRun, tmp_path: Path) -> None:
    from tribe_np.plots import page

    out = tmp_path / "page.html"
    page(made_run.folder, out, with_stimulus=False)
    open_page(chromium, out)
    assert "no parcellation" in texts(chromium)
    left, top, width, height = chromium.box("#cortex")
    picked = chromium.js(
        "for (let x = 0.3; x < 0.7; x += 0.02) { const at = [arguments[0] * x, arguments[1] / 2];"
        " const found = tribePage.scene.pick(...at); if (found) return [...at, found.vertex] }",
        width,
        height,
    )
    chromium.click(left + picked[0], top + picked[1])
    chromium.wait("tribePage.state().chosen.includes('vertex ' + arguments[0])", int(picked[2]))
    assert chromium.faults() == []


def test_missing_values_are_bare_and_counted(chromium: Browser, own_run: MadeRun, tmp_path: Path) -> None:
    path = own_run.folder / "predictions.npy"
    values = np.load(path)
    values[3] = np.nan
    values[:, :500] = np.nan
    np.save(path, values)
    open_page(chromium, write_page(own_run, tmp_path / "page.html", with_stimulus=False))
    assert "500" in chromium.js("return document.querySelector('#notes').innerText")
    said = chromium.js(
        "return [[7, 6], [6000, 3], [6000, 6]].map(([v, t]) => Number.isFinite(tribePage.valueAt(v, t)))"
    )
    assert said == [False, False, True]
    go_to(chromium, 6.0)
    settle(chromium)
    colours = chromium.js("return [7, 6000].map(vertex => tribePage.scene.colourOfVertex(vertex)[3])")
    assert colours[0] == 0
    assert chromium.faults() == []


def test_names_with_markup_are_shown(chromium: Browser, tmp_path: Path) -> None:
    """In the file's name, the title, the layers' names and the list of regions."""
    run = make_run(tmp_path / "run", film_name='<img src=x onerror="alert(3)">.mp4')
    out = write_page(run, tmp_path / "page.html", layers={'</script><script>alert("layer")</script>': run.values[:1]})
    open_page(chromium, out)
    settle(chromium)
    assert run.film.name in texts(chromium)
    assert chromium.js("return document.title").count("<img") == 1
    assert chromium.js("return document.querySelectorAll('img[src=x]').length") == 0
    options = chromium.js("return [...document.querySelectorAll('#layer option')].map(one => one.textContent)")
    assert any("</script>" in option for option in options)
    assert chromium.faults() == []
    assert chromium.requests(out) == []


def test_layers_change_what_is_shown(chromium: Browser, made_run: MadeRun, tmp_path: Path) -> None:
    half = made_run.values * np.float32(-0.5)
    out = write_page(made_run, tmp_path / "page.html", layers={"turned": half[:1]}, with_stimulus=False)
    open_page(chromium, out)
    before = chromium.js("return tribePage.valueAt(6000, 0)")
    chromium.js(
        "const box = document.querySelector('#layer'); box.selectedIndex = 1;"
        "box.dispatchEvent(new Event('change', { bubbles: true }))"
    )
    chromium.wait("tribePage.state().layer === 1 && tribePage.valueAt(6000, 0) !== arguments[0]", before)
    assert chromium.js("return tribePage.valueAt(6000, 0)") == pytest.approx(half[0, 6000], abs=0.02)
    assert state(chromium)["high"] > 0


def test_a_damaged_page_says_so(chromium: Browser, page_file: Path, tmp_path: Path) -> None:
    """Half of a block is missing, as after a download that stopped."""
    contents = read_page(page_file)
    whole = base64.b64encode(contents.blob("layer-0")).decode()
    assert whole in contents.text
    (tmp_path / "page.html").write_text(contents.text.replace(whole, whole[: len(whole) // 8 * 4]))
    chromium.open(tmp_path / "page.html", until="window.tribePage && tribePage.ready")
    chromium.wait("!document.querySelector('#trouble').hidden")
    assert "blob-layer-0" in chromium.js("return document.querySelector('#trouble').innerText")
