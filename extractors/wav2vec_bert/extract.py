"""Sound to audio features on the 2 Hz grid."""

import numpy as np

from extractors.common.finite import finite_states
from extractors.common.grid import pick_nearest
from extractors.common.layers import LayerSelection
from extractors.wav2vec_bert.filterbank import input_features, standardize
from extractors.wav2vec_bert.model import PREPROCESSOR_NAME, Wav2VecBertModel
from tribe_np.backend import to_host
from tribe_np.errors import CheckpointError, NotFiniteError, ShapeError
from tribe_np.ops.resample import resample
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
    """Layer groups of one piece of sound, at the token nearest to each step of the grid.

    Shapes   samples (N, C) -> (G, F, n) on the host in the model's dtype; n = to_index(duration, frequency)
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
    inputs = model_input(model, samples, rate)[None]
    n_states = model.config.n_states
    states = finite_states(
        model.iterate_states(inputs, model.context()),
        model="audio", first="feature_projection", layers="layers", n_layers=model.config.n_layers,
    )  # fmt: skip
    picked = selection.pick(states, n_states, subselect=False)
    binned = ((number, pick_nearest(state[0], n_bins)) for number, state in picked)
    groups = to_host(selection.aggregate(binned, n_states, subselect=False))
    if not np.all(np.isfinite(groups)):
        raise NotFiniteError("the mean over layers of the audio model is not finite; try --precision float64")
    return np.ascontiguousarray(groups.transpose(0, 2, 1))


def model_input(model: Wav2VecBertModel, samples: np.ndarray, rate: int) -> np.ndarray:
    """The model's input for a sound of any rate and number of channels.

    Shapes   samples (N, C) -> (S, 160) float32
    Raises   ShapeError, CheckpointError as `audio_features`
    Source   neuralset 0.0.2 BaseAudio._get_data, HuggingFaceAudio._get_features
    """
    if model.filterbank is None:
        raise CheckpointError(f"the audio model's folder lacks {PREPROCESSOR_NAME}, which says how sound becomes input")
    if samples.ndim != 2:
        raise ShapeError(f"samples must have shape (N, C), got {samples.shape}")
    channels = resample(np.ascontiguousarray(samples.T, np.float32), rate, model.filterbank.rate)
    return input_features(standardize(np.mean(channels, axis=0)), model.filterbank)
