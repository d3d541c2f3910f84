"""Debian's chromium, driven by selenium over chromedriver: what a test sees and does."""

import base64
import io
import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    "--disable-dev-shm-usage",
    "--force-device-scale-factor=1",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)
WITHOUT_WEBGL = ("--disable-3d-apis",)
OF_THE_PAGE_ITSELF = ("data:", "blob:", "about:")
INSTALL = "apt-get install chromium chromium-driver; pip install selenium"


def what_is_missing() -> str:
    """Why no browser can be started here; empty where one can."""
    try:
        import selenium  # noqa: F401
    except ImportError:
        return f"the page's tests need selenium ({INSTALL})"
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    return f"the page's tests need {' and '.join(missing)} on PATH ({INSTALL})" if missing else ""


def start_driver(folder: Path, *more_flags: str) -> Any:
    """A driver of a chromium of its own; `folder` takes what it writes. Nothing is downloaded."""
    from selenium.webdriver import Chrome, ChromeOptions
    from selenium.webdriver.chrome.service import Service

    options = ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in (*FLAGS, *more_flags, f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(shutil.which("chromedriver"), env={**os.environ, "SE_OFFLINE": "true", "HOME": str(folder)})
    return Chrome(options=options, service=service)


class Browser:
    """One tab, and what was said and asked for in it since the last `open`."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.messages: list[str] = []
        self.asked: list[str] = []

    # --- pages

    def open(self, page: Path, *, width: int = 1000, height: int = 720, mark: str = "", until: str = "") -> None:
        """Opens a file from disk in a window of a size, after `#` mark; waits until an expression is true."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.driver.get("about:blank")
        self._read_logs()
        self.messages, self.asked = [], []
        self.driver.get(page.as_uri() + (f"#{mark}" if mark else ""))
        if until:
            self.wait(until)

    def cdp(self, command: str, **arguments: Any) -> Any:
        """A command of the Chrome DevTools Protocol."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def js(self, body: str, *arguments: Any) -> Any:
        """What a function body returns."""
        return self.driver.execute_script(body, *arguments)

    def value(self, expression: str, *arguments: Any) -> Any:
        """The value of an expression; promises are waited for."""
        body = "const done = arguments[arguments.length - 1];"
        body += f"Promise.resolve().then(() => {expression}).then(value => done([value, null]),"
        body += " why => done([null, String(why && why.stack || why)]));"
        value, why = self.driver.execute_async_script(body, *arguments)
        assert why is None, f"{expression}: {why}"
        return value

    def wait(self, expression: str, *arguments: Any, seconds: float = 20.0) -> None:
        """Waits until an expression (of arguments[0], ...) is true.

        Raises   AssertionError, with what the console said, where it never is
        """
        end = time.monotonic() + seconds
        body = f"try {{ return Boolean({expression}); }} catch (why) {{ return false; }}"
        while not self.js(body, *arguments):
            assert time.monotonic() < end, f"not true within {seconds:g} s: {expression}\n{self.console()}"
            time.sleep(0.03)

    # --- what was said and asked for

    def _read_logs(self) -> None:
        self.messages += [f"{entry['level']}: {entry['message']}" for entry in self.driver.get_log("browser")]
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self.asked.append(message["params"]["request"]["url"])
            elif message["method"] == "Network.webSocketCreated":
                self.asked.append(message["params"]["url"])

    def console(self) -> list[str]:
        """Every message of the console, uncaught errors included."""
        self._read_logs()
        return list(self.messages)

    def faults(self) -> list[str]:
        """Errors and warnings of the console; chromium's own remarks on its software renderer are left out."""
        said = [text for text in self.console() if text.startswith(("SEVERE", "WARNING"))]
        return [text for text in said if "GPU stall due to ReadPixels" not in text]

    def requests(self, page: Path) -> list[str]:
        """URLs that were asked for, but for the page and what it holds."""
        self._read_logs()
        own = page.as_uri()
        return [url for url in self.asked if url.partition("#")[0] != own and not url.startswith(OF_THE_PAGE_ITSELF)]

    # --- pictures

    def picture(self, selector: str | None = None) -> np.ndarray:
        """What is seen, (height, width, 3) uint8: the window, or the place of an element in it."""
        import PIL.Image

        seen = self.cdp("Page.captureScreenshot", format="png", **self._clip(selector))
        image = PIL.Image.open(io.BytesIO(base64.b64decode(seen["data"])))
        return np.asarray(image.convert("RGB"))

    def _clip(self, selector: str | None) -> dict[str, Any]:
        if selector is None:
            return {}
        self.js("document.querySelector(arguments[0]).scrollIntoView({ block: 'nearest' })", selector)
        x, y, width, height = self.box(selector)
        left, top = self.js("return [window.scrollX, window.scrollY]")
        return {"clip": {"x": x + left, "y": y + top, "width": width, "height": height, "scale": 1}}

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window."""
        return tuple(
            self.js(
                "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
                "return [box.left, box.top, box.width, box.height];",
                selector,
            )
        )

    # --- hands

    def mouse(self, kind: str, x: float, y: float, *, held: bool = False, **more: Any) -> None:
        """A mouse event (Moved, Pressed, Released, Wheel) at a place of the window."""
        button = "left" if held or kind in ("Pressed", "Released") else "none"
        count = {"clickCount": 1} if kind in ("Pressed", "Released") else {}
        self.cdp(
            "Input.dispatchMouseEvent", type=f"mouse{kind}", x=x, y=y, button=button, buttons=int(held), **count, **more
        )

    def click(self, x: float, y: float) -> None:
        """A click at a place of the window."""
        self.mouse("Moved", x, y)
        self.mouse("Pressed", x, y, held=True)
        self.mouse("Released", x, y)

    def drag(self, start: tuple[float, float], stop: tuple[float, float], steps: int = 5) -> None:
        """A drag with the mouse's left button."""
        self.mouse("Moved", *start)
        self.mouse("Pressed", *start, held=True)
        for step in range(1, steps + 1):
            x, y = (a + (b - a) * step / steps for a, b in zip(start, stop, strict=True))
            self.mouse("Moved", x, y, held=True)
        self.mouse("Released", *stop)

    def touch(self, *moments: Sequence[tuple[float, float]]) -> None:
        """Fingers: where each of them is, moment after moment; they are lifted in the end."""
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=5)
        for place, fingers in enumerate(moments):
            points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(fingers)]
            self.cdp("Input.dispatchTouchEvent", type="touchMove" if place else "touchStart", touchPoints=points)
        self.cdp("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=False)

    def press(self, *keys: str) -> None:
        """Keys by their name (Tab, ArrowLeft, " ", Enter, a), pressed one after another where the focus is."""
        for key in keys:
            typed = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            code = KEY_CODES.get(key, ord(key[0].upper()))
            about = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
            self.cdp("Input.dispatchKeyEvent", type="keyDown" if typed else "rawKeyDown", **about, **typed)
            self.cdp("Input.dispatchKeyEvent", type="keyUp", **about)

    def emulate(self, **features: str) -> None:
        """Media features, such as prefers_color_scheme="dark"."""
        found = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", features=found)


KEY_CODES = {
    "Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "PageUp": 33, "PageDown": 34, "End": 35, "Home": 36,
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "+": 187, "-": 189,
}  # fmt: skip
