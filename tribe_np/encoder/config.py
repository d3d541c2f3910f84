"""Configuration of the brain encoder: upstream's schema, its defaults, and which combinations can run.

Absent keys take the defaults of upstream's config classes, which fill them there too; sizes that upstream passes at
build time (feature dimensions, outputs) come from `BuildArgs`, never from a constant. Keys that only training
reads (dropouts, init_id) are checked and then ignored.
Source   tribev2 7239908 model.FmriEncoder; neuraltrain 0.0.2 Mlp, SubjectLayers, TransformerEncoder
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tribe_np.encoder.fields import (
    flag,
    nested,
    nullable,
    number,
    one_of,
    option,
    parsed_by,
    positive,
    read_mapping,
    sizes,
    whole,
)
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.shown import quoted

MAX_STEPS = 100_000  # TRs of one window: no weight's shape depends on their number, but memory does
MIN_ROTARY_DIM = 32  # x-transformers rotates at least this many channels of each head


@dataclass(frozen=True)
class MlpConfig:
    """A projector or combiner; without hidden sizes one linear layer with bias, whatever the other fields say."""

    input_size: int | None = option(None, nullable(whole(1)))  # build arguments override it
    hidden_sizes: tuple[int, ...] | None = option(None, nullable(sizes))
    norm_layer: str | None = option(None, one_of("layer", "batch", "instance", "unit", None))
    activation_layer: str | None = option("relu", one_of("relu", "gelu", "elu", "prelu", None))
    bias: bool = option(True, flag)
    dropout: float = option(0.0, number)  # training only


@dataclass(frozen=True)
class SubjectLayersConfig:
    """One linear map per subject; a truthy subject_dropout means that the last row is the average subject's."""

    n_subjects: int = option(200, whole(0))  # the rows of the weights decide
    bias: bool = option(True, flag)
    init_id: bool = option(False, flag)  # training only
    mode: str = option("gather", one_of("gather", "for_loop"))  # two loops, one result
    subject_dropout: float | None = option(None, nullable(number))
    average_subjects: bool = option(False, flag)

    @property
    def has_average_row(self) -> bool:
        """Whether the last row is shared by unseen subjects; a dropout of 0.0 counts as unset, as upstream has it."""
        return bool(self.subject_dropout)


@dataclass(frozen=True)
class TransformerConfig:
    """The x-transformers encoder; every option of theirs that is not named here keeps its default upstream."""

    heads: int = option(8, whole(1))
    depth: int = option(12, whole(0))
    cross_attend: bool = option(False, flag)
    causal: bool = option(False, flag)
    attn_flash: bool = option(False, flag)  # the same mathematics
    attn_dropout: float = option(0.1, number)  # training only
    ff_mult: int = option(4, whole(1))
    ff_dropout: float = option(0.0, number)  # training only
    use_scalenorm: bool = option(True, flag)
    use_rmsnorm: bool = option(False, flag)
    rel_pos_bias: bool = option(False, flag)
    alibi_pos_bias: bool = option(False, flag)
    rotary_pos_emb: bool = option(True, flag)
    rotary_xpos: bool = option(False, flag)
    residual_attn: bool = option(False, flag)
    scale_residual: bool = option(True, flag)
    layer_dropout: float = option(0.0, number)  # training only

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
            "attn_flash excludes rel_pos_bias and residual_attn": (
                self.attn_flash and (self.rel_pos_bias or self.residual_attn)
            ),
        }
        for message, applies in refused.items():
            if applies:
                raise ConfigError(f"{where}: {message}")


@dataclass(frozen=True)
class TemporalSmoothingConfig:
    """A depthwise convolution over time; a sigma made the stored kernel Gaussian when the model was built."""

    kernel_size: int = option(9, whole(1))
    sigma: float | None = option(None, nullable(positive))


def read_projector(where: str, value: Any) -> MlpConfig | SubjectLayersConfig:
    """The projector's configuration, by upstream's class name.

    Raises   ConfigError for another name, or what is wrong in its mapping
    """
    name = value.get("name") if isinstance(value, Mapping) else None
    if name == "Mlp":
        return read_mapping(MlpConfig, value, where, name=name)
    if name == "SubjectLayers":
        return read_mapping(SubjectLayersConfig, value, where, name=name)
    raise ConfigError(f"{where}.name must be Mlp or SubjectLayers, got {quoted(name)}")


NORMED_MLP = MlpConfig(norm_layer="layer", activation_layer="gelu")
"""Upstream's default projector and combiner: a plain linear layer, since it has no hidden sizes."""


@dataclass(frozen=True)
class EncoderConfig:
    """Upstream's `brain_model_config`."""

    projector: MlpConfig | SubjectLayersConfig = field(default=NORMED_MLP, metadata=parsed_by(read_projector))
    combiner: MlpConfig | None = field(default=NORMED_MLP, metadata=parsed_by(nullable(nested(MlpConfig, "Mlp"))))
    encoder: TransformerConfig | None = field(
        default=TransformerConfig(), metadata=parsed_by(nullable(nested(TransformerConfig, "TransformerEncoder")))
    )
    time_pos_embedding: bool = option(True, flag)
    subject_embedding: bool = option(False, flag)
    subject_layers: SubjectLayersConfig | None = field(
        default=SubjectLayersConfig(), metadata=parsed_by(nullable(nested(SubjectLayersConfig, "SubjectLayers")))
    )
    hidden: int = option(256, whole(1))
    max_seq_len: int = option(1024, whole(1))
    dropout: float = option(0.0, number)  # training only
    extractor_aggregation: str = option("cat", one_of("cat", "sum", "stack"))
    layer_aggregation: str = option("cat", one_of("cat", "mean"))
    linear_baseline: bool = option(False, flag)
    modality_dropout: float = option(0.0, number)  # training only
    temporal_dropout: float = option(0.0, number)  # training only
    low_rank_head: int | None = option(None, nullable(whole(1)))
    temporal_smoothing: TemporalSmoothingConfig | None = field(
        default=None, metadata=parsed_by(nullable(nested(TemporalSmoothingConfig, "TemporalSmoothing")))
    )

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> "EncoderConfig":
        """The mapping under `brain_model_config` of config.yaml.

        Raises   ConfigError for an unknown key or a value that is not implemented
        """
        return read_mapping(cls, mapping, "brain_model_config", name="FmriEncoder")

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


@dataclass(frozen=True)
class BuildArgs:
    """Sizes fixed when the checkpoint was made; the order of `feature_dims` is the order of the modalities."""

    feature_dims: Mapping[str, tuple[int, int] | None]  # modality -> (G, F), or None: never projected
    n_outputs: int
    n_output_timesteps: int

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any]) -> "BuildArgs":
        """From `model_build_args` of a checkpoint, or build_args.json.

        Raises   CheckpointError for a missing or unknown key or a malformed size
        """
        names = ("feature_dims", "n_outputs", "n_output_timesteps")
        if not isinstance(mapping, Mapping) or set(mapping) != set(names):
            found = ", ".join(map(str, mapping)) if isinstance(mapping, Mapping) else type(mapping).__name__
            raise CheckpointError(f"build_args must have exactly the keys {', '.join(names)}, got {found[:80]}")
        dims = mapping["feature_dims"]
        if not isinstance(dims, Mapping) or not dims or not all(isinstance(m, str) and m for m in dims):
            raise CheckpointError(
                f"build_args: feature_dims must map modality names to [G, F] or null, got {quoted(dims)}"
            )
        try:
            return cls(
                {modality: _read_dims(modality, pair) for modality, pair in dims.items()},
                whole(1)("build_args: n_outputs", mapping["n_outputs"]),
                whole(1, MAX_STEPS)("build_args: n_output_timesteps", mapping["n_output_timesteps"]),
            )
        except ConfigError as error:
            raise CheckpointError(str(error)) from error


def _read_dims(modality: str, pair: Any) -> tuple[int, int] | None:
    if pair is None:
        return None
    where = f"build_args: feature_dims[{quoted(modality)}]"
    checked = sizes(where, pair)
    if len(checked) != 2:
        raise ConfigError(f"{where} must be [layer groups, feature width] or null, got {quoted(pair)}")
    return checked[0], checked[1]
