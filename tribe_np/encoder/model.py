"""TRIBE v2's brain encoder: features of a segment in, predicted activity of each vertex at each TR out.

| key                          | shape              | step                                             |
|------------------------------|--------------------|--------------------------------------------------|
| projectors.{modality}.*      | (D / n, G * F)     | each modality to its share of the width          |
| temporal_smoothing.weight    | (D, 1, W)          | optional                                         |
| combiner.*                   | (D, D)             | optional                                         |
| time_pos_embed               | (1, max_seq_len, D)| added                                            |
| encoder.*                    |                    | transformer.py                                   |
| low_rank_head.weight         | (C, D)             | optional; readout.py, also below                 |
| predictor.weights, .bias     | (rows, C, V), (rows, V) | one row per subject                         |

Source   tribev2 7239908 model.FmriEncoderModel
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.backend import array_module
from tribe_np.card import Card
from tribe_np.encoder.config import BuildArgs, EncoderConfig, SubjectLayersConfig
from tribe_np.encoder.gradients import Gradients, LeftOut, joined_groups_vjp, shares
from tribe_np.encoder.inputs import checked_features, trained_steps, warn_of_steps
from tribe_np.encoder.projector import Mlp, Projector, TemporalSmoothing, take_projectors, take_smoothing
from tribe_np.encoder.readout import ReadOut, selected_columns
from tribe_np.encoder.transformer import Transformer
from tribe_np.errors import ShapeError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.weights import WeightTree
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.nn.backward import GRADIENT, Backward, Named, keeping, under
from tribe_np.nn.context import Context, open_context
from tribe_np.protocols import Array, Device, Weights
from tribe_np.runtime import Runtime

WINDOWS_AT_ONCE = 4  # 800 steps: matrix products are as fast as with more


@dataclass(frozen=True, eq=False, repr=False)
class FmriEncoder(Card):
    """Call it with the features of a batch of segments; predictions are z-scored BOLD, without a physical unit.

    A prediction at stimulus time t estimates the BOLD signal measured 5 s later (the haemodynamic offset of the
    training targets); nothing is shifted here.
    """

    projectors: Mapping[str, Projector]  # modalities with dimensions, in the checkpoint's order
    temporal_smoothing: TemporalSmoothing | None
    combiner: Mlp | None
    time_pos_embed: Array | None  # (1, max_seq_len, D)
    encoder: Transformer | None  # None for the linear baseline
    read_out: ReadOut  # low-rank head, predictor, pooling
    config: EncoderConfig
    build_args: BuildArgs
    columns: np.ndarray | None  # vertices that are computed; None is all
    runtime: Runtime
    n_steps: int | None = None  # of a window that it was trained on, where the checkpoint says so

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        precision: str = Runtime.precision,
        device: Device = Runtime.device,
        kernels: KernelSet = Runtime.kernels,
        selection: Any = None,
        exact_order: bool = False,
    ) -> "FmriEncoder":
        """The encoder of a checkpoint folder: config.yaml with best.ckpt, or model.safetensors and build_args.json.

        `selection` (see `selected_columns`) limits the outputs that are computed; `exact_order` keeps upstream's order
        of the last steps (see `ReadOut`); for the others see `Runtime`.
        Raises   CheckpointError or ConfigError, naming the file or key
        """
        runtime = Runtime(precision, device, kernels)
        checkpoint = open_checkpoint(folder, dtype=runtime.dtype, place=runtime.place)
        return cls.from_weights(
            checkpoint.weights,
            EncoderConfig.from_dict(checkpoint.brain_model_config),
            BuildArgs.from_dict(checkpoint.build_args),
            runtime,
            selection=selection,
            exact_order=exact_order,
            n_steps=trained_steps(checkpoint.config),
        )

    @classmethod
    def from_state_dict(
        cls,
        config: Mapping[str, Any],
        build_args: Mapping[str, Any],
        state_dict: Mapping[str, np.ndarray],
        *,
        precision: str = Runtime.precision,
        device: Device = Runtime.device,
        kernels: KernelSet = Runtime.kernels,
        selection: Any = None,
        exact_order: bool = False,
    ) -> "FmriEncoder":
        """The encoder from the mapping under `brain_model_config`, upstream's build arguments, and NumPy arrays.

        Names of `state_dict` are upstream's, without the `model.` prefix. Raises as `from_pretrained`
        """
        runtime = Runtime(precision, device, kernels)
        arrays = {str(name): np.asarray(array) for name, array in state_dict.items()}
        weights = WeightTree(arrays, origin="state_dict", dtype=runtime.dtype, place=runtime.place)
        return cls.from_weights(
            weights,
            EncoderConfig.from_dict(config, origin="config"),
            BuildArgs.from_dict(build_args),
            runtime,
            selection=selection,
            exact_order=exact_order,
        )

    @classmethod
    def from_weights(
        cls,
        weights: Weights,
        config: EncoderConfig,
        build_args: BuildArgs,
        runtime: Runtime,
        *,
        selection: Any = None,
        exact_order: bool = False,
        n_steps: int | None = None,
    ) -> "FmriEncoder":
        """Takes every weight that the configuration asks for; leftovers are an error, as upstream's strict loading."""
        config.check(build_args)
        columns = selected_columns(selection, build_args.n_outputs)
        # first: what it lets go of is gone before the rest is read
        read_out = ReadOut.from_weights(weights, config, build_args, columns, exact_order=exact_order)
        combiner, transformer = config.combiner, config.encoder
        has_positions = config.time_pos_embedding and not config.linear_baseline
        if config.linear_baseline:  # which stores a combiner all the same, and never runs it
            transformer = None
        n_joined, D = config.aggregated_dim(len(build_args.feature_dims)), config.hidden
        built = cls(
            projectors=take_projectors(weights.at("projectors"), config, build_args),
            temporal_smoothing=take_smoothing(weights.at("temporal_smoothing"), config),
            combiner=None if combiner is None else Mlp.from_weights(weights.at("combiner"), combiner, n_joined, D),
            time_pos_embed=weights.take("time_pos_embed", (1, config.max_seq_len, D)) if has_positions else None,
            encoder=None if transformer is None else Transformer.from_weights(weights.at("encoder"), transformer, D),
            read_out=read_out,
            config=config,
            build_args=build_args,
            columns=columns,
            runtime=runtime,
            n_steps=n_steps,
        )
        weights.finish({})
        return built

    def __call__(
        self, features: Mapping[str, Array], subject_index: Array | None = None, *, pool_outputs: bool = True
    ) -> Array:
        """Predicted activity of each vertex at each TR (or, without pooling, at each step of the 2 Hz grid).

        Shapes   features {modality: (B, G, F, T) or (B, F, T)}, any modality may be missing; subject_index (B,)
                 integers, or None for the average subject -> (B, V, R), on the model's device, in its dtype
        Numerics a missing modality is zero after its projector (no bias), a zero one is the projector's bias;
                 there is no mask: run short segments at full length, with zeros; modalities may differ in T where
                 they are stacked; one that the model does not know is left out, with a warning
        Raises   ShapeError for features that do not fit; NotFiniteError for NaN or infinity among them; ConfigError
                 when there is no average subject
        Warns    for another number of steps than the model was trained on: the rows are not one TR apart then
        """
        assert not self.runtime.headers_only, "this encoder has no weights"
        ctx = open_context("encoder", self.runtime.kernels)
        arrays = checked_features(features, self.config, self.build_args, self.runtime)
        n_steps = next(iter(arrays.values())).shape[-1]
        warn_of_steps(n_steps, self.n_steps, self.build_args.n_output_timesteps, pool_outputs=pool_outputs)
        x = self.hidden_states(arrays, subject_index, ctx)
        return self.read_out(x, subject_index, ctx, pool_outputs=pool_outputs)

    def pullback(
        self,
        features: Mapping[str, Array],
        subject_index: Array | None = None,
        *,
        pool_outputs: bool = True,
        left_out: LeftOut | None = None,
    ) -> tuple[Array, Callable[..., Gradients]]:
        """The prediction, and the function that leads a gradient of it back to the features and the weights.

            predictions, pull = encoder.pullback(features)
            gradients = pull(predictions - measured)  # of half the squared error

        The batch runs in one piece, and its intermediates are kept: about 0.1 GB a window of the released model. Give
        a few windows at a time and add the gradients of the weights. `pull(grad, weights=False)` is for those of the
        features alone; `read_out_alone=True` ends at the low-rank head and the predictor. A trace hears the gradient
        of each intermediate as "gradient." and its name.
        Shapes   as a call; pull takes (B, V, R), or (B, V, S) without pooling
        Numerics dropout is `left_out`'s zeros and the given index's rows alone; batch norms as in eval mode; of a
                 selection of vertices, the predictor's gradients have those columns
        Raises   as a call; pull a ShapeError for a gradient of another shape
        """
        ctx = open_context("encoder", self.runtime.kernels)
        arrays = checked_features(features, self.config, self.build_args, self.runtime)
        n_steps = next(iter(arrays.values())).shape[-1]
        warn_of_steps(n_steps, self.n_steps, self.build_args.n_output_timesteps, pool_outputs=pool_outputs)
        keeping_ctx, kept = keeping(ctx)
        x = self.encode(arrays, subject_index, keeping_ctx, left_out)
        output = self.read_out(x, subject_index, ctx, pool_outputs=pool_outputs)

        def pull(grad: Array, *, weights: bool = True, read_out_alone: bool = False) -> Gradients:
            if tuple(grad.shape) != tuple(output.shape):
                raise ShapeError(f"the gradient must have the prediction's shape {output.shape}, got {grad.shape}")
            back = Backward(kept, open_context(f"{GRADIENT}.encoder", self.runtime.kernels), wants_weights=weights)
            grad = self.runtime.place(grad).astype(self.runtime.dtype)
            grad, of_ends = self.read_out.vjp(x, grad, subject_index, back, pool_outputs=pool_outputs)
            if read_out_alone:
                return Gradients({}, of_ends if weights else {})
            of_arrays, found = self.encode_vjp(arrays, grad, subject_index, back, left_out)
            of_features = {m: g.reshape(features[m].shape) for m, g in of_arrays.items()}
            return Gradients(of_features, found | of_ends if weights else {})

        return output, pull

    def hidden_states(self, arrays: Mapping[str, Array], subject_index: Array | None, ctx: Context) -> Array:
        """What the read-out reads, from checked features: a few windows at a time, so that memory does not grow.

        Shapes   arrays {modality: (B, G, F, T)} -> (B, S, D)
        """
        n_windows = next(iter(arrays.values())).shape[0]
        # subject layers in front read one index per window: those take the whole batch
        by_subject = isinstance(self.config.projector, SubjectLayersConfig)
        parts = parts_of(n_windows, n_windows if by_subject or ctx.in_one_piece else WINDOWS_AT_ONCE)
        with ctx.joined(len(parts), axis=0) as part_ctx:
            hidden = [self.encode({m: x[part] for m, x in arrays.items()}, subject_index, part_ctx) for part in parts]
        return hidden[0] if len(parts) == 1 else array_module(*hidden).concatenate(hidden, axis=0)

    def encode(
        self,
        arrays: Mapping[str, Array],
        subject_index: Array | None,
        ctx: Context,
        left_out: LeftOut | None = None,
    ) -> Array:
        """The stages between checked features and the read-out; the linear baseline ends after the second.

        Shapes   arrays {modality: (B, G, F, T)} -> (B, S, D)
        """
        x = self.put_together(arrays, subject_index, ctx, left_out)
        if self.temporal_smoothing is not None:
            x = ctx.see("temporal_smoothing.output", self.temporal_smoothing(x))
        if self.encoder is None:
            return x
        if self.combiner is not None:
            x = self.combiner(x, ctx.at("combiner"))
        if self.time_pos_embed is not None:
            rows = ctx.see_table("time_pos_embed.rows", self.positions(x.shape[1]))
            x = ctx.see("time_pos_embed.output", x + rows)
        return self.encoder(x, ctx)

    def encode_vjp(
        self,
        arrays: Mapping[str, Array],
        grad: Array,
        subject_index: Array | None,
        back: Backward,
        left_out: LeftOut | None = None,
    ) -> tuple[dict[str, Array], Named]:
        """The gradients of the features and of the weights of these stages, from that of the hidden states.

        Shapes   arrays {modality: (B, G, F, T)}, grad (B, S, D) -> as the arrays, and as the weights
        """
        weights: Named = {}
        modalities = back.took("modalities")
        smoothed = modalities if self.temporal_smoothing is None else back.took("temporal_smoothing.output")
        if self.encoder is not None:
            combined = smoothed if self.combiner is None else back.took("combiner.output")
            placed = combined if self.time_pos_embed is None else back.took("time_pos_embed.output")
            grad, found = self.encoder.vjp(placed, grad, back)
            weights |= under("encoder", found)
            if self.time_pos_embed is not None:
                weights["time_pos_embed"] = self.positions_vjp(back.see("time_pos_embed.output", grad))
            if self.combiner is not None:
                grad, found = self.combiner.vjp(smoothed, grad, back.at("combiner"))
                weights |= under("combiner", found)
        if self.temporal_smoothing is not None:
            grad, found = self.temporal_smoothing.vjp(modalities, back.see("temporal_smoothing.output", grad))
            weights |= under("temporal_smoothing", found)
        of_arrays, found = self.put_together_vjp(arrays, grad, subject_index, back, left_out)
        return of_arrays, weights | found

    def put_together(
        self,
        arrays: Mapping[str, Array],
        subject_index: Array | None,
        ctx: Context,
        left_out: LeftOut | None = None,
    ) -> Array:
        """Every modality projected, then side by side, summed, or one after the other in time.

        Shapes   arrays {modality: (B, G, F, T)} -> (B, T, D), or (B, n * T, D) for stack
        """
        first = next(iter(arrays.values()))
        B, T = first.shape[0], first.shape[-1]
        aggregation, n = self.config.extractor_aggregation, len(self.build_args.feature_dims)
        xp = array_module(first)
        projected = []
        for modality in self.build_args.feature_dims:
            if modality in arrays and modality in self.projectors:
                x = ctx.see(f"projectors.{modality}.joined", joined_groups(arrays[modality], self.config))
                x = self.projectors[modality](x, subject_index, ctx.at("projectors", modality))
                x = x if left_out is None else left_out.without(modality, x)
            else:
                x = xp.zeros((B, T, self.config.hidden // n), dtype=self.runtime.dtype)
            projected.append(x)
        if aggregation == "sum":
            x = sum(projected[1:], projected[0])
        else:
            x = xp.concatenate(projected, axis=1 if aggregation == "stack" else -1)
        return ctx.see("modalities", x if left_out is None else left_out.without_steps(x))

    def put_together_vjp(
        self,
        arrays: Mapping[str, Array],
        grad: Array,
        subject_index: Array | None,
        back: Backward,
        left_out: LeftOut | None = None,
    ) -> tuple[dict[str, Array], Named]:
        """The gradients of the features and of the projectors; features without a projector have one of zeros.

        Shapes   arrays {modality: (B, G, F, T)}, grad as put together -> as the arrays, and as the weights
        """
        grad = back.see("modalities", grad)
        grad = grad if left_out is None else left_out.without_steps(grad)
        of_arrays: dict[str, Array] = {}
        weights: Named = {}
        for modality, part in shares(arrays, self.config, self.build_args).items():
            if modality not in arrays:
                continue
            if modality not in self.projectors:
                of_arrays[modality] = array_module(grad).zeros_like(arrays[modality])
                continue
            share = grad[part] if left_out is None else left_out.without(modality, grad[part])
            x = joined_groups(arrays[modality], self.config)
            of_joined, found = self.projectors[modality].vjp(x, share, subject_index, back.at("projectors", modality))
            of_arrays[modality] = joined_groups_vjp(of_joined, arrays[modality].shape, self.config)
            weights |= under(f"projectors.{modality}", found)
        return of_arrays, weights

    def positions(self, n_tokens: int) -> Array:
        """The rows of the time position table; a table of a single one is added to every step, as upstream broadcasts.

        Shapes   -> (1, S, D), or (1, 1, D)
        Raises   ShapeError for more steps than a longer table holds
        """
        assert self.time_pos_embed is not None
        n_positions = self.time_pos_embed.shape[1]
        if n_tokens > n_positions > 1:
            raise ShapeError(f"features give {n_tokens} steps, more than max_seq_len = {n_positions}")
        return self.time_pos_embed[:, :n_tokens]

    def positions_vjp(self, grad: Array) -> Array:
        """The gradient of the time position table: 0 in the rows that were not added.

        Shapes   grad (B, S, D) -> (1, max_seq_len, D)
        """
        table = array_module(grad).zeros_like(self.time_pos_embed)
        over = (0, 1) if table.shape[1] == 1 else 0
        table[:, : grad.shape[1]] = grad.sum(axis=over)
        return table

    def averaged(self, groups: Sequence[np.ndarray]) -> "FmriEncoder":
        """An encoder that predicts the mean of each group of this one's columns, such as regions, and nothing else.

        The read-out is linear: its weights are averaged, so that a group costs one column. For predictions and
        gradients of features; its weights are no checkpoint's, and `columns` are the groups.
        Shapes   groups: indices (n,) of columns of this encoder's predictions
        """
        return replace(self, read_out=self.read_out.averaged(groups), columns=np.arange(len(groups)))

    def without_layers(self) -> "FmriEncoder":
        """Its read-out alone, which says what the head is and predicts nothing: the layers' memory is given back."""
        return replace(
            self, projectors={}, temporal_smoothing=None, combiner=None, time_pos_embed=None, encoder=None
        )  # fmt: skip

    @property
    def n_subjects(self) -> int:
        """Subjects that can be asked for by index; 0 where the checkpoint holds the average subject only."""
        return self.read_out.n_subjects

    def facts(self) -> dict[str, object]:
        """See Card."""
        inputs = (f"{m} {dims[0]} x {dims[1]}" for m, dims in self.build_args.feature_dims.items() if dims is not None)
        transformer, n_outputs = self.config.encoder, self.build_args.n_outputs
        return {
            "features": f"{', '.join(inputs)} (layer groups x width)",
            "width": self.config.hidden,
            "layers": None if transformer is None else f"{transformer.depth}, {transformer.heads} heads",
            "steps": self.n_steps,
            "TRs": self.build_args.n_output_timesteps,
            "vertices": n_outputs if self.columns is None else f"{len(self.columns)} of {n_outputs}",
            "dtype": np.dtype(self.runtime.dtype).name,
            "kernels": self.runtime.kernels.name,
        }


def joined_groups(x: Array, config: EncoderConfig) -> Array:
    """Shapes   x (B, G, F, T) -> (B, T, G * F), group by group, or (B, T, F) for the mean over groups."""
    B, G, F, T = x.shape
    x = array_module(x).mean(x, axis=1) if config.layer_aggregation == "mean" else x.reshape(B, G * F, T)
    return x.transpose(0, 2, 1)


def parts_of(n_windows: int, size: int) -> list[slice]:
    """Slices of at most `size` windows, in order."""
    return [slice(start, min(start + size, n_windows)) for start in range(0, n_windows, size)]
