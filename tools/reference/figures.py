"""Colours and layouts by tribev2's own plotting functions; needs a checkout and matplotlib, and draws nothing.

Brains are the small meshes of tests/cortex/icospheres.py; seaborn, colorcet and nilearn are stood in for, as nothing
that is recorded calls them.
"""

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock, patch

import numpy as np

from tests.cortex.icospheres import numbers, overlay, surface
from tools.reference.measure import Row, write_golden

NAME = "figures"
MESH = "fsaverage3"
STAND_INS = (
    "seaborn", "colorcet", "nilearn", "nilearn.datasets", "nilearn.plotting", "nilearn.surface", "neuralset",
    "neuralset.extractors", "neuralset.extractors.neuro", "tribev2", "tribev2.utils",
)  # fmt: skip
NORMALISED = {  # arguments of robust_normalize, by the name of the case
    "plain": {},
    "one_sided": {"percentile": 95, "two_sided": False},
    "rows": {"axis": 1, "percentile": 90},
    "original": {"percentile": 97, "clip": False, "final_range": "original"},
    "ranged": {"final_range": (-1, 2)},
}
FADED = {"plain": (0, 1, False), "late": (0.2, 0.3, False), "middle": (0.1, 0.5, True), "sharp": (0.93, 0.2, True)}
MIXED = {  # arguments of plot_surf_rgb
    "rgb": {},
    "saturated": {"saturation_factor": 1.5},
    "argmax": {"cmap": "rgb_argmax"},
    "tab10": {"cmap": "tab10"},
    "raw": {"norm_percentile": None},
}
MOSAICS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("AB", "C"), {}),
    (("A\nB", "CDE"), {"orient": "h"}),
    (("AAB\nAAC", "DE", "FGH"), {"ratio": [1, 0.5, 2]}),
    (("AB", "CD\nEF"), {"ratio": 0.5, "orient": "h"}),
    (("AB\nC", "D"), {}),
    (("\nAB\nAB\n", "CCD"), {"ratio": [2, 1], "orient": "h"}),
)
KEPT = slice(None, None, 7)  # of the vertices of a coloured brain


def signals(n_maps: int) -> list[np.ndarray]:
    """Maps (2 V,) of one sign, without which two maps have a blue of their own."""
    n = len(surface(MESH, "pial", "left")[0])
    return [np.abs(numbers(2 * n, seed)).astype(np.float64) for seed in range(1, n_maps + 1)]


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes what upstream's functions make of arrays, colours and layouts."""
    if upstream is None:
        return []
    given, colours = numbers(600, 3).reshape(20, 30), np.abs(numbers(90, 4)).reshape(30, 3) % 1
    with patch.dict(sys.modules, {name: MagicMock() for name in STAND_INS}):
        sys.modules["neuralset.extractors.neuro"].FSAVERAGE_SIZES = {MESH: 642}  # type: ignore[attr-defined]
        utils, cortical = _upstream(upstream)
        made = {f"normalised.{case}": utils.robust_normalize(given, **how) for case, how in NORMALISED.items()}
        made |= {f"saturated.{factor}": utils.saturate_colors(colours, factor) for factor in (0, 0.5, 1.7)}
        for case, (threshold, scale, symmetric) in FADED.items():
            faded = utils.get_alpha_cmap(_grey(), threshold, scale, symmetric)
            made[f"faded.{case}"] = np.asarray(faded.colors)[:, 3]
        made["rainbow.both"], made["rainbow.left"] = (_rainbow(utils, hemi)[KEPT] for hemi in ("both", "left"))
        for case, how in MIXED.items():
            made[f"mixed.{case}"] = _mixed(cortical, signals(3), how)[KEPT]
        made["mixed.two"] = _mixed(cortical, signals(2), {})[KEPT]
        mosaics = [[list(blocks), how, utils.combine_mosaics(*blocks, **how)] for blocks, how in MOSAICS]
    write_golden(folder, NAME, made, {"from": "tribev2 plotting.utils and plotting.cortical"})
    (folder / f"{NAME}.json").write_text(json.dumps({"combine_mosaics": mosaics}, indent=1) + "\n")
    return [f"{NAME}.safetensors", f"{NAME}.json"]


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; tests/plots/colours holds the dump."""
    return []


def _upstream(checkout: Path) -> tuple[Any, Any]:
    """plotting/utils.py and plotting/cortical.py, in a package of their own name."""
    folder = checkout / "tribev2" / "plotting"
    for name in ("tribev2.plotting", "tribev2.plotting.utils", "tribev2.plotting.base", "tribev2.plotting.cortical"):
        if name == "tribev2.plotting":
            sys.modules[name] = MagicMock(__path__=[str(folder)])
            continue
        spec = importlib.util.spec_from_file_location(name, folder / f"{name.rpartition('.')[2]}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules["tribev2.plotting.utils"], sys.modules["tribev2.plotting.cortical"]


def _grey() -> Any:
    import matplotlib

    return matplotlib.colormaps["gray"]


def _rainbow(utils: Any, hemi: str) -> np.ndarray:
    """get_rainbow_brain, with spheres of ours in place of those that nilearn fetches."""
    sys.modules["nilearn.datasets"].fetch_surf_fsaverage = lambda mesh: {  # type: ignore[attr-defined]
        "sphere_left": "left", "sphere_right": "right",
    }  # fmt: skip
    sys.modules["nilearn.surface"].load_surf_mesh = lambda side: surface(MESH, "sphere", side)  # type: ignore[attr-defined]
    return np.asarray(utils.get_rainbow_brain(MESH, hemi))


def _mixed(cortical: Any, maps: list[np.ndarray], how: dict[str, Any]) -> np.ndarray:
    """The colours that plot_surf_rgb gives to vertices, in axes that draw nothing."""
    sides = {side: surface(MESH, "pial", side) for side in ("left", "right")}
    mesh = {s: {"coords": c, "faces": f, "bg_map": overlay(MESH, s)} for s, (c, f) in sides.items()}
    left, right = mesh["left"], mesh["right"]
    mesh["both"] = {
        "coords": np.r_[left["coords"], right["coords"]], "faces": np.r_[left["faces"], right["faces"] + 642],
        "bg_map": np.r_[left["bg_map"], right["bg_map"]],
    }  # fmt: skip
    with patch.object(cortical.PlotBrainNilearn, "get_mesh", lambda self: mesh):
        plotter = cortical.PlotBrainNilearn(mesh=MESH)
        return np.asarray(plotter.plot_surf_rgb(maps, axes=[MagicMock()], views=["left"], **how))
