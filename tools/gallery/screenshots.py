"""Pictures of a film at a moment, by ffmpeg, and of a page in a real browser."""

import subprocess
import time
from pathlib import Path

from tools.gallery.entries import Entry
from tribe_np.media.ffmpeg import ffmpeg_path

FLAGS = (
    "--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip
SETTLED = 3.0  # seconds for the page to have drawn what it was asked for


def film_picture(film: Path, moment: float, out: Path) -> None:
    """Writes the picture of a film at a moment."""
    command = [ffmpeg_path(), "-v", "error", "-y", "-ss", str(moment), "-i", str(film), "-frames:v", "1", str(out)]
    subprocess.run(command, check=True)


def page_picture(page: Path, entry: Entry, out: Path) -> None:
    """Writes what a browser shows of a page at a moment, in the light or the dark theme."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    width, height = entry.window
    for flag in (*FLAGS, f"--window-size={max(width, 500)},{height + 100}"):
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options)
    try:
        scheme = "dark" if entry.is_dark else "light"
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 2 if width < 500 else 1, "mobile": width < 500},
        )
        browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        )
        browser.get(page.resolve().as_uri())
        browser.set_script_timeout(60)
        browser.execute_async_script("tribePage.ready.then(arguments[0])")
        browser.execute_script("tribePage.seek(arguments[0])", entry.moment)
        time.sleep(SETTLED)
        browser.save_screenshot(str(out))
    finally:
        browser.quit()
