"""A browser for the session, a made-up run, its page, and the page opened from disk.

Outside CI the tests are skipped, with the reason, where no browser is; where CI is set, that is a failure.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import WITHOUT_WEBGL, Browser, start_driver, what_is_missing
from tests.browser.made_run import MadeRun, make_run


def open_page(browser: Browser, file: Path, **options: Any) -> None:
    """Opens a page and waits until it has started."""
    browser.open(file, until="window.tribePage && tribePage.ready", **options)
    browser.value("tribePage.ready.then(() => true)")


def refuse(reason: str) -> None:
    """Skips a test for want of something; in CI nothing may be wanting."""
    if os.environ.get("CI"):
        pytest.fail(f"CI is set, and {reason}")
    pytest.skip(reason)


def _browser(folder: Path, *flags: str) -> Iterator[Browser]:
    if reason := what_is_missing():
        refuse(reason)
    driver = start_driver(folder, *flags)
    try:
        yield Browser(driver)
    finally:
        driver.quit()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser of the session."""
    yield from _browser(tmp_path_factory.mktemp("chromium"))


@pytest.fixture(scope="session")
def without_webgl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A second browser, in which no page gets a WebGL context."""
    yield from _browser(tmp_path_factory.mktemp("without_webgl"), *WITHOUT_WEBGL)


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> MadeRun:
    """The made-up run; what a test changes of a run it changes in one of its own."""
    return make_run(tmp_path_factory.mktemp("made_run"))


def write_page(run: MadeRun, out: Path, **options: Any) -> Path:
    """The page of a run."""
    from tribe_np.plots import page

    page(run.folder, out=out, parcellation=run.parcellation, **options)
    return out


@pytest.fixture(scope="session")
def page_file(made_run: MadeRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the made-up run."""
    return write_page(made_run, tmp_path_factory.mktemp("page") / "page.html")


@pytest.fixture
def page(chromium: Browser, page_file: Path) -> Browser:
    """The browser with the page newly opened."""
    open_page(chromium, page_file)
    return chromium
