"""The real sound libraries, run with everything we compare made visible.

julius 0.2.8; transformers 5.23.0 SeamlessM4TFeatureExtractor and Wav2Vec2BertModel with hooks; torch's interpolation;
neuralset 0.0.2 Wav2VecBert on a local folder; moviepy 2.2.1.
"""

from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.llama_peer import without_torchvision_operators

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


def julius_length(n_samples: int, rate: int) -> int:
    """Output length by julius' expression, without the signal."""
    import torch
    from julius import ResampleFrac

    fraction = ResampleFrac(rate, 16000)
    return int(torch.floor(torch.as_tensor(fraction.new_sr * n_samples / fraction.old_sr)).long())


def peer_features(waveform: np.ndarray, padding_value: float) -> np.ndarray:
    """SeamlessM4TFeatureExtractor called as neuralset calls it."""
    import torch

    without_torchvision_operators()
    from transformers import SeamlessM4TFeatureExtractor

    extractor = SeamlessM4TFeatureExtractor(padding_value=padding_value)
    made = extractor(torch.tensor(waveform), return_tensors="pt", sampling_rate=16000, do_normalize=True)
    return made["input_features"][0].numpy()


def peer_standardize(waveform: np.ndarray) -> np.ndarray:
    """BaseAudio._preprocess_wav of neuralset on one channel."""
    from types import SimpleNamespace

    import torch

    without_torchvision_operators()
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

    without_torchvision_operators()
    from transformers import Wav2Vec2BertModel

    model, loading = Wav2Vec2BertModel.from_pretrained(folder, output_loading_info=True)
    assert not loading["missing_keys"], loading
    assert not loading["unexpected_keys"], loading
    model = (model.double() if double else model.float()).eval()
    heads, stages = model.config.num_attention_heads, {}

    def keep(name: str, change: Any = lambda y: y) -> Any:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            stages[f"wav2vec_bert.{name}"] = change(output[0] if isinstance(output, tuple) else output).numpy().copy()

        return hook

    def split(y: Any) -> Any:
        return y.reshape(*y.shape[:2], heads, -1).transpose(1, 2)

    def as_steps(y: Any) -> Any:
        return y.transpose(1, 2)

    model.feature_projection.layer_norm.register_forward_hook(keep("feature_projection.layer_norm"))
    model.feature_projection.register_forward_hook(keep("feature_projection.output"))
    for i, layer in enumerate(model.encoder.layers):
        at = f"encoder.layers.{i}"
        for name in ("ffn1", "ffn2"):
            getattr(layer, name).intermediate_act_fn.register_forward_hook(keep(f"{at}.{name}.hidden"))
            getattr(layer, name).register_forward_hook(keep(f"{at}.{name}.output"))
        for letter, name in (("q", "query"), ("k", "key"), ("v", "value")):
            getattr(layer.self_attn, f"linear_{letter}").register_forward_hook(keep(f"{at}.self_attn.{name}", split))
        layer.self_attn.linear_out.register_forward_pre_hook(
            lambda module, inputs, at=at: keep(f"{at}.self_attn.mixed")(module, None, inputs[0])
        )
        layer.self_attn.register_forward_hook(keep(f"{at}.self_attn.output"))
        conv = layer.conv_module
        conv.glu.register_forward_hook(keep(f"{at}.conv_module.gated", as_steps))
        conv.depthwise_conv.register_forward_hook(keep(f"{at}.conv_module.depthwise_conv", as_steps))
        conv.register_forward_hook(keep(f"{at}.conv_module.output"))
        layer.register_forward_hook(keep(f"{at}.output"))
    with torch.no_grad():
        features = torch.tensor(x).double() if double else torch.tensor(x)
        made = model(features, output_hidden_states=True)
    stages["hidden_states"] = torch.stack(made.hidden_states).numpy()
    return stages


def peer_pipeline(model: Path, wav: Path, offset: float, duration: float, cache_n_layers: int | None) -> np.ndarray:
    """neuralset's Wav2VecBert on a piece of a file: (G, F, n)."""
    without_torchvision_operators()
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
    without_torchvision_operators()
    from transformers import SeamlessM4TFeatureExtractor

    return SeamlessM4TFeatureExtractor()._extract_fbank_features(waveform).copy()


def peer_track(video: Path, wav: Path) -> None:
    """Writes the sound track as neuralset's ExtractAudioFromVideo does."""
    from moviepy import VideoFileClip

    clip = VideoFileClip(str(video))
    clip.subclipped(0, clip.duration).audio.write_audiofile(str(wav), logger=None)
    clip.close()
