"""What a diagnosis says: for each departure the mistake that explains it, or those that cannot be told apart."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tribe_np.oracle.conformance.conformance_record import json_number
from tribe_np.oracle.diagnose.evidence import Departure
from tribe_np.oracle.diagnose.mistake import Mistake
from tribe_np.oracle.setup import Setup

SHOWN = 3
"""Explanations that are written out where several fit."""


@dataclass(frozen=True, eq=False)
class Explanation:
    """Mistakes that a run has, mostly one, and what then remains of the error at a tap."""

    mistakes: tuple[Mistake, ...]
    setup: Setup
    error: Departure

    @property
    def ids(self) -> tuple[str, ...]:
        """Of its mistakes."""
        return tuple(mistake.id for mistake in self.mistakes)

    def __str__(self) -> str:
        return "; and ".join(mistake.sentence for mistake in self.mistakes)


@dataclass(frozen=True, eq=False)
class Finding:
    """One departure.

    Fields   tap where it is met first; error there; groups what explains it, each group the same to every number that
             is known, one group if it is sure, none if nothing explains it; nearest what leaves the least of the error;
             where in which layers, as words
    """

    tap: str
    error: Departure
    groups: tuple[tuple[Explanation, ...], ...]
    nearest: Explanation | None = None
    where: str = ""

    @property
    def is_named(self) -> bool:
        """Whether one mistake, or one that is the same, explains it."""
        return len(self.groups) == 1

    @property
    def best(self) -> Explanation | None:
        """What explains it best."""
        return self.groups[0][0] if self.groups else None

    def lines(self) -> list[str]:
        """As people read it."""
        if not self.groups:
            return [f"{self.tap}: no known mistake explains it{self._of_the_nearest()}"]
        if not self.is_named:
            sentences = [_joined(group) for group in self.groups]
            more = f"; or {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
            return [f"{self.tap}: cannot tell these apart: " + "; or ".join(sentences[:SHOWN]) + more]
        best = self.groups[0][0]
        where = f", {self.where}" if self.where else ""
        right = "; ".join(f"right: {mistake.right}" for mistake in best.mistakes)
        remains = f"error {self.error.rms:.1e} of the RMS"
        if best.error.rms < self.error.rms:
            remains += f", with it {best.error.rms:.1e}"
        return [f"{self.tap}: {_joined(self.groups[0])}{where} ({right}; {remains})"]

    def _of_the_nearest(self) -> str:
        if self.nearest is None:
            return ""
        return f"; the nearest, {self.nearest}, leaves {self.nearest.error.rms:.1e} of {self.error.rms:.1e}"

    def as_json(self) -> dict[str, Any]:
        """For --json: what is not finite is null, as JSON has none."""
        return {
            "tap": self.tap,
            "error": json_number(self.error.rms),
            "named": self.is_named,
            "mistakes": [[list(one.ids) for one in group] for group in self.groups],
            "remains": None if self.best is None else json_number(self.best.error.rms),
            "where": self.where,
            "text": self.lines(),
        }


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Everything found; nothing where the numbers are within their bounds.

    Fields   unexplained taps that are out of bound with all that was found; note why no more was looked for
    """

    findings: tuple[Finding, ...] = ()
    unexplained: tuple[str, ...] = field(default=())
    note: str = ""

    @property
    def named(self) -> tuple[str, ...]:
        """Ids of the mistakes that are sure, of each finding the first of those that are the same."""
        return tuple(i for finding in self.findings if finding.is_named for i in finding.groups[0][0].ids)

    def lines(self) -> list[str]:
        """As people read it."""
        found = [line for finding in self.findings for line in finding.lines()]
        if self.unexplained:
            more = f" and {len(self.unexplained) - 1} more" if len(self.unexplained) > 1 else ""
            if any(finding.groups for finding in self.findings):  # else the lines above have said it
                found.append(f"still out of bound with that: {self.unexplained[0]}{more}")
        return [*found, self.note] if self.note else found

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        findings = [finding.as_json() for finding in self.findings]
        return {"findings": findings, "unexplained": list(self.unexplained), "note": self.note}

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _joined(group: Iterable[Explanation]) -> str:
    first, *others = dict.fromkeys(map(str, group))
    more = f" (or {len(others) - SHOWN} more)" if len(others) > SHOWN else ""
    return first + "".join(f" (or, the same here: {other})" for other in others[:SHOWN]) + more
