"""The encoding of a text: what its byte order mark says, else UTF-16 where every other byte is zero, else UTF-8."""

import codecs
from pathlib import Path

from tribe_np.errors import TribeError
from tribe_np.files.file_kinds import HEAD

MARKS = (  # byte order marks; the longer ones first, for UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"), (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
LITTLE, BIG = "utf-16-le", "utf-16-be"
MOST, FEW = 0.6, 0.1  # of every other byte: how many are zero there, and between them


def text_encoding(head: bytes) -> str:
    """Python's name for the encoding of a text that begins with `head`.

    UTF-16 without a mark begins with two characters of ASCII, as all formats of transcripts do, or most of its
    characters are such.
    """
    marked = next((name for mark, name in MARKS if head.startswith(mark)), None)
    zeros = [byte == 0 for byte in head[:4]]
    if marked is not None:
        return marked
    if zeros in ([False, True, False, True], [True, False, True, False]):
        return BIG if zeros[0] else LITTLE
    even, odd, half = head[::2].count(0), head[1::2].count(0), len(head) // 2
    if half and max(even, odd) > MOST * half and min(even, odd) < FEW * half:
        return LITTLE if odd > even else BIG
    return "utf-8"


def decoded(raw: bytes, path: Path | str, *, advice: str, error: type[TribeError]) -> str:
    """The text of a file, in the encoding that its first bytes show.

    Raises   `error`, naming the file, the byte and its line, and what is to be done
    """
    encoding = text_encoding(raw[:HEAD])
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        name = encoding.removesuffix("-sig").upper()
        raise error(f"{path}: not {name} text (byte {wrong.start}, in line {line}); {advice}") from wrong
