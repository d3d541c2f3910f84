"""Parsers against damaged files: only TribeError may escape, soon, and in one line."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tribe_np.errors import TribeError
from tribe_np.media.transcripts.transcript import Transcript, checked, read_transcript

SEGMENT = {"text": " Héy", "words": [{"word": "Héy", "start": 0.5, "end": 1e0}, {"word": "9"}]}
SMALL = {
    ".json": json.dumps({"segments": [SEGMENT], "language": "en", "notes": [["x", 1, "y"]]}).encode(),
    ".tsv": 'text\tstart\tduration\tsequence_id\tsentence\nHéy\t0.5\t0.25\t0\t" Héy\tyou"\nN\t1\t1\t1\tx\n'.encode(),
    ".srt": "1\r\n00:00:01,0 --> 00:00:02,0\r\n<i>Héy</i> you\r\n\r\n2\r\n00:00:03,0 --> 00:00:04,0\r\nx\r\n".encode(),
    ".vtt": "WEBVTT\n\nNOTE x\n\n00:01.000 --> 00:04.000 a:b\nHéy <00:02.000>you &amp; <c>x</c>\n".encode(),
    ".TextGrid": 'File type = "ooTextFile"\n"TextGrid"\n0 2 <exists> 1\n"IntervalTier" "words" 0 2 2\n'
    '0 1 "Héy ""x"""\n1 2 "" ! end'.encode(),
}  # fmt: skip
FRAGMENTS = [
    b"\n", b"\t", b'"', b"-->", b"00:00:01,000", b"<00:01.000>", b"WEBVTT\n\n", b"<exists>", b"1e999", b"-1", b"nan",
    b"9223372036854775808", b"{", b"[", b"]", b"}", b":", b",", b'"segments"', b'"words"', b'"start"', b"\xff", b"\0",
    b"text", b"start", b"duration", b"ooTextFile", b'"TextGrid"', b"IntervalTier", b"<", b">", b"!", b"&#1114112;",
    b" ", b"[", b"(laughs)", b"MAN: ", b"<rt>", b"</i>", b"\r\r\n", b"null", b"NaN", b"1\n", b"\n\n2\n",
    b"NOTE ", b"00:00:05,000 -> 00:00:06,000", b'"notes"', b'"chunks"', b"phones", b"{LG}",
    "♪".encode(), "²".encode(), b"\xff\xfe",
]  # fmt: skip


def read(path: Path, content: bytes) -> Transcript | None:
    """The transcript, or None where it was refused as it should be."""
    path.write_bytes(content)
    begun = time.process_time()
    try:
        checked(read_transcript(path, lossy=len(content) % 2 == 0), 100.0)
        return read_transcript(path)
    except TribeError as error:
        message = str(error)
    finally:
        assert time.process_time() - begun < 5
    assert "\n" not in message
    assert path.name in message
    return None


def damaged(content: bytes) -> Iterator[bytes]:
    for length in range(len(content)):
        yield content[:length]
    for position in range(len(content)):
        for mask in (0x01, 0x10, 0x80, content[position]):
            yield content[:position] + bytes([content[position] ^ mask]) + content[position + 1 :]


@pytest.mark.parametrize("suffix", SMALL)
def test_cut_at_each_byte_and_flipped(tmp_path: Path, suffix: str) -> None:
    assert read(tmp_path / f"a{suffix}", SMALL[suffix]) is not None
    accepted = [read(tmp_path / f"a{suffix}", content) for content in damaged(SMALL[suffix])]
    assert None in accepted


@pytest.mark.parametrize("suffix", [*SMALL, ".txt"])
@given(data=st.data())
def test_fragments_in_any_order(tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject) -> None:
    pieces = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.binary(max_size=4)), max_size=30)
    read(tmp_path_factory.getbasetemp() / f"fragments{suffix}", b"".join(data.draw(pieces)))


@pytest.mark.parametrize("suffix", SMALL)
@given(data=st.data())
def test_fragments_put_into_a_good_file(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, data: st.DataObject
) -> None:
    content = SMALL[suffix]
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(content)))
        dropped = data.draw(st.integers(0, 6))
        content = content[:position] + data.draw(st.sampled_from(FRAGMENTS)) + content[position + dropped :]
    read(tmp_path_factory.getbasetemp() / f"spliced{suffix}", content)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".json", b'{"segments":' + b"[" * 100_000),
        (".tsv", b"text\tstart\tduration\n" + b'"' * 100_001),
        (".srt", b"00:00:01,000 --> 00:00:02,000\n" + b"<" * 50_000 + b"{\\" * 20_000),
        (".vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<00:01.000" * 10_000),
        (".vtt", b"WEBVTT\n\n00:01.000 --> 00:02.000\n" + b"<00:01.000>" * 10_000 + b"&" * 20_000),
        (".vtt", b"WEBVTT\n\n" + b"x\n" * 100_000),
        (".srt", b"00:00:01,000 --> 00:00:02,000\n" + b"(a) " * 30_000),
        (".srt", b"00:00:01,000 --> 00:00:02,000\n" + b"A" * 100_000 + b":" * 100_000),
        (".srt", b"00:00:01,000 --> 00:00:02,000\n" + b"<ruby><rt>" * 20_000),
        (".srt", b"00:00:01,000 --> 00:00:02,000\n" + b"1:1" * 30_000),
        (".srt", b"00:00:01,000 --> 00:00:02,000\na b c d e f g h\n" * 5_000),
        (
            ".json",
            b'{"segments": [{"text": "", "words": ['
            + b'{"word": "1"},' * 30_000
            + b'{"word": "a", "start": 1, "end": 2}]}]}',
        ),
        (".TextGrid", b'"ooTextFile"' + b'""' * 100_000 + b'"'),
        (".TextGrid", b'"ooTextFile""TextGrid"0 1 <exists> 1 "IntervalTier""w" 0 1 9007199254740991 ' + b"1 " * 50_000),
    ],
)
def test_hostile_files_are_refused_soon(tmp_path: Path, suffix: str, content: bytes) -> None:
    read(tmp_path / f"a{suffix}", content)
