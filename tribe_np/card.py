"""How large objects show themselves: a name and a few facts, never their arrays; a table in a notebook."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from html import escape

from tribe_np.shown import shown

MAX_VALUE = 120  # characters of one fact


class Card(ABC):
    """What a class with `facts` inherits; a dataclass needs repr=False, or its own repr would come first."""

    __slots__ = ()

    @abstractmethod
    def facts(self) -> Mapping[str, object]:
        """What a person wants to know first, by a short name."""

    def __repr__(self) -> str:
        """A line for the class and one for each fact."""
        lines = [f"  {name}: {value}" for name, value in cut_values(self.facts()).items()]
        return "\n".join([type(self).__name__, *lines])

    def _repr_html_(self) -> str:
        """The same as a table: what IPython looks for."""
        left = "style='text-align: left'"
        rows = "".join(
            f"<tr><th {left}>{escape(name)}</th><td {left}>{escape(value)}</td></tr>"
            for name, value in cut_values(self.facts()).items()
        )
        return f"<table><caption><b>{type(self).__name__}</b></caption>{rows}</table>"


def cut_values(facts: Mapping[str, object]) -> dict[str, str]:
    """The facts as text of a length that a line holds; absent ones are left out."""
    return {name: shown(str(value), MAX_VALUE) for name, value in facts.items() if value is not None}
