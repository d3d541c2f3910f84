"""From the last hidden states to activity: low-rank head, subject layer, pooling to TRs, in one of two orders.

Upstream runs them in that order at every step of the 2 Hz grid. The three are linear and act on different axes, so
the default order pools first, and where one map of (D, V) has fewer entries than the pair (D, C), (C, V), multiplies
with that. Both orders give the same numbers up to rounding; upstream's is kept for the oracle (`exact_order`).

| multiply-adds per 100 s, released sizes | upstream's order | pooled first | pooled first, one map |
|-----------------------------------------|------------------|--------------|-----------------------|
| low-rank head and predictor             | 8.9 G            | 4.4 G        | 2.4 G                 |

Source   tribev2 7239908 model.FmriEncoderModel.forward
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tribe_np.backend import array_module, to_device, to_host
from tribe_np.encoder.config import BuildArgs, EncoderConfig, SubjectLayersConfig
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.nn.backward import Backward, Named, under
from tribe_np.nn.context import Context
from tribe_np.nn.layers import Linear
from tribe_np.ops.pool import adaptive_pool, adaptive_pool_vjp
from tribe_np.protocols import Array, Weights

TILE = 16
"""Columns that BLAS multiplies together. Those beyond its last whole tile go through other loops, which add in another
order: up to 2.6e-6 of the RMS from the same columns of a whole run. So the last one is computed more than once, up to a
whole tile: then nothing differs with OpenBLAS's kernels for AVX-512 and AVX. With those for AVX2, where the ends of
blocks are added up otherwise too, single values still differ by up to 2.4e-6, the whole by 1.3e-7 (RMS over RMS).
"""


@dataclass(frozen=True, eq=False)
class SubjectLayers:
    """x @ weights[row] + bias[row]; weights lie (rows, in, out), not transposed as a linear layer's.

    The rows of the file decide what it can do: one row is a released average-only model, k + 1 rows are k subjects
    and the average ("dropout") row, if the configuration has a subject_dropout other than 0.
    Source   neuraltrain 0.0.2 SubjectLayersModel
    """

    weights: Array  # (rows, C, V)
    bias: Array | None  # (rows, V)
    has_average_row: bool
    always_average: bool  # config average_subjects: indices are ignored, as upstream

    @classmethod
    def from_weights(
        cls, weights: Weights, config: SubjectLayersConfig, n_in: int, n_out: int, columns: np.ndarray | None = None
    ) -> "SubjectLayers":
        """Takes `weights` and `bias`; with `columns`, keeps only those outputs.

        Raises   CheckpointError for weights of another shape
        """
        shape = weights.shape("weights")
        if len(shape) != 3 or shape[0] < 1:
            raise CheckpointError(f"subject layers: weights must have shape (rows, {n_in}, {n_out}), got {shape}")
        rows = shape[0]
        table = weights.take("weights", (rows, n_in, n_out), columns)
        bias = weights.take("bias", (rows, n_out), columns) if config.bias else None
        return cls(table, bias, config.has_average_row, config.average_subjects)

    @property
    def n_rows(self) -> int:
        """Rows of the file, the average row included."""
        return int(self.weights.shape[0])

    @property
    def n_subjects(self) -> int:
        """Subjects with a row of their own: all rows but the average one."""
        return self.n_rows - int(self.has_average_row)

    def rows(self, subject_index: Array | None, batch_size: int) -> list[int]:
        """The row of each example.

        Raises   ConfigError when there is no average row; ShapeError for an index of the wrong kind, count or range
        """
        if subject_index is None or self.always_average:
            if not self.has_average_row:
                raise ConfigError(
                    "this model has no average subject (subject_dropout is unset): "
                    f"pass subject_index, one integer below {self.n_rows} per example"
                )
            return [self.n_rows - 1] * batch_size
        index = np.asarray(to_host(subject_index) if hasattr(subject_index, "dtype") else subject_index)
        if index.dtype.kind not in "iu" or index.size != batch_size:
            raise ShapeError(
                f"subject_index must be {batch_size} integers, one per example, got {index.dtype} {index.shape}"
            )
        if index.min() < 0 or index.max() >= self.n_rows:
            raise ShapeError(f"subject_index must be in 0..{self.n_rows - 1}, got {index.reshape(-1).tolist()[:8]}")
        return [int(row) for row in index.reshape(-1)]

    def after(self, matrix: Array) -> "SubjectLayers":
        """The same layers with a linear map in front: one product instead of two.

        Shapes   matrix (D, C) -> weights (rows, D, V)
        """
        return replace(self, weights=matrix @ self.weights)

    def __call__(self, x: Array, subject_index: Array | None) -> Array:
        """Shapes   x (B, T, C) -> (B, T, V)."""
        xp = array_module(x, self.weights)
        B, T, C = x.shape
        rows = self.rows(subject_index, B)
        if len(set(rows)) == 1:  # one product over the whole batch
            return self._apply(x.reshape(B * T, C), rows[0]).reshape(B, T, -1)
        return xp.stack([self._apply(x[b], row) for b, row in enumerate(rows)])

    def _apply(self, x: Array, row: int) -> Array:
        y = x @ self.weights[row]
        if self.bias is not None:
            y += self.bias[row]  # the product is ours: no second array
        return y

    def vjp(self, x: Array, grad: Array, subject_index: Array | None, back: Backward) -> tuple[Array, Named]:
        """The gradients of x, and of `weights` and `bias`: 0 in the rows of other subjects.

        Shapes   x (B, T, C), grad (B, T, V) -> (B, T, C), and as the weights
        """
        groups = _groups(self.rows(subject_index, x.shape[0]))
        grad_x = [_rows_of(grad[examples]) @ self.weights[row].T for row, examples in groups]
        joined = array_module(x, grad).concatenate(grad_x, axis=0).reshape(x.shape)
        if not back.wants_weights:
            return joined, {}
        weights = array_module(x).zeros_like(self.weights)
        bias = None if self.bias is None else array_module(x).zeros_like(self.bias)
        for row, examples in groups:
            weights[row] += _rows_of(x[examples]).T @ _rows_of(grad[examples])
            if bias is not None:
                bias[row] += _rows_of(grad[examples]).sum(axis=0)
        return joined, {"weights": weights} if bias is None else {"weights": weights, "bias": bias}

    def first_columns(self, n_columns: int) -> "SubjectLayers":
        """The same layers with the first outputs alone."""
        bias = None if self.bias is None else self.bias[:, :n_columns]
        return replace(self, weights=self.weights[..., :n_columns], bias=bias)

    def averaged(self, groups: Sequence[np.ndarray]) -> "SubjectLayers":
        """Layers whose outputs are the means of groups of these: each output is a linear map of its own."""
        xp = array_module(self.weights)

        def means(x: Array) -> Array:
            return xp.stack([x[..., to_device(group, xp)].mean(axis=-1, dtype=np.float64) for group in groups], axis=-1)

        bias = None if self.bias is None else means(self.bias).astype(self.bias.dtype)
        return replace(self, weights=means(self.weights).astype(self.weights.dtype), bias=bias)


def _groups(rows: list[int]) -> list[tuple[int, slice]]:
    """The whole batch at once where its examples share a row, else one by one."""
    if len(set(rows)) == 1:
        return [(rows[0], slice(None))]
    return [(row, slice(b, b + 1)) for b, row in enumerate(rows)]


def _rows_of(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


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
            x = ctx.see("low_rank_head.output", self.low_rank_head(x))
        return self.predictor(x, subject_index)

    def vjp(self, x: Array, grad: Array, subject_index: Array | None, back: Backward) -> tuple[Array, Named]:
        """The gradients of x, and of `low_rank_head` and `predictor`, whose outputs may be the first columns alone.

        Shapes   x (B, S, D), grad (B, S, V) -> (B, S, D), and as the weights
        """
        predictor = self.predictor.first_columns(grad.shape[-1])
        if self.low_rank_head is None:
            grad, found = predictor.vjp(x, grad, subject_index, back)
            return grad, under("predictor", found)
        grad, found = predictor.vjp(self.low_rank_head(x), grad, subject_index, back)
        grad, head = self.low_rank_head.vjp(x, back.see("low_rank_head.output", grad), back)
        return grad, under("predictor", found) | under("low_rank_head", head)

    def composed(self, n_outputs: int) -> SubjectLayers | None:
        """The predictor on hidden states instead of the head's output; None where the pair is no larger.

        Only for a single row, as released models have: composing costs C times one use of the map for every row.
        `n_outputs` is the whole model's: a selection is computed as the whole is, so that it rounds as the whole does.
        Shapes   head (C, D), predictor (1, C, V) -> (1, D, V)
        """
        if self.low_rank_head is None or self.predictor.n_rows != 1:
            return None
        rank, dim = self.low_rank_head.weight.shape
        if dim * n_outputs >= rank * (dim + n_outputs):
            return None
        return self.predictor.after(self.low_rank_head.weight.T)


@dataclass(frozen=True, eq=False)
class ReadOut:
    """The last steps of the encoder.

    A trace must show every intermediate that upstream has, in its shape, and must change nothing: in the default
    order `low_rank_head.output` and `predictor.output` are then computed beside the result, which stays the same. An
    edit runs upstream's order: what takes their place must act.
    """

    composed: SubjectLayers | None  # one map instead of the pair, where that is cheaper
    pair: HeadAndPredictor | None  # None where one map stands for it: a trace reads the pair again
    read_pair: Callable[[], HeadAndPredictor]
    n_trs: int
    exact_order: bool
    n_columns: int  # of the result; the maps may have more (see TILE)

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
        n_columns = build_args.n_outputs if columns is None else len(columns)
        filled = columns if columns is None else np.pad(columns, (0, -n_columns % TILE), "edge")

        def read_pair() -> HeadAndPredictor:
            return HeadAndPredictor.from_weights(weights, config, build_args.n_outputs, filled)

        pair = read_pair()
        composed = None if exact_order else pair.composed(build_args.n_outputs)
        kept = pair if composed is None else None
        return cls(composed, kept, read_pair, build_args.n_output_timesteps, exact_order, n_columns)

    def __call__(self, x: Array, subject_index: Array | None, ctx: Context, *, pool_outputs: bool) -> Array:
        """Shapes   x (B, S, D) -> (B, V, R), or (B, V, S) without pooling."""
        if self.exact_order or ctx.in_one_piece:
            out = self._stepwise(x, subject_index, ctx, pool_outputs=pool_outputs)
        else:
            if ctx.is_heard:
                self._stepwise(x, subject_index, ctx, pool_outputs=pool_outputs)
            out = self._fused(x, subject_index, pool_outputs=pool_outputs)
        return ctx.see("output", out)

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
        return x.transpose(0, 2, 1)[:, : self.n_columns]

    def _stepwise(self, x: Array, subject_index: Array | None, ctx: Context, *, pool_outputs: bool) -> Array:
        activity = self._maps()(x, subject_index, ctx).transpose(0, 2, 1)[:, : self.n_columns]
        x = ctx.see("predictor.output", activity)
        return adaptive_pool(x, self.n_trs) if pool_outputs else x

    def vjp(
        self, x: Array, grad: Array, subject_index: Array | None, back: Backward, *, pool_outputs: bool
    ) -> tuple[Array, Named]:
        """The gradients of x, and of both maps, in the order of the call; a trace shows those of every step beside it.

        Shapes   x (B, S, D), grad (B, V, R), or (B, V, S) without pooling -> (B, S, D), and as the weights
        """
        n_steps = x.shape[1]
        grad = back.see("output", grad)
        if not pool_outputs or self.exact_order or self.n_trs > n_steps:
            return self._stepwise_vjp(x, grad, subject_index, back, pool_outputs=pool_outputs)
        if back.ctx.is_heard:
            self._stepwise_vjp(x, grad, subject_index, replace(back, wants_weights=False), pool_outputs=True)
        pooled, activity = adaptive_pool(x, self.n_trs, axis=1), grad.transpose(0, 2, 1)
        if self.composed is not None and not back.wants_weights:
            grad, found = self.composed.first_columns(self.n_columns).vjp(pooled, activity, subject_index, back)
        else:
            grad, found = self._maps().vjp(pooled, activity, subject_index, back.silent())
        return adaptive_pool_vjp(grad, n_steps, axis=1), found

    def _stepwise_vjp(
        self, x: Array, grad: Array, subject_index: Array | None, back: Backward, *, pool_outputs: bool
    ) -> tuple[Array, Named]:
        grad = adaptive_pool_vjp(grad, x.shape[1]) if pool_outputs else grad
        activity = back.see("predictor.output", grad).transpose(0, 2, 1)
        return self._maps().vjp(x, activity, subject_index, back)

    def averaged(self, groups: Sequence[np.ndarray]) -> "ReadOut":
        """The read-out whose outputs are the means of groups of this one's: everything in it is linear."""

        def of_pair(pair: HeadAndPredictor) -> HeadAndPredictor:
            return replace(pair, predictor=pair.predictor.averaged(groups))

        return replace(
            self,
            composed=None if self.composed is None else self.composed.averaged(groups),
            pair=None if self.pair is None else of_pair(self.pair),
            read_pair=lambda: of_pair(self.read_pair()),
            n_columns=len(groups),
        )

    @property
    def n_subjects(self) -> int:
        """Subjects that can be asked for by index."""
        return (self.composed or self._maps().predictor).n_subjects

    def _maps(self) -> HeadAndPredictor:
        return self.read_pair() if self.pair is None else self.pair


def selected_columns(selection: Any, n_outputs: int) -> np.ndarray | None:
    """Ascending vertex indices without repeats; None when nothing is selected, which means all.

    `selection` is None, indices, a mask of n_outputs (booleans, or numbers that are all 0 or 1, as BERG has them), or
    {"vertices": either}; regions by name are resolved to vertices before they come here.
    Raises   ConfigError for an empty selection, indices out of range, a mask of another length or with other numbers,
             or another kind
    """
    if isinstance(selection, Mapping):
        others = [str(key) for key in selection if key != "vertices"]
        if others:
            raise ConfigError(f"selection: the encoder takes vertices, not {', '.join(others)[:60]}")
        selection = selection.get("vertices")
    if selection is None:
        return None
    try:
        chosen = np.asarray(selection)
    except ValueError as error:
        raise ConfigError(f"selection must be a list of vertex indices or a mask: {error}") from error
    if _is_mask(chosen):
        if chosen.shape != (n_outputs,):
            raise ConfigError(f"selection: a mask must have shape ({n_outputs},), got {chosen.shape}")
        chosen = np.flatnonzero(chosen)
    if chosen.size == 0:
        raise ConfigError("selection is empty; leave it out to compute every vertex")
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise ConfigError(
            f"selection must be vertex indices or a boolean mask, got {chosen.dtype} of shape {chosen.shape}"
        )
    if chosen.min() < 0 or chosen.max() >= n_outputs:
        raise ConfigError(f"selection: vertices must be in 0..{n_outputs - 1}, got {chosen.min()}..{chosen.max()}")
    if len(chosen) == n_outputs and len(np.unique(chosen)) < n_outputs:  # labels, or a mask of 0 and 255
        raise ConfigError(
            f"selection: {n_outputs} numbers, one a vertex, are a mask and must be 0 or 1; some are others, such as "
            f"{chosen[~np.isin(chosen, (0, 1))][0]}"
        )
    return np.unique(chosen).astype(np.int64)


def _is_mask(chosen: np.ndarray) -> bool:
    """Whether these are booleans, or numbers that cannot be indices: only 0 and 1, and more of them than two."""
    if chosen.dtype == np.bool_:
        return True
    return chosen.dtype.kind in "iuf" and chosen.ndim == 1 and chosen.size > 2 and bool(np.isin(chosen, (0, 1)).all())
