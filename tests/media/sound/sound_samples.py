"""Sound files of every kind for the tests, written by libsndfile and then damaged."""

from pathlib import Path

import numpy as np
import soundfile

from tribe_np.media.sound.mp3 import scan_mp3

RATE = 16000
FORMATS = {
    "wav": ("wav", "WAV", "PCM_16"),
    "float": ("wav", "WAV", "FLOAT"),
    "extensible": ("wav", "WAVEX", "PCM_24"),
    "rf64": ("wav", "RF64", "PCM_16"),
    "w64": ("wav", "W64", "PCM_16"),
    "aiff": ("wav", "AIFF", "PCM_16"),
    "au": ("wav", "AU", "PCM_16"),
    "flac": ("flac", "FLAC", "PCM_16"),
    "vorbis": ("ogg", "OGG", "VORBIS"),
    "opus": ("ogg", "OGG", "OPUS"),
    "mp3": ("mp3", "MP3", "MPEG_LAYER_III"),
}


def noise(seconds: float, n_channels: int = 1, seed: int = 0) -> np.ndarray:
    """(N, C) float64 that grows louder: the first frames of a variable bit rate are not typical."""
    rng, n = np.random.default_rng(seed), round(seconds * RATE)
    loudness = np.where(np.arange(n) < n // 3, 0.001, 0.3)[:, None]
    return np.clip(rng.normal(size=(n, n_channels)) * loudness, -0.9, 0.9)


def write(folder: Path, kind: str, samples: np.ndarray) -> Path:
    """A file of one of FORMATS."""
    suffix, container, subtype = FORMATS[kind]
    path = folder / f"{kind}.{suffix}"
    options = {"bitrate_mode": "VARIABLE", "compression_level": 0.3} if kind == "mp3" else {}
    soundfile.write(path, samples, RATE, format=container, subtype=subtype, **options)
    return path


def cut(path: Path, share: float) -> Path:
    """The first part of a file, under its name."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def without_count(path: Path) -> Path:
    """An MP3 file without its first, silent frame, in which the number of the others stands."""
    scan, content = scan_mp3(path), path.read_bytes()
    assert scan is not None
    assert scan.has_info
    path.write_bytes(content[scan.first + scan.frame.length :])
    return path
