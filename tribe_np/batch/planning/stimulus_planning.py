"""One stimulus of a study into its events and its work."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.plan import PlannedStimulus
from tribe_np.batch.planning.dividing import Divider
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.task import forty_digits
from tribe_np.errors import OutputError, TribeError
from tribe_np.files.sha256 import sha256_of
from tribe_np.pipeline.dry_run import RunEstimates
from tribe_np.pipeline.early_checks import check_extractors_of
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.stimulus import Stimulus
from tribe_np.shown import shown
from tribe_np.timeline.events import Events

NO_NUMBERS = ("kernels", "memory_check")
"""Own options that a prediction's key leaves out: kernels stand in it by the name of what is used."""


@dataclass(frozen=True, eq=False)
class StimulusPlanner:
    """Plans the stimuli of a study, one after the other.

    Fields   model: without weights; checked: modalities whose models are known to be usable
    """

    settings: StudySettings
    model: TribeModel
    divider: Divider
    checked: set[str] = field(default_factory=set)

    @property
    def estimates(self) -> RunEstimates:
        """What things take."""
        return self.divider.estimates

    def planned(self, listed: ListedStimulus, stimulus: Stimulus, table: Path) -> PlannedStimulus:
        """The plan of a stimulus, whose events are written to `table`.

        Raises   TribeError: what cannot be read, transcribed or predicted
        """
        record = RunRecord()
        model = replace(self.model, options=self.settings.pipeline_config(listed), record=record)
        words, pictures = self.settings.word_source(listed), self.settings.picture_show(stimulus.kind)
        events = model.get_events_of(stimulus, words, pictures).standardized()
        windows = model.windows(events)
        modalities = model.known_modalities(self.estimates.source, events)
        self.check(modalities)
        for modality in modalities:
            for caution in self.estimates.part(modality).cautions(events):
                record.warn(caution)
        events.to_tsv(table, synced=False)
        divided = self.divider.divided(events, modalities)
        n_rows = sum(len(window.kept) for window in windows)
        plain = self._as_listed(listed, stimulus)
        entries = [entry for work in (*divided.work, *divided.borrowed) for entry in work.entries]
        return replace(
            plain, seconds=_lasts(events), work=divided.work, borrowed=divided.borrowed,
            key=self._key(plain, entries, table), memory=self.estimates.encoder_memory(len(windows), n_rows),
            predicting=round(self.estimates.encoder_seconds(len(windows)) or 0.0, 3), warnings=tuple(record.warnings),
        )  # fmt: skip

    def failed(self, listed: ListedStimulus, stimulus: Stimulus | None, error: TribeError) -> PlannedStimulus:
        """The plan of a stimulus that cannot be predicted."""
        return replace(self._as_listed(listed, stimulus), error=" ".join(shown(in_a_table(error)).split()))

    def check(self, modalities: list[str]) -> None:
        """Refuses models that are missing, unusable or of other sizes than the brain encoder takes; each once.

        Raises   CheckpointError, ConfigError, MissingDependencyError
        """
        for modality in modalities:
            if modality not in self.checked:
                part = self.estimates.part(modality)
                check_extractors_of(self.model, {part.about.event_type})
                part.check()
                self.checked.add(modality)

    def _as_listed(self, listed: ListedStimulus, stimulus: Stimulus | None) -> PlannedStimulus:
        return PlannedStimulus(
            listed.name, str(listed.path), "" if stimulus is None else stimulus.kind,
            None if listed.transcript is None else str(listed.transcript),
            listed.language or self.settings.options.get("language"), listed.subject or self.settings.subject,
            dict(listed.columns),
        )  # fmt: skip

    def _key(self, stimulus: PlannedStimulus, entries: list[str], table: Path) -> str:
        """The name of a prediction: the digest of all that decides it.

        What is in the stimulus shows in its entries, where its files lie in its events: a film that was moved is
        predicted again, for its events to name it where it is, from the features that are there.
        """
        told = {
            "name": stimulus.name, "language": stimulus.language, "subject": stimulus.subject,
            "events": sha256_of(table, error=OutputError), "entries": entries, **self._settings_told,
        }  # fmt: skip
        return f"prediction-{forty_digits(told)}"

    @property
    def _settings_told(self) -> Mapping[str, Any]:
        runtime, settings = self.model.runtime, self.settings
        own = {name: value for name, value in settings.options.items() if name not in NO_NUMBERS}
        return {
            "checkpoint": self.estimates.source.digest(self.model.checkpoint), "selection": settings.selection,
            "precision": runtime.precision, "device": runtime.device_name, "kernels": runtime.kernels.name,
            "options": own,
        }  # fmt: skip


def _lasts(events: Events) -> float:
    """Seconds from the first start to the last stop, of all timelines."""
    spans = [(min(row.start for row in on), max(row.stop for row in on)) for on in events.by_timeline().values()]
    return round(sum(stop - start for start, stop in spans), 3)


def in_a_table(error: TribeError) -> str:
    """The message, with the advice for one stimulus turned into that for a list of them."""
    return str(error).replace("--transcript FILE", "a column transcript of a table of stimuli")
