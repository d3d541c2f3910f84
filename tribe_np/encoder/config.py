"""Configuration of the brain encoder: upstream's schema, its defaults, and which combinations can run.

Absent keys take the defaults of upstream's config classes, which fill them there too; sizes that upstream passes at
build time (feature dimensions, outputs) come from `BuildArgs`, never from a constant. Keys that only training
reads (dropouts, init_id) are checked and then ignored.
Source   tribev2 7239908 model.FmriEncoder; neuraltrain 0.0.2 Mlp, SubjectLayers, TransformerEncoder
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.settings import (
    FLAG,
    MAPPING,
    Check,
    Settings,
    list_of,
    nested,
    nullable,
    number,
    one_of,
    option,
    positive,
    read_fields,
    whole,
)
from tribe_np.shown import quoted

MAX_STEPS = 100_000  # TRs of one window: no weight's shape depends on their number, but memory does
T = TypeVar("T")
MIN_ROTARY_DIM = 32  # x-transformers rotates at least this many channels of each head


def size(least: int = 1) -> Check[int]:
    """A whole number of at least `least`; 8.0 counts as 8, as upstream reads it."""
    return whole(least, takes_floats=True)


SIZES = list_of(size(), "whole numbers of at least 1")


@dataclass(frozen=True)
class MlpConfig:
    """A projector or combiner; without hidden sizes one linear layer with bias, whatever the other fields say."""

    input_size: int | None = option(None, nullable(size()))  # build arguments override it
    hidden_sizes: tuple[int, ...] | None = option(None, nullable(SIZES))
    norm_layer: str | None = option(None, one_of("layer", "batch", "instance", "unit", None))
    activation_layer: str | None = option("relu", one_of("relu", "gelu", "elu", "prelu", None))
    bias: bool = option(True, FLAG)
    dropout: float = option(0.0, number())  # training only


@dataclass(frozen=True)
class SubjectLayersConfig:
    """One linear map per subject; a truthy subject_dropout means that the last row is the average subject's."""

    n_subjects: int = option(200, size(0))  # the rows of the weights decide
    bias: bool = option(True, FLAG)
    init_id: bool = option(False, FLAG)  # training only
    mode: str = option("gather", one_of("gather", "for_loop"))  # two loops, one result
    subject_dropout: float | None = option(None, nullable(number()))
    average_subjects: bool = option(False, FLAG)

    @property
    def has_average_row(self) -> bool:
        """Whether the last row is shared by unseen subjects; a dropout of 0.0 counts as unset, as upstream has it."""
        return bool(self.subject_dropout)


@dataclass(frozen=True)
class TransformerConfig:
    """The x-transformers encoder; every option of theirs that is not named here keeps its default upstream."""

    heads: int = option(8, size())
    depth: int = option(12, size(0))
    cross_attend: bool = option(False, FLAG)
    causal: bool = option(False, FLAG)
    attn_flash: bool = option(False, FLAG)  # the same mathematics
    attn_dropout: float = option(0.1, number())  # training only
    ff_mult: int = option(4, size())
    ff_dropout: float = option(0.0, number())  # training only
    use_scalenorm: bool = option(True, FLAG)
    use_rmsnorm: bool = option(False, FLAG)
    rel_pos_bias: bool = option(False, FLAG)
    alibi_pos_bias: bool = option(False, FLAG)
    rotary_pos_emb: bool = option(True, FLAG)
    rotary_xpos: bool = option(False, FLAG)
    residual_attn: bool = option(False, FLAG)
    scale_residual: bool = option(True, FLAG)
    layer_dropout: float = option(0.0, number())  # training only

    @property
    def uses_rotary(self) -> bool:
        """xpos switches the rotary embedding on by itself."""
        return self.rotary_pos_emb or self.rotary_xpos

    def check(self, model_dim: int) -> None:
        """Raises   ConfigError for combinations that upstream cannot build or run."""
        where = "brain_model_config.encoder"
        if model_dim % self.heads:
            raise ConfigError(f"{where}.heads is {self.heads}, which does not divide hidden = {model_dim}")
        if self.uses_rotary and model_dim // self.heads < MIN_ROTARY_DIM:
            raise ConfigError(
                f"{where}: rotary embedding needs heads of width >= {MIN_ROTARY_DIM}, "
                f"got hidden / heads = {model_dim // self.heads}"
            )
        refused = {
            "cross_attend needs a context, which the brain encoder never has: set it to false": self.cross_attend,
            "use_rmsnorm and use_scalenorm exclude each other: set one to false": (
                self.use_rmsnorm and self.use_scalenorm
            ),
            "rel_pos_bias and alibi_pos_bias exclude each other": self.rel_pos_bias and self.alibi_pos_bias,
            "rotary_xpos needs causal: true": self.rotary_xpos and not self.causal,
            "attn_flash cannot be combined with rel_pos_bias or residual_attn": (
                self.attn_flash and (self.rel_pos_bias or self.residual_attn)
            ),
        }
        for message, applies in refused.items():
            if applies:
                raise ConfigError(f"{where}: {message}")


@dataclass(frozen=True)
class TemporalSmoothingConfig:
    """A depthwise convolution over time; a sigma made the stored kernel Gaussian when the model was built."""

    kernel_size: int = option(9, size())
    sigma: float | None = option(None, nullable(positive()))


CLASS_NAMES: Mapping[type, str] = {
    MlpConfig: "Mlp", SubjectLayersConfig: "SubjectLayers", TransformerConfig: "TransformerEncoder",
    TemporalSmoothingConfig: "TemporalSmoothing",
}  # fmt: skip
"""Upstream's names of these classes, which a dump carries under the key "name"."""


def _read_projector(settings: Settings) -> MlpConfig | SubjectLayersConfig:
    """Either class; here the name decides."""
    name = settings.read("name", one_of("Mlp", "SubjectLayers"))
    if name == "Mlp":
        return read_fields(MlpConfig, settings, name=name)
    return read_fields(SubjectLayersConfig, settings, name=name)


def _part(cls: type[T]) -> Check[T]:
    """A part of the model: a mapping that may name its class."""
    return nested(lambda settings: read_fields(cls, settings, name=CLASS_NAMES[cls]))


NORMED_MLP = MlpConfig(norm_layer="layer", activation_layer="gelu")
"""Upstream's default projector and combiner: a plain linear layer, since it has no hidden sizes."""


@dataclass(frozen=True)
class EncoderConfig:
    """Upstream's `brain_model_config`."""

    projector: MlpConfig | SubjectLayersConfig = option(NORMED_MLP, nested(_read_projector))
    combiner: MlpConfig | None = option(NORMED_MLP, nullable(_part(MlpConfig)))
    encoder: TransformerConfig | None = option(TransformerConfig(), nullable(_part(TransformerConfig)))
    time_pos_embedding: bool = option(True, FLAG)
    subject_embedding: bool = option(False, FLAG)
    subject_layers: SubjectLayersConfig | None = option(SubjectLayersConfig(), nullable(_part(SubjectLayersConfig)))
    hidden: int = option(256, size())
    max_seq_len: int = option(1024, size())
    dropout: float = option(0.0, number())  # training only
    extractor_aggregation: str = option("cat", one_of("cat", "sum", "stack"))
    layer_aggregation: str = option("cat", one_of("cat", "mean"))
    linear_baseline: bool = option(False, FLAG)
    modality_dropout: float = option(0.0, number())  # training only
    temporal_dropout: float = option(0.0, number())  # training only
    low_rank_head: int | None = option(None, nullable(size()))
    temporal_smoothing: TemporalSmoothingConfig | None = option(None, nullable(_part(TemporalSmoothingConfig)))

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], *, origin: str | Path = "config.yaml") -> "EncoderConfig":
        """The mapping under `brain_model_config` of config.yaml.

        Raises   ConfigError for an unknown key or a value that is not implemented
        """
        whole_model = nested(lambda settings: read_fields(cls, settings, name="FmriEncoder"))
        return whole_model(f"{origin}: brain_model_config", mapping)

    @property
    def predictor(self) -> SubjectLayersConfig:
        """The subject layers.

        Raises   ConfigError when they are null, with which upstream cannot build the model
        """
        if self.subject_layers is None:
            raise ConfigError("brain_model_config.subject_layers must not be null: it is the predictor")
        return self.subject_layers

    def projected_dim(self, n_modalities: int) -> int:
        """Width that each modality is projected to."""
        return self.hidden // n_modalities if self.extractor_aggregation == "cat" else self.hidden

    def aggregated_dim(self, n_modalities: int) -> int:
        """Width after the modalities are put together."""
        width = self.projected_dim(n_modalities)
        return width * n_modalities if self.extractor_aggregation == "cat" else width

    def check(self, build_args: "BuildArgs") -> None:
        """Raises   ConfigError for what upstream cannot build, or builds and cannot run."""
        where, n = "brain_model_config", len(build_args.feature_dims)
        if self.subject_embedding and not self.linear_baseline:  # which ignores it, as upstream does
            raise ConfigError(f"{where}.subject_embedding: true cannot be built upstream and is not implemented")
        if self.combiner is None and self.hidden % n:
            raise ConfigError(
                f"{where}: without a combiner, hidden = {self.hidden} must be divisible by {n} modalities"
            )
        if self.aggregated_dim(n) != self.hidden and (self.temporal_smoothing is not None or self.linear_baseline):
            option_name = "linear_baseline" if self.linear_baseline else "temporal_smoothing"
            raise ConfigError(
                f"{where}: {option_name} needs {n} modalities to fill hidden = {self.hidden}, "
                f"but {n} x {self.hidden // n} = {self.aggregated_dim(n)}"
            )
        if self.extractor_aggregation != "cat" and n > 1 and None in build_args.feature_dims.values():
            raise ConfigError(
                f"{where}.extractor_aggregation: {self.extractor_aggregation} needs every modality, "
                "but feature_dims holds a null"
            )
        _ = self.predictor
        if not self.linear_baseline:
            if self.encoder is None:
                raise ConfigError(f"{where}.encoder may be null only with linear_baseline: true")
            self.encoder.check(self.hidden)


DIMS: Check[tuple[int, int]] = Check(
    "[layer groups, feature width]",
    lambda value: isinstance(value, (list, tuple)) and len(value) == 2 and all(map(size().is_good, value)),
    lambda _, value: (int(value[0]), int(value[1])),
)
FEATURE_DIMS: Check[Mapping[str, tuple[int, int] | None]] = Check(
    "a mapping from modalities to sizes",
    lambda value: isinstance(value, Mapping) and bool(value) and all(isinstance(m, str) and m for m in value),
    lambda name, value: {m: nullable(DIMS)(f"{name}[{quoted(m)}]", dims) for m, dims in value.items()},
)


@dataclass(frozen=True)
class BuildArgs:
    """Sizes fixed when the checkpoint was made; the order of `feature_dims` is the order of the modalities."""

    feature_dims: Mapping[str, tuple[int, int] | None]  # modality -> (G, F), or None: never projected
    n_outputs: int
    n_output_timesteps: int

    @classmethod
    def from_dict(cls, mapping: object) -> "BuildArgs":
        """From `model_build_args` of a checkpoint, or build_args.json.

        Raises   CheckpointError for a missing or unknown key or a malformed size
        """
        try:
            args = Settings(MAPPING("build_args", mapping), "build_args")
            args.refuse_unknown([f.name for f in fields(cls)])
            return cls(
                args.read("feature_dims", FEATURE_DIMS),
                args.read("n_outputs", size()),
                args.read("n_output_timesteps", whole(1, MAX_STEPS, takes_floats=True)),
            )
        except ConfigError as error:
            raise CheckpointError(str(error)) from error
