"""What the page of the pipeline's kits says of media and of the grid, in NumPy and with nothing of ours."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

Taps = dict[str, np.ndarray]


def sound_stages(
    rate: int, samples: np.ndarray, duration: float, offset: float, padding: float, table: np.ndarray | None
) -> Taps:
    """Step 4, up to the model's input; `table` are the filters in float32, which what follows is computed from."""
    found: Taps = {}
    first = round(offset * rate)
    x = found["samples"] = samples[first : first + round(duration * rate)]
    common = math.gcd(rate, 16000)
    old, new = rate // common, 16000 // common
    channels = x.astype(np.float64).T
    if old != new:
        q = 0.945 * min(old, new)
        w = math.ceil(24 * old / q)
        k, p = np.arange(2 * w + old), np.arange(new)[:, None]
        a = np.pi * np.clip((-p / new + (k - w) / old) * q, -24, 24)
        filters = np.where(a == 0, 1, np.sin(a) / np.where(a == 0, 1, a)) * np.cos(a / 48) ** 2
        found["filters"] = filters / filters.sum(1, keepdims=True)
        n_out = math.floor(np.float32(new * channels.shape[1] / old))
        m = np.arange(-(-n_out // new))
        places = np.clip(m[:, None] * old + k[None] - w, 0, channels.shape[1] - 1)
        channels = (channels[:, places] @ np.asarray(table, np.float64).T).reshape(len(channels), -1)[:, :n_out]
    mono = found["mono"] = (found.setdefault("resampled", channels)).mean(0)
    wave = found["standardized"] = (mono - mono.mean()) / (1e-8 + mono.std(ddof=1))
    pieces = np.stack([wave[n : n + 400] * 2**15 for n in range(0, len(wave) - 399, 160)])
    pieces = pieces - pieces.mean(1, keepdims=True)
    pieces = np.concatenate([pieces[:, :1] * (1 - 0.97), pieces[:, 1:] - 0.97 * pieces[:, :-1]], 1)
    found["window"] = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 399)) ** 0.85
    found["windowed"] = np.pad(pieces * found["window"], ((0, 0), (0, 112)))
    found["power"] = np.abs(np.fft.fft(found["windowed"])[:, :257]) ** 2

    def mel(hertz: Any) -> Any:
        return 1127 * np.log(1 + hertz / 700)

    e, b = np.linspace(mel(20), mel(8000), 82), mel(np.arange(257) * 16000 / 512)[:, None]
    rising, falling = (b - e[:-2]) / (e[1:-1] - e[:-2]), (e[2:] - b) / (e[2:] - e[1:-1])
    found["mel_filters"] = np.maximum(0, np.minimum(rising, falling))
    rows = found["mel"] = np.log(np.maximum(1.192092955078125e-07, found["power"] @ found["mel_filters"]))
    rows = found["mel_standardized"] = (rows - rows.mean(0)) / np.sqrt(rows.var(0, ddof=1) + 1e-7)
    rows = np.concatenate([rows, np.full((len(rows) % 2, 80), padding)])
    found["input"] = rows.reshape(-1, 160)
    return found


def film_times(duration: float, offset: float, n_frames: int, clip: float) -> np.ndarray:
    """Moments of each clip's frames, in seconds of the file."""
    Y = round(duration * 2.0)
    y, z = np.arange(Y)[:, None], np.arange(n_frames)[None]
    return np.maximum(0, (y + 1) * duration / Y - (n_frames - 1 - z) * clip / n_frames) + offset


def film_frames(times: np.ndarray, rate: float, n_frames: int) -> np.ndarray:
    """The frames that are shown then."""
    shown, last = np.empty(times.shape, np.int64), 0
    for place in np.ndindex(*times.shape):
        asked = int(rate * times[place] + 0.00001)
        last = asked if asked < n_frames else last
        shown[place] = last
    return shown


def shrunk(picture: np.ndarray, crop: int) -> np.ndarray:
    """One frame resized and cropped, in integers."""
    edge = int(crop * 256 / 224)
    height, width = picture.shape[:2]
    long = int(edge * max(height, width) / min(height, width))
    size = (edge, long) if height <= width else (long, edge)
    for axis in (1, 0):
        picture = np.moveaxis(resized_axis(np.moveaxis(picture, axis, 0), size[axis]), 0, axis)
    top, left = (int((n - crop) / 2) for n in size)
    return picture[top : top + crop, left : left + crop]


def resized_axis(x: np.ndarray, n_out: int) -> np.ndarray:
    """The first axis, resized."""
    s = len(x) / n_out
    r = max(s, 1.0)
    rows, largest = [], 0.0
    for n in range(n_out):
        c = s * (n + 0.5)
        k = np.arange(max(0, math.trunc(c - r + 0.5)), min(len(x), math.trunc(c + r + 0.5)))
        w = np.maximum(0, 1 - np.abs(k - c + 0.5) / r)
        rows.append((k, w / w.sum()))
        largest = max(largest, float((w / w.sum()).max()))
    P = 0
    while P < 22 and int(0.5 + largest * 2 ** (P + 1)) < 1 << 15:
        P += 1
    out = []
    for k, w in rows:
        whole = np.trunc(0.5 + w * 2**P).astype(np.int64)
        out.append(np.clip(((1 << (P - 1)) + np.tensordot(whole, x[k].astype(np.int64), 1)) >> P, 0, 255))
    return np.asarray(out).astype(np.uint8)


def layer_groups(n_states: int, fractions: list[float], cached: int | None) -> list[list[int]]:
    """Step 6."""
    kept = list(range(n_states))
    if cached is not None and cached < n_states:
        kept = [round(n * (n_states - 1) / (cached - 1)) for n in range(cached)]
    cuts = sorted({math.trunc(f * (len(kept) - 1)) for f in fractions})
    spans = [[a, b] for a, b in pairwise(cuts)]
    spans[-1][1] += 1
    return [kept[a:b] for a, b in spans]


def steps_covered(window: tuple[float, float], event: tuple[float, float]) -> tuple[int, int] | None:
    """Step 7: the first step of a window that an event covers, and how many."""
    start, width = window
    T = max(1, round(width * 2.0))
    left, right = max(start, event[0]), min(start + T / 2.0, event[0] + event[1])
    if right <= left:
        return None
    first, count = round((left - start) * 2.0), max(1, round((right - left) * 2.0))
    return min(first, T - count), count


def grouped_mean(states: Mapping[int, np.ndarray], groups: list[list[int]]) -> np.ndarray:
    """A feature: the mean of each group's states."""
    return np.stack([np.mean([states[n] for n in group], 0) for group in groups])
