"""Refusing, before anything runs, a run whose memory would not suffice: one line that says what would."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from extractors.common.costs import Load
from tribe_np.errors import ShortMemoryError
from tribe_np.machine.memory import Available, available_memory
from tribe_np.pipeline.costs.estimate import Need, extractor_config, extractor_need
from tribe_np.pipeline.costs.load import load_of
from tribe_np.pipeline.features.modality import is_streamed
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.timeline.events import Events


@dataclass(frozen=True)
class Stage:
    """A stage of a run, what it leaves in memory, and what would need less."""

    need: Need
    kept: int = 0  # bytes
    smaller: tuple[tuple[str, Need], ...] = ()  # how, and what it would need
    is_done: Callable[[], bool] = lambda: False  # its results lie in the cache already


def check_memory(stages: Sequence[Stage], available: Available | None) -> None:
    """Passes when every stage fits into what is available, or that is not known.

    Raises   ShortMemoryError in one line: the stage, what it needs, what is there, and what would fit
    """
    held = 0
    for stage in stages:
        needed = held + stage.need.n_bytes
        if available is not None and needed > available.n_bytes and not stage.is_done():
            raise ShortMemoryError(_refusal(stage, held, available))
        held += stage.kept


def _refusal(stage: Stage, held: int, available: Available) -> str:
    needed, there = held + stage.need.n_bytes, available.n_bytes
    fitting = [(how, held + need.n_bytes) for how, need in stage.smaller if held + need.n_bytes <= there]
    advice = [f"{how} needs about {gigabytes(n)}" for how, n in fitting[:1]] or [
        f"free {gigabytes(needed - there)} or use a larger machine"
    ]
    return (
        f"not enough memory for the {stage.need.stage}: about {gigabytes(needed)} needed, {gigabytes(there)} left in "
        f"{available.of}; {advice[0]}; --no-memory-check (tribe_np.memory_check: False) runs it anyway"
    )


def gigabytes(n_bytes: int) -> str:
    """A size for people, never rounded to nothing."""
    return f"{n_bytes / 1e9:.1f} GB" if n_bytes >= 1e8 else f"{max(1, round(n_bytes / 1e6))} MB"


def feature_stage(source: FeatureSource, modality: str, events: Events) -> Stage:
    """The stage of one modality's features, estimated from all events of a run.

    Raises   CheckpointError, ConfigError for a model folder that is missing or unusable
    """
    config, itemsize = source.data.extractors[modality], np.dtype(source.runtime.dtype).itemsize
    folder = source.locations.extractor(modality, config.model_name)
    # on a device the host holds a layer at a time
    streaming = is_streamed(folder, source.runtime) or not source.runtime.is_on_host
    load = load_of(source, modality, events)

    def need(itemsize: int, streaming: bool) -> Need:
        return extractor_need(folder, f"{modality} features", streaming=streaming, load=load, itemsize=itemsize)

    smaller = () if itemsize == 4 else (("--precision float32", need(4, streaming)),)
    kept = 0 if source.cache.folder is not None else _n_features(source, modality, load, folder) * itemsize
    return Stage(need(itemsize, streaming), kept, smaller, lambda: source.is_cached(modality, events))


def _n_features(source: FeatureSource, modality: str, load: Load, folder: Path) -> int:
    """Numbers that stay in memory for want of a cache: of every word, or of every step of sound or film."""
    n_steps = load.n_words or load.seconds * source.data.frequency
    n_groups = len(source.data.extractors[modality].selection.fractions)
    config = extractor_config(folder)
    return 0 if config is None else int(n_steps * n_groups * config.model_dim)


def check_run(source: FeatureSource, events: Events, modalities: Sequence[str], last: Sequence[Stage] = ()) -> None:
    """`check_memory` for the features of some modalities and what comes after them.

    Raises   ShortMemoryError; CheckpointError, ConfigError for an unusable model folder
    """
    if source.options.memory_check:
        check_memory([*(feature_stage(source, m, events) for m in modalities), *last], available_memory())
