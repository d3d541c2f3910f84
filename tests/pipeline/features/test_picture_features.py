"""Features of pictures: those of a lossless film of the same video frames, to the bit; one clip for a still."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from extractors.catalogue import record_of
from extractors.common.layer_groups import LayerSelection
from extractors.dinov2.random import write_random
from tests.media.pictures.picture_samples import CODECS, noise, write_animated, write_film, write_picture
from tribe_np.media.pictures.screens import Screen
from tribe_np.pipeline.config import ExtractorConfig
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.film import Film
from tribe_np.pipeline.features.modality import Modality, event_key
from tribe_np.pipeline.features.source import READERS
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.picture_rows import PictureShow, picture_events, screen_event
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.digest import file_digest
from tribe_np.runtime import Runtime
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events

pytestmark = pytest.mark.extras
Make = Callable[..., Modality]
BOTH = pytest.mark.parametrize("modality", ["video", "image"])


@pytest.fixture(scope="module")
def make(demo: DemoPaths, tmp_path_factory: pytest.TempPathFactory) -> Make:
    dino = write_random(tmp_path_factory.mktemp("dino"), seed=3)

    def part(modality: str, cache: Path | None = None, **options: Any) -> Modality:
        about = record_of(modality)
        values: dict[str, Any] = {
            "model_name": "", "selection": LayerSelection((0.0, 0.5, 1.0)), "frequency": 2.0, "aggregation": "sum",
            "batch_size": 4, "n_video_frames": 64, "allow_missing": False,
        }  # fmt: skip
        config = ExtractorConfig(modality=modality, clip_duration=4.0 if modality == "video" else 0.0, **values)
        folder = demo.models / "video" if modality == "video" else dino
        return READERS[about.reads](
            about, config, folder, PipelineConfig(**options), Runtime("float32"), FeatureCache(cache), RunRecord(),
            Silent(), lambda path: "model" if Path(path).is_dir() else file_digest(path),
        )  # fmt: skip

    return part


def features(part: Modality, *rows: Event) -> np.ndarray:
    """Of rows that follow each other, (G, F, T)."""
    table = Events(rows)
    found: dict[Any, Any] = {}
    for piece in part.pieces(table):
        found |= part.by_event(piece, part.make(piece))
    return np.concatenate([found[event_key(row)].grid().data for row in rows], axis=-1)


def film_row(path: Path, duration: float, rate: float) -> Event:
    return Event("Video", 0.0, duration, filepath=str(path), frequency=rate)


def one_frame(path: Path, show: PictureShow) -> np.ndarray:
    (video_frame,) = Screen.of_row(picture_events(path, show)[0]).video_frames()
    return video_frame


@BOTH
@pytest.mark.parametrize("codec", CODECS)
def test_a_still_is_a_lossless_film_of_it(make: Make, tmp_path: Path, modality: str, codec: str) -> None:
    path = write_picture(tmp_path / "a.png", noise(1, 70, 44)[0])
    show = PictureShow(3.0)
    shown = [one_frame(path, show)] * 75
    film = write_film(tmp_path / ("film.mov" if codec == "png" else "film.mkv"), shown, 25, codec=codec)
    found = features(make(modality), *picture_events(path, show))
    expected = features(make(modality), film_row(film, 3.0, 25.0))
    assert found.shape == expected.shape
    assert found.shape[-1] == 6
    assert found.tobytes() == expected.tobytes()
    assert not np.array_equal(found, features(make(modality), screen_event(3.0)))


@BOTH
@pytest.mark.parametrize("show", [PictureShow(2.0, "none"), PictureShow(2.0, "white", Path("b.png"))], ids=str)
def test_so_is_one_without_a_ground_and_one_beside_another(
    make: Make, tmp_path: Path, modality: str, show: PictureShow
) -> None:
    path = write_picture(tmp_path / "a.png", noise(1, 48, 90)[0])
    beside = None if show.beside is None else write_picture(tmp_path / show.beside, noise(1, 66, 40, seed=1)[0])
    show = replace(show, beside=beside)
    film = write_film(tmp_path / "film.mkv", [one_frame(path, show)] * 50, 25)
    expected = features(make(modality), film_row(film, 2.0, 25.0))
    assert features(make(modality), *picture_events(path, show)).tobytes() == expected.tobytes()


@BOTH
@pytest.mark.parametrize("colour", ["grey", "white", "black"])
def test_a_blank_screen_is_a_film_of_one_colour(make: Make, tmp_path: Path, modality: str, colour: str) -> None:
    row = screen_event(2.0, colour)
    (shown,) = Screen.of_row(row).video_frames()
    film = write_film(tmp_path / "film.mkv", [shown] * 50, 25)
    expected = features(make(modality), film_row(film, 2.0, 25.0))
    assert features(make(modality), row).tobytes() == expected.tobytes()


@BOTH
@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
@pytest.mark.parametrize("seconds", [None, 5.0, 1.0])
def test_an_animated_picture_is_the_film_of_its_pictures(
    make: Make, tmp_path: Path, modality: str, suffix: str, seconds: float | None
) -> None:
    path = write_animated(tmp_path / f"a{suffix}", noise(16, 60, 48), [100] * 16)
    show = PictureShow(seconds)
    (row,) = picture_events(path, show)
    frames = list(Screen.of_row(row).video_frames())
    n_frames = round(10 * (seconds or 1.6))
    film = write_film(tmp_path / "film.mkv", [frames[k % 16] for k in range(n_frames)], 10)
    expected = features(make(modality), film_row(film, n_frames / 10, 10.0))
    assert row.frequency == 10.0
    assert features(make(modality), row).tobytes() == expected.tobytes()
    assert expected.std(axis=-1).max() > 0


@BOTH
def test_delays_that_differ_are_shown_by_their_times(make: Make, tmp_path: Path, modality: str) -> None:
    delays = [200, 700, 100, 400, 600]
    path = write_animated(tmp_path / "a.png", noise(5, 60, 48), delays)
    (row,) = picture_events(path, PictureShow(4.0))
    frames = list(Screen.of_row(row).video_frames())
    # as long as the last lasts, ffmpeg's film ends: one more picture of the same is put at its end
    starts = np.cumsum([0, *delays, *delays[:-1]])
    shown = [frames[k % 5] for k in range(10)]
    held = [(ms, k) for k, ms in enumerate(starts) if ms < 4000]
    times = "+".join(f"eq(N,{n})*{ms / 1000}" for n, (ms, _) in enumerate([*held, (3990, held[-1][1])]))
    pictures = [shown[k] for _, k in held] + [shown[held[-1][1]]]
    film = write_film(tmp_path / "film.mkv", pictures, 100, times=f"({times})/TB")
    expected = features(make(modality), film_row(film, 4.0, 25.0))
    assert features(make(modality), row).tobytes() == expected.tobytes()


@BOTH
def test_chunks_of_an_animated_picture_know_where_the_whole_ends(make: Make, tmp_path: Path, modality: str) -> None:
    path = write_animated(tmp_path / "a.gif", noise(7, 32, 32), [500] * 7)
    (row,) = picture_events(path, PictureShow(95.0))
    chunks = chunk_events(Events([row]), "Video")
    frames = list(Screen.of_row(row).video_frames())
    film = write_film(tmp_path / "film.mkv", [frames[k % 7] for k in range(190)], 2)
    films = chunk_events(Events([film_row(film, 95.0, 2.0)]), "Video")
    assert [c.duration for c in chunks] == [c.duration for c in films] == [60.0, 35.0]
    assert features(make(modality), *chunks).tobytes() == features(make(modality), *films).tobytes()


@BOTH
def test_a_still_of_any_length_is_one_entry(make: Make, tmp_path: Path, modality: str) -> None:
    part = make(modality, tmp_path / "cache")
    path = write_picture(tmp_path / "a.png", noise(1, 40, 40)[0])
    rows = [picture_events(path, PictureShow(seconds))[0] for seconds in (2.0, 0.5, 150.0)]
    chunks = list(chunk_events(Events([rows[2]]), "Video"))
    assert len(chunks) == 3
    keys = {part.key(piece) for piece in part.pieces(Events([*rows[:2], *chunks]))}
    assert len(keys) == 1
    assert part.workload(Events([*rows[:2], *chunks])).n_clips == 1
    found = features(part, *chunks)
    assert found.shape[-1] == 300
    assert len(list((tmp_path / "cache").rglob("*.safetensors"))) == 1
    assert found[..., :4].tobytes() == features(part, rows[0]).tobytes() == features(make(modality), rows[0]).tobytes()


def test_grounds_and_neighbours_tell_pictures_apart(make: Make, tmp_path: Path) -> None:
    part = make("video")
    one, two = (write_picture(tmp_path / f"{n}.png", noise(1, 40, 40, seed=n)[0]) for n in (1, 2))
    shows = [PictureShow(), PictureShow(background="white"), PictureShow(background="none"), PictureShow(beside=two)]
    rows = [picture_events(one, show)[0] for show in shows]
    assert len({event_key(row) for row in rows}) == 4
    assert len({part.key(piece) for piece in part.pieces(Events(rows))}) == 4
    again = write_picture(tmp_path / "again.webp", noise(1, 40, 40, seed=1)[0])
    same = picture_events(again, PictureShow())[0]
    keys = [part.key(piece) for piece in part.pieces(Events([rows[0], same]))]
    assert keys[0] == keys[1], "the pixels decide, not the file"


def test_a_table_alone_gives_the_same(make: Make, tmp_path: Path) -> None:
    path = write_animated(tmp_path / "a.gif", noise(5, 32, 40), [200] * 5)
    other = write_picture(tmp_path / "b.png", noise(1, 50, 40)[0])
    rows = picture_events(path, PictureShow(3.0, "black", other))
    Events(rows).to_tsv(tmp_path / "events.tsv")
    read = Events.from_tsv(tmp_path / "events.tsv")
    assert features(make("video"), *read).tobytes() == features(make("video"), *rows).tobytes()


def test_equal_clips_are_run_once_and_a_stride_leaves_stills_exact(make: Make, tmp_path: Path) -> None:
    part = make("video", video_stride=4)
    assert isinstance(part, Film)
    still = picture_events(write_picture(tmp_path / "a.png", noise(1, 40, 40)[0]), PictureShow(20.0))
    assert part.cautions(Events(still)) == []
    assert features(part, *still).tobytes() == features(make("video"), *still).tobytes()
    moving = picture_events(write_animated(tmp_path / "a.gif", noise(5, 32, 40), [500] * 5), PictureShow(20.0))
    assert any("every 4th bin" in caution for caution in part.cautions(Events(moving)))
    assert features(part, *moving).shape[-1] == 40
