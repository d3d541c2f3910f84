"""Work in few bytes, for plan.json: works that are alike are one record, and numbers of rows are ranges."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from tribe_np.batch.task import Work

ALIKE = ("modality", "n_parts", "per_task", "memory", "seconds")


def packed(work: Iterable[Work]) -> list[dict[str, Any]]:
    """Records of works, in order; `each` says that every entry of a record is a work of its own, with one row."""
    records = []
    for (is_each, alike), group in groupby(work, key=lambda one: (len(one.entries) == len(one.rows) == 1, _alike(one))):
        members = list(group)
        of_a_record = [members] if is_each else [[one] for one in members]
        for together in of_a_record:
            rows = [row for one in together for row in one.rows]
            entries = [entry for one in together for entry in one.entries]
            each = {"each": True} if is_each else {}
            records.append({**dict(zip(ALIKE, alike, strict=True)), **each, "rows": ranges(rows), "entries": entries})
    return records


def unpacked(records: Iterable[Mapping[str, Any]]) -> tuple[Work, ...]:
    """The works of `packed`; KeyError, TypeError or ValueError for records that are none."""
    work: list[Work] = []
    for record in records:
        modality, n_parts, per_task, memory, seconds = (record[name] for name in ALIKE)
        rows, entries = numbers(record["rows"]), tuple(record["entries"])
        if not entries or n_parts < 1 or per_task < 1:
            raise ValueError(f"work on {modality} without entries or parts")
        pairs: Sequence[tuple[tuple[int, ...], tuple[str, ...]]] = [(rows, entries)]
        if record.get("each"):
            pairs = [((row,), (entry,)) for row, entry in zip(rows, entries, strict=True)]
        work += [Work(modality, own, keys, n_parts, per_task, memory, seconds) for own, keys in pairs]
    return tuple(work)


def _alike(work: Work) -> tuple[Any, ...]:
    return tuple(getattr(work, name) for name in ALIKE)


def ranges(rows: Sequence[int]) -> str:
    """Numbers as text, neighbours that ascend as a range.

    >>> ranges([0, 1, 2, 7, 9, 10])
    '0-2,7,9-10'
    """
    told: list[str] = []
    for _, group in groupby(enumerate(rows), key=lambda pair: pair[1] - pair[0]):
        members = [row for _, row in group]
        told.append(str(members[0]) if len(members) == 1 else f"{members[0]}-{members[-1]}")
    return ",".join(told)


def numbers(text: str) -> tuple[int, ...]:
    """The numbers of `ranges`.

    >>> numbers("0-2,7")
    (0, 1, 2, 7)
    """
    found: list[int] = []
    for part in text.split(",") if text else ():
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return tuple(found)
