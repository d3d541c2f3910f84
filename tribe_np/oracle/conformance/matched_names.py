"""Which of their names is which tap of the kit: names that differ in punctuation alone are the same."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tribe_np.errors import RecordingError
from tribe_np.oracle.conformance.kit_comparison import NameSuggestion
from tribe_np.oracle.conformance.name_maps import MappedName, NameMap, mapped_of
from tribe_np.oracle.summaries import TapValues
from tribe_np.shown import did_you_mean, quoted, some_of

OUTPUT = "output"
"""What a port may call its output: the last tap of every kit."""


@dataclass(frozen=True, eq=False)
class MatchedTaps:
    """Taps by the kit's names, each with their name and array; and the names of theirs that the kit lacks."""

    taps: Mapping[str, tuple[str, TapValues]]
    unknown: Mapping[str, TapValues] = field(default_factory=dict)


def match_names(theirs: Mapping[str, TapValues], known: Sequence[str], mapped: NameMap) -> MatchedTaps:
    """Each of theirs by the kit's name: what the map says, or the same name with other punctuation.

    Raises   RecordingError where two of theirs are one tap; ConfigError where an array does not fit the map
    """
    names = KnownNames.of(known)
    taps: dict[str, tuple[str, TapValues]] = {}
    unknown: dict[str, TapValues] = {}
    for name, array in theirs.items():
        entry = mapped_of(name, mapped) or MappedName(name)
        if entry.tap is None:
            continue
        tap = names.find(entry.tap)
        if tap is None:
            unknown[name] = array
        elif tap in taps:
            both = f"{quoted(taps[tap][0])} and {quoted(name)}"
            raise RecordingError(f"{both} of theirs are both {tap}; give one of them, or map the other to null")
        else:
            taps[tap] = name, entry.seen(name, array)
    return MatchedTaps(taps, unknown)


@dataclass(frozen=True)
class KnownNames:
    """The kit's names, by all that they may be called."""

    names: frozenset[str]
    plain: Mapping[str, str]
    without_prefix: Mapping[str, str]
    output: str | None

    @classmethod
    def of(cls, known: Sequence[str]) -> "KnownNames":
        """Of the taps in the order of computation: the last is the output."""
        short = {name: name.partition(".")[2] for name in known}
        return cls(
            frozenset(known), _only_once({name: plain_name(name) for name in known}),
            _only_once({name: plain_name(part) for name, part in short.items()}), known[-1] if known else None,
        )  # fmt: skip

    def find(self, name: str) -> str | None:
        """The tap that a name of theirs is."""
        if name in self.names:
            return name
        plain = plain_name(name)
        if plain == OUTPUT:
            return self.output
        return self.plain.get(plain) or self.without_prefix.get(plain)


def tap_of(name: str, known: Sequence[str]) -> str | None:
    """The tap that one name of theirs is; None where it is none."""
    return KnownNames.of(known).find(name)


def no_match(
    matched: MatchedTaps, known: Sequence[str], suggested: Mapping[str, NameSuggestion], origin: str
) -> RecordingError:
    """The error that none of their names is the kit's, with what some look like."""
    if not matched.unknown:
        return RecordingError(f"{origin}: holds no arrays; expected some of the kit's taps, such as {known[-1]}")
    names = list(matched.unknown)
    alike = [f"{quoted(name)} looks like {one.tap} ({one.reason})" for name, one in suggested.items()]
    near = [f"{quoted(name)}{near}" for name in names if (near := did_you_mean(name, known))]
    told = some_of(alike or near or [quoted(name) for name in names], 2)
    none = f"none of its {len(names)} names is a tap" if len(names) > 1 else "its only name is no tap"
    return RecordingError(
        f"{origin}: {none} of the kit: {told}; the kit has {some_of(known)}; a map of names (--map) says which is "
        "which, and --suggest writes one"
    )


def plain_name(name: str) -> str:
    """A name without its punctuation.

    >>> plain_name("encoder/layers/0/query"), plain_name("encoder_layers_0_query")
    ('encoder.layers.0.query', 'encoder.layers.0.query')
    """
    return re.sub("[^0-9a-z]+", ".", name.lower()).strip(".")


def _only_once(forms: Mapping[str, str]) -> dict[str, str]:
    """Names by a form of theirs, where it is that of one name alone."""
    count = Counter(forms.values())
    return {form: name for name, form in forms.items() if count[form] == 1}
