"""Refusing, before anything runs, a run whose memory would not suffice: one line that says what would."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from extractors.common.costs import Load
from tribe_np.errors import ShortMemoryError
from tribe_np.machine.memory import Available, available_memory, gigabytes
from tribe_np.pipeline.costs.estimate import ModelNeeds, Need
from tribe_np.pipeline.features.modality import Modality
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


def feature_stage(source: FeatureSource, modality: str, events: Events) -> Stage:
    """The stage of one modality's features, estimated from all events of a run.

    Raises   CheckpointError, ConfigError for a model folder that is missing or unusable
    """
    part = source.of(modality)
    return part_stage(part, ModelNeeds.of(part.folder), events)


def part_stage(part: Modality, needs: ModelNeeds, events: Events) -> Stage:
    """`feature_stage` where the needs of the modality's model are known."""
    itemsize, load = np.dtype(part.runtime.dtype).itemsize, part.workload(events)
    streaming = part.is_streamed or not part.runtime.is_on_host  # on a device the host holds a layer at a time

    def need(itemsize: int) -> Need:
        return needs.need(f"{part.config.modality} features", streaming=streaming, load=load, itemsize=itemsize)

    smaller = () if itemsize == 4 else (("--precision float32", need(4)),)
    kept = 0 if part.cache.folder is not None else _n_features(part, load) * itemsize
    return Stage(need(itemsize), kept, smaller, lambda: all(map(part.is_done, part.pieces(events))))


def _n_features(part: Modality, load: Load) -> int:
    """Numbers that stay in memory for want of a cache: of every word, or of every step of sound or film."""
    n_steps = load.n_words or load.seconds * part.config.frequency
    return int(n_steps * len(part.config.selection.fractions) * part.model_config.model_dim)


def check_run(source: FeatureSource, events: Events, modalities: Sequence[str], last: Sequence[Stage] = ()) -> None:
    """`check_memory` for the features of some modalities and what comes after them.

    Raises   ShortMemoryError; CheckpointError, ConfigError for an unusable model folder
    """
    if source.options.memory_check:
        check_memory([*(feature_stage(source, m, events) for m in modalities), *last], available_memory())
