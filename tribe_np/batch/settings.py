"""What a study is computed with: the same models and options for every stimulus and in every process.

All of it is JSON, all paths are absolute, and models are the folders that were found when the study was planned: what
a process on another machine has in its environment changes nothing. Importing this imports no numerical package.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tribe_np.errors import ConfigError
from tribe_np.pipeline.model_options import model_option
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.stimuli.stimulus import WordSource

if TYPE_CHECKING:
    from tribe_np.pipeline.features.source import FeatureSource
    from tribe_np.pipeline.model import TribeModel
    from tribe_np.pipeline.options import PipelineConfig
    from tribe_np.pipeline.progress import Progress
    from tribe_np.pipeline.stimuli.picture_rows import PictureShow
    from tribe_np.pipeline.store.claims import Claims

LOOKED_IN = ("folders", "hub_cache")
"""Where models were looked for, which decides nothing once they are found."""
OPTION_NAMES = {"how": "words", "speech": "no-speech", "memory_check": "no-memory-check"}
"""Settings whose option on the command line is called otherwise."""


class StimulusSettings(Protocol):
    """What one stimulus may ask for itself; None is what the study says."""

    @property
    def transcript(self) -> str | Path | None:
        """A table of its words."""

    @property
    def language(self) -> str | None:
        """The language of its words."""


@dataclass(frozen=True)
class StudySettings:
    """Settings of a study.

    Fields   checkpoint: the brain encoder's folder; models: the extractors' by modality, of those that were found;
             cache: the folder of features; threads: of each task; options: our own, as PipelineConfig takes them;
             words, pictures: as WordSource and PictureShow take them; selection, subject: as `predict` takes them;
             folders, hub_cache: where a recogniser's model is looked for
    """

    checkpoint: str
    models: Mapping[str, str]
    cache: str
    threads: int
    device: str = "cpu"
    precision: str = "float32"
    options: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, Any] = field(default_factory=dict)
    selection: Mapping[str, Any] | None = None
    subject: str | None = None
    folders: tuple[str, ...] = ()
    hub_cache: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "StudySettings":
        """What `as_dict` gave, also after JSON; TypeError or ValueError for anything else."""
        if not isinstance(found, Mapping):
            raise TypeError("settings must be a mapping")
        mappings = ("models", "options", "words", "pictures")
        if not all(isinstance(found.get(name, {}), Mapping) for name in mappings):
            raise TypeError(f"{', '.join(mappings)} must be mappings")
        return cls(**{**found, "folders": tuple(found.get("folders", ()))})

    def differences(self, now: "StudySettings") -> list[str]:
        """What is otherwise now, by the options of the command line: "--precision float32, now float64"."""
        before, after = _flat(self), _flat(now)
        names = sorted(before.keys() | after.keys())
        changed = [name for name in names if before.get(name) != after.get(name)]
        return [f"{name} {_told(before.get(name))}, now {_told(after.get(name))}" for name in changed]

    # -- what is made of them ------------------------------------------------------------------------------------

    def locations(self) -> ModelLocations:
        """Where the models lie."""
        explicit = {modality: Path(folder) for modality, folder in self.models.items()}
        hub_cache = None if self.hub_cache is None else Path(self.hub_cache)
        return ModelLocations(explicit, tuple(map(Path, self.folders)), hub_cache)

    def own_options(self, stimulus: StimulusSettings | None = None) -> dict[str, Any]:
        """Our own options of a stimulus: the study's, in the stimulus' own language if it has one."""
        language = None if stimulus is None else stimulus.language
        return dict(self.options) | ({} if language is None else {"language": language})

    def pipeline_config(self, stimulus: StimulusSettings | None = None) -> "PipelineConfig":
        """`own_options` with every default.

        Raises   ConfigError
        """
        from tribe_np.pipeline.options import PipelineConfig

        return PipelineConfig.from_dict(self.own_options(stimulus))

    def word_source(self, stimulus: StimulusSettings | None = None) -> WordSource:
        """Where the words of a stimulus come from: its own transcript, or what the study says.

        Raises   ConfigError
        """
        transcript = None if stimulus is None else stimulus.transcript
        if transcript is None:
            return WordSource(**{**self.words, "align": None})
        if not self.words.get("speech", True):
            raise ConfigError(f"--no-speech contradicts the transcript {transcript}; give only one of them")
        heard = ("transcriber", "whisper_model", "align")  # of stimuli without a transcript
        return WordSource(Path(transcript), **{k: v for k, v in self.words.items() if k not in heard})

    def picture_show(self, kind: str) -> "PictureShow":
        """How a stimulus of a kind is shown: a picture as the study says, any other as it is.

        Raises   ConfigError
        """
        from tribe_np.pipeline.stimuli.picture_rows import PictureShow

        given = dict(self.pictures) if kind == "picture" else {}
        beside = given.pop("beside", None)
        return PictureShow(**given, beside=None if beside is None else Path(beside))

    def claims(self) -> "Claims":
        """Who works on what, below the cache: the same for all that share it."""
        from tribe_np.pipeline.store.claims import Claims
        from tribe_np.pipeline.store.workspace import CLAIMS

        return Claims(Path(self.cache) / CLAIMS)

    def load_model(
        self,
        stimulus: StimulusSettings | None = None,
        progress: "Progress | None" = None,
        *,
        headers_only: bool = False,
    ) -> "TribeModel":
        """The model that predicts a stimulus; another stimulus' language is `pipeline_config` in its options.

        `headers_only` reads no weight, for events, keys and estimates.

        Raises   TribeError
        """
        from tribe_np.pipeline.model import TribeModel

        return TribeModel.load(
            self.checkpoint, self.locations(), cache_folder=self.cache, device=self.device, precision=self.precision,
            selection=self.selection, own_options=self.own_options(stimulus), progress=progress,
            headers_only=headers_only,
        )  # fmt: skip

    def open_source(self, progress: "Progress | None" = None) -> "FeatureSource":
        """What makes features, without the brain encoder.

        Raises   TribeError
        """
        from tribe_np.pipeline.features.source import FeatureSource

        return FeatureSource.open(
            self.checkpoint, self.locations(), self.cache, device=self.device, precision=self.precision,
            own_options=self.own_options(), progress=progress,
        )  # fmt: skip


def _flat(settings: StudySettings) -> dict[str, Any]:
    """Values by the option of the command line that sets them."""
    found: dict[str, Any] = {}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if each.name in LOOKED_IN:
            continue
        if each.name == "models":
            found |= {model_option(modality): folder for modality, folder in value.items()}
        elif isinstance(value, Mapping) or each.name == "selection":
            found |= {_option(name): _as_given(name, of) for name, of in (value or {}).items()}
        else:
            found[_option(each.name)] = value
    return {name: value for name, value in found.items() if value is not None}


def _option(name: str) -> str:
    return f"--{OPTION_NAMES.get(name, name).replace('_', '-')}"


def _as_given(name: str, value: Any) -> Any:
    """The value of an option; None for a switch that was not thrown."""
    if OPTION_NAMES.get(name, "").startswith("no-"):
        return None if value else "given"
    if isinstance(value, bool):
        return str(value).lower()
    return list(value) if isinstance(value, (list, tuple)) else value


def _told(value: Any) -> str:
    if value is None:
        return "not given"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
