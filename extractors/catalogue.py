"""The models, one record each: the one place that lists them.

Whoever needs all models, or the model of a modality, asks here. A record names classes and functions in the model's
folder; they are imported when first asked for, so that the list itself costs nothing. CONTRIBUTING.md says how to add
a model.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from tribe_np.errors import ConfigError

if TYPE_CHECKING:
    from extractors.common.config import ModelConfig
    from extractors.common.costs import Costs

READS = ("words", "sound", "film", "pictures")
"""What a model may be given; `tribe_np.pipeline.features` has a file for each."""


class ModelRecord(NamedTuple):  # not a dataclass, whose import would take a tenth of --help
    """A model, and what the pipeline has to know about it.

    Its folder `package` holds config.py, model.py, extract.py, costs.py and random.py with the names below, and of a
    model that reads words tokenizer.py.
    """

    modality: str  # in the checkpoint's feature_dims, config.yaml's MODALITY_feature, a folder below --models
    reads: str  # one of READS
    event_type: str  # rows of the events table that it describes
    package: str
    config_class: str
    model_class: str
    features: str  # function of extract.py; its signature goes with `reads`
    feature_class: str  # upstream's, in config.yaml's MODALITY_feature.name
    fixed: Mapping[str, Any]  # keys of MODALITY_feature with the only value implemented; upstream's default too
    model_types: tuple[str, ...]  # of the folder's config.json
    default_name: str  # hub id, where config.yaml names none
    licence: str  # of the released weights, for people
    paper: str
    tokenizer_class: str = ""  # in tokenizer.py, of a model that reads words
    passes: str = ""  # function of extract.py that counts them, where `features` can run some `only`; "": it cannot
    averages_tokens: bool = True  # upstream aggregates tokens, where alone `cache_n_layers` acts
    section: str = ""  # of MODALITY_feature, where upstream keeps the model's own settings; "": there itself
    section_fixed: Mapping[str, Any] = {}  # as `fixed`, of that section
    demo: Mapping[str, Any] | None = None  # sizes of its random model in the demo; None: the demo has none

    @property
    def config(self) -> "type[ModelConfig]":
        """The class of the model's configuration."""
        found: type[ModelConfig] = self._named("config", self.config_class)
        return found

    @property
    def model(self) -> Any:
        """The model's class."""
        return self._named("model", self.model_class)

    @property
    def tokenizer(self) -> Any:
        """The class of the tokenizer, of a model that reads words."""
        return self._named("tokenizer", self.tokenizer_class)

    @property
    def extract(self) -> Any:
        """The function that computes features."""
        return self._named("extract", self.features)

    @property
    def n_passes(self) -> Any:
        """The function that counts the passes of words; None where they cannot be run apart."""
        return self._named("extract", self.passes) if self.passes else None

    @property
    def write_random(self) -> Any:
        """The function that writes a folder of random weights: `write_random(folder, seed=0, **demo)`."""
        return self._named("random", "write_random")

    @property
    def costs(self) -> "Costs":
        """The module that says what the model takes."""
        module: Any = import_module(f"{self.package}.costs")
        found: Costs = module
        return found

    def _named(self, module: str, name: str) -> Any:
        return getattr(import_module(f"{self.package}.{module}"), name)


_FILM_FIXED: Mapping[str, Any] = {"max_imsize": None, "layer_type": ""}
_PICTURE_FIXED: Mapping[str, Any] = {"token_aggregation": "mean", "imsize": None, "pretrained": True}

RECORDS: list[ModelRecord] = [
    ModelRecord(
        modality="text",
        reads="words",
        event_type="Word",
        package="extractors.llama",
        config_class="LlamaConfig",
        model_class="LlamaModel",
        tokenizer_class="LlamaTokenizer",
        features="word_features",
        passes="n_word_passes",
        feature_class="HuggingFaceText",
        fixed={"contextualized": True, "pretrained": True, "token_aggregation": "mean"},
        model_types=("llama",),
        default_name="meta-llama/Llama-3.2-3B",
        licence="Meta's Llama 3.2 Community License governs the released LLaMA-3.2 weights",
        paper="Grattafiori et al. (2024). The Llama 3 herd of models. arXiv:2407.21783.",
        demo={"n_layers": 4},
    ),
    ModelRecord(
        modality="audio",
        reads="sound",
        event_type="Audio",
        package="extractors.wav2vec_bert",
        config_class="Wav2VecBertConfig",
        model_class="Wav2VecBertModel",
        features="audio_features",
        feature_class="Wav2VecBert",
        fixed={"norm_audio": True, "normalized": True, "layer_type": "transformer"},
        model_types=("wav2vec2-bert",),
        default_name="facebook/w2v-bert-2.0",
        licence="the released facebook/w2v-bert-2.0 weights are MIT",
        paper="Seamless Communication et al. (2023). Seamless: Multilingual expressive and streaming speech "
        "translation. arXiv:2312.05187.",
        averages_tokens=False,
        demo={"n_layers": 2},
    ),
    ModelRecord(
        modality="video",
        reads="film",
        event_type="Video",
        package="extractors.vjepa2",
        config_class="VJepa2Config",
        model_class="VJepa2Model",
        features="video_features",
        feature_class="HuggingFaceVideo",
        fixed=_FILM_FIXED,
        section="image",
        section_fixed=_PICTURE_FIXED,
        model_types=("vjepa2",),
        default_name="facebook/vjepa2-vitg-fpc64-256",
        licence="the released facebook/vjepa2 weights are MIT",
        paper="Assran et al. (2025). V-JEPA 2: Self-supervised video models enable understanding, prediction and "
        "planning. arXiv:2506.09985.",
        demo={},
    ),
    ModelRecord(
        modality="image",
        reads="pictures",
        event_type="Video",
        package="extractors.dinov2",
        config_class="DinoV2Config",
        model_class="DinoV2Model",
        features="image_features",
        feature_class="HuggingFaceVideo",
        fixed={**_FILM_FIXED, "clip_duration": None},
        section="image",
        section_fixed=_PICTURE_FIXED,
        model_types=("dinov2", "dinov2_with_registers"),
        default_name="facebook/dinov2-large",
        licence="the released facebook/dinov2 and dinov2-with-registers weights are Apache-2.0",
        paper="Oquab et al. (2024). DINOv2: Learning robust visual features without supervision. "
        "Transactions on Machine Learning Research.",
    ),
]


def modalities() -> list[str]:
    """Every modality, in the order of the records."""
    return [record.modality for record in RECORDS]


def event_types() -> list[str]:
    """The types of event that some model describes, in the order of the records."""
    return list(dict.fromkeys(record.event_type for record in RECORDS))


def record_of(modality: str) -> ModelRecord:
    """The record of a modality.

    Raises   ConfigError for one that no record has
    """
    for record in RECORDS:
        if record.modality == modality:
            return record
    raise ConfigError(f"unknown modality {modality!r:.60}; known are {', '.join(modalities())}")


def record_of_type(model_type: str) -> ModelRecord | None:
    """The record of a folder whose config.json has such a `model_type`; None for a model that is not known."""
    return next((record for record in RECORDS if model_type in record.model_types), None)
