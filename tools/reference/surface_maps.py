"""Maps on another mesh, and the half-inflated surface, by tribev2's own plotting class; needs a checkout and nilearn.

What nilearn would fetch is stood in for by the small meshes of tests/cortex/icospheres.py, under nilearn's names.
"""

import importlib.util
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.cortex.icospheres import NILEARN, ORDERS, numbers, write_nilearn
from tools.reference.measure import Row, write_golden

NAME = "surface_maps"
PAIRS = (("fsaverage3", "fsaverage4"), ("fsaverage4", "fsaverage3"))
N_LABELS = 7


def size(mesh: str) -> int:
    """Vertices of both hemispheres."""
    return 2 * (10 * 4 ** ORDERS[mesh] + 2)


def labels(n: int) -> np.ndarray:
    """n labels from 0 to 6."""
    return np.abs(numbers(n, 5) * N_LABELS).astype(np.int64) % N_LABELS


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes what upstream makes of float and of whole numbers, either way, and its coordinates."""
    if upstream is None:
        return []
    with tempfile.TemporaryDirectory() as name:
        base = _upstream_module(upstream, Path(name))
        made = {}
        for source, target in PAIRS:
            plot = base.BasePlotBrain(mesh=target)
            made[f"means.{source}.{target}"] = plot.get_stat_map(numbers(size(source), 1))["both"]
            made[f"labels.{source}.{target}"] = plot.get_stat_map(labels(size(source)))["both"]
        plot = base.BasePlotBrain(mesh="fsaverage3", inflate="half", hemisphere_gap=4)
        made["half.coordinates"] = plot._mesh["both"]["coords"]
        made["half.faces"] = plot._mesh["both"]["faces"].astype(np.int32)
    write_golden(folder, NAME, made, {"from": "tribev2 plotting.base.BasePlotBrain"})
    return [f"{NAME}.safetensors"]


def _upstream_module(upstream: Path, folder: Path) -> Any:
    """plotting/base.py alone, whose package imports far more, with meshes of ours in place of fetched ones."""
    spec = importlib.util.spec_from_file_location("upstream_base", upstream / "tribev2" / "plotting" / "base.py")
    assert spec is not None
    assert spec.loader is not None
    base = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(base)

    def fetch(mesh: str) -> SimpleNamespace:
        write_nilearn(folder, mesh)
        kinds = ("white", "pial", "inflated", "sphere", "sulc", "curv")
        names = [f"{NILEARN.get(kind, kind)}_{side}" for kind in kinds for side in ("left", "right")]
        return SimpleNamespace(**{name: str(folder / mesh / f"{name}.gii.gz") for name in names})

    base.cached_fetch_surf_fsaverage = fetch
    return base


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; tests/cortex/meshes/test_resampling.py holds the dump."""
    return []
