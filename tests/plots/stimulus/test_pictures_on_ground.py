"""Pictures and blank screens of a run, as the models saw them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.media.pictures.picture_samples import noise, write_animated, write_picture
from tribe_np.media.pictures.screens import Screen
from tribe_np.pipeline.stimuli.picture_rows import PictureShow, picture_events, screen_event
from tribe_np.plots.stimulus.file_finding import FileFinder
from tribe_np.plots.stimulus.run_stimulus import stimulus_of_events
from tribe_np.plots.stimulus.stimulus_parts import StimulusParts
from tribe_np.timeline.events import Events

pytestmark = pytest.mark.extras


def test_screens_stills_and_animated_ones_follow_each_other(tmp_path: Path) -> None:
    still = picture_events(write_picture(tmp_path / "a.png", noise(1, 40, 40)[0]), PictureShow(background="white"))[0]
    moving = picture_events(write_animated(tmp_path / "a.gif", noise(2, 40, 40), [500, 500]), PictureShow(2.0))[0]
    rows = [screen_event(1.0, "black"), replace(still, start=1.0), replace(moving, start=3.0)]
    shown = stimulus_of_events(Events(rows), StimulusParts(FileFinder((), {})), "default")
    assert (shown.kind, shown.note, shown.stop) == ("picture", "", 5.0)
    at = list(shown.pictures_at([0.5, 1.5, 3.1, 3.6, 4.2], 46, 46))
    assert not at[0].any()
    (expected,) = Screen.of_row(still).video_frames()
    assert expected.shape == at[1].shape
    assert (at[1] == expected).all()
    frames = list(Screen.of_row(moving).video_frames())
    assert [next(k for k, f in enumerate(frames) if np.array_equal(f, p)) for p in at[2:]] == [0, 1, 0]


def test_a_neighbour_that_is_gone_is_said(tmp_path: Path) -> None:
    paths = [write_picture(tmp_path / f"{n}.png", noise(1, 40, 40)[0]) for n in (1, 2)]
    rows = picture_events(paths[0], PictureShow(beside=paths[1]))
    paths[1].unlink()
    shown = stimulus_of_events(Events(rows), StimulusParts(FileFinder((), {})), "default")
    assert not shown.has_pictures
    assert "2.png is not there any more, which was shown beside 1.png" in shown.note
