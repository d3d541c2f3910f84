"""neuralset's table of events with what tribev2 adds to it: one event over the whole of each timeline.

Windows are laid where these begin and end.
"""

from typing import Any


def with_triggers(table: Any) -> Any:
    """A standardised table with an event of type CategoricalEvent for each timeline."""
    import pandas
    from neuralset.events.utils import standardize_events

    triggers = [
        {"type": "CategoricalEvent", "timeline": name, "start": part.start.min(), "split": "all",
         "duration": part.stop.max() - part.start.min(), "subject": part.subject.unique()[0]}
        for name, part in table.groupby("timeline")
    ]  # fmt: skip
    return standardize_events(pandas.concat([table, pandas.DataFrame(triggers)]))
