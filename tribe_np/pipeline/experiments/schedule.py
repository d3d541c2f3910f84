"""When each trial comes: as the design says, shuffled, with fixed gaps, with random ones; and that none collide.

Trials of one run and one onset, such as a sound with its picture, stay together: they are one presentation, and what
is shuffled and spaced are presentations. Random numbers are Python's `random.Random(seed).random()`, whose sequence is
the same on every machine and version.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from random import Random

from tribe_np.errors import ConfigError, EventsError
from tribe_np.pipeline.experiments.design import DesignTrial
from tribe_np.shown import quoted, shown

MILLISECONDS = 1000  # onsets that are computed are rounded up to whole ones
SLIGHTLY = 1e-6  # seconds that do not count: rounding
DECIMALS = 9
ONE_AT_A_TIME = {"Video": "pictures or films", "Audio": "sounds", "Word": "texts"}
"""Kinds of event of which a run has at most one at a time, with a name for people."""
LONGEST_GAP = 86_400.0
LARGEST_SEED = 2**63


@dataclass(frozen=True)
class Order:
    """How the trials of a run follow each other.

    Units    isi, jitter: seconds
    Fields   shuffle: the seed of a random order within each run, None for the design's; isi: the gap between
             presentations, None for the design's onsets; jitter: each gap is longer by 0 to so much, at random (the
             seed is that of shuffle, else 0)
    Raises   ConfigError
    """

    shuffle: int | None = None
    isi: float | None = None
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.shuffle is not None and not (type(self.shuffle) is int and 0 <= self.shuffle < LARGEST_SEED):
            raise ConfigError(f"--shuffle takes a seed, a whole number from 0 on; got {quoted(self.shuffle, 40)}")
        for name, value in (("isi", self.isi), ("jitter", self.jitter)):
            if value is not None and not (math.isfinite(value) and 0 <= value <= LONGEST_GAP):
                raise ConfigError(f"--{name} must be seconds from 0 to {LONGEST_GAP:g}, got {value}")

    @property
    def seed(self) -> int | None:
        """The seed that decided something; None where nothing is random."""
        return self.shuffle if self.shuffle is not None else 0 if self.jitter else None

    def __str__(self) -> str:
        given = {"--shuffle": self.shuffle, "--isi": self.isi, "--jitter": self.jitter or None}
        return " ".join(f"{name} {value:g}" for name, value in given.items() if value is not None)


@dataclass(frozen=True)
class TimedTrial:
    """A trial of a design whose file is known.

    Units    seconds: onset on its run, duration of the trial
    Fields   spans: seconds from its onset in which it has events of each kind, (first start, last stop)
    """

    row: DesignTrial
    duration: float
    onset: float = 0.0
    spans: dict[str, tuple[float, float]] = field(default_factory=dict, hash=False)

    @property
    def stop(self) -> float:
        """Seconds of its run, without the rounding error that would begin another row of predictions."""
        return round(self.onset + self.duration, DECIMALS)


Presentation = list[TimedTrial]


def schedule(trials: Sequence[TimedTrial], order: Order) -> list[TimedTrial]:
    """The trials with their onsets, run by run and in order of time.

    Units    seconds
    Numerics with `isi` the first presentation of a run starts at 0, each other as long after the end of the one before.
             Without, shuffled presentations take the onsets of the design, and `jitter` moves all that follows a gap
    """
    runs = dict.fromkeys(trial.row.run for trial in trials)
    done: list[TimedTrial] = []
    for number, run in enumerate(runs):
        mine = presentations([trial for trial in trials if trial.row.run == run])
        slots = [together[0].row.onset for together in mine]
        if order.shuffle is not None:
            random = Random(f"order of run {number}, seed {order.shuffle}")
            keys = [random.random() for _ in mine]
            mine = [mine[k] for k in sorted(range(len(mine)), key=keys.__getitem__)]
        gaps = _extra_gaps(len(mine), order, number)
        onsets = _one_after_another(mine, order.isi, gaps) if order.isi is not None else _moved(mine, slots, gaps)
        for together, onset in zip(mine, onsets, strict=True):
            done += [replace(trial, onset=onset) for trial in together]
    return done


def presentations(trials: Sequence[TimedTrial]) -> list[Presentation]:
    """The trials of one run: those of equal onset together, in order of time where all have an onset."""
    if any(trial.row.onset is None for trial in trials):
        ordered = list(trials)
        groups: dict[object, Presentation] = {}
        for n, trial in enumerate(ordered):
            groups.setdefault(("alone", n) if trial.row.onset is None else trial.row.onset, []).append(trial)
        return list(groups.values())
    by_time = sorted(trials, key=_onset)
    return [list(group) for _, group in groupby(by_time, key=_onset)]


def _onset(trial: TimedTrial) -> float:
    return 0.0 if trial.row.onset is None else trial.row.onset


def _extra_gaps(count: int, order: Order, number: int) -> list[float]:
    """Seconds by which the gap before each presentation but the first is longer."""
    random = Random(f"gaps of run {number}, seed {order.seed}")
    return [0.0, *(order.jitter * random.random() for _ in range(count - 1))]


def _one_after_another(mine: Sequence[Presentation], isi: float, gaps: Sequence[float]) -> list[float]:
    onsets: list[float] = []
    free = 0.0
    for together, gap in zip(mine, gaps, strict=True):
        onsets.append(_whole_milliseconds(free + gap))
        free = onsets[-1] + max(trial.duration for trial in together) + isi
    return onsets


def _moved(mine: Sequence[Presentation], slots: Sequence[float | None], gaps: Sequence[float]) -> list[float]:
    """The design's onsets, later by the extra gaps so far; what overlaps the presentation before has no gap."""
    onsets: list[float] = []
    later, busy = 0.0, 0.0
    for together, slot, gap in zip(mine, slots, gaps, strict=True):
        assert slot is not None, "read_design lets no onset be missing without isi"
        if slot >= busy - SLIGHTLY:
            later += gap
        onsets.append(_whole_milliseconds(slot + later) if later else slot)
        busy = max(busy, slot + max(trial.duration for trial in together))
    return onsets


def _whole_milliseconds(seconds: float) -> float:
    return math.ceil(seconds * MILLISECONDS - SLIGHTLY) / MILLISECONDS


def check_overlaps(trials: Sequence[TimedTrial], where: str, order: Order) -> None:
    """Refuses two pictures or films, two sounds or two texts at once in one run: the models see one of each.

    Raises   EventsError that names both lines
    """
    for kind, name in ONE_AT_A_TIME.items():
        for run in dict.fromkeys(trial.row.run for trial in trials):
            spans = [_span(trial, kind) for trial in trials if trial.row.run == run and kind in trial.spans]
            _check_kind(
                sorted(spans, key=lambda span: span[:2]), where, f"two {name} at once in run {shown(run)}", order
            )


Span = tuple[float, float, TimedTrial]


def _span(trial: TimedTrial, kind: str) -> Span:
    first, last = trial.spans[kind]
    return trial.onset + first, trial.onset + last, trial


def _check_kind(spans: Sequence[Span], where: str, what: str, order: Order) -> None:
    latest: Span | None = None
    for start, stop, trial in spans:
        if latest is not None and start < latest[1] - SLIGHTLY:
            lines = " and ".join(map(str, sorted((latest[2].row.line, trial.row.line))))
            after = f" after {order}" if str(order) else ""
            raise EventsError(
                f"{where}, lines {lines}: {what}{after} ({latest[0]:g} to {latest[1]:g} s, {start:g} to {stop:g} s); "
                "move one, shorten its duration, or give --isi"
            )
        if latest is None or stop > latest[1]:
            latest = (start, stop, trial)


def check_length(trials: Sequence[TimedTrial], where: str, most_hours: float) -> None:
    """Refuses a design whose runs last longer than so many hours together.

    Raises   EventsError
    """
    ends = {run: max(t.stop for t in trials if t.row.run == run) for run in {t.row.run for t in trials}}
    hours = sum(ends.values()) / 3600
    if hours > most_hours:
        raise EventsError(
            f"{where}: the design lasts {hours:.1f} hours in {len(ends)} run{'s' * (len(ends) != 1)}, more than "
            f"--most {most_hours:g}; is a time in milliseconds?"
        )
