"""One small demo per test process: real layouts, real film, real pipeline."""

from pathlib import Path

import pytest

from tribe_np.pipeline.demo import DemoPaths, make_demo
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import Silent


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoPaths:
    """Models, film (4 s) and transcript."""
    paths, _ = make_demo(tmp_path_factory.mktemp("demo") / "demo", seconds=4, seed=0, progress=Silent())
    return paths


@pytest.fixture
def model(demo: DemoPaths, tmp_path: Path) -> TribeModel:
    """The demo's model with a cache of its own."""
    return TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=tmp_path / "cache", device="cpu"
    )
