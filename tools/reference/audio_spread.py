"""How far upstream's sound features are from themselves: other threads, other summation, float64; and ours beside them.

Where a sound has no energy at the top of the 16 kHz that the model hears (8 and 11.025 kHz recordings), the mel bins
there hold rounding noise, and each bin is brought to variance 1: another order of the same sums gives other features.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from tools.reference.audio_peer import chirp, peer_features, peer_pipeline, peer_resample
from tools.reference.torch_setup import skip_torchvision_operators
from tribe_np.oracle import relative_error

RATES = (8000, 11025, 22050, 44100, 48000, 96000)
SECONDS = 6.0


@contextmanager
def as_shipped() -> Iterator[None]:
    """torch as it is."""
    yield


@contextmanager
def one_thread() -> Iterator[None]:
    """torch on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def without_onednn() -> Iterator[None]:
    """torch's own convolution, as on processors that oneDNN does not know."""
    import torch

    with torch.backends.mkldnn.flags(enabled=False):
        yield


@contextmanager
def in_float64() -> Iterator[None]:
    """Resampling and standardising in float64; the filters stay the float32 ones."""
    skip_torchvision_operators()
    from neuralset.extractors.audio import BaseAudio

    def resample(self: Any, wav: Any, old: float, new: float) -> Any:
        return peer_resample(wav.double(), int(old), int(new))

    with patch.object(BaseAudio, "_resample_wav", resample):
        yield


WAYS: dict[str, Callable[[], Any]] = {
    "upstream in float64": in_float64, "upstream on one thread": one_thread, "upstream without oneDNN": without_onednn,
}  # fmt: skip


def upstream_input(wav: Path, rate: int) -> np.ndarray:
    """The audio model's input as neuralset makes it from a file."""
    from types import SimpleNamespace

    skip_torchvision_operators()
    from neuralset.events import etypes
    from neuralset.extractors.audio import BaseAudio

    shell: Any = SimpleNamespace(norm_audio=True)
    sound = etypes.Audio(start=0.0, timeline="t", filepath=str(wav)).read()
    mono = BaseAudio._preprocess_wav(shell, BaseAudio._resample_wav(shell, sound, rate, 16000))
    return peer_features(mono.float().numpy(), 1.0)


def our_input(wav: Path) -> np.ndarray:
    """The same of ours."""
    from extractors.wav2vec_bert.filterbank import FilterbankConfig, input_features, standardize
    from tribe_np.media.sound.audio import read_audio
    from tribe_np.ops.resample import resample

    samples, rate = read_audio(wav)
    channels = resample(np.ascontiguousarray(samples.T), rate, 16000)
    return input_features(standardize(np.mean(channels, axis=0)), FilterbankConfig(1.0))


def spread_at(rate: int, folder: Path, model: Path) -> dict[str, tuple[float, float]]:
    """(model input, features) of every way, and of ours, beside upstream as shipped."""
    import soundfile

    from tools.reference.audio import our_pipeline

    wav = folder / f"{rate}.wav"
    stereo = np.stack([chirp(int(SECONDS * rate), rate, seed) for seed in range(2)], axis=1)
    soundfile.write(wav, stereo, rate, subtype="PCM_16")

    def found(way: Callable[[], Any]) -> tuple[np.ndarray, np.ndarray]:
        with way():
            return upstream_input(wav, rate), peer_pipeline(model, wav, 0.0, SECONDS, None)

    base = found(as_shipped)
    others = {name: found(way) for name, way in WAYS.items()}
    others["tribe_np"] = our_input(wav), our_pipeline(model, wav, 0.0, SECONDS, "float32")
    return {name: (relative_error(pair[0], base[0]), relative_error(pair[1], base[1])) for name, pair in others.items()}


def measure() -> dict[int, dict[str, tuple[float, float]]]:
    """`spread_at` for all rates, with one small random model."""
    from extractors.wav2vec_bert.random import write_random
    from tools.reference.audio import TINY

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = write_random(folder / "model", seed=0, **TINY)
        return {rate: spread_at(rate, folder, model) for rate in RATES}
