"""Brains without anatomy, in FreeSurfer's files, and what their figures show."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cortex.icospheres import write_freesurfer


@pytest.fixture(scope="session")
def subjects_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """FreeSurfer's subjects fsaverage3 and fsaverage4."""
    folder = tmp_path_factory.mktemp("subjects")
    write_freesurfer(folder, "fsaverage3")
    return write_freesurfer(folder, "fsaverage4")


@pytest.fixture(scope="session")
def brain(subjects_dir: Path) -> Any:
    """fsaverage4's inflated surface."""
    from tribe_np.plots.figures.brains import load_brain

    return load_brain("fsaverage4", "inflated", subjects_dir=subjects_dir)


def pixels(figure: Any) -> np.ndarray:
    """What a figure shows, (height, width, 3) in 0..1."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3] / 255


def redness(picture: np.ndarray) -> np.ndarray:
    """How much more red than blue or green there is, (height, width)."""
    found: np.ndarray = picture[:, :, 0] - picture[:, :, 1:].max(axis=2)
    return found


def smooth(coordinates: np.ndarray, seed: int) -> np.ndarray:
    """A map of hills and hollows, (n,) float32."""
    rng = np.random.default_rng(seed)
    waves = np.sin(coordinates @ (rng.normal(size=(3, 12)) * 0.05) + rng.random(12) * 6)
    return waves.sum(axis=1).astype(np.float32)
