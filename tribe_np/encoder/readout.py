"""From the last hidden states to activity: low-rank head, subject layer, pooling to TRs, in one of two orders.

Upstream runs them in that order at every step of the 2 Hz grid. The three are linear and act on different axes, so
the default order pools first, and where one map of (D, V) has fewer entries than the pair (D, C), (C, V), multiplies
with that. Both orders give the same numbers up to rounding; upstream's is kept for the oracle (`exact_order`).

| multiply-adds per 100 s, released sizes | upstream's order | pooled first | pooled first, one map |
|-----------------------------------------|------------------|--------------|-----------------------|
| low-rank head and predictor             | 8.9 G            | 4.4 G        | 2.4 G                 |

Source   tribev2 7239908 model.FmriEncoderModel.forward
"""

from dataclasses import dataclass

import numpy as np

from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.subject import SubjectLayers
from tribe_np.nn.context import Context
from tribe_np.nn.linear import Linear
from tribe_np.ops.pool import adaptive_pool
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class ReadOut:
    """The last steps of the encoder.

    A trace must show every intermediate that upstream has, in its shape, and must change nothing: in the default
    order `low_rank_head.output` and `predictor.output` are then computed beside the result, which stays the same.
    """

    low_rank_head: Linear | None
    predictor: SubjectLayers
    composed: SubjectLayers | None  # head and predictor in one map, where that is cheaper
    n_trs: int
    exact_order: bool

    @classmethod
    def from_weights(
        cls,
        weights: Weights,
        config: EncoderConfig,
        build_args: BuildArgs,
        columns: np.ndarray | None,
        *,
        exact_order: bool,
    ) -> "ReadOut":
        """Takes `low_rank_head` and `predictor`; `columns` limits the outputs."""
        rank, head = config.low_rank_head, None
        if rank is not None:
            head = Linear.from_weights(weights.at("low_rank_head"), config.hidden, rank, bias=False)
        predictor = SubjectLayers.from_weights(
            weights.at("predictor"), config.predictor, rank or config.hidden, build_args.n_outputs, columns
        )
        composed = None if exact_order or head is None else composed_predictor(head, predictor)
        return cls(head, predictor, composed, build_args.n_output_timesteps, exact_order)

    def __call__(self, x: Array, subject_index: Array | None, ctx: Context, *, pool_outputs: bool) -> Array:
        """Shapes   x (B, S, D) -> (B, V, R), or (B, V, S) without pooling."""
        if self.exact_order or ctx.tap is not None:
            exact = self._stepwise(x, subject_index, ctx, pool_outputs=pool_outputs)
        out = exact if self.exact_order else self._fused(x, subject_index, pool_outputs=pool_outputs)
        ctx.see("output", out)
        return out

    def _fused(self, x: Array, subject_index: Array | None, *, pool_outputs: bool) -> Array:
        # repeated bins (more TRs than steps) would only add work
        pool_first = pool_outputs and self.n_trs <= x.shape[1]
        if pool_first:
            x = adaptive_pool(x, self.n_trs, axis=1)
        if self.composed is not None:
            x = self.composed(x, subject_index)
        else:
            x = self.predictor(x if self.low_rank_head is None else self.low_rank_head(x), subject_index)
        if pool_outputs and not pool_first:
            x = adaptive_pool(x, self.n_trs, axis=1)
        return x.transpose(0, 2, 1)

    def _stepwise(self, x: Array, subject_index: Array | None, ctx: Context, *, pool_outputs: bool) -> Array:
        if self.low_rank_head is not None:
            x = self.low_rank_head(x)
            ctx.see("low_rank_head.output", x)
        x = self.predictor(x, subject_index).transpose(0, 2, 1)
        ctx.see("predictor.output", x)
        return adaptive_pool(x, self.n_trs) if pool_outputs else x


def composed_predictor(head: Linear, predictor: SubjectLayers) -> SubjectLayers | None:
    """The predictor on hidden states instead of the head's output; None where the pair is no larger.

    Only for a single row, as released models have: composing costs C times one use of the map for every row.
    Shapes   head (C, D), predictor (1, C, V) -> (1, D, V)
    """
    rank, dim = head.weight.shape
    n_rows, _, n_outputs = predictor.weights.shape
    if n_rows != 1 or dim * n_outputs >= rank * (dim + n_outputs):
        return None
    return predictor.after(head.weight.T)
