"""A mistake that a port can make, as a change of a run: with it our model computes what such a port computes."""

from collections.abc import Callable
from dataclasses import dataclass

from tribe_np.oracle.setup import Setup

Change = Callable[[Setup], Setup | None]
"""The run with the mistake in it; None where it cannot be made: another configuration, no such weights."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """One known mistake.

    Fields   id short, with hyphens; models that can have it; sentence what the port does, right what this model does,
             both to be read after "the port: " and "right: "; change the run with it
    """

    id: str
    models: tuple[str, ...]
    sentence: str
    right: str
    change: Change

    def apply(self, setup: Setup) -> Setup | None:
        """The run with the mistake in it; None where it does not apply to this model or configuration."""
        return self.change(setup) if setup.model in self.models else None


def both(first: Mistake, second: Mistake) -> Change:
    """Two mistakes at once: the second is made in the run that has the first."""

    def change(setup: Setup) -> Setup | None:
        changed = first.apply(setup)
        return None if changed is None else second.apply(changed)

    return change
