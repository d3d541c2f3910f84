"""Mistakes on the way from samples and frames to the models' inputs, and from their states to steps of the grid."""

from collections.abc import Callable
from typing import Any

import numpy as np

from extractors.catalogue import record_of
from extractors.vjepa2.preprocess import VideoProcessor
from extractors.wav2vec_bert.filterbank import (
    FFT_LENGTH,
    FRAME_LENGTH,
    HOP,
    LOWEST_FREQUENCY,
)
from tribe_np.ops.resample import N_ZEROS, ROLLOFF, half_width
from tribe_np.ops.resize import centre_crop, shortest_edge_size
from tribe_np.oracle.diagnose.changes import Memory, where, with_edit
from tribe_np.oracle.diagnose.mistake import Change, Mistake
from tribe_np.oracle.kit_models.pipeline_cases import DATA, FILM, SHOWN_STIMULUS, SOUND
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

PIPELINE = ("pipeline",)
HEARD, SEEN = "pipeline.audio.*.", "pipeline.video.*."
MODEL_RATE = 16000  # Hz
N_MELS = 80
Edit = Callable[[str, Array, Memory], Array]


def _beside(name: str, stage: str, memory: Memory) -> Array:
    return memory[f"{name.rpartition('.')[0]}.{stage}"]


def _of_sound(stage: str, change: Edit, *watched: str) -> Change:
    return where(
        lambda setup: SOUND in setup.inputs, with_edit(HEARD + stage, change, *(HEARD + other for other in watched))
    )  # fmt: skip


def _of_film(stage: str, change: Edit, *watched: str) -> Change:
    return where(
        lambda setup: FILM in setup.inputs and "video_processor" in setup.config and _reads_film(setup),
        with_edit(SEEN + stage, change, *(SEEN + other for other in watched)),
    )  # fmt: skip


def _reads_film(setup: Setup) -> bool:
    return any(record_of(modality).reads == "film" for modality in setup.config[DATA]["features_to_use"])


def _is_resampled(setup: Setup) -> bool:
    rows = setup.config[SHOWN_STIMULUS]["events"]
    return any(row["type"] == "Audio" and row["frequency"] != MODEL_RATE for row in rows)


def _double_filters(name: str, filters: Array, memory: Memory) -> Array:
    """The filters computed in float64."""
    new, n_taps = filters.shape
    old = next(old for old in range(1, n_taps) if 2 * half_width(old, new) + old == n_taps)
    width, scale = half_width(old, new), min(old, new) * ROLLOFF
    phases, taps = -np.arange(new)[:, None] / new, np.arange(-width, width + old)[None, :]
    angle = np.clip((phases + taps / old) * scale, -N_ZEROS, N_ZEROS) * np.pi
    found: np.ndarray = np.sinc(angle / np.pi) * np.cos(angle / N_ZEROS / 2) ** 2
    found /= found.sum(axis=1, keepdims=True)
    return found


def _straight(name: str, resampled: Array, memory: Memory) -> Array:
    """Samples between the old ones on straight lines."""
    samples = np.asarray(_beside(name, "samples", memory), np.float64).T
    places = np.arange(resampled.shape[1]) * (samples.shape[1] / resampled.shape[1])
    found = np.stack([np.interp(places, np.arange(samples.shape[1]), channel) for channel in samples])
    return found.astype(resampled.dtype)


def _not_emphasised(name: str, windowed: Array, memory: Memory) -> Array:
    samples = np.asarray(_beside(name, "standardized", memory), np.float64) * 2**15
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_LENGTH)[::HOP]
    frames = frames - frames.mean(axis=1, keepdims=True)
    return np.pad(frames * _beside(name, "window", memory), ((0, 0), (0, FFT_LENGTH - FRAME_LENGTH)))


def _corners(to_mel: Callable[[Any], Any], from_mel: Callable[[Any], Any]) -> np.ndarray:
    mels = np.linspace(to_mel(LOWEST_FREQUENCY), to_mel(MODEL_RATE / 2), N_MELS + 2)
    return np.asarray(from_mel(mels))


def _triangles(corners: np.ndarray, area: bool) -> np.ndarray:
    """Triangles over frequencies in Hz."""
    hertz = MODEL_RATE / FFT_LENGTH * np.arange(FFT_LENGTH // 2 + 1)[:, None]
    rising = (hertz - corners[:-2]) / np.diff(corners)[:-1]
    falling = (corners[2:] - hertz) / np.diff(corners)[1:]
    found: np.ndarray = np.maximum(0.0, np.minimum(rising, falling))
    return found * (2.0 / (corners[2:] - corners[:-2])) if area else found


def _htk(*_: Any) -> np.ndarray:
    corners = _corners(lambda f: 2595 * np.log10(1 + f / 700), lambda m: 700 * (10 ** (m / 2595) - 1))
    return _triangles(corners, area=False)


def _slaney(*_: Any) -> np.ndarray:
    step = np.log(6.4) / 27

    def to_mel(f: Any) -> Any:
        return np.where(f < 1000, f * 3 / 200, 15 + np.log(np.maximum(f, 1000) / 1000) / step)

    def from_mel(m: Any) -> Any:
        return np.where(m < 15, m * 200 / 3, 1000 * np.exp(step * (m - 15)))

    return _triangles(_corners(to_mel, from_mel), area=True)


def _biased(name: str, rows: Array, memory: Memory) -> Array:
    mel = np.asarray(_beside(name, "mel", memory), np.float64)
    return ((mel - mel.mean(axis=0)) / np.sqrt(mel.var(axis=0) + 1e-7)).astype(rows.dtype)


def _zeros_behind(name: str, pairs: Array, memory: Memory) -> Array:
    found = np.array(pairs)
    if len(_beside(name, "mel", memory)) % 2:
        found[-1, N_MELS:] = 0.0
    return found


def _averaged_bins(name: str, pooled: Array, memory: Memory) -> Array:
    state, n = memory[name.removesuffix(".pooled")], len(pooled)
    edges = [(k * len(state) // n, -(-(k + 1) * len(state) // n)) for k in range(n)]
    return np.stack([state[first:stop].mean(axis=0) for first, stop in edges]).astype(pooled.dtype)


def _next_frames(name: str, numbers: Array, memory: Memory) -> Array:
    return numbers + 1


def _plainly_shrunk(setup: Setup) -> Setup | None:
    """Two pixels on each side, however much smaller the picture becomes."""
    processor = VideoProcessor.from_dict(setup.config.get("video_processor", {}))

    def lines(n_in: int, n_out: int, part: slice) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places = np.clip((np.arange(n_out)[part] + 0.5) * n_in / n_out - 0.5, 0, n_in - 1)
        low = np.floor(places).astype(int)
        return low, np.minimum(low + 1, n_in - 1), places - low

    def shrink(frame: Array) -> Array:
        size = shortest_edge_size(frame.shape[:2], processor.shortest_edge)
        rows, columns = centre_crop(size, processor.crop_size)
        x = np.asarray(frame, np.float64)
        for axis, (n_out, part) in enumerate(zip(size, (rows, columns), strict=True)):
            low, high, share = lines(x.shape[axis], n_out, part)
            share = share.reshape(-1, *[1] * (2 - axis))
            x = np.take(x, low, axis) * (1 - share) + np.take(x, high, axis) * share
        return np.clip(np.rint(x), 0, 255).astype(np.uint8)

    def shrunk(name: str, clip: Array, memory: Memory) -> Array:
        chunk = ".".join(name.split(".")[:3])
        return np.stack([shrink(memory[f"{chunk}.frames.{n}"]) for n in _beside(name, "frame_numbers", memory)])

    return _of_film("shrunk", shrunk, "frames.*", "frame_numbers")(setup)


def _unit_pixels(name: str, pixels: Array, memory: Memory) -> Array:
    clip = _beside(name, "shrunk", memory)
    return (clip.transpose(0, 3, 1, 2) / 255.0).astype(pixels.dtype)


def _from_the_step_on(setup: Setup) -> Setup | None:
    section = setup.config[DATA].get("video_feature")
    if section is None:
        return None
    seconds, frequency = float(section["clip_duration"]), float(setup.config[DATA]["frequency"])
    ahead = seconds - 1 / frequency
    return _of_film("times", lambda name, times, _: np.minimum(times + ahead, times.max()))(setup)


MEDIA_MISTAKES = (
    Mistake("resampler-in-double", PIPELINE, "computes the resampling filters in float64",
            "they are computed in float32, as julius does, whatever computes with them",
            where(_is_resampled, _of_sound("filters", _double_filters))),
    Mistake("resampled-in-lines", PIPELINE, "resamples sound by straight lines between samples",
            "a windowed sinc with 24 zero crossings on each side, cut off at 0.945 of the lower Nyquist frequency",
            where(_is_resampled, _of_sound("resampled", _straight, "samples"))),
    Mistake("first-channel", PIPELINE, "takes the first channel of a sound",
            "channels are resampled, then averaged",
            where(lambda setup: SOUND in setup.inputs and setup.inputs[SOUND].shape[1] > 1,
                  _of_sound("mono", lambda name, _, memory: _beside(name, "resampled", memory)[0], "resampled"))),
    Mistake("not-standardized", PIPELINE, "gives the sound as it is to the filterbank",
            "the sound has mean 0 and standard deviation 1 before",
            _of_sound("standardized", lambda name, _, memory: _beside(name, "mono", memory), "mono")),
    Mistake("no-16-bit-scale", PIPELINE, "leaves samples between -1 and 1 where the filterbank takes 16-bit numbers",
            "samples are multiplied by 2^15 first", _of_sound("windowed", lambda _, x, __: x / 2**15)),
    Mistake("no-pre-emphasis", PIPELINE, "leaves out the pre-emphasis", "0.97 of the sample before is subtracted",
            _of_sound("windowed", _not_emphasised, "standardized", "window")),
    Mistake("hann-window", PIPELINE, "takes Hann's window", "Povey's window: Hann's to the power of 0.85",
            _of_sound("window", lambda *_: np.hanning(FRAME_LENGTH))),
    Mistake("mel-triangles-in-hertz", PIPELINE, "has mel filters that are triangles over Hz (HTK, librosa)",
            "Kaldi's are triangles over mel", _of_sound("mel_filters", _htk)),
    Mistake("slaney-mel", PIPELINE, "has Slaney's mel scale with filters of equal area",
            "Kaldi's scale, 1127 ln(1 + f / 700), and filters of height 1", _of_sound("mel_filters", _slaney)),
    Mistake("biased-mel-variance", PIPELINE, "divides by N in the variance of each mel bin",
            "by N - 1", _of_sound("mel_standardized", _biased, "mel")),
    Mistake("zeros-behind-odd-frame", PIPELINE, "pairs an odd last audio frame with zeros",
            "with the padding value, 1.0, after each bin was standardised", _of_sound("input", _zeros_behind, "mel")),
    Mistake("averaged-bins", PIPELINE, "averages the tokens of each step of the grid",
            "a step reads the one token with which it begins",
            _of_sound("states.*.pooled", _averaged_bins, "states.*")),
    Mistake("frame-by-one", PIPELINE, "shows the frame after the one on screen",
            "the frame on screen at t is number int(t x fps + 1e-5), counted from 0",
            _of_film("frame_numbers", _next_frames)),
    Mistake("clip-from-the-step-on", PIPELINE, "begins a clip with its step of the grid",
            "a clip ends with its step, and what would lie before the chunk is its first frame", _from_the_step_on),
    Mistake("bgr", PIPELINE, "reads blue, green, red", "frames are red, green, blue",
            _of_film("frames.*", lambda _, frame, __: frame[..., ::-1]),
            (_of_film("shrunk", lambda _, frames, __: frames[..., ::-1]),
             _of_film("pixels", lambda _, pixels, __: pixels[:, ::-1]))),
    Mistake("no-antialias", PIPELINE, "shrinks frames without antialiasing",
            "each pixel is a weighted mean of all that it covers", _plainly_shrunk),
    Mistake("unit-pixels", PIPELINE, "hands on pixels between 0 and 1",
            "ImageNet's mean is subtracted, and divided by its deviation",
            _of_film("pixels", _unit_pixels, "shrunk")),
)  # fmt: skip
