"""What the head reads: the encoder's output before low-rank head and subject layer, at each TR.

Pooling, head and subject layer are linear and act on different axes, so a head fitted on pooled states is the head of
the whole model.
"""

from collections.abc import Mapping

import numpy as np

from tribe_np.backend import to_host
from tribe_np.encoder.inputs import checked_features
from tribe_np.encoder.model import FmriEncoder
from tribe_np.nn.context import open_context
from tribe_np.ops.pool import adaptive_pool
from tribe_np.protocols import Array


def states_before_head(
    encoder: FmriEncoder, features: Mapping[str, Array], subject_index: Array | None = None
) -> Array:
    """The states that `low_rank_head`, or the subject layer where there is none, takes, pooled to TRs.

    They are the tap `encoder.final_norm.output` (of a linear baseline: `encoder.modalities`, or its smoothed form),
    pooled; a trace shows the encoder's taps up to there.
    Shapes   features {modality: (B, G, F, T) or (B, F, T)}; subject_index (B,), which only subject layers in front of
             the encoder read -> (B, R, D), on the model's device, in its dtype
    Raises   as calling the encoder does
    """
    ctx = open_context("encoder", encoder.runtime.kernels)
    arrays = checked_features(features, encoder.config, encoder.build_args, encoder.runtime)
    states = encoder.hidden_states(arrays, subject_index, ctx)
    return adaptive_pool(states, encoder.build_args.n_output_timesteps, axis=1)


def head_matrix(encoder: FmriEncoder) -> np.ndarray | None:
    """The low-rank head (C, D) on the host; None where the subject layer reads the states themselves."""
    head = encoder.read_out.read_pair().low_rank_head
    return None if head is None else np.asarray(to_host(head.weight))


def features_at_trs(features: np.ndarray, n_trs: int) -> np.ndarray:
    """Features pooled to TRs as the encoder pools its states, layer groups one after the other.

    Shapes   features (B, G, F, T) -> (B, R, G * F)
    """
    B, G, F, T = features.shape
    pooled: np.ndarray = adaptive_pool(features.reshape(B, G * F, T), n_trs)
    return pooled.transpose(0, 2, 1)


def subject_layer(encoder: FmriEncoder) -> tuple[np.ndarray, np.ndarray] | None:
    """Weights (C, V) and bias (V,) of the average subject on the host; None where the checkpoint has none."""
    layer = encoder.read_out.read_pair().predictor
    if not layer.has_average_row:
        return None
    row, n_columns = layer.n_rows - 1, encoder.read_out.n_columns
    weights = np.asarray(to_host(layer.weights[row]))[:, :n_columns]
    bias = np.zeros(n_columns, weights.dtype) if layer.bias is None else np.asarray(to_host(layer.bias[row]))
    return weights, bias[:n_columns]
