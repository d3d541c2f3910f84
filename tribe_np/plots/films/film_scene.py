"""Everything on a film at any moment: one picture in memory, of which only what changes is painted anew."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tribe_np.plots.films.caption_lines import CaptionLines, caption_at, caption_lines
from tribe_np.plots.films.colour_strip import draw_colour_bar
from tribe_np.plots.films.film_brain import FilmBrain
from tribe_np.plots.films.film_fonts import drawable
from tribe_np.plots.films.film_layout import Box, FilmLayout
from tribe_np.plots.films.film_maps import FilmMap
from tribe_np.plots.films.film_text import BOLD_COLOUR, BRIGHT, DIM, NIGHT, PANEL, WARNING, TextPainter, TextStyle
from tribe_np.plots.films.sound_wave import SoundWave
from tribe_np.plots.films.time_strip import TimeStrip, clock_face
from tribe_np.plots.stimulus.row_clock import RowClock
from tribe_np.plots.stimulus.run_stimulus import RunStimulus

LOUDNESS_PARTS = 2000  # of the whole sound, to find its loudest


@dataclass(frozen=True)
class FilmTexts:
    """What is written on a film; `warning` is what a viewer must not miss."""

    title: str
    subtitle: str
    warning: str
    shown: tuple[str, str]  # what the brain shows, where a row is shown
    unit: str
    lane: str  # of the time line, in a word


class FilmScene:
    """Paints film frames into one array, which is used again for the next."""

    def __init__(
        self, layout: FilmLayout, texts: FilmTexts, *, maps: Sequence[FilmMap], brain: FilmBrain, painter: TextPainter,
        clock: RowClock, stimulus: RunStimulus, start: float, stop: float,
    ) -> None:  # fmt: skip
        self.layout, self.texts, self.maps, self.brain, self.painter = layout, texts, maps, brain, painter
        self.clock, self.stimulus, self.stop = clock, stimulus, stop
        loudest = max(float(stimulus.sound_envelope(start, stop, LOUDNESS_PARTS).max(initial=0.0)), 1e-3)
        self.strip = TimeStrip(
            layout.strip, layout.scale, self.painter, clock=clock, stimulus=stimulus, start=start, stop=stop,
            loudest=loudest, lane=texts.lane,
        )  # fmt: skip
        self.has_picture = stimulus.has_pictures and not layout.picture.is_empty
        has_wave = stimulus.has_sound and not self.has_picture and not layout.picture.is_empty
        self.wave = SoundWave(layout.picture, stimulus, loudest) if has_wave else None
        self.caption_style, self.captions = self._captions()
        width, height = layout.size
        self.film_frame = np.empty((height, width, 3), np.uint8)
        self.film_frame[:] = NIGHT
        self._painted: dict[str, object] = {}
        self._paint_still()

    def at(self, seconds: float, picture: np.ndarray | None) -> np.ndarray:
        """The film frame of a moment, (height, width, 3) uint8: valid until the next call.

        `picture` is that of the stimulus in the size of its box, where it has any.
        """
        found = self.clock.rows_at(seconds)
        for number, shown_map in enumerate(self.maps):
            self.brain.draw(self.film_frame, number, None if found is None else shown_map.at(found))
        if self.has_picture:
            self._paint_picture(seconds, picture)
        if self.wave is not None:
            self.wave.draw(self.film_frame, seconds)
        self._paint_words(seconds)
        self._paint_shown(found is not None)
        self._paint_clock(seconds)
        self.strip.draw(self.film_frame, seconds)
        return self.film_frame

    # -- what moves ----------------------------------------------------------------------------------------------

    def _paint_picture(self, seconds: float, picture: np.ndarray | None) -> None:
        box = self.layout.picture
        if picture is not None and self.stimulus.shows_picture(seconds):
            self.film_frame[box.window] = picture
            return
        when = "the stimulus has ended" if seconds >= self.stimulus.stop - 1e-6 else "nothing is on screen"
        style = TextStyle(self.layout.text_size(20), DIM, across=0.5, background=PANEL)
        self.film_frame[box.window] = self.painter.line(when, (box.width, box.height), style)

    def _paint_words(self, seconds: float) -> None:
        box = self.layout.words
        if box.is_empty:
            return
        caption = caption_at(self.captions, seconds)
        spoken = -1 if caption is None else caption.word_at(seconds)
        if not self._is_new("words", (caption, spoken)):
            return
        if caption is None:
            self.film_frame[box.window] = NIGHT
        else:
            size = (box.width, box.height)
            self.film_frame[box.window] = self.painter.caption(caption, spoken, size, self.caption_style)

    def _paint_shown(self, is_predicted: bool) -> None:
        if not self._is_new("shown", is_predicted):
            return
        box, size = self.layout.shown, self.layout.text_size
        texts = self.texts.shown if is_predicted else ("Nothing is predicted for this moment", "")
        styles = [
            TextStyle(size(21), BOLD_COLOUR if is_predicted else WARNING, bold=True, across=0.5),
            TextStyle(size(15), DIM, across=0.5),
        ]
        self.film_frame[box.window] = self.painter.lines(texts, (box.width, box.height), styles)

    def _paint_clock(self, seconds: float) -> None:
        text = clock_face(seconds)
        if not self._is_new("clock", text):
            return
        box, size = self.layout.clock, self.layout.text_size(28)
        end, small = f"/ {clock_face(self.stop, digits=0)}", self.layout.text_size(18)
        end_width = self.painter.fonts.width(end, small) + 2
        now = Box(box.x, box.y, box.width - end_width - self.layout.px(9), box.height)
        self.film_frame[now.window] = self.painter.line(
            text, (now.width, now.height), TextStyle(size, BRIGHT, bold=True, across=1.0)
        )
        rest = Box(box.x + box.width - end_width, box.y, end_width, box.height)
        self.film_frame[rest.window] = self.painter.line(end, (rest.width, rest.height), TextStyle(small, DIM))

    def _is_new(self, part: str, state: object) -> bool:
        if part in self._painted and self._painted[part] == state:
            return False
        self._painted[part] = state
        return True

    # -- what stays ----------------------------------------------------------------------------------------------

    def _captions(self) -> tuple[TextStyle, list[CaptionLines]]:
        """Words in lines of a size that the box holds."""
        box, layout = self.layout.words, self.layout
        is_alone = layout.picture.is_empty
        size = max(layout.text_size(38 if is_alone else 27), layout.px(17))
        style = TextStyle(size, BRIGHT, across=0.5 if is_alone else 0.0, down=0.5 if is_alone else 0.25)
        if box.is_empty:
            return style, []
        words = [replace(w, text=text) for w in self.stimulus.words if (text := drawable(w.text))]
        n_lines = max(1, min(6 if is_alone else 4, int(box.height / (1.42 * size))))
        return style, caption_lines(
            words, lambda text: self.painter.fonts.width(text, size), box_width=box.width, n_lines=n_lines
        )

    def _paint_still(self) -> None:
        layout, size = self.layout, self.layout.text_size
        box = layout.title
        below = self.texts.warning or self.texts.subtitle
        rows = [(self.texts.title, TextStyle(size(24), BRIGHT, bold=True))]
        if below:
            rows.append((below, TextStyle(size(15), WARNING if self.texts.warning else DIM)))
        titles, styles = zip(*rows, strict=True)
        self.film_frame[box.window] = self.painter.lines(titles, (box.width, box.height), styles)
        for label, each in zip(layout.labels, self.maps, strict=bool(layout.labels)):
            style = TextStyle(size(19), BRIGHT, bold=True, across=0.5)
            self.film_frame[label.window] = self.painter.line(each.label, (label.width, label.height), style)
        draw_colour_bar(
            self.film_frame, layout.colour_bar, self.brain.scale, self.painter, size=size(16),
            unit=self.texts.unit,
        )  # fmt: skip
