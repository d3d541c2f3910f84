"""One step of training, as upstream's: what is left out is drawn, loss, gradients, Adam under its schedule.

The weights are a mapping by the checkpoint's names, on the host; the encoder of a step is built from them. What is
left out (modalities, steps, subjects) comes from a generator that is given, in upstream's order of draws.
Source   tribev2 7239908 pl_module.BrainModule, main.TribeExperiment
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tribe_np.backend import to_host
from tribe_np.encoder.config import EncoderConfig, SubjectLayersConfig
from tribe_np.encoder.gradients import LeftOut
from tribe_np.encoder.model import WINDOWS_AT_ONCE, FmriEncoder, parts_of
from tribe_np.encoder.training.adam import Adam, Moments
from tribe_np.encoder.training.one_cycle import OneCycle
from tribe_np.errors import ConfigError, NotFiniteError, ShapeError
from tribe_np.protocols import Device
from tribe_np.runtime import Runtime

READ_OUT = ("low_rank_head.", "predictor.")


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows with what was measured during them."""

    features: Mapping[str, np.ndarray]  # {modality: (B, G, F, T) or (B, F, T)}
    measured: np.ndarray  # (B, V, R), at the times of the predictions; what is NaN counts for nothing
    subject_index: np.ndarray | None = None  # (B,); None trains the average row


@dataclass(frozen=True, eq=False)
class Trained:
    """Where training stands after `step` steps."""

    weights: Mapping[str, np.ndarray]  # everything in the checkpoint, buffers too
    moments: Moments = field(default_factory=Moments)
    step: int = 0
    loss: float = float("nan")  # of the last step, before it


@dataclass(frozen=True, eq=False)
class Training:
    """How to train: the model's configuration, the optimiser, its schedule, and which weights move.

    Raises   ConfigError for options that behave differently in training and are not implemented there
    """

    config: Mapping[str, Any]  # brain_model_config
    build_args: Mapping[str, Any]
    schedule: OneCycle
    adam: Adam = field(default_factory=Adam)
    moves: tuple[str, ...] = ("*",)  # names of weights, shell style: ("predictor.*",) is upstream's freeze_backbone
    empty_rows_count: bool = False  # rows of zeros alone, in upstream a window's end without data
    precision: str = Runtime.precision
    device: Device = Runtime.device

    def __post_init__(self) -> None:
        """Refuses what upstream draws or averages inside a layer."""
        config, where = EncoderConfig.from_dict(self.config, origin="config"), "training"
        if config.dropout > 0:
            raise ConfigError(f"{where}: dropout inside layers is not implemented, set brain_model_config.dropout to 0")
        for part in (config.projector, config.combiner):
            if isinstance(part, SubjectLayersConfig):
                if part.has_average_row and not part.average_subjects:
                    raise ConfigError(f"{where}: subject_dropout of a projector is not implemented")
            elif part is not None and part.hidden_sizes and part.norm_layer == "batch":
                raise ConfigError(f'{where}: norm_layer "batch" is not implemented, it averages over the batch')
        # upstream's dropout replaces the projector's and the encoder's, not the combiner's
        if config.combiner is not None and config.combiner.hidden_sizes and config.combiner.dropout > 0:
            raise ConfigError(f"{where}: dropout inside layers is not implemented, set combiner.dropout to 0")

    def stepped(self, trained: Trained, batch: Batch, generator: np.random.Generator) -> Trained:
        """Training after one more step on `batch`.

        Numerics the mean squared error over rows and vertices, those that are NaN left out; windows go through a few
                 at a time
        Raises   ShapeError for measured data of another shape than the prediction's, or none in a batch;
                 NotFiniteError for a loss that is no number; ConfigError where no weight has a name that moves
        """
        loss, gradients = self.loss_and_gradients(trained.weights, batch, generator)
        lr, beta1 = self.schedule.at(trained.step)
        weights, moments = self.adam.moved(trained.weights, gradients, trained.moments, lr=lr, beta1=beta1)
        return Trained(weights, moments, trained.step + 1, loss)

    def loss_and_gradients(
        self, weights: Mapping[str, np.ndarray], batch: Batch, generator: np.random.Generator
    ) -> tuple[float, dict[str, np.ndarray]]:
        """The loss of a batch, and its gradients of the weights that move, by name."""
        if not any(map(self.is_moving, weights)):
            raise ConfigError(f"no weight of the model is named {' or '.join(self.moves)}: nothing would be trained")
        encoder = FmriEncoder.from_state_dict(
            self.config, self.build_args, weights, precision=self.precision, device=self.device, exact_order=True
        )
        left_out = LeftOut.drawn(encoder.config, encoder.build_args, batch.features, generator)
        index = dropped_subjects(encoder, batch.subject_index, generator)
        counts = np.isfinite(batch.measured)  # (B, V, R)
        if not self.empty_rows_count:
            counts &= np.any(counts & (batch.measured != 0), axis=1)[:, None]
        n_values = int(counts.sum())
        if n_values == 0:
            raise ShapeError("a batch has no row of measured data: all of them are zero")
        loss, total = 0.0, dict[str, np.ndarray]()
        for part in parts_of(len(counts), WINDOWS_AT_ONCE):
            features = {modality: x[part] for modality, x in batch.features.items()}
            subjects = None if index is None else index[part]
            output, pull = encoder.pullback(features, subjects, left_out=left_out.part(part))
            if output.shape != batch.measured[part].shape:
                raise ShapeError(
                    f"measured data must be {output.shape} as predictions, got {batch.measured[part].shape}"
                )
            error = np.where(counts[part], to_host(output) - batch.measured[part], 0)
            loss += float(np.sum(error.astype(np.float64) ** 2)) / n_values
            for name, x in self._moving(pull(error * (2 / n_values), read_out_alone=self.is_read_out_alone)).items():
                total[name] = total[name] + x if name in total else x
        if not math.isfinite(loss):
            raise NotFiniteError(
                f"the loss is {loss}: the learning rate is too high for these weights, or a measured value is huge"
            )
        return loss, total

    def is_moving(self, name: str) -> bool:
        """Whether the weight of that name is trained."""
        return any(fnmatchcase(name, pattern) for pattern in self.moves)

    @property
    def is_read_out_alone(self) -> bool:
        """Whether nothing before the read-out moves, so that no gradient goes there."""
        return all(pattern.startswith(READ_OUT) for pattern in self.moves)

    def _moving(self, gradients: Any) -> dict[str, np.ndarray]:
        return {name: to_host(x) for name, x in gradients.weights.items() if self.is_moving(name)}


def dropped_subjects(
    encoder: FmriEncoder, subject_index: np.ndarray | None, generator: np.random.Generator
) -> np.ndarray | None:
    """The index with some subjects replaced by the row of unseen ones, with the configuration's probability.

    Source   neuraltrain 0.0.2 SubjectLayersModel.forward
    """
    predictor = encoder.config.predictor
    if subject_index is None or predictor.average_subjects or not predictor.subject_dropout:
        return subject_index
    index = np.asarray(subject_index).reshape(-1)
    return np.where(generator.random(len(index)) < predictor.subject_dropout, encoder.n_subjects, index)


def resized_subject_layer(weights: Mapping[str, np.ndarray], n_rows: int) -> dict[str, np.ndarray]:
    """The weights with a predictor of `n_rows` rows, each the mean over the rows it had.

    Source   tribev2 7239908 main.TribeExperiment (resize_subject_layer, without a change of the low rank)
    """
    resized = dict(weights)
    for name in ("predictor.weights", "predictor.bias"):
        if name in weights:
            mean = weights[name].mean(axis=0, keepdims=True)
            resized[name] = np.repeat(mean, n_rows, axis=0)
    return resized


def with_subject_rows(config: Mapping[str, Any], n_subjects: int, *, subject_dropout: float | None) -> dict[str, Any]:
    """The configuration of a model of so many subjects, and a row of unseen ones where subject_dropout is not 0."""
    layers = {**(config.get("subject_layers") or {}), "n_subjects": n_subjects, "average_subjects": False}
    return {**config, "subject_layers": layers | {"subject_dropout": subject_dropout}}
