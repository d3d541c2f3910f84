"""What a run will need, looked for before any of its work: the folders of the extractors.

A film of two hours is not transcribed and then found to have no video model, or one of another size.
"""

from contextlib import suppress
from pathlib import Path

from extractors.catalogue import record_of
from extractors.common.config import ModelConfig
from tribe_np.encoder.inputs import fits
from tribe_np.errors import CheckpointError
from tribe_np.formats.checkpoint import read_checkpoint_config
from tribe_np.media.film import probe
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.costs.estimate import extractor_config
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.stimuli.stimulus import Stimulus, WordSource
from tribe_np.pipeline.subjects import check_average, one_subject


def check_extractors(model: TribeModel, stimulus: Stimulus, words: WordSource, *, predicts: bool = True) -> None:
    """Refuses a run whose extractors are missing, are not models or, if it `predicts`, do not fit the brain encoder.

    Raises   CheckpointError, ConfigError; MediaError for a film that cannot be read
    """
    check_extractors_of(model, expected_events(stimulus, words), predicts=predicts)


def check_extractors_of(model: TribeModel, expected: set[str], *, predicts: bool = True) -> None:
    """`check_extractors` for the types of event that a run will have.

    Raises   CheckpointError, ConfigError
    """
    for modality in modalities_reading(model, expected):
        folder = model.locations.extractor(modality, model.data.extractors[modality].model_name)
        config = extractor_config(folder)
        if predicts and config is not None:
            _check_fit(model, modality, folder, config)


def modalities_reading(model: TribeModel, expected: set[str]) -> list[str]:
    """The modalities of the checkpoint that read some of these types of event."""
    known = model.encoder.build_args.feature_dims
    return [m for m in model.data.modalities if m in known and record_of(m).event_type in expected]


def found_extractors(checkpoint: Path, locations: ModelLocations) -> dict[str, Path]:
    """The folders of a checkpoint's extractors by modality, of those that are there.

    Raises   CheckpointError, ConfigError for a checkpoint that cannot be read
    """
    found = {}
    for modality, config in DataConfig.from_dict(read_checkpoint_config(checkpoint).get("data")).extractors.items():
        with suppress(CheckpointError):  # told when it is needed
            found[modality] = locations.extractor(modality, config.model_name)
    return found


def _check_fit(model: TribeModel, modality: str, folder: Path, config: ModelConfig) -> None:
    """Compares the features that a model will give with those that the brain encoder takes."""
    dims, selection = model.encoder.build_args.feature_dims[modality], model.data.extractors[modality].selection
    n_groups = len(selection.groups(config.n_states, subselect=record_of(modality).averages_tokens))
    if dims is not None and not fits(n_groups, config.model_dim, dims, model.encoder.config):
        raise CheckpointError(
            f"{folder}: gives {n_groups} layer group{'s' * (n_groups != 1)} of width {config.model_dim} "
            f"(layers {', '.join(map(str, selection.fractions))} of its {config.n_states} hidden states), "
            f"but the brain encoder takes {dims[0]} of width {dims[1]} as {modality}"
        )


def check_subject(model: TribeModel, subject: str | None) -> None:
    """Refuses a subject that the checkpoint does not hold; None is the average one, unless the events name theirs.

    Raises   ConfigError
    """
    if subject is not None:
        one_subject(subject, model.subjects, model.encoder)
    elif model.average_subjects:
        check_average(model.subjects, model.encoder)


def expected_events(stimulus: Stimulus, words: WordSource) -> set[str]:
    """The types of event that a stimulus will surely have; words that a recogniser may find are not sure."""
    if words.is_direct:
        return {"Word"}
    if stimulus.kind == "picture":
        return {"Video"}
    if stimulus.kind == "events":
        types = {row.type for row in stimulus.table.rows}
        return types if words.speech else types - {"Word"}
    expected = {"Video"} if stimulus.kind == "video" else {"Audio"}
    if stimulus.kind == "video" and probe.probe(stimulus.path).has_audio:
        expected.add("Audio")
    has_text = stimulus.kind == "text" or words.transcript is not None or words.align is not None
    if words.speech and (has_text or stimulus.sidecar is not None):
        expected.add("Word")
    return expected
