"""The stimulus of segments, as `TribeModel.predict` returns them beside the predictions: upstream's, or our own."""

from collections.abc import Iterable, Sequence
from typing import Any

from tribe_np.errors import ConfigError
from tribe_np.plots.stimulus.file_finding import FileFinder
from tribe_np.plots.stimulus.run_stimulus import RunStimulus, stimulus_of_events
from tribe_np.plots.stimulus.stimulus_parts import StimulusParts
from tribe_np.timeline.events import Event, Events


def stimulus_of_segments(segments: Sequence[Any]) -> RunStimulus:
    """What was seen, heard and said in segments (`ns_events` of each); files are taken as they are, unchecked.

    Raises   ConfigError for segments of several timelines, or that hold no events
    """
    rows = list(dict.fromkeys(event for segment in segments for event in _events(segment)))
    timelines = list(dict.fromkeys(row.timeline for row in rows))
    if len(timelines) > 1:
        raise ConfigError(
            f"segments are of {len(timelines)} timelines, each with times of its own; give those of one: "
            f"{', '.join(timelines)}"
        )
    parts = StimulusParts(FileFinder((), {}))
    return stimulus_of_events(Events(rows), parts, timelines[0] if timelines else "")


def _events(segment: Any) -> Iterable[Event]:
    """The segment's events as ours; upstream's are objects whose class is their type.

    Raises   ConfigError for a segment without events
    """
    held = getattr(segment, "ns_events", None)
    if held is None:
        raise ConfigError(f"a segment must have ns_events, as predict returns them; got {type(segment).__name__}")
    for event in held:
        if isinstance(event, Event):
            yield event
            continue
        facts = {
            name: getattr(event, name)
            for name in ("duration", "timeline", "filepath", "frequency", "offset", "text")
            if getattr(event, name, None) not in (None, "")
        }
        facts |= {name: str(facts[name]) for name in ("timeline", "filepath", "text") if name in facts}
        yield Event(type(event).__name__, float(event.start), **facts)
