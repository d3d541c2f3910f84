"""How much of the encoder's windows was padding: a stimulus of 5 s fills a twentieth of a window of 100 s."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tribe_np.analysis.comparisons.compared_items import ComparedItem
from tribe_np.shown import some_of

RELEASED_WINDOW = 100.0  # seconds, of the released weights
MOSTLY = 0.5  # of a window; more padding than that is said


@dataclass(frozen=True)
class WindowPadding:
    """How a stimulus filled the windows that it was predicted in.

    Units    seconds; `padding` is the share of the last window that lay after the end of the stimulus
    """

    window: float
    stride: float
    n_windows: int
    padding: float
    is_told: bool  # False: run.json does not say the window, and it is taken to be that of the released weights


def padding_of(item: ComparedItem) -> WindowPadding | None:
    """The padding of a prediction; None for measured data and for arrays, which had no windows that we know of."""
    run = item.series.run
    if not run or "time_axis" in run:
        return None
    told = run.get("window")
    window, stride = RELEASED_WINDOW, RELEASED_WINDOW
    is_told = isinstance(told, Mapping) and all(_is_length(told.get(name)) for name in ("seconds", "stride"))
    if is_told and isinstance(told, Mapping):
        window, stride = float(told["seconds"]), float(told["stride"])
    n_windows = max(1, math.ceil(item.seconds / stride - 1e-6))
    filled = item.seconds - (n_windows - 1) * stride
    return WindowPadding(window, stride, n_windows, max(0.0, 1 - filled / window), is_told)


def _is_length(value: object) -> bool:
    return type(value) in (int, float) and 0 < float(value) < math.inf  # type: ignore[arg-type]


def padding_warnings(items: Sequence[ComparedItem], paddings: Sequence[WindowPadding | None]) -> list[str]:
    """What to say of stimuli that are mostly padding, and of long ones whose last window is."""
    known = [(item, padding) for item, padding in zip(items, paddings, strict=True) if padding is not None]
    mostly = [(item, padding) for item, padding in known if padding.padding > MOSTLY]
    short = [f"{i.name} {i.seconds:g} s, {p.padding:.0%}" for i, p in mostly if p.n_windows == 1]
    tails = [
        f"{i.name}: its last {i.seconds - (p.n_windows - 1) * p.stride:g} s, {p.padding:.0%}"
        for i, p in mostly if p.n_windows > 1
    ]  # fmt: skip
    shown = partial(some_of, between="; ")  # each has a comma in it
    said = []
    if short:
        window = next(p.window for _, p in mostly if p.n_windows == 1)
        said.append(
            f"{len(short)} of {len(items)} stimuli fill less than half of the window of {window:g} s that the model "
            f"sees at once; the rest was padding ({shown(short)}): the difference to a longer one is partly this"
        )
    if tails:
        said.append(
            f"{len(tails)} of {len(items)} stimuli end in a window that is mostly padding ({shown(tails)} padding): "
            "their last rows had little before them and nothing after"
        )
    untold = [item.name for item, padding in known if not padding.is_told]
    if untold:
        said.append(
            f"run.json of {some_of(untold)} does not say the window (an earlier version wrote it); taken to be the "
            f"{RELEASED_WINDOW:g} s of the released weights"
        )
    return said
