"""What a run will need, looked for before any of its work: the folders of the extractors.

A film of two hours is not transcribed and then found to have no video model.
"""

from extractors.catalogue import record_of
from tribe_np.media.film import probe
from tribe_np.pipeline.costs.estimate import extractor_config
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.stimuli.stimulus import Stimulus, WordSource
from tribe_np.pipeline.subjects import one_subject


def check_extractors(model: TribeModel, stimulus: Stimulus, words: WordSource) -> None:
    """Refuses a run whose extractors are missing or are not models.

    Raises   CheckpointError, ConfigError; MediaError for a film that cannot be read
    """
    expected = expected_events(stimulus, words)
    for modality in model.data.modalities:
        if modality in model.encoder.build_args.feature_dims and record_of(modality).event_type in expected:
            extractor_config(model.locations.extractor(modality, model.data.extractors[modality].model_name))


def check_subject(model: TribeModel, subject: str | None) -> None:
    """Refuses a subject that the checkpoint does not hold; None is the average one.

    Raises   ConfigError
    """
    if subject is not None:
        one_subject(subject, model.subjects, model.encoder)


def expected_events(stimulus: Stimulus, words: WordSource) -> set[str]:
    """The types of event that a stimulus will surely have; words that a recogniser may find are not sure."""
    expected = {"Video"} if stimulus.kind == "video" else {"Audio"}
    if stimulus.kind == "video" and probe.probe(stimulus.path).has_audio:
        expected.add("Audio")
    has_text = stimulus.kind == "text" or words.transcript is not None or words.align is not None
    if words.speech and (has_text or stimulus.sidecar is not None):
        expected.add("Word")
    return expected
