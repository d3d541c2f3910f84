"""All known mistakes by id, and those that a run can have."""

from collections.abc import Mapping

from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.diagnose.mistakes.activation_mistakes import ACTIVATION_MISTAKES
from tribe_np.oracle.setup import Setup

FAMILIES: tuple[tuple[Mistake, ...], ...] = (ACTIVATION_MISTAKES,)
MISTAKES: Mapping[str, Mistake] = {mistake.id: mistake for family in FAMILIES for mistake in family}


def applicable(setup: Setup) -> list[Mistake]:
    """The mistakes that can be made in a run of this model and configuration."""
    return [mistake for mistake in MISTAKES.values() if mistake.apply(setup) is not None]
