"""Sound to features on the 2 Hz grid."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors import Wav2VecBertModel
from extractors.common.layer_groups import LayerSelection
from extractors.wav2vec_bert.extract import audio_features, model_input, nearest_steps
from tests import fake_device
from tribe_np.errors import CheckpointError, NotFiniteError, ShapeError
from tribe_np.formats.safetensors import read_header, write_safetensors

SELECTION = LayerSelection((0.5, 0.75, 1.0))
RATE = 16000


@pytest.fixture
def model(tiny: Path) -> Wav2VecBertModel:
    return Wav2VecBertModel.from_pretrained(tiny)


def sound(seconds: float, n_channels: int = 1, rate: int = RATE) -> np.ndarray:
    rng = np.random.default_rng(int(seconds * 100))
    return rng.uniform(-0.5, 0.5, (round(seconds * rate), n_channels)).astype(np.float32)


def test_groups_are_means_of_states_at_the_nearest_tokens(model: Wav2VecBertModel) -> None:
    samples = sound(3.0)
    states = model.hidden_states(model_input(model, samples, RATE)[None])[:, 0]
    features = audio_features(model, samples, RATE, 3.0, selection=SELECTION)
    picked = states[:, nearest_steps(states.shape[1], 6)]
    assert features.shape == (2, 16, 6)  # of 4 states: int(0.5 * 3) = 1, int(0.75 * 3) = 2, 3 + 1
    assert features.dtype == np.float32
    assert np.array_equal(features[0], picked[1].T)
    assert np.array_equal(features[1], ((picked[2] + picked[3]) / 2).T)


@pytest.mark.parametrize(("seconds", "n_bins"), [(0.26, 1), (0.75, 2), (1.25, 2), (1.75, 4), (2.2, 4)])
def test_bins_are_rounded_half_to_even(model: Wav2VecBertModel, seconds: float, n_bins: int) -> None:
    assert audio_features(model, sound(seconds), RATE, seconds, selection=SELECTION).shape[-1] == n_bins


def test_bins_follow_the_duration_even_when_the_file_was_shorter(model: Wav2VecBertModel) -> None:
    assert audio_features(model, sound(1.0), RATE, 3.0, selection=SELECTION).shape[-1] == 6


def test_cached_layers_have_no_effect_on_sound(model: Wav2VecBertModel) -> None:
    cached = audio_features(model, sound(1.0), RATE, 1.0, selection=replace(SELECTION, cache_n_layers=2))
    assert np.array_equal(cached, audio_features(model, sound(1.0), RATE, 1.0, selection=SELECTION))


def test_layers_after_the_last_needed_are_not_computed(
    model: Wav2VecBertModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = audio_features(model, sound(1.0), RATE, 1.0, selection=LayerSelection((0.0, 0.34)))
    broken = replace(model.layers, resident=(*model.layers.resident[:1], None, None))  # type: ignore[index]
    lazy = audio_features(replace(model, layers=broken), sound(1.0), RATE, 1.0, selection=LayerSelection((0.0, 0.34)))
    assert np.array_equal(lazy, whole)


def test_stereo_is_averaged(model: Wav2VecBertModel) -> None:
    mono = sound(1.0, rate=44100)
    doubled = np.concatenate([mono, mono], axis=1)
    ours = audio_features(model, doubled, 44100, 1.0, selection=SELECTION)
    assert ours == pytest.approx(audio_features(model, mono, 44100, 1.0, selection=SELECTION), abs=1e-4)


def test_same_bits_on_another_array_module(tiny: Path, model: Wav2VecBertModel) -> None:
    other = Wav2VecBertModel.from_pretrained(tiny, device=fake_device.module)
    ours = audio_features(other, sound(1.0), RATE, 1.0, selection=SELECTION)
    assert np.array_equal(ours, audio_features(model, sound(1.0), RATE, 1.0, selection=SELECTION))


@pytest.mark.parametrize("duration", [0.0, 0.1, 0.25])
def test_too_short_for_one_bin(model: Wav2VecBertModel, duration: float) -> None:
    with pytest.raises(ShapeError, match="too short"):
        audio_features(model, sound(1.0), RATE, duration, selection=SELECTION)


def test_too_few_samples_for_the_filterbank(model: Wav2VecBertModel) -> None:
    with pytest.raises(ShapeError, match="at least 560 samples"):
        audio_features(model, sound(0.03), RATE, 1.0, selection=SELECTION)
    with pytest.raises(ShapeError, match=r"shape \(N, C\)"):
        audio_features(model, sound(1.0)[:, 0], RATE, 1.0, selection=SELECTION)


def test_without_the_preprocessor_file_only_sound_is_an_error(tiny: Path) -> None:
    (tiny / "preprocessor_config.json").unlink()
    model = Wav2VecBertModel.from_pretrained(tiny)
    assert model.hidden_states(np.zeros((1, 3, 160), np.float32)).shape == (4, 1, 3, 16)
    with pytest.raises(CheckpointError, match=r"preprocessor_config\.json"):
        audio_features(model, sound(1.0), RATE, 1.0, selection=SELECTION)


def test_features_that_are_not_finite_are_an_error(model: Wav2VecBertModel) -> None:
    projection = model.feature_projection.projection
    broken = replace(
        model.feature_projection, projection=replace(projection, bias=np.full_like(projection.bias, np.nan))
    )
    with pytest.raises(
        NotFiniteError, match=r"the audio model gives NaN .* first in feature_projection of its 3 layers"
    ):
        audio_features(replace(model, feature_projection=broken), sound(1.0), RATE, 1.0, selection=SELECTION)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_layer_that_overflows_is_named(tiny: Path) -> None:
    entries, metadata = read_header(tiny / "model.safetensors")
    weights = {name: np.array(entry.read()) for name, entry in entries.items()}
    weights["encoder.layers.1.final_layer_norm.weight"][:] = 3e38  # finite, what it gives is not
    write_safetensors(tiny / "model.safetensors", weights, metadata=metadata)
    with pytest.raises(NotFiniteError, match=r"the audio model gives NaN .* first in layers\.1 of its 3 layers"):
        audio_features(Wav2VecBertModel.from_pretrained(tiny), sound(1.0), RATE, 1.0, selection=SELECTION)
