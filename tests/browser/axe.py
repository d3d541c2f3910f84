"""axe-core's verdict on a page; its script is a file of axe-playwright-python, which is not imported."""

from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from tests.browser.chromium import Browser

SERIOUS = ("serious", "critical")


def axe_script() -> str:
    """The text of axe.min.js.

    Raises   AssertionError where it is not installed
    """
    try:
        files = distribution("axe-playwright-python").files or []
    except PackageNotFoundError:
        raise AssertionError("no axe-core: pip install --no-deps axe-playwright-python==0.1.8") from None
    (found,) = [file for file in files if file.name == "axe.min.js"]
    return found.read_text(encoding="utf-8")


def axe_faults(browser: Browser) -> list[str]:
    """Serious and critical faults, each with the elements that have it."""
    browser.js(axe_script())
    found: list[dict[str, Any]] = browser.value("axe.run(document).then(result => result.violations)")
    serious = [each for each in found if each["impact"] in SERIOUS]
    return [f"{each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes']]}" for each in serious]
