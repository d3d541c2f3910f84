"""Honest ways to prepare sound and tables of positions: right, and in float32 where this package uses float64."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import fft

from extractors.wav2vec_bert.filterbank import FFT_LENGTH, FRAME_LENGTH, HOP, MEL_FLOOR, PRE_EMPHASIS
from tribe_np.ops.resize import resize_bicubic, resize_bicubic_plain
from tribe_np.oracle.budget.honest_variants import HonestVariant
from tribe_np.oracle.diagnose.changes import Memory, all_of, with_edit
from tribe_np.oracle.diagnose.mistakes.position_mistakes import positions_resized
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.setup import Setup
from tribe_np.protocols import Array

BLOCK = 16  # taps added at once


@dataclass(frozen=True)
class HonestFront(HonestVariant):
    """A variant that prepares some of what goes into a model in another way; where there is nothing, the reference."""

    stages: Callable[[Setup], Setup | None] = lambda setup: setup

    def __call__(
        self, setup: Setup, precision: str = "float32", patterns: tuple[str, ...] = EVERY_TAP
    ) -> Setup:  # fmt: skip
        """See HonestVariant."""
        setup = super().__call__(setup, precision, patterns)
        changed = self.stages(setup)
        return setup if changed is None else changed


def stage_beside(name: str, stage: str, memory: Memory) -> Array:
    """Another stage of the same event."""
    return memory[f"{name.rpartition('.')[0]}.{stage}"]


def single_windows(name: str, windowed: Array, memory: Memory) -> Array:
    """Frames centred, emphasised and windowed in float32.

    Shapes   -> (n_audio_frames, 512) float32
    """
    samples = np.asarray(stage_beside(name, "standardized", memory), np.float32) * np.float32(2**15)
    frames = np.lib.stride_tricks.sliding_window_view(samples, FRAME_LENGTH)[::HOP]
    frames = frames - np.mean(frames, axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    out = np.zeros((frames.shape[0], FFT_LENGTH), np.float32)
    window = np.asarray(stage_beside(name, "window", memory), np.float32)
    out[:, :FRAME_LENGTH] = (frames - np.float32(PRE_EMPHASIS) * before) * window
    return out


def single_power(name: str, power: Array, memory: Memory) -> Array:
    """The spectrum by a transform in float32."""
    spectrum = fft.rfft(np.asarray(stage_beside(name, "windowed", memory), np.float32))
    squares: np.ndarray = spectrum.real**2 + spectrum.imag**2
    return squares


def single_mel(name: str, mel: Array, memory: Memory) -> Array:
    """Energies and their logarithm in float32."""
    filters = np.asarray(stage_beside(name, "mel_filters", memory), np.float32)
    energies = np.asarray(stage_beside(name, "power", memory), np.float32) @ filters
    return np.log(np.maximum(np.float32(MEL_FLOOR), energies))


def blocks_of_taps(name: str, resampled: Array, memory: Memory) -> Array:
    """Each phase of the resampled sound summed in blocks of taps, the last first."""
    samples = np.asarray(stage_beside(name, "samples", memory), np.float32).T
    filters = memory.get(f"{name.rpartition('.')[0]}.filters")
    if filters is None:  # the sound has the model's rate
        return resampled
    n_phases, n_taps = filters.shape
    old = round(samples.shape[1] * n_phases / resampled.shape[1])
    starts = np.arange(-(-resampled.shape[1] // n_phases)) * old - (n_taps - old) // 2
    places = np.clip(starts[:, None] + np.arange(n_taps), 0, samples.shape[1] - 1)
    total = np.zeros((len(samples), len(starts), n_phases), np.float32)
    for first in reversed(range(0, n_taps, BLOCK)):
        part = slice(first, first + BLOCK)
        total += samples[:, places[:, part]] @ np.asarray(filters, np.float32).T[part]
    return total.reshape(len(samples), -1)[:, : resampled.shape[1]]


def positions_in_float32(setup: Setup) -> Setup | None:
    """DINOv2's table of positions resized in float32, weights included; None where it is not resized.

    Source   transformers 5.23.0 interpolate_pos_encoding of Dinov2Embeddings, Dinov2WithRegistersEmbeddings
    """
    with_registers = setup.config["model_type"] == "dinov2_with_registers"
    resize = resize_bicubic if with_registers else resize_bicubic_plain
    return positions_resized(lambda x, size: resize(np.asarray(x, np.float32), size, tables=np.float32))(setup)


SOUND = "pipeline.audio.*."
SOUNDS = (
    HonestFront("float32 spectrum", stages=all_of(
        with_edit(f"{SOUND}windowed", single_windows, f"{SOUND}standardized", f"{SOUND}window"),
        with_edit(f"{SOUND}power", single_power, f"{SOUND}windowed"),
        with_edit(f"{SOUND}mel", single_mel, f"{SOUND}power", f"{SOUND}mel_filters"),
    )),
    HonestFront("blocks of taps", stages=with_edit(
        f"{SOUND}resampled", blocks_of_taps, f"{SOUND}samples", f"{SOUND}filters"
    )),
)  # fmt: skip
FRONTS: Mapping[str, tuple[HonestVariant, ...]] = {
    "pipeline": SOUNDS, "dinov2": (HonestFront("float32 cubic", stages=positions_in_float32),)
}  # fmt: skip
"""By model, beside those of every model."""
