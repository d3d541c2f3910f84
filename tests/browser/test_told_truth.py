"""What the page tells about its values where these are odd: cautions, cut values, one row, no offset, no sound."""

from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.conftest import open_page, write_page
from tests.browser.made_run import DURATION, OFFSET, MadeRun, make_run, rewrite_run
from tests.browser.shown import align, drawn, go_to, settle, view
from tribe_np.plots import page as make_page
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.browser

TURNED = "\u202eturned"  # a word that turns what follows it around, if it can
FAR = 50.0


@pytest.fixture(scope="module")
def odd_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a demo: a silent film, a word that turns text around, one vertex with a value far beyond all others."""
    folder = tmp_path_factory.mktemp("odd")
    run = make_run(folder / "run")
    run.values[:, 7] = FAR
    np.save(run.folder / "predictions.npy", run.values)
    words = [
        Event("Word", 1.0 + place, 0.5, text=text, sentence="x", language="english", sequence_id=0)
        for place, text in enumerate([TURNED, "after"])
    ]
    film = Event("Video", 0.0, DURATION, filepath=str(run.film), frequency=8.0)
    Events([film, *words]).to_tsv(run.folder / "events.tsv")
    rewrite_run(run, command="demo --out demo")
    return write_page(run, folder / "page.html", title="A title of one's own")


@pytest.fixture
def odd(chromium: Browser, odd_page: Path) -> Browser:
    open_page(chromium, odd_page, width=1280, height=720)
    return chromium


def text_of(browser: Browser, selector: str) -> str:
    return browser.js("return document.querySelector(arguments[0]).innerText", selector)


def is_seen(browser: Browser, selector: str) -> bool:
    return browser.js("return document.querySelector(arguments[0]).checkVisibility()", selector)


def test_random_weights_are_told_at_the_top(odd: Browser) -> None:
    assert "andom weights" in text_of(odd, "#caution")
    _, top, _, height = odd.box("#caution")
    assert top + height < odd.box("#cortex")[1] + 60


def test_no_caution_without_need(page: Browser) -> None:
    assert not is_seen(page, "#caution")
    assert "Predicted response" in text_of(page, "#subtitle")


def test_cut_values_are_counted_and_told(odd: Browser, made_run: MadeRun) -> None:
    assert f"{len(made_run.starts)} values beyond" in text_of(odd, "#scale-words")
    assert odd.js("return tribePage.page.tell(7).value").endswith(" or more  z-scored BOLD")
    assert "or" not in odd.js("return tribePage.page.tell(8).value").split()


def test_a_silent_film_has_no_button_for_its_sound(odd: Browser, page_file: Path) -> None:
    assert odd.js("return document.querySelector('video') !== null")
    settle(odd)
    assert not is_seen(odd, "#mute")
    open_page(odd, page_file)
    odd.wait("document.querySelector('#mute').checkVisibility()")


def test_a_word_turns_no_other_word_around(odd: Browser) -> None:
    places = odd.js(
        "const text = document.querySelector('[data-word=\"1\"]').firstChild;"
        "return [0, 4].map(at => { const range = document.createRange();"
        " range.setStart(text, at); range.setEnd(text, at + 1); return range.getBoundingClientRect().left; })"
    )
    assert places[0] < places[1], "'after' begins at its left"


def test_a_paused_page_does_nothing(odd: Browser) -> None:
    settle(odd)
    odd.js(
        "window.nDrawn = 0; window.nChanges = 0; const { scene } = tribePage; const draw = scene.draw;"
        "scene.draw = function (...all) { window.nDrawn += 1; return draw.apply(this, all); };"
        "new MutationObserver(found => { window.nChanges += found.length; })"
        ".observe(document, { subtree: true, childList: true, attributes: true, characterData: true })"
    )
    odd.value("new Promise(done => setTimeout(done, 700))")
    assert odd.js("return [nDrawn, nChanges]") == [0, 0]


def test_the_bar_of_time_is_told_from_the_start(page: Browser) -> None:
    said = "return document.querySelector('#scrub').getAttribute('aria-valuetext')"
    settle(page)
    assert page.js(said) == f"0:00.0 of 0:{DURATION:.0f}"
    align(page, "bold")
    settle(page)
    assert page.js(said) == f"0:00.0 of 0:{DURATION + OFFSET:.0f}"


def test_the_legend_marks_its_region_without_outlines(page: Browser) -> None:
    view(page, "left")
    before = drawn(page)
    page.js("document.querySelector('#legend li').dispatchEvent(new PointerEvent('pointerenter'))")
    assert (drawn(page) != before).any(axis=2).sum() > 100
    page.js("document.querySelector('#legend li').dispatchEvent(new PointerEvent('pointerleave'))")
    assert (drawn(page) == before).all()


def test_a_link_without_a_layer_has_the_limits_of_the_one_shown(
    chromium: Browser, made_run: MadeRun, tmp_path: Path
) -> None:
    np.save(tmp_path / "tenfold.npy", 10 * made_run.values[3])
    out = write_page(made_run, tmp_path / "page.html", layers={"tenfold": tmp_path / "tenfold.npy"})
    open_page(chromium, out, mark="layer=1")
    before = chromium.js("return [tribePage.state().low, tribePage.state().high]")
    chromium.js("window.location.hash = 'limit=99&t=2'")
    chromium.wait("tribePage.time() === 2")
    assert chromium.js("return [tribePage.state().low, tribePage.state().high]") == before


@pytest.fixture(scope="module")
def one_row(made_run: MadeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one row of measured data without an offset."""
    folder = tmp_path_factory.mktemp("one_row")
    run = make_run(folder / "run")
    np.save(run.folder / "predictions.npy", run.values[:1])
    row = '[{"row": 0, "start": 0.0, "duration": 1.0, "timeline": "t", "n_events": 1}]'
    (run.folder / "segments.json").write_text(row)
    rewrite_run(run, hemodynamic_offset=0.0, shape=[1, run.values.shape[1]], time_axis="of the test")
    out = folder / "page.html"
    make_page(run.folder, out=out, parcellation=run.parcellation)
    return out


def test_one_row_is_seen_among_the_curves(chromium: Browser, one_row: Path) -> None:
    open_page(chromium, one_row)
    go_to(chromium, 10.0)  # the cursor is elsewhere
    picture = chromium.picture("#plot").astype(int)
    assert (np.ptp(picture, axis=2) > 60).sum() > 100, "a dot in the colour of each region"


def test_without_an_offset_no_switch_offers_one(chromium: Browser, one_row: Path) -> None:
    open_page(chromium, one_row)
    assert not is_seen(chromium, "#align")
    assert "later" not in text_of(chromium, "main")


def test_measured_data_are_not_called_predictions(chromium: Browser, one_row: Path) -> None:
    open_page(chromium, one_row)
    assert "Measured response" in text_of(chromium, "#subtitle")
    assert "predict" not in text_of(chromium, "body").lower()


@pytest.mark.parametrize(
    "size", [(1440, 900), (1280, 720), (1280, 580), (844, 390), (640, 360), (390, 844), (320, 640)]
)
def test_the_cortex_and_the_bar_of_time_fit_into_the_window(
    chromium: Browser, page_file: Path, size: tuple[int, int]
) -> None:
    width, height = size
    open_page(chromium, page_file, width=width, height=height)
    settle(chromium)
    assert chromium.js("return document.documentElement.scrollWidth") <= width, "nothing is cut off at the right"
    _, top, _, bar = chromium.box(".transport")
    assert top + bar <= height + 1
    rows = {round(chromium.box(part)[1] + chromium.box(part)[3] / 2) for part in ("#play", "#mute", "#rate")}
    assert max(rows) - min(rows) <= 2, "the buttons stand in one row"


def test_flat_maps_keep_clear_of_the_words_above(chromium: Browser, page_file: Path) -> None:
    for size in ((1440, 900), (1280, 720)):
        open_page(chromium, page_file, width=size[0], height=size[1], mark="shape=2")
        chromium.wait("tribePage.scene.shape === 2")
        _, top, _, height = chromium.box(".brain-head")
        _, stage, *_ = chromium.box("#cortex")
        n_covered = chromium.js(
            "return [...Array(120).keys()].filter(k => tribePage.scene.pick((k + 0.5) / 120 *"
            " tribePage.scene.canvas.clientWidth, arguments[0])).length",
            top + height - stage,
        )
        assert n_covered == 0
