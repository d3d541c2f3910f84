"""Whose brain is predicted: the average subject, one subject of the checkpoint, or the one that the events name.

Source   tribev2 main.py TribeExperiment (average_subjects, subject_id); neuralset 0.0.2 extractors.LabelEncoder
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from tribe_np.encoder.config import EncoderConfig, SubjectLayersConfig
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ConfigError
from tribe_np.shown import quoted
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Window

MOST_SHOWN = 6
MOST_LINES = 40


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
        raise ConfigError(
            f"subject {quoted(subject)}: this checkpoint holds the average subject only; leave subject out"
        )
    if encoder.config.predictor.average_subjects:
        raise ConfigError(
            f"subject {quoted(subject)}: config.yaml sets subject_layers.average_subjects, with which everybody is "
            "predicted as the average subject; leave subject out"
        )
    index = names.get(subject, subject) if isinstance(subject, str) else subject
    if isinstance(index, str) and index.isascii() and index.isdigit():
        index = int(index)
    if isinstance(index, bool) or not isinstance(index, (int, np.integer)) or not 0 <= index < encoder.n_subjects:
        known = _known(subject, {name: k for name, k in names.items() if k < encoder.n_subjects})
        last = encoder.n_subjects - 1
        raise ConfigError(f"subject {quoted(subject)} is unknown; give an index from 0 to {last}{known}")
    return int(index)


def _known(subject: object, names: Mapping[str, int]) -> str:
    """Some names to choose from, the nearest ones where there are many."""
    if not names:
        return ""
    if len(names) <= MOST_SHOWN:
        return f" or one of {', '.join(names)}"
    wanted = _without_zeros(str(subject))
    near = sorted(
        get_close_matches(str(subject), list(names), n=3, cutoff=0.5), key=lambda name: _without_zeros(name) != wanted
    )
    if near:
        return f" or one of {len(names)} names, of which the nearest are {', '.join(near)}"
    return f" or one of {len(names)} names: {shortened(list(names))}"


def _without_zeros(name: str) -> str:
    """sub-003 and sub-3 are the same to a person."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", name)


def shortened(names: Sequence[str]) -> str:
    """A list for people: the first few and the last."""
    if len(names) <= MOST_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: MOST_SHOWN - 2])}, ..., {names[-1]}"


def check_average(names: Mapping[str, int], encoder: FmriEncoder) -> None:
    """Refuses the average subject where the checkpoint has no row of it.

    Raises   ConfigError
    """
    layers = [
        part for part in (encoder.config.predictor, encoder.config.projector) if isinstance(part, SubjectLayersConfig)
    ]
    if not all(part.has_average_row for part in layers):
        raise ConfigError(
            f"this checkpoint has no average subject; choose one of its {encoder.n_subjects} subjects with --subject "
            f"(subject=): an index from 0 to {encoder.n_subjects - 1}{_known('', names)}"
        )


def whose_brain(
    subject: int | str | None, names: Mapping[str, int], encoder: FmriEncoder, *, average: bool
) -> dict[str, Any]:
    """Who was predicted, as run.json tells it: kind "average", "one" with its index and name, or "of the events"."""
    if subject is None:
        return {"kind": "average" if average else "of the events"}
    index = one_subject(subject, names, encoder)
    return {"kind": "one", "index": index, "name": next((name for name, k in names.items() if k == index), None)}


def describe_subjects(
    config: EncoderConfig, n_rows: int, names: Mapping[str, int], fitted: Mapping[str, int | None]
) -> dict[str, Any]:
    """Subjects of a checkpoint whose predictor has n_rows rows, for `info`; `fitted` are those that `fit` wrote."""
    layers = config.predictor
    n_subjects = 0 if layers.average_subjects else n_rows - int(layers.has_average_row)
    known = {name: k for name, k in names.items() if k < n_subjects}
    rows = [_subject_row(k, next((n for n, i in known.items() if i == k), None), fitted) for k in range(n_subjects)]
    if layers.has_average_row:
        alone = next((name for name, k in fitted.items() if k is None), None)
        rows.append({"index": None, "name": alone, "study": None, "is_fitted": alone is not None})
    return {
        "n_subjects": n_subjects,
        "has_average": layers.has_average_row,
        "default": "the average subject" if layers.has_average_row else "none: --subject must name one",
        "names": known,
        "table": rows,
    }


def _subject_row(index: int, name: str | None, fitted: Mapping[str, int | None]) -> dict[str, Any]:
    """One line of the table; upstream's names are STUDY/SUBJECT (neuralset 0.0.2 events.study)."""
    study = name.split("/")[0] if name is not None and "/" in name else None
    return {"index": index, "name": name, "study": study, "is_fitted": fitted.get(name or "") == index}


def subject_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The table for people, an index a line; only the first ones and the last of very many, and none of nobody."""
    if all(row["name"] is None for row in rows):
        return []
    cells = [("index", "name", "study", "")]
    for row in rows:
        average = row["index"] is None
        what = "the average subject" if average and not row["is_fitted"] else "fitted" if row["is_fitted"] else ""
        place = "-" if average else str(row["index"])
        cells.append((place, row["name"] or "-", row["study"] or "-", what))
    if len(cells) > MOST_LINES:
        cells[MOST_LINES - 3 : -2] = [("...", f"{len(cells) - MOST_LINES + 2} more: --json", "", "")]
    widths = [max(len(line[i]) for line in cells) for i in range(3)]
    return [
        "  ".join([line[0].rjust(widths[0]), *map(str.ljust, line[1:3], widths[1:]), line[3]]).rstrip()
        for line in cells
    ]


def subjects_of(windows: Sequence[Window], events: Events, names: Mapping[str, int], encoder: FmriEncoder) -> list[int]:
    """The index of the first event's subject in each window: by the checkpoint's names, or by rank among the events'.

    Raises   ConfigError for a subject that the checkpoint does not hold
    """
    labels = names or {name: index for index, name in enumerate(sorted({event.subject for event in events}))}
    chosen = [window.events[0].subject for window in windows]
    unknown = [name for name in chosen if name not in labels]
    if unknown:
        raise ConfigError(f"the events name subject {quoted(unknown[0])}; known are {shortened(list(labels))}")
    return [one_subject(labels[name], names, encoder) for name in chosen]
