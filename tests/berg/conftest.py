"""A small demo, an annotation with the 180 areas that lies in no brain, and a stand-in for the package BERG."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.cortex.synthetic_labels import write_annotation
from tests.pipeline.conftest import demo
from tribe_np.berg.model_card import N_VERTICES, areas
from tribe_np.berg.plugin import model_class
from tribe_np.pipeline.demo import DemoPaths

__all__ = ["demo"]
PER_SIDE = N_VERTICES // 2
STAND_IN = Path(__file__).with_name("stand_in")


def write_areas(folder: Path, names: list[str], spelling: str = "{S}_{name}_ROI") -> Path:
    """Annotations of both sides in which area after area comes again and again, with vertices of none between."""
    folder.mkdir(exist_ok=True)
    labels = np.arange(PER_SIDE) % (len(names) + 1)
    for side in ("L", "R"):
        spelled = ["???", *(spelling.format(S=side, name=name) for name in names)]
        write_annotation(folder / f"{side.lower()}h.HCP-MMP1.annot", spelled, labels)
    return folder


@pytest.fixture(scope="session")
def annotation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The areas in another order than the card's."""
    return write_areas(tmp_path_factory.mktemp("areas"), sorted(areas()))


def vertices_of(*names: str) -> list[int]:
    """The vertices of areas in `annotation`, ascending."""
    numbers = [sorted(areas()).index(name) + 1 for name in names]
    one_side = [v for v in range(PER_SIDE) if v % 181 in numbers]
    return [*one_side, *(v + PER_SIDE for v in one_side)]


@pytest.fixture
def options(demo: DemoPaths, annotation: Path, tmp_path: Path) -> dict[str, Any]:
    """Where the models, the annotation and the cache of these tests are."""
    return {
        "checkpoint": demo.models / "encoder", "models": demo.models, "parcellation": annotation,
        "cache_folder": demo.models.parent / "cache", "device": "cpu",
    }  # fmt: skip


@pytest.fixture
def berg(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The stand-in as the installed package."""
    monkeypatch.syspath_prepend(STAND_IN)
    yield __import__("berg")
    model_class.cache_clear()
    for name in [n for n in sys.modules if n.split(".")[0] == "berg"]:
        del sys.modules[name]
