"""One small demo, its film cut in ranges of clips, and two sounds."""

from pathlib import Path

import pytest

from tests.batch.small_studies import THREADS, noise, planned, settings_of
from tribe_np.batch.study import Study
from tribe_np.pipeline.demo import DemoPaths, make_demo
from tribe_np.pipeline.progress import Silent


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoPaths:
    """Models, film (4 s) and transcript."""
    paths, _ = make_demo(tmp_path_factory.mktemp("demo") / "demo", seconds=4, seed=0, progress=Silent())
    return paths


@pytest.fixture(autouse=True)
def _threads_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if they had been set before NumPy was loaded: studies made here set none."""
    monkeypatch.setenv("OMP_NUM_THREADS", str(THREADS))


@pytest.fixture
def sounds(demo: DemoPaths, tmp_path: Path) -> Study:
    """Two sounds: a task of features and a prediction each."""
    files = [noise(tmp_path / f"noise{seed}.wav", seed) for seed in (1, 2)]
    return planned(tmp_path / "sounds", files, settings_of(demo, tmp_path / "cache"))


@pytest.fixture
def film(demo: DemoPaths, tmp_path: Path) -> Study:
    """The demo's film: its 8 clips are three tasks, its sound is one."""
    return planned(tmp_path / "film", [demo.clip], settings_of(demo, tmp_path / "cache"), clips_per_task=3)
