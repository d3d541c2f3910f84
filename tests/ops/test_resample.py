"""Resampling: julius' golden values and lengths, and what any resampler must do."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import fake_device
from tribe_np.errors import ShapeError
from tribe_np.formats.safetensors import read_header
from tribe_np.ops import resample as source
from tribe_np.ops.resample import reduced_rates, resample, resampled_length, sinc_filters

GOLDEN = Path(__file__).parents[1] / "golden" / "audio_resample.safetensors"


@pytest.fixture(scope="module")
def golden() -> dict[str, np.ndarray]:
    return {name: entry.read() for name, entry in read_header(GOLDEN)[0].items()}


@pytest.mark.parametrize("rate", [44100, 48000])
def test_equals_julius(golden: dict[str, np.ndarray], rate: int) -> None:
    ours, reference = resample(golden[f"x_{rate}"], rate, 16000), golden[f"y_{rate}"]
    assert ours.dtype == np.float32
    assert ours.shape == reference.shape
    assert np.max(np.abs(ours - reference)) <= 4e-7


@pytest.mark.parametrize("rate", [44100, 48000])
def test_filters_equal_julius(golden: dict[str, np.ndarray], rate: int) -> None:
    reference = golden[f"filters_{rate}"]
    ours = sinc_filters(*reduced_rates(rate, 16000), 0, len(reference))
    assert np.max(np.abs(ours - reference)) <= 2e-7
    assert np.mean(ours == reference) > 0.8  # the rest is torch's own sine and cosine


def test_lengths_equal_julius(golden: dict[str, np.ndarray]) -> None:
    assert [resampled_length(int(n), int(rate), 16000) for rate, n, _ in golden["lengths"]] == list(
        golden["lengths"][:, 2]
    )


def test_the_float32_quotient_can_add_a_sample() -> None:
    assert resampled_length(2646011, 44100, 16000) == 960004
    assert 2646011 * 160 // 441 == 960003


def test_equal_rates_give_the_sound_itself() -> None:
    x = np.ones((2, 5), np.float32)
    assert resample(x, 16000, 16000) is x
    assert resampled_length(5, 16000, 16000) == 5


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_a_constant_stays_constant_to_the_edges(rate: int) -> None:
    out = resample(np.full((1, 300), 0.5, np.float32), rate, 16000)
    assert out == pytest.approx(0.5, abs=1e-6)


def test_a_slow_tone_keeps_its_values() -> None:
    rate = 44100
    out = resample(np.sin(2 * np.pi * 200 * np.arange(rate) / rate).astype(np.float32), rate, 16000)
    ideal = np.sin(2 * np.pi * 200 * np.arange(len(out)) / 16000)
    assert np.max(np.abs(out - ideal)[500:-500]) < 1e-4


def test_tones_above_the_new_nyquist_are_removed() -> None:
    out = resample(np.sin(2 * np.pi * 11000 * np.arange(9000) / 44100).astype(np.float32), 44100, 16000)
    assert np.max(np.abs(out[100:-100])) < 1e-3


@given(st.integers(0, 2**32 - 1), st.sampled_from([8000, 11025, 44100, 48000]), st.integers(20, 900))
def test_linear_and_channel_by_channel(seed: int, rate: int, n_samples: int) -> None:
    x = np.random.default_rng(seed).uniform(-1, 1, (2, n_samples)).astype(np.float32)
    both = resample(x, rate, 16000)
    assert both == pytest.approx(np.stack([resample(row, rate, 16000) for row in x]), abs=1e-6)
    assert resample(x[0] + x[1], rate, 16000) == pytest.approx(both[0] + both[1], abs=3e-6)
    assert both.shape[-1] == resampled_length(n_samples, rate, 16000)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("budget", [1, 2000, 20000])
def test_small_blocks_give_the_same(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator, rate: int, budget: int
) -> None:
    x = rng.uniform(-1, 1, (2, 3000)).astype(np.float32)
    whole = resample(x, rate, 16000)
    monkeypatch.setattr(source, "BLOCK_TAPS", budget)
    assert resample(x, rate, 16000) == pytest.approx(whole, abs=1e-6)


def test_same_bits_on_another_array_module(rng: np.random.Generator) -> None:
    x = rng.uniform(-1, 1, (2, 900)).astype(np.float32)
    out = resample(fake_device.module.asarray(x), 44100, 16000)
    assert np.array_equal(fake_device.module.asnumpy(out), resample(x, 44100, 16000))


@pytest.mark.parametrize("rate", [0, -44100, 44100.5])
def test_rates_must_be_positive_whole_numbers(rate: float) -> None:
    with pytest.raises(ShapeError, match="positive whole numbers"):
        resample(np.zeros(100, np.float32), rate, 16000)  # type: ignore[arg-type]


def test_no_samples_or_too_few_are_errors() -> None:
    with pytest.raises(ShapeError, match="no samples"):
        resample(np.zeros((1, 0), np.float32), 44100, 16000)
    with pytest.raises(ShapeError, match="too short"):
        resample(np.zeros((1, 2), np.float32), 44100, 16000)


def test_in_float64_the_float32_filters_are_applied_exactly() -> None:
    x = np.random.default_rng(0).normal(size=(2, 900))
    seen = {}

    def see(name: str, array: np.ndarray) -> np.ndarray:
        seen[name] = array
        return array

    exact = resample(x, 44100, 16000, dtype=np.float64, see=see)
    single = resample(x.astype(np.float32), 44100, 16000)
    assert exact.dtype == np.float64
    assert seen["filters"].dtype == np.float32
    assert 0 < np.abs(exact - single).max() < 1e-5
    taps = np.clip(np.arange(581) - (581 - 441) // 2, 0, 899)
    np.testing.assert_allclose(exact[:, 0], x[:, taps] @ seen["filters"][0].astype(np.float64), rtol=1e-12)
