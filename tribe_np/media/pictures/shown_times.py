"""Which picture of an animated file is on screen when: by its number, or by time where delays differ.

One whose pictures come at a constant rate is counted as a film of that rate is, oddities of its end included: its
features are those of the film of the same pictures. It begins anew as often as its seconds ask for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tribe_np.media.film.timed_frames import AT_ONCE
from tribe_np.media.film.video import clip_times, frame_indices, still_indices, still_times
from tribe_np.timeline.features import to_index

MOST_DRIFT = 0.25  # pictures by which a printed rate may be off after the longest chunk
LONGEST = 90.0  # seconds of a chunk


@dataclass(frozen=True)
class ShownTimes:
    """The pictures of an animated file, shown from second 0 on for `seconds` in all; without delays, of a still.

    Units    seconds
    """

    delays: tuple[float, ...]
    seconds: float

    @property
    def rate(self) -> float | None:
        """Pictures a second, to two decimals as ffmpeg prints them; None where they come at no constant rate."""
        if not self.delays or max(self.delays) - min(self.delays) > 1e-6:
            return None
        exact = len(self.delays) / sum(self.delays)
        printed = round(exact, 2)
        return printed if abs(exact - printed) * min(self.seconds, LONGEST) <= MOST_DRIFT else None

    @property
    def starts(self) -> np.ndarray:
        """When each picture comes up, as often as it does, (n,) ascending; the first at 0."""
        n_rounds = max(1, int(np.ceil(self.seconds / sum(self.delays))))
        times = np.concatenate([[0.0], np.cumsum(np.tile(self.delays, n_rounds))[:-1]])
        return times[: max(1, int(np.searchsorted(times, self.seconds - AT_ONCE)))]

    def clips(
        self, offset: float, duration: float, *, n_video_frames: int, clip_duration: float, frequency: float
    ) -> np.ndarray:
        """The pictures of each clip of a chunk by number.

        Shapes   -> (n, n_video_frames) int64, a row per bin, oldest first
        Units    seconds from the picture's second 0, Hz
        """
        n_bins = to_index((offset + duration) - offset, frequency)
        if not self.delays:
            return np.zeros((n_bins, n_video_frames), np.int64)
        settings = {"n_video_frames": n_video_frames, "clip_duration": clip_duration, "frequency": frequency}
        if self.rate is not None:
            shown = frame_indices(self.rate, self._n_shown, offset, duration, **settings)  # type: ignore[arg-type]
            return np.asarray(shown % len(self.delays))
        times = clip_times((offset + duration) - offset, **settings) + offset  # type: ignore[arg-type]
        return self._on_screen(times)

    def stills(self, offset: float, duration: float, *, frequency: float) -> np.ndarray:
        """The picture of each bin of a chunk by number, for a model of single pictures. Shapes   -> (n,) int64."""
        times = still_times((offset + duration) - offset, frequency=frequency) + offset
        if not self.delays:
            return np.zeros(len(times), np.int64)
        if self.rate is not None:
            shown = np.minimum(still_indices(self.rate, offset, duration, frequency=frequency), self._n_shown - 1)
            return np.asarray(shown % len(self.delays))
        return self._on_screen(times)

    def seen(self, moments: Sequence[float]) -> np.ndarray:
        """The picture on screen at each moment by number, as a person sees it.

        Shapes   moments (n,) seconds since it appeared -> (n,) int64

        >>> ShownTimes((0.1, 0.2), 1.0).seen((0.0, 0.15, 0.31)).tolist()
        [0, 1, 0]
        """
        return self._on_screen(np.array(moments)) if self.delays else np.zeros(len(moments), np.int64)

    @property
    def _n_shown(self) -> int:
        """Pictures of the film that would show the same."""
        assert self.rate is not None
        return max(1, int(np.ceil(round(self.seconds * self.rate, 3))))

    def _on_screen(self, times: np.ndarray) -> np.ndarray:
        numbers = np.searchsorted(self.starts, times + AT_ONCE, side="right") - 1
        return np.asarray(np.maximum(numbers, 0) % len(self.delays))
