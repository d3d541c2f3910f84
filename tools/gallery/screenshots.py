"""Pictures of a film at a moment, by ffmpeg, and of a page in a real browser."""

import subprocess
import tempfile
import time
from pathlib import Path

from tests.browser.chromium import start_driver
from tools.gallery.entries import Entry
from tribe_np.media.ffmpeg import ffmpeg_path

SETTLED = 3.0  # seconds for the page to have drawn what it was asked for
NARROW = 500  # pixels below which a window is a phone's, whose pixels are smaller


def film_picture(film: Path, moment: float, out: Path) -> None:
    """Writes the picture of a film at a moment."""
    command = [ffmpeg_path(), "-v", "error", "-y", "-ss", str(moment), "-i", str(film), "-frames:v", "1", str(out)]
    subprocess.run(command, check=True)


def page_picture(page: Path, entry: Entry, out: Path) -> None:
    """Writes what a browser shows of a page at a moment, in the light or the dark theme."""
    width, height = entry.window
    is_phone = width < NARROW
    sizes = {"width": width, "height": height, "deviceScaleFactor": 2 if is_phone else 1, "mobile": is_phone}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if entry.is_dark else "light"}
    with tempfile.TemporaryDirectory() as folder:
        browser = start_driver(Path(folder))
        try:
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", sizes)
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
            browser.get(page.resolve().as_uri())
            browser.set_script_timeout(120)
            browser.execute_async_script("tribePage.ready.then(arguments[0])")
            browser.execute_script("tribePage.seek(arguments[0])", entry.moment)
            time.sleep(SETTLED)
            browser.save_screenshot(str(out))
        finally:
            browser.quit()
