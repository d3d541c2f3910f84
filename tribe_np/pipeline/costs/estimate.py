"""Memory that each stage of a run will take, from configurations and headers: no weight is read.

Estimates are of what the process takes beyond what it holds already. They count the arrays that are alive together
where a layer needs most. They lie above what was measured at the released widths, by a factor of up to 1.7
(tests/pipeline/costs/test_estimate.py): most with compiled kernels, which keep fewer arrays.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from extractors.catalogue import ModelRecord, record_of_type
from extractors.common.config import ModelConfig
from extractors.common.costs import Load
from tribe_np.encoder.config import BuildArgs, EncoderConfig
from tribe_np.formats.safetensors import TensorEntry
from tribe_np.formats.weights import read_folder, read_json

LAYER = re.compile(r"(?:^|\.)layers?\.(\d+)\.")
LIBRARIES = 60_000_000
"""Bytes that libraries take when they first compute: compiled kernels, buffers of BLAS."""


@dataclass(frozen=True)
class WeightSizes:
    """Numbers in a model's files that are read into memory: the largest layer, all layers, and the rest."""

    layer: int
    layers: int
    rest: int

    @classmethod
    def of(cls, entries: Mapping[str, TensorEntry], unread: Iterable[str]) -> "WeightSizes":
        """Counted by name: `layers.3.` or `layer.3.` somewhere in it; what is not read into memory left out."""
        layers: dict[str, int] = {}
        rest = 0
        for name, entry in entries.items():
            size = math.prod(entry.shape)
            number = LAYER.search(name)
            if any(part in name for part in unread):
                continue
            if number:
                layers[number[1]] = layers.get(number[1], 0) + size
            else:
                rest += size
        return cls(max(layers.values(), default=0), sum(layers.values()), rest)


@dataclass(frozen=True)
class Need:
    """What one stage takes, in bytes: weights in memory, and arrays while it computes."""

    stage: str
    weights: int
    work: int

    @property
    def n_bytes(self) -> int:
        """Both, and the libraries."""
        return self.weights + self.work + LIBRARIES


@dataclass(frozen=True)
class ModelNeeds:
    """The memory of an extractor for whatever it is given; of one of unknown kind, only its weights."""

    record: ModelRecord | None
    config: ModelConfig | None
    sizes: WeightSizes

    @classmethod
    def of(cls, folder: Path) -> "ModelNeeds":
        """That of the model in a folder, from its headers and its configuration.

        Raises   CheckpointError, ConfigError for a folder without readable weights or configuration
        """
        record, entries = record_of_folder(folder), read_folder(folder)
        sizes = WeightSizes.of(entries, () if record is None else record.costs.UNREAD)
        return cls(record, None if record is None else record.config.from_folder(folder), sizes)

    def need(self, stage: str, *, streaming: bool, load: Load, itemsize: int = 4) -> Need:
        """What it takes for a load."""
        kept = self.sizes.rest + (self.sizes.layer if streaming else self.sizes.layers)
        work = 0 if self.record is None else self.record.costs.work(self.config, load, itemsize)
        return Need(stage, kept * itemsize, work)


def extractor_need(folder: Path, stage: str, *, streaming: bool, load: Load, itemsize: int = 4) -> Need:
    """`ModelNeeds` of a folder, asked once.

    Raises   CheckpointError, ConfigError for a folder without readable weights or configuration
    """
    return ModelNeeds.of(folder).need(stage, streaming=streaming, load=load, itemsize=itemsize)


def record_of_folder(folder: Path) -> ModelRecord | None:
    """The record of the model in a folder; None for a kind that is not known, of which the model itself says so.

    Raises   CheckpointError
    """
    return record_of_type(str(read_json(folder / "config.json").get("model_type")))


def extractor_config(folder: Path) -> ModelConfig | None:
    """The configuration of an extractor; None for a kind that is not known.

    Raises   CheckpointError, ConfigError
    """
    record = record_of_folder(folder)
    return None if record is None else record.config.from_folder(folder)


def encoder_weights(
    config: EncoderConfig,
    build_args: BuildArgs,
    entries: Iterable[TensorEntry],
    itemsize: int = 4,
    n_chosen: int | None = None,
) -> Need:
    """The memory of a brain encoder while it is read: all weights, and one map composed of the last two.

    Of the predictor, only the columns of `n_chosen` vertices (None: all) are kept.
    """
    n_outputs = build_args.n_outputs
    n_chosen = n_outputs if n_chosen is None else n_chosen
    weights = 0
    for entry in entries:
        is_per_vertex = entry.name.removeprefix("model.").startswith("predictor.") and entry.shape[-1:] == (n_outputs,)
        weights += math.prod(entry.shape[:-1]) * n_chosen if is_per_vertex else math.prod(entry.shape)
    return Need("brain encoder's weights", weights * itemsize, config.hidden * n_chosen * itemsize)


def encoder_work(
    config: EncoderConfig, build_args: BuildArgs, *, n_windows: int, n_steps: int, itemsize: int = 4
) -> Need:
    """What a brain encoder in memory takes for `n_windows` of `n_steps` steps of the 2 Hz grid at once."""
    inputs = sum(groups * width for groups, width in filter(None, build_args.feature_dims.values()))
    mult = config.encoder.ff_mult if config.encoder is not None else 1
    per_step = 3 * inputs + (8 + 3 * mult) * config.hidden
    work = n_windows * (n_steps * per_step + 3 * build_args.n_output_timesteps * build_args.n_outputs)
    return Need("brain encoder", 0, work * itemsize)
