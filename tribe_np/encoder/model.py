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

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.backend import array_module, to_host
from tribe_np.card import Card
from tribe_np.encoder.batches import WINDOWS_AT_ONCE, parts_of, shown_whole
from tribe_np.encoder.config import BuildArgs, EncoderConfig, SubjectLayersConfig
from tribe_np.encoder.projector import Mlp, Projector
from tribe_np.encoder.readout import ReadOut
from tribe_np.encoder.selection import selected_columns
from tribe_np.encoder.smoothing import TemporalSmoothing
from tribe_np.encoder.transformer import Transformer
from tribe_np.errors import NotFiniteError, ShapeError
from tribe_np.formats.checkpoint import open_checkpoint
from tribe_np.formats.weights import WeightTree
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet
from tribe_np.nn.context import Context, open_context
from tribe_np.protocols import Array, Device, Weights
from tribe_np.runtime import Runtime


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

    @property
    def n_subjects(self) -> int:
        """Subjects that can be asked for by index; 0 where the checkpoint holds the average subject only."""
        return self.read_out.n_subjects

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        precision: str = "float32",
        device: Device = "cpu",
        kernels: KernelSet = REFERENCE,
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
        precision: str = "float32",
        device: Device = "cpu",
        kernels: KernelSet = REFERENCE,
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
        built = cls(
            projectors=_take_projectors(weights, config, build_args),
            temporal_smoothing=_take_smoothing(weights, config),
            combiner=_take_combiner(weights, config, len(build_args.feature_dims)),
            time_pos_embed=_take_positions(weights, config),
            encoder=_take_transformer(weights, config),
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
        ctx = open_context("encoder", self.runtime.kernels)
        arrays = self._checked_features(features)
        n_windows, n_steps = (next(iter(arrays.values())).shape[axis] for axis in (0, -1))
        self._check_steps(n_steps, pool_outputs=pool_outputs)
        # subject layers in front read one index per window: those take the whole batch
        by_subject = isinstance(self.config.projector, SubjectLayersConfig)
        parts = parts_of(n_windows, n_windows if by_subject else WINDOWS_AT_ONCE)
        with shown_whole(ctx, len(parts)) as part_ctx:
            hidden = [
                self.hidden_states({m: x[part] for m, x in arrays.items()}, subject_index, part_ctx) for part in parts
            ]
        x = hidden[0] if len(parts) == 1 else array_module(*hidden).concatenate(hidden, axis=0)
        return self.read_out(x, subject_index, ctx, pool_outputs=pool_outputs)

    def hidden_states(self, arrays: Mapping[str, Array], subject_index: Array | None, ctx: Context) -> Array:
        """What the read-out reads, from checked features.

        Shapes   arrays {modality: (B, G, F, T)} -> (B, S, D)
        """
        x = self.put_together(arrays, subject_index, ctx)
        if self.temporal_smoothing is not None:
            x = self.temporal_smoothing(x)
            ctx.see("temporal_smoothing.output", x)
        return x if self.encoder is None else self.encode(x, ctx)

    def put_together(self, arrays: Mapping[str, Array], subject_index: Array | None, ctx: Context) -> Array:
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
                x = self._joined_groups(arrays[modality])
                x = self.projectors[modality](x, subject_index, ctx.at("projectors", modality))
            else:
                x = xp.zeros((B, T, self.config.hidden // n), dtype=self.runtime.dtype)
            projected.append(x)
        if aggregation == "sum":
            x = sum(projected[1:], projected[0])
        else:
            x = xp.concatenate(projected, axis=1 if aggregation == "stack" else -1)
        ctx.see("modalities", x)
        return x

    def encode(self, x: Array, ctx: Context) -> Array:
        """The stream after combiner, time position table and transformer.

        Shapes   x (B, S, D) -> (B, S, D)
        Numerics a time position table of a single entry is added to every step, as upstream's broadcasting does
        Raises   ShapeError for more steps than a longer table holds
        """
        if self.combiner is not None:
            x = self.combiner(x, ctx.at("combiner"))
        if self.time_pos_embed is not None:
            n_tokens, n_positions = x.shape[1], self.time_pos_embed.shape[1]
            if n_tokens > n_positions > 1:
                raise ShapeError(f"features give {n_tokens} steps, more than max_seq_len = {n_positions}")
            x = x + self.time_pos_embed[:, :n_tokens]
            ctx.see("time_pos_embed.output", x)
        assert self.encoder is not None
        return self.encoder(x, ctx)

    def _check_steps(self, n_steps: int, *, pool_outputs: bool) -> None:
        n_trs = self.build_args.n_output_timesteps
        if self.n_steps is not None and n_steps != self.n_steps:
            expected = f"the model was trained on {self.n_steps}"
        elif self.n_steps is None and pool_outputs and n_steps % n_trs:
            expected = f"{n_trs} TRs do not part them evenly"
        else:
            return
        warnings.warn(
            f"features have {n_steps} steps, but {expected}; the {n_trs} rows are spread over all of them. "
            "For a stimulus of another length use TribeModel.predict_features, which cuts it into windows",
            stacklevel=3,
        )

    def _checked_features(self, features: Mapping[str, Array]) -> dict[str, Array]:
        """The features of the modalities that are there, in the checkpoint's order, as (B, G, F, T) on the device."""
        arrays = {m: self._checked(m, features[m]) for m in self._known(features)}
        first = next(iter(arrays.values()))
        B, T = first.shape[0], first.shape[-1]
        aggregation, n = self.config.extractor_aggregation, len(self.build_args.feature_dims)
        shared_steps = [x.shape[-1] == T or aggregation == "stack" for x in arrays.values()]
        if any(x.shape[0] != B for x in arrays.values()) or not all(shared_steps):
            shapes = ", ".join(f"{m} {tuple(x.shape)}" for m, x in arrays.items())
            raise ShapeError(f"features must share one batch size and one number of steps, got {shapes}")
        missing = [m for m in self.build_args.feature_dims if m not in arrays]
        if missing and aggregation != "cat" and n > 1:
            raise ShapeError(
                f"features lack {', '.join(missing)}: extractor_aggregation {aggregation} needs every modality"
            )
        return arrays

    def _known(self, features: Mapping[str, Array]) -> list[str]:
        known = self.build_args.feature_dims
        if not isinstance(features, Mapping):
            raise ShapeError(f"features must map modalities to arrays, got {type(features).__name__}")
        unknown = [str(modality) for modality in features if modality not in known]
        if not features:
            raise ShapeError(f"features are empty; give at least one of {', '.join(known)}")
        if unknown:
            message = f"features hold unknown {', '.join(unknown)[:60]}; this model knows {', '.join(known)}"
            if len(unknown) == len(features):
                raise ShapeError(message)
            warnings.warn(f"{message}: what is unknown is left out", stacklevel=4)
        return [modality for modality in known if modality in features]

    def _checked(self, modality: str, array: Array) -> Array:
        """The modality's features as (B, G, F, T) on the device."""
        if not hasattr(array, "ndim") or array.ndim not in (3, 4) or 0 in array.shape:
            shape = getattr(array, "shape", type(array).__name__)
            raise ShapeError(f"features[{modality!r}] must be a filled array (B, G, F, T) or (B, F, T), got {shape}")
        if getattr(array.dtype, "kind", "unknown") not in "fiu":
            raise ShapeError(f"features[{modality!r}] must hold real numbers, got {array.dtype}")
        x = self.runtime.place(array)
        x = x if x.dtype == self.runtime.dtype else x.astype(self.runtime.dtype)
        if x.ndim == 3:
            x = x[:, None]
        dims = self.build_args.feature_dims[modality]
        if dims is not None and not self._fits(x.shape[1], x.shape[2], dims):
            raise ShapeError(
                f"features[{modality!r}] must have {dims[0]} layer groups of width {dims[1]}, got {tuple(array.shape)}"
            )
        finite = array_module(x).isfinite(x)
        if not bool(finite.all()):
            window, _, _, step = np.argwhere(~to_host(finite))[0]
            raise NotFiniteError(
                f"features[{modality!r}] hold NaN or infinite values, first in window {window} at step {step}"
            )
        return x

    def _fits(self, n_groups: int, width: int, dims: tuple[int, int]) -> bool:
        """Whether groups have the checkpoint's number and width; for their mean any number will do, and joined ones
        may come as one."""
        if self.config.layer_aggregation == "mean":
            return width == dims[1]
        return (n_groups, width) in (dims, (1, dims[0] * dims[1]))

    def _joined_groups(self, x: Array) -> Array:
        """Shapes   x (B, G, F, T) -> (B, T, G * F), group by group, or (B, T, F) for the mean over groups."""
        xp = array_module(x)
        B, G, F, T = x.shape
        x = xp.mean(x, axis=1) if self.config.layer_aggregation == "mean" else x.reshape(B, G * F, T)
        return x.transpose(0, 2, 1)


def trained_steps(config: Mapping[str, Any]) -> int | None:
    """Steps of a window of 2 Hz features by the `data` section of a config.yaml; None where it does not say."""
    try:
        data = config["data"]
        steps: int = round(data["duration_trs"] / data["neuro"]["frequency"] * data["frequency"])
    except (KeyError, TypeError, ZeroDivisionError, OverflowError, ValueError):
        return None
    return steps


def _take_projectors(weights: Weights, config: EncoderConfig, build_args: BuildArgs) -> dict[str, Projector]:
    """A projector for each modality that has dimensions; the width is shared among all, with or without."""
    n_out = config.projected_dim(len(build_args.feature_dims))
    projectors = {}
    for modality, dims in build_args.feature_dims.items():
        if dims is not None:
            n_in = dims[0] * dims[1] if config.layer_aggregation == "cat" else dims[1]
            part = weights.at("projectors", modality)
            projectors[modality] = Projector.from_weights(part, config.projector, n_in, n_out)
    return projectors


def _take_smoothing(weights: Weights, config: EncoderConfig) -> TemporalSmoothing | None:
    if config.temporal_smoothing is None:
        return None
    size = config.temporal_smoothing.kernel_size
    return TemporalSmoothing.from_weights(weights.at("temporal_smoothing"), config.hidden, size)


def _take_combiner(weights: Weights, config: EncoderConfig, n_modalities: int) -> Mlp | None:
    """The combiner; the linear baseline stores one and never runs it."""
    if config.combiner is None:
        return None
    return Mlp.from_weights(weights.at("combiner"), config.combiner, config.aggregated_dim(n_modalities), config.hidden)


def _take_positions(weights: Weights, config: EncoderConfig) -> Array | None:
    if config.linear_baseline or not config.time_pos_embedding:
        return None
    return weights.take("time_pos_embed", (1, config.max_seq_len, config.hidden))


def _take_transformer(weights: Weights, config: EncoderConfig) -> Transformer | None:
    if config.linear_baseline or config.encoder is None:
        return None
    return Transformer.from_weights(weights.at("encoder"), config.encoder, config.hidden)
