"""The table of words that upstream keeps beside a sound (NAME.tsv): found, read and written."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tribe_np.errors import EventsError
from tribe_np.media.transcripts.timed_words import Transcript, Word, read_text, seconds, spoken, timed_word
from tribe_np.timeline.table import checked_records, quote

DECIMAL_COMMA = re.compile(r"-?\d*,\d+")
COLUMNS = ("text", "start", "duration", "sequence_id", "sentence")
# What pandas 3.1.1 reads as a missing value, so that upstream stops at such a word
PANDAS_MISSING = frozenset(
    ["", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
     "NULL", "NaN", "None", "n/a", "nan", "null"]
)  # fmt: skip


def find_sidecar(media_path: str | Path) -> Path | None:
    """The table that upstream would have left beside a sound or film: same place and stem, suffix .tsv."""
    path = Path(media_path)
    table = path.parent / f"{path.stem}.tsv"  # with_suffix refuses names such as "." and "a."
    return table if table.is_file() else None


def read_sidecar(path: Path, *, lossy: bool = False) -> Transcript:
    """The words of upstream's table (text, start, duration and, if there, sequence_id and sentence; tab-separated).

    A blank file means that the sound holds no words. Of an events table, which may stand under the same name, the Word
    rows are read. `lossy` reads as upstream does: a word such as `null` or `NA` is a missing value to pandas, which
    stops upstream with a TypeError, and is an error here.
    Raises   EventsError naming line and word
    Source   tribev2 7239908 ExtractWordsFromAudio._run; pandas 3.1.1 read_csv
    """
    content = read_text(path)
    if not content.strip():
        return Transcript((), "", str(path))
    _check_columns(content.lstrip("\r\n").splitlines()[0], path)
    header, rows = checked_records(content, path)
    words = []
    for line, row in rows:
        cells = dict(zip(header, row, strict=True))
        if any(row) and cells.get("type", "Word") == "Word":
            words.append(_table_word(cells, path, f"line {line}", lossy))
    return Transcript(spoken(words), "", str(path))


def _check_columns(first_line: str, path: Path) -> None:
    """Refuses a table without the columns of a transcript, before its rows are read.

    Raises   EventsError that names the column and what stands there instead
    """
    found = [cell.strip().strip('"') for cell in first_line.split("\t")]
    missing = next((name for name in COLUMNS[:3] if name not in found), None)
    if missing is None:
        return
    expected = f"a transcript table has {', '.join(COLUMNS)}, separated by tabs"
    separator = next(
        (name for mark, name in ((",", "commas"), (";", "semicolons")) if first_line.count(mark) > 1), None
    )
    if len(found) == 1 and separator:
        raise EventsError(f"{path}: line 1: no column {missing!r}; its cells are separated by {separator}, {expected}")
    if missing == "duration" and (ends := [name for name in found if name.lower() in ("end", "stop", "offset")]):
        raise EventsError(f"{path}: line 1: no column 'duration' (end minus start) but {ends[0]!r:.40}; {expected}")
    shown = ", ".join(f"{name!r:.30}" for name in found[:6]) + (", ..." if len(found) > 6 else "")
    raise EventsError(f"{path}: line 1: no column {missing!r} among {shown}; {expected}")


def _table_word(row: Mapping[str, str], path: Path, at: str, lossy: bool) -> Word:
    text = row["text"]
    if lossy and text in PANDAS_MISSING:
        raise EventsError(f"{path}: {at}: word {text!r} is read by pandas as a missing value, and upstream stops there")
    times = []
    for name in ("start", "duration"):
        try:
            value = float(row[name])
        except ValueError as error:
            comma = "; decimals need a point" if DECIMAL_COMMA.fullmatch(row[name].strip()) else ""
            raise EventsError(
                f"{path}: {at}: word {text!r:.40}: {name} is not a number: {row[name]!r:.40}{comma}"
            ) from error
        times.append(seconds(value, f"{path}: {at}: word {text!r:.40}: {name}"))
    try:
        sequence_id = int(float(row.get("sequence_id") or 0))
    except (ValueError, OverflowError) as error:
        wrong = row.get("sequence_id")
        raise EventsError(f"{path}: {at}: word {text!r:.40}: sequence_id is not a number: {wrong!r:.40}") from error
    text = text if lossy else text.replace('"', "").strip()
    stop = seconds(_stop(*times), f"{path}: {at}: word {text!r:.40}: end")
    word = timed_word(text, times[0], stop, sequence_id, row.get("sentence") or "", path=path, at=at)
    return word if word.duration == times[1] else replace(word, stated=times[1])


def _stop(start: float, duration: float) -> float:
    """The end whose distance from the start is the duration, to the bit where there is one.

    start + (end - start) need not be end; the end that upstream subtracted from is the sum or a neighbour of it.
    """
    total = start + duration
    near = (total, math.nextafter(total, math.inf), math.nextafter(total, -math.inf))
    return next((stop for stop in near if stop - start == duration), total)


def sidecar_text(transcript: Transcript) -> str:
    """The transcript as upstream's table, to the byte.

    Source   pandas 3.1.1 DataFrame.to_csv(sep="\\t", index=False) on the rows of tribev2 7239908
    """
    if not transcript.words:
        return "\n"
    rows: list[tuple[object, ...]] = [COLUMNS]
    for word in transcript.words:
        rows.append((word.text, word.start, word.duration, word.sequence_id, word.sentence))
    return "".join("\t".join(quote(str(cell)) for cell in row) + "\n" for row in rows)
