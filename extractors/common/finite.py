"""Hidden states that are finite: the first that is not says which layer made it."""

from collections.abc import Iterable, Iterator

from tribe_np.backend import array_module
from tribe_np.errors import NotFiniteError
from tribe_np.protocols import Array


def finite_states(
    states: Iterable[tuple[int, Array]], *, model: str, first: str, layers: str, n_layers: int, final_norm: bool = False
) -> Iterator[tuple[int, Array]]:
    """The same states in the same order, looked at as they go by: after one that is not finite none could be.

    Shapes   each state (B, S, D); number 0 is what `first` gives, number i + 1 what layer i of `layers` gives, the
             last one normalised in a model with a `final_norm`
    Raises   NotFiniteError, which names the model and the layer
    """
    for number, state in states:
        if not bool(array_module(state).isfinite(state).all()):
            place = maker_of(number, first=first, layers=layers, n_layers=n_layers, final_norm=final_norm)
            raise NotFiniteError(
                f"the {model} model gives NaN or infinite values, first in {place} of its {n_layers} layers; "
                "its weights are unusable"
            )
        yield number, state


def maker_of(number: int, *, first: str, layers: str, n_layers: int, final_norm: bool) -> str:
    """What makes state `number`, by its name in the checkpoint."""
    place = first if number == 0 else f"{layers}.{number - 1}"
    return f"{place} or the norm after it" if final_norm and number == n_layers > 0 else place
