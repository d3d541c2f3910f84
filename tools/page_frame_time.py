"""Milliseconds for a new moment on the page's cortex, beside nilearn's niivue page, on the same mesh.

    python -m tools.page_frame_time [--pictures 100] [--width 600] [--height 400]

Needs chromium and chromedriver (Debian's chromium, chromium-driver), selenium, and nilearn 0.14.1 or later. Both pages
are open in a browser each, with the software renderer; blocks of ten pictures alternate. A picture is a change of
time, what is drawn then, and the wait for the renderer (one pixel is read back). On niivue's page the values of all
rows lie in one layer, and its own way to another of them (`frame4D`, `updateMesh`) is taken: whole rows, where the page
mixes two. niivue's brain is brought to the same number of pixels by its zoom. Draw has edges as a still picture has
them, and as one that moves on a slow machine has them; niivue has one way.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tests.browser.chromium import Browser, start_driver, what_is_missing
from tests.browser.made_run import make_run
from tests.browser.planted import surface
from tribe_np.cortex.meshes.surfaces import load_overlay
from tribe_np.plots import page

BLOCK, WARM = 10, 12  # pictures at a time, and before any is timed
N_ROWS = 12  # of the made-up run that follow one another
TIMES = """
  const read = gl => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
  const found = [];
  for (let k = 0; k < arguments[0]; k++) {
    const start = performance.now();
    change(arguments[1] + k);
    const changed = performance.now();
    draw();
    read(gl);
    found.push([changed - start, performance.now() - changed]);
  }
  return found;"""
COVERED = """
  draw();
  const [width, height] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const bytes = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  let n = 0;
  for (let at = 0; at < bytes.length; at += 4)
    n += bytes[at + 3] > 0 && (bytes[at] < 250 || bytes[at + 1] < 250 || bytes[at + 2] < 250);
  return [width, height, n, gl.getContextAttributes().antialias];"""
OURS = f"""
  const {{ scene }} = tribePage, gl = scene.canvas.getContext("webgl2");
  const change = k => scene.setTime((k * 0.37) % {N_ROWS - 1});
"""
STILL = OURS + "const draw = () => scene.draw();"
MOVING = OURS + "const draw = () => scene.draw(true);"
NIIVUE = f"""
  const gl = nv.gl, [mesh] = nv.meshes, layer = mesh.layers.at(-1);
  const change = k => {{ layer.frame4D = k % {N_ROWS}; mesh.updateMesh(gl); }};
  const draw = () => nv.drawScene();
"""
PLACED = "position:fixed;left:0;top:0;width:{0}px;height:{1}px;z-index:9"


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100, help="of each kind")
    parser.add_argument("--width", type=int, default=600)
    parser.add_argument("--height", type=int, default=400)
    options = parser.parse_args()
    if reason := what_is_missing():
        parser.error(reason)
    with tempfile.TemporaryDirectory() as folder:
        print_table(measured(Path(folder), options.pictures, options.width, options.height))


def measured(folder: Path, n_pictures: int, width: int, height: int) -> dict[str, Any]:
    """Milliseconds (n, 2) of each kind, change and draw, and what is drawn."""
    run = make_run(folder / "run")
    page(run.folder, folder / "page.html", with_stimulus=False)
    write_niivue_page(folder / "niivue.html", run.values[:N_ROWS])
    ours, niivue = (Browser(start_driver(folder / name)) for name in ("ours", "niivue"))
    try:
        ours.driver.set_script_timeout(300)
        niivue.driver.set_script_timeout(300)
        open_ours(ours, folder / "page.html", width, height)
        shown = {"ours": ours.js(STILL + COVERED)}
        shown["niivue"] = open_niivue(niivue, folder / "niivue.html", run.values[:N_ROWS], width, height, shown["ours"])
        sides = {"ours, still": (ours, STILL), "ours, moving": (ours, MOVING), "niivue": (niivue, NIIVUE)}
        times: dict[str, list[list[float]]] = {name: [] for name in sides}
        for browser, script in sides.values():
            browser.js(script + TIMES, WARM, 0)
        for first in range(0, n_pictures, BLOCK):
            for name, (browser, script) in sides.items():
                times[name] += browser.js(script + TIMES, min(BLOCK, n_pictures - first), first)
        return {"times": {name: np.array(found) for name, found in times.items()}, "shown": shown}
    finally:
        ours.driver.quit()
        niivue.driver.quit()


def open_ours(browser: Browser, path: Path, width: int, height: int) -> None:
    """The page, with nothing but its cortex on the screen."""
    browser.open(path, width=width, height=height, until="window.tribePage && tribePage.scene")
    browser.value("tribePage.ready")
    browser.js("tribePage.scene.canvas.style.cssText = arguments[0]", PLACED.format(width, height))
    browser.js("tribePage.scene.setShape(1); tribePage.scene.view('left')")


def write_niivue_page(path: Path, values: np.ndarray) -> None:
    """nilearn's page of the first row; its object is made known to the window, nothing else is changed."""
    from nilearn.plotting import view_surf

    inflated = surface("inflated").apart(3.0)
    view = view_surf(
        [inflated.coordinates, inflated.faces], values[0], bg_map=load_overlay("fsaverage5", "sulc"), engine="niivue"
    )
    text = str(view.html)
    assert text.count("var nv = new") == 1, "this tool knows the niivue page of nilearn 0.14.1"
    path.write_text(text.replace("var nv = new", "const nv = window.nv = new"), encoding="utf-8")


def open_niivue(browser: Browser, path: Path, values: np.ndarray, width: int, height: int, ours: list[int]) -> Any:
    """nilearn's page with all rows in its layer, as large and as near as ours; what is drawn then."""
    browser.open(path, width=width, height=height, until="window.nv && nv.meshes.length && nv.meshes[0].layers.length")
    browser.js(
        "nv.canvas.style.cssText = arguments[0]; nv.opts.isColorbar = false; nv.resizeListener();"
        "const layer = nv.meshes[0].layers.at(-1);"
        "layer.values = Float32Array.from(arguments[1]); layer.nFrame4D = arguments[2]; layer.frame4D = 0;"
        "nv.meshes[0].updateMesh(nv.gl); nv.setRenderAzimuthElevation(90, 0)",
        PLACED.format(width, height),
        values.astype(float).round(4).ravel().tolist(),
        len(values),
    )
    for _ in range(4):
        shown = browser.js(NIIVUE + COVERED)
        browser.js("nv.scene.volScaleMultiplier *= arguments[0]", (ours[2] / shown[2]) ** 0.5)
    return browser.js(NIIVUE + COVERED)


def print_table(found: dict[str, Any]) -> None:
    """Medians and ratios."""
    parts = {name: (*times.T, times.sum(axis=1)) for name, times in found["times"].items()}
    medians = {name: [statistics.median(part) for part in three] for name, three in parts.items()}
    print(f"{'':14}{'change':>9}{'draw':>9}{'both':>9}{'/ niivue':>10}")
    for name, (change, draw, both) in medians.items():
        print(f"{name:14}{change:9.2f}{draw:9.1f}{both:9.1f}{both / medians['niivue'][2]:10.2f}")
    print(f"milliseconds, median of {len(found['times']['niivue'])}")
    for name, (width, height, covered, is_antialiased) in found["shown"].items():
        edges = "antialiased by the browser" if is_antialiased else "not antialiased by the browser"
        print(f"{name}: {width} x {height}, {covered} pixels of cortex, {edges}")


if __name__ == "__main__":
    main()
