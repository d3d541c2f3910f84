"""A comparison as lines for people: the verdict first, then what matters."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tribe_np.oracle.budget.bounds import Bound
from tribe_np.oracle.conformance.deviations import Deviation
from tribe_np.oracle.conformance.kit_comparison import KitComparison, TapComparison, verdict
from tribe_np.shown import some_of

MOST_WRONG = 12  # wrong steps that are listed without --all
MOST_SUGGESTED = 5
MOST_BOUND_NOTES = 2
SHOWN_NUMBERS = ("all in all", "bound", "this step", "bound", "largest", "ulp", "at")
HEAD = ("", "tap", *SHOWN_NUMBERS)


def comparison_lines(
    found: KitComparison, *, all_taps: bool = False, diagnosis: Sequence[str] = (), title: str | None = None
) -> list[str]:
    """The lines; `diagnosis` are those of what explains it.

    Errors are root mean squares over that of what is expected; "largest" is the largest over the same, of the step
    where it is wrong by itself, otherwise of all up to there.
    """
    rows = list(found.rows) if all_taps else rows_that_matter(found)
    return [
        title or f"{found.model}, {found.case or 'a configuration of its own'}, seed {found.seed}",
        *summary_lines(found),
        *(f"diagnosis: {line}" for line in diagnosis),
        "",
        *_table([HEAD, *((state_of(row), row.name, *row_numbers(row)) for row in rows)]),
        *_more(found, rows),
        *detail_lines(found, rows),
    ]


def summary_lines(found: KitComparison) -> list[str]:
    """The verdict, the counts, and what could not be compared."""
    right = "conforms in what was compared" if found.is_partial else "conforms"
    lines = [f"{right if found.conforms else 'DOES NOT CONFORM'} ({found.precision}): {verdict(found)}"]
    n_out, n_wrong = sum(row.is_out for row in found.rows), len(found.locally_out)
    if not found.conforms:
        steps = "1 step is wrong by itself" if n_wrong == 1 else f"{n_wrong} steps are wrong by themselves"
        lines.append(f"{steps}; all in all {n_out} of {len(found.rows)} taps are out of bounds")
    n_given = len(found.rows) - len(found.missing)
    missing = f"; not given: {some_of(found.missing)}" if found.missing else ""
    lines.append(f"{n_given} of the kit's {len(found.rows)} taps were given{missing}")
    if found.unknown:
        lines.append(f"{len(found.unknown)} of theirs that the kit lacks: {some_of(found.unknown)}")
    lines += suggestion_lines(found)
    if found.local_error is not None:
        lines.append(f"steps could not be checked one by one: {found.local_error}")
    lines += [f"{count} {'tap' if count == 1 else 'taps'}: {note}" for note, count in layout_counts(found).items()]
    return [*lines, *([some_of(found.bound_notes, MOST_BOUND_NOTES, "; ")] if found.bound_notes else [])]


def layout_counts(found: KitComparison) -> Counter[str]:
    """Notes of the rows, and how many have each."""
    return Counter(note for row in found.rows for note in row.notes)


def suggestion_lines(found: KitComparison) -> list[str]:
    """What names of theirs look like."""
    rows = list(found.suggested.items())
    lines = [f"  {name} looks like {one.tap}: {one.reason}" for name, one in rows[:MOST_SUGGESTED]]
    more = [f"  and {len(rows) - MOST_SUGGESTED} more; --suggest FILE writes all"] if len(rows) > MOST_SUGGESTED else []
    return [*lines, *more]


def rows_that_matter(found: KitComparison) -> list[TapComparison]:
    """Wrong steps, the first that is out of bounds, what comes before and after them, and the worst."""
    given = [row for row in found.rows if row.is_given]
    chosen = set(found.locally_out[:MOST_WRONG])
    for first in (found.first_locally_out, found.first_out):
        if first is not None:
            at = given.index(first)
            chosen.update(given[max(0, at - 1) : at + 2])
    if found.worst is not None:
        chosen.add(found.worst)
    return [row for row in given if row in chosen]


def state_of(row: TapComparison) -> str:
    """One word for a row."""
    if not row.is_given:
        return "not given"
    if row.fault is not None:
        return "unfit"
    if row.is_locally_out:
        return "WRONG"
    return "out" if row.is_out else "ok"


def detail_lines(found: KitComparison, rows: Iterable[TapComparison]) -> list[str]:
    """For each row with something to tell: the two values at the worst place, and notes."""
    lines = []
    for row in rows:
        told = list(row_notes(row))
        if row.is_locally_out and row.local is not None:
            told.insert(0, worst_place(row.local, row.local_bound, "from their own taps before it"))
        elif row.is_out and row.accumulated is not None and row is found.first_out:
            told.insert(0, worst_place(row.accumulated, row.bound, "expected"))
        lines += [f"  {row.name}: {text}" for text in told]
    return [*([""] if lines else []), *lines]


def row_notes(row: TapComparison) -> tuple[str, ...]:
    """What is told of a row besides its numbers."""
    since = (f"not given before it, and part of its step: {some_of(row.since)}",) if row.since else ()
    fault = (row.fault,) if row.fault is not None else ()
    return (*fault, *row.notes, *since)


def worst_place(error: Deviation, bound: Bound | None, reference: str) -> str:
    """The largest error in words."""
    if error.n_not_finite:
        return error.not_finite_words()
    allowed = "" if bound is None else f"; {bound.largest:.2g} of the RMS is allowed"
    return (
        f"largest error {error.largest:.3g} ({error.largest_over_rms:.3g} of the RMS, {error.ulp:.3g} ulp) at "
        f"{error.worst}: theirs {error.theirs:.9g}, {reference} {error.reference:.9g}{allowed}"
    )


def row_numbers(row: TapComparison) -> tuple[str, ...]:
    """The numbers of SHOWN_NUMBERS as text, empty where there are none."""
    if row.accumulated is None:
        return ("",) * len(SHOWN_NUMBERS)
    told = row.local if row.is_locally_out and row.local is not None else row.accumulated
    return (
        short_error(row.accumulated), _allowed(row.bound), "" if row.local is None else short_error(row.local),
        _allowed(row.local_bound), f"{told.largest_over_rms:.1e}", f"{told.ulp:.3g}", ",".join(map(str, told.worst)),
    )  # fmt: skip


def _allowed(bound: Bound | None) -> str:
    return "" if bound is None else f"{bound.rms:.1e}"


def short_error(error: Deviation) -> str:
    """The RMS error, or that there are values that are not finite."""
    return "not finite" if error.n_not_finite else f"{error.rms_over_rms:.1e}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = []
    for row in rows:
        words = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join([*words, *numbers]).rstrip())
    return lines


def _more(found: KitComparison, rows: Sequence[TapComparison]) -> list[str]:
    hidden = len(found.rows) - len(found.missing) - len([row for row in rows if row.is_given])
    return [f"and {hidden} more; --all shows every tap"] if hidden else []
