"""What is written on a film, and what is said of it on the terminal: what was odd, with counts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tribe_np.cortex.random_weights import RANDOM, is_of_random_weights
from tribe_np.outputs.exports.export_names import is_measured
from tribe_np.plots.films.film_maps import FilmMap, in_blocks, rows_read
from tribe_np.plots.films.film_scene import FilmTexts
from tribe_np.plots.stimulus.file_finding import without_folders
from tribe_np.plots.stimulus.row_clock import RowClock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus
from tribe_np.plots.surface_sources import stimulus_name, unit_of

SAME_ROW = 1e-3  # of the way to the next row: no colour tells
SAME_TIME = 1e-3  # seconds
BARE, ENDED = "the cortex is shown bare", "the cortex is shown alone"


def film_texts(
    maps: Sequence[FilmMap], clock: RowClock, stimulus: RunStimulus, *, title: str | None, moments: Sequence[float]
) -> FilmTexts:
    """All that is written on a film, but for words and times."""
    series = maps[0].series
    name = stimulus.title or stimulus_name(series)
    own = Path(series.origin).name if series.run else "prediction"
    said = [RANDOM if _are_random(maps) else "", _other_stimulus(maps), without_folders(stimulus.note)]
    what = "values" if not series.run else "measured BOLD" if is_measured(series) else "predicted BOLD"
    is_difference = maps[0].minus is not None
    unit = unit_of(series) or ("unit not stated" if series.run else "no unit given")
    return FilmTexts(
        title=title or name or own,
        subtitle=maps[0].label if len(maps) == 1 and not is_difference else "",
        warning=" · ".join(text for text in said if text),
        shown=_what_is_shown(maps[0], clock, what, moments),
        unit=f"difference, {unit}" if is_difference else unit,
        lane="BOLD" if series.run else "values",
    )


def _what_is_shown(shown: FilmMap, clock: RowClock, what: str, moments: Sequence[float]) -> tuple[str, str]:
    """Which BOLD is seen, in two lines."""
    offset = clock.hemodynamic_offset
    at, when = "at this moment", ""
    if offset and clock.align == "bold":
        when = f"the answer to the stimulus {offset:g} s ago"
    elif offset:
        at, when = "for this moment of the stimulus", f"measured {offset:g} s later"
    head = f"{what[0].upper()}{what[1:]} {at}"
    if shown.minus is not None:
        head, when = shown.label, f"difference of {what}" + (f", {when}" if when else "")
    return head, " · ".join(part for part in (when, _between(clock, moments)) if part)


def _between(clock: RowClock, moments: Sequence[float]) -> str:
    """How the moments that are shown lie to the rows."""
    found = (clock.rows_at(moment) for moment in moments)
    if any(each is not None and each[2] > SAME_ROW for each in found):
        return f"linear interpolation between rows {clock.tr:g} s apart"
    step = moments[1] - moments[0] if len(moments) > 1 else clock.tr
    return f"every {max(step, clock.tr):.4g} s"


def film_warnings(maps: Sequence[FilmMap], clock: RowClock, stimulus: RunStimulus, *, is_silent: bool) -> list[str]:
    """What was odd about predictions and stimulus, a line each."""
    found = [note for note in (_other_stimulus(maps), stimulus.note) if note]
    if clock.gaps:
        missing = sum(stop - start for start, stop in clock.gaps)
        gaps = f"{len(clock.gaps)} gap{'s' if len(clock.gaps) > 1 else ''}"
        found.append(
            f"rows are missing in {gaps}, {missing:g} s together: the cortex is shown bare there, as the film says"
        )
    found += _other_length(clock, stimulus)
    for shown in maps:
        found += [*_bare_vertices(shown, clock), *_constant(shown, clock)]
    if is_silent and stimulus.has_sound:
        found.append("a GIF has no sound; an .mp4 has")
    return found


def _other_length(clock: RowClock, stimulus: RunStimulus) -> list[str]:
    """What is said where rows do not cover the stimulus, or go on after it."""
    if not clock.n_rows or not (stimulus.has_pictures or stimulus.has_sound):
        return []  # nobody knows when words alone are over
    first, last, found = clock.first - clock.delay, clock.stop - clock.delay, []
    if first > stimulus.start + clock.tr + SAME_TIME:
        found.append(f"the rows begin at {first:.5g} s, the stimulus at {stimulus.start:.5g} s: {BARE} until then")
    if last < stimulus.stop - clock.tr - SAME_TIME:
        found.append(f"the rows end at {last:.5g} s, the stimulus at {stimulus.stop:.5g} s: {BARE} from then on")
    if last > stimulus.stop + clock.tr + SAME_TIME:
        found.append(f"the stimulus ends at {stimulus.stop:.5g} s, the rows at {last:.5g} s: {ENDED} from then on")
    return found


def without_font(missing: set[str]) -> str:
    """The line about characters that no font has."""
    some = " ".join(f"U+{ord(character):04X}" for character in sorted(missing)[:5])
    number = f"{len(missing)} character{'s' if len(missing) > 1 else ''}"
    return (
        f"{number} on the film without a font that is installed ({some}), drawn as a box; install a font that has "
        "them, such as Noto Sans"
    )


def _are_random(maps: Sequence[FilmMap]) -> bool:
    return any(is_of_random_weights(each) for shown in maps for each in (shown.series, shown.minus) if each is not None)


def _other_stimulus(maps: Sequence[FilmMap]) -> str:
    """What is said where two predictions are of different stimuli."""
    first = maps[0].series
    others = [each for shown in maps for each in (shown.series, shown.minus) if each is not None and each is not first]
    for other in others:
        one, two = (series.run.get("stimulus") for series in (first, other))
        digests = [told.get("sha256") if isinstance(told, Mapping) else None for told in (one, two)]
        if digests[0] != digests[1]:
            mine, theirs = (stimulus_name(series) or series.origin for series in (first, other))
            return f"the stimulus shown is {mine}; the other prediction is of {theirs}"
    return ""


def _constant(shown: FilmMap, clock: RowClock) -> list[str]:
    """What to say of a map of one value: its one colour is no finding."""
    if shown.minus is not None:
        return []
    rows = np.arange(clock.n_rows) if clock.rows is None else np.asarray(clock.rows)
    one = None
    for part in in_blocks(rows):
        values = rows_read(shown.series.values, part)
        known = values[np.isfinite(values)]
        one = known[0] if one is None and known.size else one
        if (known != one).any():
            return []
    return [] if one is None else [f"{shown.series.origin}: every value is {one:g}; the cortex has one colour"]


def _bare_vertices(shown: FilmMap, clock: RowClock) -> list[str]:
    """How many vertices and rows have no value."""
    rows = np.arange(clock.n_rows) if clock.rows is None else np.asarray(clock.rows)
    series, found = shown.series, []
    values, n_columns = series.values, series.values.shape[1]
    if series.vertices is not None:
        n_all = 2 * series.per_hemisphere
        found.append(f"{series.origin}: {n_columns} of {n_all} vertices were computed; the others are bare")
    if values.dtype.kind != "f":
        return found
    counts = np.concatenate([(~np.isfinite(rows_read(values, part))).sum(axis=1) for part in in_blocks(rows)])
    empty, some = int((counts == n_columns).sum()), int(((counts > 0) & (counts < n_columns)).sum())
    if empty:
        found.append(f"{series.origin}: {empty} of {len(rows)} rows hold no number at any vertex and are shown bare")
    if some:
        worst = int(counts[counts < n_columns].max())
        found.append(
            f"{series.origin}: {some} of {len(rows)} rows hold NaN or infinite values, at up to {worst} of {n_columns} "
            "vertices, which are bare then"
        )
    return found
