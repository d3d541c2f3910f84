"""Sound to the model's input: Kaldi-style log-mel energies, each bin standardised, two audio frames to a token.

Matched to the bit, so every dtype here is upstream's whatever the precision of the model. Not the raw-waveform
front end of wav2vec 2.0: w2v-bert-2.0 has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.errors import ShapeError
from tribe_np.nn.context import Context
from tribe_np.nn.stages import SILENT
from tribe_np.settings import Settings

FRAME_LENGTH = 400  # samples: 25 ms
HOP = 160  # samples: 10 ms
FFT_LENGTH = 512
PRE_EMPHASIS = 0.97
LOWEST_FREQUENCY = 20.0  # Hz
MEL_FLOOR = 1.192092955078125e-07
MIN_SAMPLES = FRAME_LENGTH + HOP  # two frames: the variance of one is undefined

# transformers' class defaults fill keys that preprocessor_config.json lacks; only these values are implemented
IMPLEMENTED: dict[str, Any] = {
    "feature_extractor_type": "SeamlessM4TFeatureExtractor",
    "feature_size": 80,
    "num_mel_bins": 80,
    "sampling_rate": 16000,
    "stride": 2,
    "padding_side": "right",
}


@dataclass(frozen=True)
class FilterbankConfig:
    """What preprocessor_config.json decides. w2v-bert-2.0 pads with 1.0."""

    padding_value: float
    rate: int = 16000  # Hz
    n_bins: int = 80
    stride: int = 2  # audio frames to a token
    exact: bool = False  # all in float64: what the oracle holds float32 against, and no model's folder says

    @property
    def dtype(self) -> Any:
        """In which sound is resampled and normalised."""
        return np.float64 if self.exact else np.float32

    @classmethod
    def from_dict(
        cls, values: Mapping[str, Any], *, origin: str | Path = "preprocessor_config.json"
    ) -> "FilterbankConfig":
        """From the keys of preprocessor_config.json; foreign keys are ignored.

        Raises   ConfigError, naming `origin`, for a value that is not implemented
        Source   transformers 5.23.0 SeamlessM4TFeatureExtractor
        """
        settings = Settings(values, origin)
        for key, value in IMPLEMENTED.items():
            settings.only(key, value)
        return cls(padding_value=settings.number("padding_value", 0.0))


def standardize(waveform: np.ndarray, dtype: Any = np.float32) -> np.ndarray:
    """The sound with mean 0 and standard deviation 1.

    Shapes   waveform (N,) -> (N,) in `dtype`
    Numerics unbiased deviation (N - 1), 1e-8 added to it; statistics in float64, rounded to `dtype`
    Source   neuralset 0.0.2 BaseAudio._preprocess_wav
    """
    waveform = waveform.astype(dtype)
    mean = np.mean(waveform, dtype=np.float64).astype(dtype)
    deviation = np.std(waveform, dtype=np.float64, ddof=1).astype(dtype)
    scaled: np.ndarray = (waveform - mean) / (np.asarray(1e-8, dtype) + deviation)
    return scaled


def input_features(waveform: np.ndarray, config: FilterbankConfig, ctx: Context = SILENT) -> np.ndarray:
    """The model's input for one mono sound at 16 kHz.

    Shapes   waveform (N,) -> (S, 160) in the config's dtype; S = ceil((1 + floor((N - 400) / 160)) / 2)
    Numerics an odd audio frame is paired with a row of padding_value, after standardising; no mask hides it
    Raises   ShapeError for a sound shorter than two audio frames (560 samples)
    Source   transformers 5.23.0 SeamlessM4TFeatureExtractor.__call__
    """
    if waveform.ndim != 1 or waveform.shape[0] < MIN_SAMPLES:
        raise ShapeError(
            f"the sound must be mono with at least {MIN_SAMPLES} samples at {config.rate} Hz "
            f"({1000 * MIN_SAMPLES // config.rate} ms), got shape {waveform.shape}"
        )
    rows = ctx.see("mel", log_mel(waveform, config, ctx))
    rows = ctx.see("mel_standardized", standardize_bins(rows))
    missing = -rows.shape[0] % config.stride
    padding = np.full((missing, rows.shape[1]), config.padding_value, rows.dtype)
    return np.concatenate([rows, padding]).reshape(-1, rows.shape[1] * config.stride)


def log_mel(waveform: np.ndarray, config: FilterbankConfig, ctx: Context = SILENT) -> np.ndarray:
    """Natural logarithm of the mel energies of each 25 ms, every 10 ms.

    Shapes   waveform (N,) -> (n_audio_frames, 80) in the config's dtype, in column order: the next sums depend on it
    Units    log of squared 16-bit amplitude
    Numerics float64, except that the spectrum is rounded to complex64 before its square, unless the config is exact
    Source   transformers 5.23.0 audio_utils.spectrogram as SeamlessM4TFeatureExtractor calls it
    """
    samples = (waveform.astype(config.dtype) * 2**15).astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_LENGTH)[::HOP]
    frames = frames - np.mean(frames, axis=1, keepdims=True)
    emphasised = np.zeros((frames.shape[0], FFT_LENGTH))
    emphasised[:, 1:FRAME_LENGTH] = frames[:, 1:] - PRE_EMPHASIS * frames[:, :-1]
    emphasised[:, 0] = frames[:, 0] * (1 - PRE_EMPHASIS)
    emphasised[:, :FRAME_LENGTH] *= ctx.see("window", np.power(np.hanning(FRAME_LENGTH), 0.85))  # Povey's
    emphasised = ctx.see("windowed", emphasised)
    spectrum = np.fft.rfft(emphasised)
    spectrum = spectrum if config.exact else spectrum.astype(np.complex64)
    power = ctx.see("power", np.abs(spectrum, dtype=np.float64) ** 2.0)
    energies = np.dot(ctx.see("mel_filters", mel_filters(config.n_bins, config.rate)).T, power.T)
    return np.asarray(np.log(np.maximum(MEL_FLOOR, energies)), config.dtype).T


def mel_filters(n_bins: int, rate: int) -> np.ndarray:
    """Triangles on the mel scale, without area normalisation.

    Shapes   -> (257, n_bins) float64
    Units    rate in Hz; from 20 Hz to half the rate
    Source   transformers 5.23.0 audio_utils.mel_filter_bank(mel_scale="kaldi", triangularize_in_mel_space=True)
    """
    corners = np.linspace(_mel(LOWEST_FREQUENCY), _mel(rate // 2), n_bins + 2)
    spectrum_mel = _mel(rate / FFT_LENGTH * np.arange(FFT_LENGTH // 2 + 1))
    distance = corners[None, :] - spectrum_mel[:, None]
    widths = np.diff(corners)
    rising, falling = -distance[:, :-2] / widths[:-1], distance[:, 2:] / widths[1:]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


def _mel(frequency: Any) -> Any:
    return 1127.0 * np.log(1.0 + frequency / 700.0)


def standardize_bins(rows: np.ndarray) -> np.ndarray:
    """Each mel bin with mean 0 and variance 1 over the sound.

    Shapes   rows (n_audio_frames, 80) -> (n_audio_frames, 80), same dtype
    Numerics unbiased variance plus 1e-7; in the rows' dtype, summed in the order of their memory. Digital silence gives
             a small constant that is rounding only
    Source   transformers 5.23.0 SeamlessM4TFeatureExtractor (do_normalize_per_mel_bins)
    """
    centred = rows - np.mean(rows, axis=0, keepdims=True)
    return np.asarray(centred / np.sqrt(np.var(rows, axis=0, ddof=1, keepdims=True) + 1e-7))
