"""Pieces of a film that need no ffmpeg: captions, places, times, forms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tribe_np.errors import ConfigError
from tribe_np.plots.films.caption_lines import caption_at, caption_lines, pieces_of, wrapped_caption
from tribe_np.plots.films.film_layout import Box, FilmContent, FilmLayout, film_layout
from tribe_np.plots.films.film_maps import film_maps, rows_read
from tribe_np.plots.films.film_notes import film_texts, film_warnings
from tribe_np.plots.films.film_wishes import Span, chosen_span
from tribe_np.plots.films.time_strip import Axis, clock_face, line_cover
from tribe_np.plots.stimulus.file_finding import without_folders
from tribe_np.plots.stimulus.row_clock import RowClock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus
from tribe_np.plots.stimulus.shown_files import ShownFile
from tribe_np.plots.stimulus.shown_words import ShownWord


def said(text: str, step: float = 0.5) -> list[ShownWord]:
    """A word every half second, of 0.4 s."""
    return [ShownWord(word, k * step, 0.4) for k, word in enumerate(text.split())]


def test_captions_end_with_sentences_pauses_and_full_boxes() -> None:
    found = caption_lines(said("One two. Three four five six"), len, box_width=10, n_lines=1)
    assert [caption.lines for caption in found] == [(("One", "two."),), (("Three", "four"),), (("five", "six"),)]
    words = [ShownWord("a", 0.0, 0.4), ShownWord("b", 5.0, 0.4)]
    first, second = caption_lines(words, len, box_width=10, n_lines=2)
    assert (first.start, first.stop) == (0.0, 1.4)
    assert (second.start, second.stop) == (5.0, 6.4)
    assert caption_at([first, second], 3.0) is None
    assert caption_at([first, second], 5.2) is second
    assert caption_at([], 0.0) is None


def test_words_of_two_trials_share_no_caption() -> None:
    """Words that are shown one by one end in no full stop."""
    words = [ShownWord(text, start, 0.5, sentence) for text, start, sentence in (
        ("a", 0.0, "A dog"), ("dog", 0.5, "A dog"), ("two", 1.5, "Two cats"), ("cats", 2.0, "Two cats"))]  # fmt: skip
    assert [caption.lines for caption in caption_lines(words, len, box_width=99, n_lines=2)] == [
        (("a", "dog"),), (("two", "cats"),)]  # fmt: skip


def test_the_word_that_is_heard() -> None:
    (caption,) = caption_lines(said("one two three"), len, box_width=99, n_lines=1)
    assert [caption.word_at(t) for t in (-0.1, 0.0, 0.45, 0.5, 1.2, 1.45)] == [-1, 0, 0, 1, 2, -1]


def test_a_word_that_is_wider_than_the_box_is_cut() -> None:
    (caption,) = caption_lines([ShownWord("abcdefghij", 0.0, 1.0)], len, box_width=4, n_lines=3)
    assert caption.lines == (("abcd",), ("efgh",), ("ij",))
    assert pieces_of("wide", lambda text: 10.0 * len(text), 5) == list("wide")
    assert wrapped_caption([], len, 4) == []


@pytest.mark.parametrize("size", [(1280, 720), (480, 270), (640, 640), (1920, 800)])
@pytest.mark.parametrize(
    "content",
    [
        FilmContent(), FilmContent(has_words=False), FilmContent(has_picture=False),
        FilmContent(has_picture=False, has_words=False), FilmContent(n_maps=2), FilmContent(n_views=7),
        FilmContent(picture_aspect=0.5625), FilmContent(n_views=1, n_maps=2),
    ],
)  # fmt: skip
def test_nothing_on_a_film_lies_on_anything_else(size: tuple[int, int], content: FilmContent) -> None:
    layout = film_layout(size, content)
    taken = np.zeros(size[::-1], int)
    for box in all_boxes(layout):
        assert box.x >= 0
        assert box.y >= 0
        assert box.x + box.width <= size[0]
        assert box.y + box.height <= size[1]
        taken[box.window] += 1
    assert taken.max() == 1
    assert (not layout.picture.is_empty) == content.has_picture
    assert (not layout.words.is_empty) == content.has_words
    assert [len(tiles) for tiles in layout.tiles] == [content.n_views] * content.n_maps


def all_boxes(layout: FilmLayout) -> list[Box]:
    """Every box of a layout."""
    alone = [layout.title, layout.clock, layout.picture, layout.words, layout.shown, layout.colour_bar, layout.strip]
    return [*alone, *layout.labels, *(tile for tiles in layout.tiles for tile in tiles)]


def test_a_span_lies_within_the_film() -> None:
    whole = Span(0.0, 30.0)
    assert chosen_span(whole, None, None) == whole
    assert chosen_span(whole, 5.0, 12.0) == Span(5.0, 12.0)
    cut = chosen_span(whole, -3.0, 99.0)
    assert (cut.start, cut.stop) == (0.0, 30.0)
    assert cut.warnings == ("the film goes from 0 to 30 s: from 0 to 30 s is made",)
    with pytest.raises(ConfigError, match=r"^--start 30 s: the film goes from 0 to 30 s$"):
        chosen_span(whole, 30.0, None)
    with pytest.raises(ConfigError, match=r"^--stop 0 s: the film goes from 0 to 30 s$"):
        chosen_span(whole, None, 0.0)


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [(0.0, 1, "0:00.0"), (59.96, 1, "0:59.9"), (61.0, 0, "1:01"), (3600.0, 1, "1:00:00.0"), (-0.04, 1, "0:00.0")],
)
def test_the_clock(seconds: float, digits: int, text: str) -> None:
    assert clock_face(seconds, digits=digits) == text


def test_ticks_are_round() -> None:
    assert Axis(-0.3, 35.3, 0, 1000).ticks()[:3] == [0.0, 5.0, 10.0]
    assert Axis(7.0, 9.0, 0, 1000).step == 0.2


@pytest.mark.parametrize("width", [300, 400, 700, 1140])
def test_ticks_have_room(width: int) -> None:
    for length in (0.4, 1.0, 6.0, 35.0, 90.0):
        axis = Axis(0.0, length, 0, width, 60)
        assert min(np.diff([axis.x(tick) for tick in axis.ticks()]), default=60) >= 59


@pytest.mark.parametrize(
    ("moments", "said"),
    [
        ([0.0, 0.5, 1.0], "linear interpolation between rows 1 s apart"),
        ([0.5, 1.5], "linear interpolation between rows 1 s apart"),
        ([0.0, 1.0, 2.0], "every 1 s"), ([0.0, 2.0], "every 2 s"), ([1.0], "every 1 s"), ([5.0, 5.5], "every 1 s"),
    ],
)  # fmt: skip
def test_a_film_says_what_lies_between_rows(moments: list[float], said: str) -> None:
    clock = RowClock(np.arange(6) - 1e-6)
    texts = film_texts(film_maps(np.zeros((6, 20484))), clock, RunStimulus("none"), title=None, moments=moments)
    assert texts.shown[1] == said


@pytest.mark.parametrize(
    ("starts", "said"),
    [
        (range(6), []), (range(7), []), (range(5), []),
        (range(3), ["the rows end at 3 s, the stimulus at 6 s: the cortex is shown bare from then on"]),
        (range(3, 6), ["the rows begin at 3 s, the stimulus at 0 s: the cortex is shown bare until then"]),
        (range(9), ["the stimulus ends at 6 s, the rows at 9 s: the cortex is shown alone from then on"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("align", ["stimulus", "bold"])
def test_rows_of_another_length_than_the_stimulus_are_said(starts: range, said: list[str], align: str) -> None:
    clock = RowClock(np.array(starts, float) - 1e-6, hemodynamic_offset=5.0, align=align)
    heard = RunStimulus("audio", duration=6.0, heard=(ShownFile("sound", Path("a.wav"), 0.0, 6.0),))
    maps = film_maps(np.arange(len(starts) * 20484.0).reshape(len(starts), -1))
    assert film_warnings(maps, clock, heard, is_silent=False) == said


def test_a_line_leads_from_corner_to_corner() -> None:
    cover = line_cover(100, 20, 2.0)
    assert cover.shape == (20, 101)
    assert cover[0, :3].max() > 0.5
    assert cover[19, 97:100].max() > 0.5
    assert cover[0, 50] == cover[19, 50] == 0
    assert line_cover(0, 20, 3.0)[:, 0].min() > 0.5


def test_notes_for_people_who_watch_name_no_folder() -> None:
    note = "/home/me/my/a.mp4 is not there any more: its pictures are left out (--stimulus FILE names another place)"
    assert without_folders(note) == "a.mp4 is not there any more: its pictures are left out"


def test_rows_of_a_file_are_read_apart(tmp_path: Any) -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    np.save(tmp_path / "a.npy", values)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    for held in (values, mapped, np.asarray(mapped), np.asfortranarray(values)):
        assert rows_read(held, np.array([2, 0])).tolist() == values[[2, 0]].tolist()
    for part in (mapped[1:], np.asarray(mapped)[1:], np.asarray(mapped[1:]), mapped[1:, :2], mapped[::-1][:3]):
        assert rows_read(part, np.array([2, 0])).tolist() == np.array(part)[[2, 0]].tolist()


def test_what_was_read_of_a_file_is_let_go(tmp_path: Any) -> None:
    """Of an array of a file, of a plain view of it, and of a part: no page stays mapped."""
    np.save(tmp_path / "a.npy", np.zeros((4000, 1000), np.float32))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    before = mapped_kilobytes()
    for held in (mapped, np.asarray(mapped), mapped[1:]):
        for row in range(0, 3999, 100):
            rows_read(held, np.arange(row, min(row + 100, 3999)))
    assert mapped_kilobytes() - before < 2000, "the file has 16000"


def mapped_kilobytes() -> int:
    """Of files, in the memory of this process."""
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("this system does not tell what a process has mapped")
    return int(status.read_text().split("RssFile:")[1].split()[0])
