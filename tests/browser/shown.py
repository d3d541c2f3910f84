"""What the tests of the page do again and again: go to a time, a shape or a view, and read what is drawn."""

import base64
from typing import Any

import numpy as np

from tests.browser.chromium import Browser

CANVAS = "#cortex"
SHAPES = ("pial", "inflated", "flat")


def go_to(browser: Browser, seconds: float) -> None:
    """Seeks, and waits until it is shown."""
    browser.value(f"tribePage.seek({seconds})")
    browser.wait(f"Math.abs(tribePage.time() - {seconds}) < 0.02")


def align(browser: Browser, name: str) -> None:
    """Chooses stimulus or bold by the page's own control."""
    browser.js(f"document.querySelector('input[name=align][value={name}]').click()")


def shape(browser: Browser, name: str) -> None:
    """Chooses a surface by the page's own slider."""
    slide(browser, "#shape", SHAPES.index(name))
    browser.wait(f"tribePage.scene.shape === {SHAPES.index(name)}")


def slide(browser: Browser, selector: str, value: float) -> None:
    """Moves a slider, as a hand would."""
    choose(browser, selector, str(value))


def choose(browser: Browser, selector: str, value: str) -> None:
    """Gives a control a value, as a hand would."""
    script = "const box = document.querySelector(arguments[0]); box.value = arguments[1];"
    script += "for (const name of ['input', 'change']) box.dispatchEvent(new Event(name, { bubbles: true }))"
    browser.js(script, selector, value)


def view(browser: Browser, name: str) -> None:
    """One of the scene's views."""
    browser.js("tribePage.scene.view(arguments[0])", name)


def settle(browser: Browser) -> None:
    """Waits until two pictures of the browser's own have been made since now."""
    browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))")


def drawn(browser: Browser, *, light: bool = False) -> np.ndarray:
    """The cortex as WebGL drew it, (height, width, 4) uint8; without light a colour is that of the table."""
    settle(browser)  # the page sets what is shown before its next picture
    script = """
        const { scene } = tribePage;
        scene.setLight(arguments[0]);
        scene.draw();
        const gl = scene.canvas.getContext("webgl2");
        const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
        const bytes = new Uint8Array(width * height * 4);
        gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
        scene.setLight(true);
        let text = "";
        for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
        return [width, height, btoa(text)];"""
    width, height, text = browser.js(script, light)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[::-1]


def state(browser: Browser) -> dict[str, Any]:
    """What is chosen on the page."""
    return browser.js("return JSON.parse(JSON.stringify(tribePage.state()))")
