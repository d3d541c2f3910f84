"""Some modalities alone (`only`): the rows that stay in a table of events, over the whole stimulus as before.

What is left out is absent, not zero: the brain encoder gets no features of it. The rows of a prediction stay those of
the whole stimulus, since a Background row without a file holds the place of rows that reached further.
"""

from collections.abc import Collection, Iterable, Sequence

from extractors.catalogue import event_types, modalities, record_of
from tribe_np.errors import ConfigError, EventsError
from tribe_np.shown import did_you_mean, quoted
from tribe_np.timeline.events import AROUND_WORDS, Event, Events


def checked_branches(given: object) -> tuple[str, ...] | None:
    """Names of modalities, each once and in the catalogue's order; None for all of them. A text is one name.

    Raises   ConfigError for anything else
    """
    if given is None:
        return None
    names = [given] if isinstance(given, str) else given
    known = modalities()
    if not isinstance(names, Collection) or not names:
        raise ConfigError(f"only must name modalities ({', '.join(known)}), got {quoted(given)}")
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f"; known are {', '.join(known)}"
            raise ConfigError(f"only: unknown modality {quoted(name)}{hint}")
    return tuple(name for name in known if name in names)


def is_wanted(event_type: str, only: Collection[str] | None) -> bool:
    """Whether some modality of `only` reads rows of this type."""
    return only is None or any(record_of(name).event_type == event_type for name in only)


def only_rows(events: Events, only: Collection[str] | None) -> Events:
    """The standardised table without the rows that other modalities read; what no model reads stays.

    A timeline whose first start or last stop would be lost gets a Background row from the one to the other.
    """
    events = events.standardized()
    left_out = {kind for kind in event_types() if not is_wanted(kind, only)}
    if "Word" in left_out:
        left_out |= set(AROUND_WORDS)
    rows: list[Event] = []
    for timeline, on in events.by_timeline().items():
        kept = [row for row in on if row.type not in left_out]
        extent = _extent(on)
        if not kept or _extent(kept) != extent:
            start, stop = extent
            rows.append(Event("Background", start, stop - start, timeline, on[0].subject))
        rows += kept
    return Events(rows).standardized()


def _extent(rows: Iterable[Event]) -> tuple[float, float]:
    rows = list(rows)
    return min(row.start for row in rows), max(row.stop for row in rows)


def without_events(events: Events, only: Sequence[str] | None) -> list[str]:
    """What to say of wanted modalities that the table has no rows of.

    Raises   EventsError where it has rows of none of them
    """
    if only is None:
        return []
    there = {event.type for event in events}
    absent = [name for name in only if record_of(name).event_type not in there]
    if len(absent) == len(only):
        raise EventsError(
            f"only {_joined(only)} was asked for, but the stimulus has no {_joined(_types(only), 'or')} events: "
            "nothing would be left"
        )
    return [f"the stimulus has no {record_of(name).event_type} events: predicting without {name}" for name in absent]


def _types(only: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(record_of(name).event_type for name in only))


def _joined(names: Sequence[str], word: str = "and") -> str:
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last


def check_has_branches(only: Sequence[str] | None, there: Sequence[str], where: object) -> None:
    """Refuses a modality that a checkpoint, which has those in `there`, does not know.

    Raises   ConfigError
    """
    lacking = [name for name in only or () if name not in there]
    if lacking:
        raise ConfigError(f"only {lacking[0]}: the checkpoint {where} has no such modality; it has {_joined(there)}")
