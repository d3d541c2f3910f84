"""TRIBE v2 as BERG holds a model: chosen, loaded, asked for responses to one file after another."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.berg.choice import checked_selection
from tribe_np.berg.metadata import Source, model_metadata
from tribe_np.berg.model_card import MODEL_IDS, N_VERTICES, described, model_card
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.pipeline.config_update import split_update
from tribe_np.pipeline.early_checks import check_extractors
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import terminal_progress
from tribe_np.pipeline.resolve import default_locations
from tribe_np.pipeline.run import check_finite
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.segments import Segment


class _class_or_instance(classmethod):  # type: ignore[type-arg]  # noqa: N801
    """A class method that knows the instance it is called on, as `model_instance`."""

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        bound = super().__get__(instance, owner)
        return bound if instance is None else partial(bound, model_instance=instance)


class EncodingModel:
    """TRIBE v2 behind the methods of BERG's models.

    device, selection, berg_dir   as BERG passes them; berg_dir is kept and nothing is read from it
    subject      "average": BERG offers no other
    checkpoint   folder or hub id; None: facebook/tribev2, as `tribe-np predict`
    models       folder(s) of the extractors; None: what TRIBE_NP_MODELS names
    parcellation the HCP-MMP1 annotation; None: where it is found
    cache_folder, precision, config_update, compat   as `TribeModel.from_pretrained`
    Raises       ConfigError for a selection that is not BERG's; nothing is opened before `load_model`
    """

    def __init__(
        self,
        device: str = "auto",
        selection: Mapping[str, Any] | None = None,
        berg_dir: str | Path | None = None,
        *,
        subject: str | None = "average",
        checkpoint: str | Path | None = None,
        models: str | Path | Sequence[str | Path] | Mapping[str, str | Path] | None = None,
        parcellation: Source = None,
        cache_folder: str | Path | bool | None = None,
        precision: str = "float32",
        config_update: Mapping[str, Any] | None = None,
        compat: str | None = None,
    ) -> None:
        if subject not in (None, "average"):
            raise ConfigError(f"subject {subject!r:.60}: BERG's TRIBE v2 predicts the average subject; leave it out")
        self.device, self.selection, self.berg_dir = device, selection, berg_dir
        self.subject = "average"
        self.parcellation = parcellation
        self._chosen = checked_selection(selection)
        self._checkpoint, self._models = checkpoint, models
        self._cache_folder, self._precision = cache_folder, precision
        self._config_update, self._compat = config_update, compat
        self._loaded: TribeModel | None = None
        self.segments: list[Segment] = []  # of the last responses, one a row

    def load_model(self, device: str | None = None) -> None:
        """Opens the brain encoder, of which only the selected columns are kept; the extractors wait for a stimulus.

        Raises   CheckpointError, ConfigError, ParcellationError, MissingDependencyError
        """
        chosen = self._chosen
        if chosen is not None and "roi" in chosen:
            chosen = {**chosen, "parcellation": self.parcellation}
        update, own = split_update(self._config_update)
        loaded = TribeModel.load(
            None if self._checkpoint is None else str(self._checkpoint), default_locations(self._models),
            device=self.device if device is None else device, selection=chosen, config_update=update,
            cache_folder=self._cache_folder, precision=self._precision, own_options={"compat": self._compat, **own},
        )  # fmt: skip
        n_outputs = loaded.encoder.build_args.n_outputs
        if n_outputs != N_VERTICES:
            raise CheckpointError(f"{loaded.checkpoint}: predicts {n_outputs} vertices; BERG's TRIBE v2, {N_VERTICES}")
        self._loaded = loaded

    @property
    def selected_vertices(self) -> np.ndarray:
        """The vertex of each column of the responses, ascending, (n,)."""
        columns = self._model().encoder.columns
        return np.arange(N_VERTICES) if columns is None else columns

    def generate_response(
        self,
        stimulus: str | Path,
        show_progress: bool = True,
        *,
        transcript: str | Path | None = None,
        transcriber: str | None = None,
        speech: bool = True,
        whisper_model: str | Path | None = None,
        align: str | Path | None = None,
    ) -> np.ndarray:
        """Responses to one film, sound or text; where its words come from as in `TribeModel.get_events`.

        What a run warns of is issued as a Python warning.
        Shapes   -> (n_timesteps, n_selected): a row a second, columns in the order of `selected_vertices`
        Units    z-scored BOLD without a physical unit; a row estimates BOLD 5 s after the stimulus it describes
        Raises   TribeError of every kind; ConfigError for anything but one path
        """
        if not isinstance(stimulus, (str, Path)):
            raise ConfigError(f"the stimulus must be exactly one path to a file, got {type(stimulus).__name__}")
        record = RunRecord()  # of this stimulus alone, as are the notes of the cache
        model = replace(self._model(), progress=terminal_progress(quiet=not show_progress), record=record)
        model.space.cache.notes.clear()
        words = WordSource(
            _path(transcript), transcriber, speech, None if whisper_model is None else str(whisper_model), _path(align)
        )
        check_extractors(model, open_stimulus(stimulus, words=words), words)
        responses, segments = model.predict(model.get_events_of(stimulus, words), verbose=False)
        check_finite(responses)
        self.segments = segments
        for text in record.warnings:
            warnings.warn(text, stacklevel=2)
        return responses

    @_class_or_instance  # type: ignore[arg-type]
    def get_metadata(
        cls,  # noqa: N805
        berg_dir: str | Path | None = None,
        subject: str | None = None,
        model_instance: "EncodingModel | None" = None,
        *,
        parcellation: Source = None,
        **others: Any,
    ) -> dict[str, Any]:
        """`model_metadata`; of a loaded model with the vertices of its columns, and the times of its last responses.

        Called on a model, `model_instance` is that model.
        Raises   ParcellationError where there is no HCP-MMP1 annotation
        """
        if model_instance is None:
            return model_metadata(parcellation)
        metadata = model_metadata(model_instance.parcellation if parcellation is None else parcellation)
        if model_instance._loaded is None:
            return metadata
        metadata["tribe_np"] |= {
            "selected_vertices": model_instance.selected_vertices,
            "row_starts_s": np.array([segment.start for segment in model_instance.segments]),
            "hemodynamic_offset_s": float(model_instance._model().data.hemodynamic_offset),
        }
        return metadata

    @classmethod
    def get_model_id(cls) -> str:
        """The first of MODEL_IDS."""
        return MODEL_IDS[0]

    def describe(self) -> dict[str, Any]:
        """The model card, whose description is printed."""
        return described(self.get_model_id())

    def get_supported_parameters(self) -> dict[str, Any]:
        """The parameters that the model card lists."""
        return dict(model_card()["parameters"])

    def cleanup(self) -> None:
        """Lets the weights go; `load_model` opens them again."""
        self._loaded = None

    def __enter__(self) -> "EncodingModel":
        """The model; `cleanup` follows."""
        return self

    def __exit__(self, *error: object) -> None:
        """See `cleanup`."""
        self.cleanup()

    def _model(self) -> TribeModel:
        if self._loaded is None:
            raise ConfigError("the model is not loaded: call load_model() first")
        return self._loaded


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)
