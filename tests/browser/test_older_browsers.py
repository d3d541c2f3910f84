"""A browser without DecompressionStream unpacks by the page's own script; paper shows pictures of what moves."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.browser.chromium import Browser
from tests.browser.conftest import open_page
from tests.browser.shown import go_to

pytestmark = pytest.mark.browser


@pytest.fixture
def without_streams(chromium: Browser) -> Iterator[Browser]:
    """The browser as those before 2023 are."""
    source = "delete window.DecompressionStream"
    script = chromium.cdp("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
    yield chromium
    chromium.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)


def test_without_decompressionstream_the_page_unpacks_itself(without_streams: Browser, page_file: Path) -> None:
    open_page(without_streams, page_file)
    assert without_streams.js("return typeof DecompressionStream") == "undefined"
    assert without_streams.js("return tribePage.scene !== null && Number.isFinite(tribePage.valueAt(5, 4))")
    assert without_streams.faults() == []


@pytest.mark.parametrize("level", [0, 1, 9])
@pytest.mark.parametrize("n", [0, 1, 70_000])
def test_what_python_packed_is_unpacked(chromium: Browser, tmp_path: Path, level: int, n: int) -> None:
    """Stored, fixed and dynamic blocks: what is short is packed by fixed codes."""
    content = (np.arange(n) ** 2 // 77 % 251).astype(np.uint8).tobytes()
    source = Path(__file__).parents[2] / "tribe_np" / "plots" / "page" / "inflate.js"
    script = source.read_text(encoding="utf-8").replace("export function", "function")
    page = tmp_path / "inflate.html"
    page.write_text(f"<!doctype html><title>t</title><script>{script}</script>", encoding="utf-8")
    chromium.open(page, until="typeof gunzipSlowly === 'function'")
    packed = json.dumps(list(gzip.compress(content, level)))
    found = chromium.js(f"return [...gunzipSlowly(Uint8Array.from({packed}))]")
    assert bytes(found) == content


def test_paper_shows_cortex_and_film_as_pictures(page: Browser) -> None:
    go_to(page, 4.0)
    page.js("window.dispatchEvent(new Event('beforeprint'))")
    page.wait("[...document.querySelectorAll('img.print-only')].every(print => print.naturalWidth > 100)")
    assert page.js("return document.querySelectorAll('img.print-only').length") == 2
    assert page.js("return document.documentElement.dataset.theme") == "light"
    page.js("window.dispatchEvent(new Event('afterprint'))")
    assert page.js("return document.querySelectorAll('img.print-only').length") == 0
