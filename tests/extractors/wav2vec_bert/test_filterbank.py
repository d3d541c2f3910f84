"""The filterbank: shapes, statistics, configuration, short and silent sound."""

import numpy as np
import pytest

from extractors.wav2vec_bert.filterbank import (
    FilterbankConfig,
    input_features,
    log_mel,
    mel_filters,
    standardize,
    standardize_bins,
)
from tribe_np.errors import ConfigError, ShapeError

CONFIG = FilterbankConfig(padding_value=1.0)


@pytest.mark.parametrize(("n_samples", "n_tokens"), [(560, 1), (719, 1), (720, 2), (16000, 49), (959999, 2999)])
def test_tokens_of_a_sound(n_samples: int, n_tokens: int) -> None:
    waveform = np.random.default_rng(0).normal(size=n_samples).astype(np.float32)
    features = input_features(waveform, CONFIG)
    assert features.shape == (n_tokens, 160)
    assert features.dtype == np.float32


def test_bins_are_standardised_over_the_sound(rng: np.random.Generator) -> None:
    rows = standardize_bins(log_mel(rng.normal(size=8000).astype(np.float32), CONFIG))
    assert np.mean(rows, axis=0) == pytest.approx(0, abs=1e-5)
    assert np.var(rows, axis=0, ddof=1) == pytest.approx(1, abs=1e-5)


def test_loudness_does_not_matter_above_the_floor(rng: np.random.Generator) -> None:
    waveform = rng.normal(size=4000).astype(np.float32)
    assert input_features(waveform * 4, CONFIG) == pytest.approx(input_features(waveform, CONFIG), abs=1e-4)


def test_silence_is_finite() -> None:
    features = input_features(standardize(np.zeros(4080, np.float32)), CONFIG)
    assert np.all(np.isfinite(features))
    assert np.max(np.abs(features)) < 0.01


def test_a_tone_peaks_in_its_bin() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000).astype(np.float32)
    loudest = int(np.argmax(np.mean(log_mel(tone, CONFIG), axis=0)))
    mel = 1127 * np.log(1 + np.array([20, 1000, 8000]) / 700)
    assert loudest == pytest.approx((mel[1] - mel[0]) / (mel[2] - mel[0]) * 81 - 1, abs=1)


def test_triangles_cover_every_inner_frequency_and_peak_below_one() -> None:
    filters = mel_filters(80, 16000)
    assert filters.shape == (257, 80)
    assert np.all((filters >= 0) & (filters <= 1))
    assert np.all(np.sum(filters, axis=1)[3:240] == pytest.approx(1))
    assert np.all(filters[0] == 0)


def test_standardize_uses_the_unbiased_deviation(rng: np.random.Generator) -> None:
    waveform = (rng.normal(size=50) * 3 + 2).astype(np.float32)
    out = standardize(waveform)
    assert out.dtype == np.float32
    assert np.mean(out) == pytest.approx(0, abs=1e-6)
    assert np.std(out, ddof=1) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("n_samples", [0, 1, 399, 559])
def test_a_sound_of_less_than_two_audio_frames_is_an_error(n_samples: int) -> None:
    with pytest.raises(ShapeError, match="at least 560 samples"):
        input_features(np.zeros(n_samples, np.float32), CONFIG)


def test_stereo_is_an_error() -> None:
    with pytest.raises(ShapeError, match="mono"):
        input_features(np.zeros((2, 4000), np.float32), CONFIG)


def test_absent_keys_take_the_class_defaults_and_foreign_ones_are_ignored() -> None:
    assert FilterbankConfig.from_dict({"processor_class": "X"}).padding_value == 0.0
    assert FilterbankConfig.from_dict({"padding_value": 1}).padding_value == 1.0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("feature_size", 128), ("num_mel_bins", 40), ("sampling_rate", 8000), ("stride", 1), ("padding_side", "left"),
        ("feature_extractor_type", "Wav2Vec2FeatureExtractor"), ("padding_value", "x"), ("padding_value", True),
        ("padding_value", float("nan")),
    ],
)  # fmt: skip
def test_values_that_are_not_implemented_are_errors(key: str, value: object) -> None:
    with pytest.raises(ConfigError, match=rf"preprocessor: {key}"):
        FilterbankConfig.from_dict({key: value}, origin="preprocessor")


def test_an_exact_filterbank_is_float64_all_the_way(rng: np.random.Generator) -> None:
    exact = FilterbankConfig(1.0, exact=True)
    waveform = standardize(rng.normal(size=8000), np.float64)
    features = input_features(waveform, exact)
    assert waveform.dtype == features.dtype == np.float64
    single = input_features(standardize(waveform), CONFIG)
    assert 0 < np.abs(features - single).max() < 1e-3
