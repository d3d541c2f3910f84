"""Pages that hold some of the page's scripts: their functions alone, or a scene on a canvas and nothing around it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tribe_np.plots.pages.bundling import bundled, imports_of
from tribe_np.plots.pages.colour_tables import colour_tables
from tribe_np.plots.pages.html_file import PAGE_FOLDER, as_script_json
from tribe_np.plots.pages.packed_mesh import packed_mesh
from tribe_np.plots.pages.packing import pack_values, packed_indices

FUNCTIONS = """<!doctype html><html lang="en"><meta charset="utf-8"><title>scripts</title><canvas></canvas>
<script>{}</script>"""
SCENE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>scene</title>
<style>body {{ margin: 0; background: {background} }} canvas {{ display: block; width: 900px; height: 600px }}</style>
<canvas id="cortex" tabindex="0"></canvas>{data}<script>{script}</script>"""
START = """
async function begin() {
  const facts = readFacts();
  const canvas = document.getElementById("cortex");
  const heard = [];
  const hear = (what) => () => heard.push(what);
  const scene = new Scene(canvas, await readMesh(facts), { onlost: hear("lost"), onrestored: hear("restored") });
  const layer = await readLayer(facts, facts.layers[0]);
  const table = fadedTable(readColourMap(facts, "RdBu_r"), true);
  const reset = () => {
    scene.setLayer(layer);
    scene.setColours(table, ...facts.layers[0].limits);
    scene.setShape(0);
    scene.setOutlines(null);
    scene.highlight(null);
    scene.view("left");
    scene.draw();
    heard.length = 0;
  };
  makeTurnable(scene, hear("turned"));
  reset();
  window.tribePage = { scene, layer, heard, facts, reset };
}
begin().catch((reason) => console.error(reason.stack));
"""
SCENE_SCRIPTS = {
    "decode.js": "readColourMap, readFacts, readLayer, readMesh",
    "colours.js": "fadedTable",
    "scene.js": "Scene",
    "turning.js": "makeTurnable",
}


def _script(wanted: Mapping[str, str], start: str) -> str:
    """The wanted files, what they import, and a start."""
    sources: dict[str, str] = {}
    waiting = list(wanted)
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = (PAGE_FOLDER / name).read_text(encoding="utf-8")
            waiting += imports_of(sources[name])
    imports = "\n".join(f'import {{ {names} }} from "./{file}";' for file, names in wanted.items())
    return bundled({**sources, "start.js": f"{imports}\n{start}"})


def functions_page(path: Path, wanted: Mapping[str, str]) -> Path:
    """Writes a page in which `window.scripts` has functions; `wanted`: their names, with commas, by file."""
    script = _script(wanted, f"window.scripts = {{ {', '.join(wanted.values())} }};")
    path.write_text(FUNCTIONS.format(script), encoding="utf-8")
    return path


def scene_page(
    path: Path, values: np.ndarray, starts: np.ndarray, limits: tuple[float, float], background: str = "white"
) -> Path:
    """Writes a page with a scene alone: values (R, V) on fsaverage5, in `window.tribePage.scene` as in the page."""
    mesh, packed = packed_mesh("fsaverage5"), pack_values(values)
    text, is_delta = packed_indices(packed.indices)
    layer = {"name": "ours", "blob": "layer-0", "n_rows": len(values), "starts": starts.tolist(), "is_delta": is_delta}
    layer |= {"low": packed.low, "high": packed.high, "limits": list(limits)}
    time = {"tr": 1.0, "hemodynamic_offset": 5.0}
    facts = {"mesh": mesh.facts, "time": time, "layers": [layer], "colour_maps": colour_tables()}
    data = f'<script type="application/json" id="facts">{as_script_json(facts)}</script>'
    for name, blob in {**mesh.blobs, "layer-0": text}.items():
        data += f'<script type="application/x-blob" id="blob-{name}">{blob}</script>'
    script = _script(SCENE_SCRIPTS, START)
    path.write_text(SCENE.format(background=background, data=data, script=script), encoding="utf-8")
    return path
