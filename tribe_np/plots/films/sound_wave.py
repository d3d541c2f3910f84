"""The sound of a stimulus that has no pictures, as a wave that runs past the moment that is heard."""

from collections import OrderedDict

import numpy as np

from tribe_np.plots.films.film_layout import Box
from tribe_np.plots.films.film_text import ACCENT, DIM, PANEL, Colour
from tribe_np.plots.stimulus.run_stimulus import RunStimulus

WINDOW = 8.0  # seconds from the left edge to the right one
STRETCH = 32.0  # seconds that are read at once
KEPT = 2
HEARD: Colour = (214, 220, 230)


class SoundWave:
    """Draws the sound around a moment, which is in the middle."""

    def __init__(self, box: Box, stimulus: RunStimulus, loudest: float) -> None:
        self.box, self.stimulus, self.loudest = box, stimulus, loudest
        self.rate = box.width / WINDOW  # columns a second
        self.n_columns = max(1, round(STRETCH * self.rate))
        self._stretches: OrderedDict[int, np.ndarray] = OrderedDict()

    def draw(self, film_frame: np.ndarray, seconds: float) -> None:
        """Paints the wave at a moment into (height, width, 3) uint8."""
        width, height = self.box.width, self.box.height
        panel = film_frame[self.box.window]
        panel[:] = PANEL
        first = round(seconds * self.rate) - width // 2
        loud = self._columns(first, width)
        reach = np.maximum(loud / self.loudest * height * 0.45, 0.8)
        is_inside = np.abs(np.arange(height)[:, None] + 0.5 - height / 2) <= reach[None, :]
        middle = width // 2
        panel[:, :middle][is_inside[:, :middle]] = HEARD
        panel[:, middle:][is_inside[:, middle:]] = DIM
        wide = max(2, width // 240)
        panel[:, middle - wide // 2 : middle - wide // 2 + wide] = ACCENT

    def _columns(self, first: int, n: int) -> np.ndarray:
        """How loud it is at n columns, counted from second 0, 0 to 1."""
        numbers = range(first // self.n_columns, (first + n - 1) // self.n_columns + 1)
        together = np.concatenate([self._stretch(number) for number in numbers])
        begin = first - numbers[0] * self.n_columns
        return np.asarray(together[begin : begin + n])

    def _stretch(self, number: int) -> np.ndarray:
        if number not in self._stretches:
            start = number * self.n_columns / self.rate
            self._stretches[number] = self.stimulus.sound_envelope(
                start, start + self.n_columns / self.rate, self.n_columns
            )
            while len(self._stretches) > KEPT:
                self._stretches.popitem(last=False)
        return self._stretches[number]
