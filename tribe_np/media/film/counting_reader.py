"""moviepy's reader with its seeks, for films whose pictures are not evenly spaced, where it shows the wrong ones.

Only `compat="upstream"` reads so. For a constant rate `video.FrameReader` says the same without a file.
"""

from collections.abc import Callable, Generator

import numpy as np

from tribe_np.errors import MediaError

JUMP = 100
"""Frames ahead that moviepy reads through; further, or backwards, it seeks."""


class CountingReader:
    """Frames by their numbers; `open_at` reads a file from a number on. To be closed when done.

    Source   moviepy 2.2.1 FFMPEG_VideoReader.get_frame, read_frame, skip_frames, initialize
    """

    def __init__(self, open_at: Callable[[int], Generator[np.ndarray, None, None]]) -> None:
        self.open_at = open_at
        self.frames = open_at(0)
        self.next_number = 0
        self.last_frame: np.ndarray | None = None
        self._read()

    def frame(self, number: int) -> np.ndarray:
        """The frame that is shown when `number` is asked for.

        Raises   MediaError when no frame can be decoded
        """
        if number + 1 != self.next_number:
            if not self.next_number <= number < self.next_number + JUMP:
                self.close()
                self.frames, self.next_number = self.open_at(number), number
            while self.next_number < number:  # what is passed is never shown
                next(self.frames, None)
                self.next_number += 1
            self._read()
        if self.last_frame is None:
            raise MediaError("no frame can be decoded; the file is damaged or cut short")
        return self.last_frame

    def close(self) -> None:
        """Ends ffmpeg."""
        self.frames.close()

    def _read(self) -> None:
        self.last_frame = next(self.frames, self.last_frame)
        self.next_number += 1
