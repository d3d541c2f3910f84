"""What a run gives each of its models, from the events: the load that a model's costs are reckoned for."""

from collections.abc import Sequence

from extractors.catalogue import record_of
from extractors.common.costs import Load
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.progress import number_of
from tribe_np.timeline.events import Event, Events


def load_of(source: FeatureSource, modality: str, events: Events) -> Load:
    """What the model of a modality would compute for these events."""
    record, config = record_of(modality), source.data.extractors[modality]
    rows = list(events.of_type(record.event_type))
    if record.reads == "words":
        return _words(rows, source, config.batch_size)
    seconds = sum(row.duration for row in rows)
    if record.reads == "sound":
        return Load(seconds=seconds, chunk_seconds=max(row.duration for row in rows))
    n_video_frames = source.options.n_video_frames or config.n_video_frames
    return Load(seconds=seconds, n_clips=source.of(modality).n_model_runs(events), n_video_frames=n_video_frames)


def _words(rows: Sequence[Event], source: FeatureSource, batch_size: int) -> Load:
    n_at_once, is_padded = len(rows), source.options.compat.eos_is_padding  # padded: batches of whole contexts
    if is_padded:
        n_at_once = max(len((row.context or "").split()) for row in rows) * max(1, batch_size)
    return Load(n_words=len(rows), n_words_at_once=n_at_once, is_padded=is_padded, stride=source.options.stride)


def amount(modality: str, load: Load) -> str:
    """What is given in all, for people."""
    match record_of(modality).reads:
        case "words":
            return number_of(load.n_words, "words")
        case "sound":
            return f"{load.seconds:.1f} s of sound"
        case "film":
            return f"{number_of(load.n_clips, 'clips')} of film"
        case _:
            return f"{number_of(load.n_clips, 'pictures')} of film"
