"""The samples that a speech recogniser hears: one channel at 16 kHz, read in blocks.

The file is decoded as for the sound model (libsndfile), so that a word's time means the same second in both; a
recogniser's own decoder counts an MP3's first samples otherwise.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from math import gcd
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from tribe_np.errors import MediaError
from tribe_np.media.sound.sound_file import open_sound, reason

RATE = 16000  # Hz, of every Whisper model
EDGE = 16  # steps of the resampler beyond a block on both sides; its filter reaches at most 10
MOST_HERTZ = 768_000  # far above any sound card; the resampler's filter grows with it


def speech_samples(path: str | Path) -> np.ndarray:
    """The whole sound as a recogniser takes it.

    Shapes   -> (N,) float32 at 16 kHz, the mean of the channels
    Raises   MediaError when it cannot be decoded, or holds NaN or infinite samples
    """
    with open_sound(path) as sound:
        rate = int(sound.file.samplerate)
        if rate > MOST_HERTZ:
            raise MediaError(f"{path}: has {rate} samples per second; a recogniser takes at most {MOST_HERTZ}")
        step = gcd(RATE, rate)
        mono = (block.mean(axis=1).astype(np.float32) for block in sound.blocks(sound.n_samples))
        try:
            pieces = list(resampled(mono, RATE // step, rate // step))
        except soundfile.SoundFileError as error:
            raise MediaError(f"{path}: cannot be decoded: {reason(error)}") from error
    samples = np.concatenate([np.zeros(0, np.float32), *pieces])
    if not np.all(np.isfinite(samples)):
        raise MediaError(f"{path}: holds NaN or infinite samples")
    return samples


def resampled(blocks: Iterable[np.ndarray], up: int, down: int) -> Iterator[np.ndarray]:
    """The sound of all blocks with up / down times as many samples, as if resampled in one piece.

    Numerics up to `down` - 1 samples at the very end, too few for a step, are left out
    """
    edge = EDGE * down
    held = np.zeros(edge, np.float32)  # what stands before the first sample
    for block in chain(blocks, [np.zeros(edge, np.float32)]):
        held = np.concatenate([held, block])
        n_steps = (len(held) - 2 * edge) // down
        if n_steps > 0:
            piece = resample_poly(held[: n_steps * down + 2 * edge], up, down)
            yield piece[EDGE * up : (EDGE + n_steps) * up].astype(np.float32)
            held = held[n_steps * down :]
