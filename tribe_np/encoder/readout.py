"""From the last hidden states to activity: low-rank head, subject layer, pooling to TRs, in one of two orders.

Upstream runs them in that order at every step of the 2 Hz grid. The three are linear and act on different axes, so
the default order pools first, and where one map of (D, V) has fewer entries than the pair (D, C), (C, V), multiplies
with that. Both orders give the same numbers up to rounding; upstream's is kept for the oracle (`exact_order`).

| multiply-adds per 100 s, released sizes | upstream's order | pooled first | pooled first, one map |
|-----------------------------------------|------------------|--------------|-----------------------|
| low-rank head and predictor             | 8.9 G            | 4.4 G        | 2.4 G                 |

Source   tribev2 7239908 model.FmriEncoderModel.forward
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.encoder.subject import SubjectLayers
from tribe_np.nn.context import Context
from tribe_np.nn.linear import Linear
from tribe_np.ops.pool import adaptive_pool
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class HeadAndPredictor:
    """The two maps of the checkpoint, in the order in which upstream multiplies with them."""

    low_rank_head: Linear | None
    predictor: SubjectLayers

    @classmethod
    def from_weights(
        cls, weights: Weights, config: EncoderConfig, n_outputs: int, columns: np.ndarray | None
    ) -> "HeadAndPredictor":
        """Takes `low_rank_head` and `predictor`; `columns` limits the outputs."""
        rank, head = config.low_rank_head, None
        if rank is not None:
            head = Linear.from_weights(weights.at("low_rank_head"), config.hidden, rank, bias=False)
        width, part = rank or config.hidden, weights.at("predictor")
        return cls(head, SubjectLayers.from_weights(part, config.predictor, width, n_outputs, columns))

    def __call__(self, x: Array, subject_index: Array | None, ctx: Context) -> Array:
        """Shapes   x (B, S, D) -> (B, S, V)."""
        if self.low_rank_head is not None:
            x = self.low_rank_head(x)
            ctx.see("low_rank_head.output", x)
        return self.predictor(x, subject_index)

    def composed(self) -> SubjectLayers | None:
        """The predictor on hidden states instead of the head's output; None where the pair is no larger.

        Only for a single row, as released models have: composing costs C times one use of the map for every row.
        Shapes   head (C, D), predictor (1, C, V) -> (1, D, V)
        """
        n_rows, _, n_outputs = self.predictor.weights.shape
        if self.low_rank_head is None or n_rows != 1:
            return None
        rank, dim = self.low_rank_head.weight.shape
        if dim * n_outputs >= rank * (dim + n_outputs):
            return None
        return self.predictor.after(self.low_rank_head.weight.T)


@dataclass(frozen=True, eq=False)
class ReadOut:
    """The last steps of the encoder.

    A trace must show every intermediate that upstream has, in its shape, and must change nothing: in the default
    order `low_rank_head.output` and `predictor.output` are then computed beside the result, which stays the same.
    """

    composed: SubjectLayers | None  # one map instead of the pair, where that is cheaper
    pair: HeadAndPredictor | None  # None where one map stands for it: a trace reads the pair again
    read_pair: Callable[[], HeadAndPredictor]
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
        """Takes the pair, and lets it go again where one map stands for it (a quarter of a released model)."""

        def read_pair() -> HeadAndPredictor:
            return HeadAndPredictor.from_weights(weights, config, build_args.n_outputs, columns)

        pair = read_pair()
        composed = None if exact_order else pair.composed()
        kept = pair if composed is None else None
        return cls(composed, kept, read_pair, build_args.n_output_timesteps, exact_order)

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
        # the pair shows its stages in _stepwise, not here
        one_map = self.composed
        x = self._maps()(x, subject_index, Context()) if one_map is None else one_map(x, subject_index)
        if pool_outputs and not pool_first:
            x = adaptive_pool(x, self.n_trs, axis=1)
        return x.transpose(0, 2, 1)

    def _stepwise(self, x: Array, subject_index: Array | None, ctx: Context, *, pool_outputs: bool) -> Array:
        x = self._maps()(x, subject_index, ctx).transpose(0, 2, 1)
        ctx.see("predictor.output", x)
        return adaptive_pool(x, self.n_trs) if pool_outputs else x

    @property
    def n_subjects(self) -> int:
        """Subjects that can be asked for by index."""
        return (self.composed or self._maps().predictor).n_subjects

    def _maps(self) -> HeadAndPredictor:
        return self.read_pair() if self.pair is None else self.pair
