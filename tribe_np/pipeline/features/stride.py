"""Fewer clips than bins: every stride-th bin is computed, those in between lie on a straight line. An approximation.

Clips of neighbouring bins share most of their frames, and a cut enters the seconds of a clip little by little, so
features move nearly evenly from bin to bin. Not so at a chunk's start, where clips repeat its first frame, nor at its
end, where the file may: those bins are always computed. Not upstream's; off by default.
"""

import math

import numpy as np

STRIDES = (1, 2, 4)


def computed_bins(n_bins: int, stride: int, *, clip_duration: float, frequency: float) -> np.ndarray:
    """The bins of one chunk whose clips are run: all up to the first clip that lies inside the chunk, then every
    stride-th, and the last.

    Shapes   -> (n,) integers, ascending; all n_bins of them for stride 1
    Units    clip_duration in seconds, frequency of the bins in Hz
    """
    n_leading = min(n_bins, math.ceil(clip_duration * frequency))
    steps = np.arange(max(n_leading - 1, 0), n_bins, stride)
    return np.unique(np.concatenate([np.arange(n_leading), steps, np.arange(n_bins)[-1:]]))


def fill_bins(features: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Features of every bin from those of the computed ones.

    Shapes   features (G, F, n), bins (n,) as `computed_bins` gives them -> (G, F, bins[-1] + 1), same dtype
    Numerics computed bins are kept to the bit; a bin k of the way from one to the next is (1 - k) left + k right
    """
    n_bins = int(bins[-1]) + 1 if len(bins) else 0
    if len(bins) == n_bins:
        return features
    right = np.searchsorted(bins, np.arange(n_bins))
    left = np.maximum(right - 1, 0)
    span = np.maximum(bins[right] - bins[left], 1)
    share = ((np.arange(n_bins) - bins[left]) / span).astype(features.dtype)
    filled: np.ndarray = (1 - share) * features[..., left] + share * features[..., right]
    filled[..., bins] = features
    return filled
