"""A mistake that a port can make, as a change of a run: with it our model computes what such a port computes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tribe_np.oracle.kits.lazy_tensors import BlankTensor
from tribe_np.oracle.setup import Setup

Change = Callable[[Setup], Setup | None]
"""The run with the mistake in it; None where it cannot be made: another configuration, no such weights."""


@dataclass(frozen=True, eq=False)
class Mistake:
    """One known mistake.

    Fields   id short, with hyphens; models that can have it; sentence what the port does, right what this model does,
             both to be read after "the port: " and "right: "; change the run with it; elsewhere the same made at other
             intermediates: a port whose tables are wrong shows it there, one that misreads right ones where it does so
    """

    id: str
    models: tuple[str, ...]
    sentence: str
    right: str
    change: Change
    elsewhere: tuple[Change, ...] = ()

    def ways(self) -> tuple["Mistake", ...]:
        """The mistake as each of the places has it where a port may make it, under one id."""
        return (self, *(replace(self, change=change, elsewhere=()) for change in self.elsewhere))

    def apply(self, setup: Setup) -> Setup | None:
        """The run with the mistake in it; None where it does not apply to this model or configuration.

        Of a kit of some layers alone it sees the tensors of those.
        """
        if setup.model not in self.models:
            return None
        weights: Mapping[str, Any] = setup.weights
        blank = {name: tensor for name, tensor in weights.items() if isinstance(tensor, BlankTensor)}
        if not blank:
            return self.change(setup)
        known = {name: tensor for name, tensor in weights.items() if name not in blank}
        try:
            changed = self.change(replace(setup, weights=known))
        except KeyError:  # a tensor of another layer
            return None
        if changed is None:
            return None
        together: dict[str, Any] = {**blank, **changed.weights}
        return replace(changed, weights=together)


def both(first: Mistake, second: Mistake) -> Change:
    """Two mistakes at once: the second is made in the run that has the first."""

    def change(setup: Setup) -> Setup | None:
        changed = first.apply(setup)
        return None if changed is None else second.apply(changed)

    return change
