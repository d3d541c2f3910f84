"""The tool that measures video_stride: its films, its figures, and that a line follows for every film and stride."""

import json
from pathlib import Path

import numpy as np
import pytest

from tools import video_stride
from tools.effect import Effect
from tools.video_stride import shot


def test_pictures_have_the_spectrum_of_natural_ones(rng: np.random.Generator) -> None:
    power = np.abs(np.fft.rfft2(video_stride.scene(rng).mean(axis=2))) ** 2
    assert 10 < power[3:6, 3:6].mean() / power[24:48, 24:48].mean() < 1000  # 1 / f squared: 64


def test_a_shot_moves_smoothly_and_a_new_one_is_a_cut(rng: np.random.Generator) -> None:
    first, second = shot(rng, 50), shot(rng, 50)
    assert first.shape == (50, video_stride.HEIGHT, video_stride.WIDTH, 3)
    steps = np.abs(np.diff(np.concatenate([first, second]).astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert steps.argmax() == 49
    assert steps[49] > 1.5 * np.delete(steps, 49).max()
    assert np.delete(steps, 49).min() > 0


def test_an_effect_is_a_correlation_and_a_relative_difference(rng: np.random.Generator) -> None:
    exact = rng.standard_normal((20, 50)) + rng.uniform(5, 9, (20, 1))
    same, scaled = Effect.between(exact, exact), Effect.between(exact, exact * 2)
    assert (same.median, same.low, same.rms) == (pytest.approx(1), pytest.approx(1), 0)
    assert (scaled.median, scaled.low) == (pytest.approx(1), pytest.approx(1))
    noise = 0.1 * rng.standard_normal(exact.shape)
    spread = np.sqrt(np.mean((exact - exact.mean(axis=1, keepdims=True)) ** 2))
    noisy = Effect.between(exact, exact + noise)
    assert noisy.rms == pytest.approx(np.sqrt(np.mean(noise**2)) / spread)
    assert 0.98 < noisy.low < noisy.median < 1


@pytest.mark.extras
def test_a_row_for_every_film_and_stride(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "figures.json"
    video_stride.main(["--seconds", "6", "--layers", "2", "--width", "64", "--json", str(report)])
    out = capsys.readouterr().out
    assert out.startswith("random weights, 2 layers of width 64, 6 s of film")
    assert out.count("| every ") == 4
    for features, predictions in json.loads(report.read_text()).values():
        assert 0 < features["rms"] < 1
        assert 0 < predictions["rms"] < 1
