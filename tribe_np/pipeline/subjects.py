"""Whose brain is predicted: the average subject, one subject of the checkpoint, or the one that the events name.

Source   tribev2 main.py TribeExperiment (average_subjects, subject_id); neuralset 0.0.2 extractors.LabelEncoder
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ConfigError
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Window


def subject_names(data: Mapping[str, Any]) -> dict[str, int]:
    """Index by name from the `data` section's subject_id.predefined_mapping; empty where there is none.

    Raises   ConfigError for a mapping to something else than whole numbers
    """
    section = data.get("subject_id")
    mapping = section.get("predefined_mapping") if isinstance(section, Mapping) else None
    if mapping is None:
        return {}
    if not isinstance(mapping, Mapping) or not all(type(index) is int and index >= 0 for index in mapping.values()):
        raise ConfigError("config.yaml: data.subject_id.predefined_mapping must map names to whole numbers")
    return {str(name): index for name, index in mapping.items()}


def one_subject(subject: int | str, names: Mapping[str, int], encoder: FmriEncoder) -> int:
    """The index of a subject given by name or index.

    Raises   ConfigError for one that the checkpoint does not hold
    """
    if encoder.n_subjects == 0:
        raise ConfigError(f"subject {subject!r}: this checkpoint holds the average subject only; leave subject out")
    index = names.get(subject, subject) if isinstance(subject, str) else subject
    if isinstance(index, str) and index.isascii() and index.isdigit():
        index = int(index)
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or not 0 <= index < encoder.n_subjects:
        known = f" or one of {', '.join(list(names)[:30])}" if names else ""
        last = encoder.n_subjects - 1
        raise ConfigError(f"subject {subject!r:.60} is unknown; give an index from 0 to {last}{known}")
    return int(index)


def subjects_of(windows: Sequence[Window], events: Events, names: Mapping[str, int], encoder: FmriEncoder) -> list[int]:
    """The index of the first event's subject in each window: by the checkpoint's names, or by rank among the events'.

    Raises   ConfigError for a subject that the checkpoint does not hold
    """
    labels = names or {name: index for index, name in enumerate(sorted({event.subject for event in events}))}
    chosen = [window.events[0].subject for window in windows]
    unknown = [name for name in chosen if name not in labels]
    if unknown:
        raise ConfigError(f"the events name subject {unknown[0]!r:.60}; known are {', '.join(list(labels)[:30])}")
    return [one_subject(labels[name], names, encoder) for name in chosen]
