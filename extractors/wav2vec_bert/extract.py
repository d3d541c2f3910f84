"""Sound into audio features: hidden states at the token with which each step of the 2 Hz grid begins, by layer groups.

torch calls that choice "nearest", and so do the names here.
"""

import numpy as np

from extractors.common.layer_groups import (
    LayerSelection,
    finite_features,
    finite_states,
    group_features,
)
from extractors.wav2vec_bert.filterbank import input_features, standardize
from extractors.wav2vec_bert.model import PREPROCESSOR_NAME, Wav2VecBertModel
from tribe_np.backend import array_module
from tribe_np.errors import CheckpointError, ShapeError
from tribe_np.nn.context import Context
from tribe_np.nn.stages import SILENT, open_stage
from tribe_np.ops.resample import resample
from tribe_np.protocols import Array
from tribe_np.timeline.features import to_index


def audio_features(
    model: Wav2VecBertModel,
    samples: np.ndarray,
    rate: int,
    duration: float,
    *,
    selection: LayerSelection,
    frequency: float = 2.0,
) -> np.ndarray:
    """Layer groups of one piece of sound, at the token with which each step of the grid begins.

    Shapes   samples (N, C) -> inputs (S, 160) -> states (1, S, D) -> of each step (T, D) -> groups (G, T, F), F = D
             -> (G, F, T) on the host in the model's dtype; T = to_index(duration, frequency)
    Units    rate in Hz, duration in seconds: the piece's own, which may exceed what the file held
    Numerics channels are resampled, then averaged. A bin reads one 35 ms token, not a mean. `cache_n_layers` of the
             selection has no effect on sound. Statistics are the piece's: a longer or padded piece gives other numbers.
             Sound recorded at 8 or 11 kHz leaves only rounding noise in the upper mel bins, later standardised:
             features of such files agree between implementations to about 1e-2, upstream with itself no better
    Raises   ShapeError for a sound too short for one bin or for the filterbank; CheckpointError without
             preprocessor_config.json; NotFiniteError, naming the layer, when the model gives NaN
    Source   neuralset 0.0.2 Wav2VecBert, BaseAudio._get_data
    """
    n_bins = to_index(duration, frequency)
    if n_bins < 1:
        raise ShapeError(f"a sound of {duration:g} s is too short: it gives no step at {frequency:g} Hz")
    ctx = open_stage("audio.0")
    inputs = model_input(model, samples, rate, ctx)
    states = finite_states(
        model.iterate_states(inputs[None], model.context()), model="audio", first="feature_projection", layers="layers",
        n_layers=model.config.n_layers,
    )  # fmt: skip
    features = group_features(
        states, lambda state: pick_nearest(state[0], n_bins), selection=selection, n_states=model.config.n_states,
        subselect=False, ctx=ctx,
    )  # fmt: skip
    seen: np.ndarray = ctx.see(
        "features", np.ascontiguousarray(finite_features(features, model="audio").transpose(0, 2, 1))
    )
    return seen


def model_input(model: Wav2VecBertModel, samples: np.ndarray, rate: int, ctx: Context = SILENT) -> np.ndarray:
    """The model's input for a sound of any rate and number of channels.

    Shapes   samples (N, C) -> (S, 160) float32, or float64 where the model's filterbank is exact
    Raises   ShapeError, CheckpointError as `audio_features`
    Source   neuralset 0.0.2 BaseAudio._get_data, HuggingFaceAudio._get_features
    """
    if model.filterbank is None:
        raise CheckpointError(f"the audio model's folder lacks {PREPROCESSOR_NAME}, which says how sound becomes input")
    if samples.ndim != 2:
        raise ShapeError(f"samples must have shape (N, C), got {samples.shape}")
    dtype = model.filterbank.dtype
    samples = ctx.see("samples", samples)
    channels = resample(
        np.ascontiguousarray(samples.T, dtype), rate, model.filterbank.rate, dtype=dtype, see=ctx.see
    )  # fmt: skip
    mono = ctx.see("mono", np.mean(ctx.see("resampled", channels), axis=0))
    waveform = ctx.see("standardized", standardize(mono, dtype))
    inputs: np.ndarray = ctx.see("input", input_features(waveform, model.filterbank, ctx))
    return inputs


def pick_nearest(x: Array, n_bins: int) -> Array:
    """The steps of `nearest_steps` along the first axis.

    Shapes   x (S, ...) -> (n_bins, ...), same dtype and module
    Source   torch 2.13.0 functional.interpolate(mode="nearest")
    """
    xp = array_module(x)
    return x if x.shape[0] == n_bins else x[xp.asarray(nearest_steps(x.shape[0], n_bins))]


def nearest_steps(n_steps: int, n_bins: int) -> list[int]:
    """The step that each of n_bins bins reads, of n_steps.

    Two seconds of sound are 99 tokens, and four steps of the grid:
    >>> nearest_steps(99, 4)
    [0, 24, 49, 74]

    Numerics min(floor(float32(k) * float32(S / n)), S - 1): quotient and product are rounded to float32, so that the
             integer rule floor(k S / n) differs by one step now and then (S = 1946, n = 78)
    Raises   ShapeError without steps or bins
    Source   torch 2.13.0 functional.interpolate(mode="nearest")
    """
    if n_steps < 1 or n_bins < 1:
        raise ShapeError(f"nearest_steps: at least one step and one bin are needed, got {n_steps} and {n_bins}")
    if n_steps == n_bins:
        return list(range(n_steps))
    scale = np.float32(n_steps) / np.float32(n_bins)
    picked = np.floor(np.arange(n_bins, dtype=np.float32) * scale).astype(np.int64)
    return [int(step) for step in np.minimum(picked, n_steps - 1)]
