"""Ours against what the real libraries gave, without them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from extractors import Wav2VecBertModel
from extractors.common.layer_groups import LayerSelection
from extractors.wav2vec_bert.extract import audio_features
from extractors.wav2vec_bert.filterbank import FilterbankConfig, input_features, log_mel
from tests.extractors.wav2vec_bert.conftest import Golden
from tribe_np import trace
from tribe_np.oracle import relative_error


def test_log_mel(golden: Golden) -> None:
    """Live parity asks for equal bits; across CPUs the matrix product of the BLAS may round another way."""
    arrays, about = golden("audio_features")
    config = FilterbankConfig(about["padding_value"])
    ours = log_mel(arrays["waveform"], config)
    assert ours.dtype == np.float32
    assert np.max(np.abs(ours - arrays["log_mel"])) <= 2e-6
    for case in ("even", "odd"):
        ours = input_features(arrays["waveform"][: about[case]], config)
        assert np.max(np.abs(ours - arrays[f"features_{case}"])) <= 2e-5, case


def test_an_odd_audio_frame_is_paired_with_the_padding_value(golden: Golden) -> None:
    arrays, _ = golden("audio_features")
    assert np.all(arrays["features_odd"][-1, 80:] == 1.0)


@pytest.mark.parametrize(("precision", "bound"), [("float32", 1e-5), ("float64", 1e-12)])
def test_every_stage_of_the_model(
    golden: Golden, write_folder: Callable[..., Path], tmp_path: Path, precision: str, bound: float
) -> None:
    arrays, about = golden("audio_model")
    model = Wav2VecBertModel.from_pretrained(write_folder(tmp_path, arrays, about), precision=precision)
    with trace() as recording:
        states = model.hidden_states(arrays["input_features"])
    ours = {**recording.arrays, "hidden_states": states}
    names = [name for name in arrays if name.startswith(f"{precision}/")]
    assert f"{precision}/hidden_states" in names
    for name in names:
        assert relative_error(ours[name.partition("/")[2]], arrays[name]) <= bound, name


def test_sound_to_features(golden: Golden, write_folder: Callable[..., Path], tmp_path: Path) -> None:
    arrays, about = golden("audio_pipeline")
    configs = {name: about[name] for name in ("config", "preprocessor_config")}
    model = Wav2VecBertModel.from_pretrained(write_folder(tmp_path, arrays, configs))
    start, count = round(about["offset"] * about["rate"]), round(about["duration"] * about["rate"])
    samples = arrays["samples"][start : start + count].astype(np.float32) / 32768
    selection = LayerSelection(tuple(about["fractions"]))
    ours = audio_features(model, samples, about["rate"], about["duration"], selection=selection)
    assert relative_error(ours, arrays["features"]) <= 1e-4
