"""The real sound libraries, run with everything we compare made visible.

julius 0.2.8; transformers 5.23.0 SeamlessM4TFeatureExtractor and Wav2Vec2BertModel with hooks; torch's interpolation;
neuralset 0.0.2 Wav2VecBert on a local folder; moviepy 2.2.1.
"""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.hooks import Stages, keep_inputs, keep_output, split_heads
from tools.reference.torch_setup import skip_torchvision_operators

FRACTIONS = (0.5, 0.75, 1.0)


def chirp(n_samples: int, rate: int, seed: int = 0) -> np.ndarray:
    """A rising tone with noise: (N,) float32, values within 0.7."""
    t = np.arange(n_samples) / rate
    noise = np.random.default_rng(seed).normal(size=n_samples) * 0.02
    return (0.5 * np.sin(2 * np.pi * (80 + 900 * t) * t) * np.exp(-((t * 3) % 1)) + 0.1 + noise).astype(np.float32)


def julius_resample(x: np.ndarray, rate: int, *, double: bool = False) -> np.ndarray:
    """julius' own answer; with `double`, its float32 filters applied in float64."""
    import torch
    from julius import ResampleFrac

    resampler, signal = ResampleFrac(rate, 16000), torch.tensor(x)
    return (resampler.double()(signal.double()) if double else resampler(signal)).numpy()


def peer_resample(wav: Any, old: int, new: int) -> Any:
    """julius on a tensor (N, C), in the tensor's dtype."""
    from julius import ResampleFrac

    return ResampleFrac(old, new).to(wav.dtype)(wav.T).T


def julius_length(n_samples: int, rate: int) -> int:
    """Output length by julius' expression, without the signal."""
    import torch
    from julius import ResampleFrac

    fraction = ResampleFrac(rate, 16000)
    return int(torch.floor(torch.as_tensor(fraction.new_sr * n_samples / fraction.old_sr)).long())


def peer_features(waveform: np.ndarray, padding_value: float) -> np.ndarray:
    """SeamlessM4TFeatureExtractor called as neuralset calls it."""
    import torch

    skip_torchvision_operators()
    from transformers import SeamlessM4TFeatureExtractor

    extractor = SeamlessM4TFeatureExtractor(padding_value=padding_value)
    made = extractor(torch.tensor(waveform), return_tensors="pt", sampling_rate=16000, do_normalize=True)
    return made["input_features"][0].numpy()


def peer_standardize(waveform: np.ndarray) -> np.ndarray:
    """BaseAudio._preprocess_wav of neuralset on one channel."""
    from types import SimpleNamespace

    import torch

    skip_torchvision_operators()
    from neuralset.extractors.audio import BaseAudio

    normed = BaseAudio._preprocess_wav(SimpleNamespace(norm_audio=True), torch.tensor(waveform)[:, None])
    return normed.float().numpy()


def peer_nearest(n_steps: int, n_bins: int) -> list[int]:
    """Steps that torch's nearest interpolation reads, as neuralset calls it."""
    import torch

    steps = torch.arange(n_steps, dtype=torch.float32)[None, None]
    return [int(x) for x in torch.nn.functional.interpolate(steps, n_bins)[0, 0]]


def peer_model(folder: Path, x: np.ndarray, *, double: bool) -> dict[str, np.ndarray]:
    """Every stage of Wav2Vec2BertModel under our names, through hooks."""
    import torch

    skip_torchvision_operators()
    from transformers import Wav2Vec2BertModel

    model, loading = Wav2Vec2BertModel.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"], loading
    assert not loading["unexpected_keys"], loading
    model = (model.double() if double else model.float()).eval()
    stages: Stages = {}
    projection = "wav2vec_bert.feature_projection"
    keep_output(model.feature_projection.layer_norm, stages, f"{projection}.layer_norm.output")
    keep_output(model.feature_projection, stages, f"{projection}.output")
    for i, layer in enumerate(model.encoder.layers):
        _keep_layer(layer, stages, f"wav2vec_bert.encoder.layers.{i}", model.config.num_attention_heads)
    with torch.no_grad():
        features = torch.tensor(x).double() if double else torch.tensor(x)
        made = model(features, output_hidden_states=True)
    stages["hidden_states"] = torch.stack(made.hidden_states).numpy()
    return stages


def _keep_layer(layer: Any, stages: Stages, at: str, n_heads: int) -> None:
    def as_steps(y: Any) -> Any:
        return y.transpose(1, 2)

    for name in ("ffn1", "self_attn", "ffn2"):
        keep_output(getattr(layer, f"{name}_layer_norm"), stages, f"{at}.{name}_layer_norm.output")
    for name, after in (("ffn1", "self_attn_layer_norm"), ("self_attn", "conv_module"), ("ffn2", "final_layer_norm")):
        keep_inputs(getattr(layer, after), stages, f"{at}.{name}.stream")
    keep_inputs(layer.ffn2_layer_norm, stages, f"{at}.conv_module.stream")
    for name in ("ffn1", "ffn2"):
        keep_output(getattr(layer, name).intermediate_dense, stages, f"{at}.{name}.hidden")
        keep_output(getattr(layer, name).intermediate_act_fn, stages, f"{at}.{name}.activated")
        keep_output(getattr(layer, name), stages, f"{at}.{name}.output")
    attention, conv = layer.self_attn, layer.conv_module
    for letter, name in (("q", "query"), ("k", "key"), ("v", "value")):
        keep_output(getattr(attention, f"linear_{letter}"), stages, f"{at}.self_attn.{name}", split_heads(n_heads))
    keep_inputs(attention.linear_out, stages, f"{at}.self_attn.mixed")
    keep_output(attention, stages, f"{at}.self_attn.output")
    keep_output(conv.layer_norm, stages, f"{at}.conv_module.layer_norm.output")
    keep_output(conv.pointwise_conv1, stages, f"{at}.conv_module.pointwise_conv1.output", as_steps)
    keep_output(conv.depthwise_layer_norm, stages, f"{at}.conv_module.depthwise_layer_norm.output")
    keep_output(conv.activation, stages, f"{at}.conv_module.activated", as_steps)
    keep_output(conv.glu, stages, f"{at}.conv_module.gated", as_steps)
    keep_output(conv.depthwise_conv, stages, f"{at}.conv_module.depthwise_conv.output", as_steps)
    keep_output(conv, stages, f"{at}.conv_module.output")
    keep_output(layer, stages, f"{at}.output")


def peer_pipeline(model: Path, wav: Path, offset: float, duration: float, cache_n_layers: int | None) -> np.ndarray:
    """neuralset's Wav2VecBert on a piece of a file: (G, F, n)."""
    skip_torchvision_operators()
    from neuralset.events import etypes
    from neuralset.extractors.audio import Wav2VecBert

    with patch.object(Wav2VecBert, "repo_exists", lambda self: True):  # a folder, not a hub name
        extractor = Wav2VecBert(
            model_name=str(model), layers=list(FRACTIONS), layer_aggregation="group_mean", frequency=2.0, device="cpu",
            cache_n_layers=cache_n_layers,
        )  # fmt: skip
    rate = etypes.Audio(start=0.0, timeline="t", filepath=str(wav)).frequency
    event = etypes.Audio(
        start=0.0, timeline="t", filepath=str(wav), offset=offset, duration=duration, frequency=rate
    )  # fmt: skip
    arrays = list(extractor._get_timed_arrays([event], start=0.0, duration=duration + 1))
    return np.asarray(arrays[0].data)


def peer_log_mel(waveform: np.ndarray) -> np.ndarray:
    """The log-mel energies before they are standardised: (n_audio_frames, 80)."""
    skip_torchvision_operators()
    from transformers import SeamlessM4TFeatureExtractor

    return SeamlessM4TFeatureExtractor()._extract_fbank_features(waveform).copy()


def peer_track(video: Path, wav: Path) -> None:
    """Writes the sound track as neuralset's ExtractAudioFromVideo does."""
    from moviepy import VideoFileClip

    clip = VideoFileClip(str(video))
    clip.subclipped(0, clip.duration).audio.write_audiofile(str(wav), logger=None)
    clip.close()
