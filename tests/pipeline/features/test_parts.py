"""Entries made of parts, cut anyhow and made in any order, are a serial run's to the bit."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from extractors.catalogue import record_of
from extractors.llama import extract
from tests.media.film.video_samples import make_video
from tests.media.pictures.picture_samples import noise, write_animated, write_picture
from tribe_np.errors import ConfigError, NotFiniteError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.pipeline.features.source import FeatureSource
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.progress import Silent
from tribe_np.pipeline.stimuli.picture_rows import PictureShow, picture_events
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.entry_parts import Part
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras
Make = Callable[..., tuple[Modality, Piece]]
RANGES = st.tuples(st.integers(0, 14), st.integers(1, 15)).map(sorted).filter(lambda ends: ends[0] < ends[1])
SAID = "the man was in the house and he said that it was late so they went to the market"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its pictures end before its sound, in the last clips of the chunk."""
    return make_video(tmp_path_factory.mktemp("film") / "a.mp4", n_frames=170, sound=8.0)


@pytest.fixture(scope="module")
def source(demo: DemoPaths) -> FeatureSource:
    model = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    return model.feature_source(Silent())


def part_of(source: FeatureSource, modality: str, cache: Path | None, **options: Any) -> Modality:
    return replace(source, options=replace(source.options, **options), cache=FeatureCache(cache)).of(modality)


def chunk(film: Path) -> Event:
    return Event("Video", 0.0, 7.5, timeline="t", filepath=str(film), offset=0.5, frequency=25.0)


def words() -> list[Event]:
    said = SAID.split()
    return [
        Event("Word", float(i), 0.3, text=text, context=" ".join(said[max(0, i - 5) : i + 1]))
        for i, text in enumerate(said)
    ]


@contextmanager
def small_passes() -> Iterator[None]:
    """Words in several passes."""
    functions = (extract.word_features, extract.n_word_passes)
    before = [function.__kwdefaults__["max_nodes"] for function in functions]
    for function in functions:
        function.__kwdefaults__["max_nodes"] = 40
    yield
    for function, most in zip(functions, before, strict=True):
        function.__kwdefaults__["max_nodes"] = most


@pytest.fixture(scope="module", autouse=True)
def passes() -> Iterator[None]:
    with small_passes():
        yield


@pytest.fixture(params=["film", "film by twos", "still", "animated", "animated by twos", "words", "padded words"])
def case(request: pytest.FixtureRequest, film: Path, tmp_path: Path, source: FeatureSource) -> Make:
    """A modality with the only piece of a table, for a cache; and how many parts its entry has."""
    kind, _, stride = request.param.partition(" by ")
    options: dict[str, Any] = {"video_stride": 2 if stride else 1}
    if "words" in kind:
        table = words()
        options["compat"] = replace(source.options.compat, eos_is_padding=kind.startswith("padded"))
    elif kind == "film":
        table = [chunk(film)]
    elif kind == "still":
        table = picture_events(write_picture(tmp_path / "a.png", noise(1, 40, 40)[0]), PictureShow(3.0))
    else:
        path = write_animated(tmp_path / "a.gif", noise(6, 32, 40), [500] * 6)
        table = picture_events(path, PictureShow(9.0))
    modality = "text" if "words" in kind else "video"

    def make(cache: Path | None) -> tuple[Modality, Piece]:
        part = part_of(source, modality, cache, **options)
        (piece,) = part.pieces(Events(table))
        return part, piece

    return make


def stored(part: Modality, piece: Piece) -> bytes:
    made = part.make(piece)
    return (made if isinstance(made, np.ndarray) else made.read()).tobytes()


def n_run(part: Modality, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts what the model runs: clips, or passes."""
    count = [0]
    if part.config.modality == "text":
        name, module = "_pass_features", extract
    else:
        from extractors.vjepa2 import extract as module

        name = "clip_features"
    plain = getattr(module, name)

    def counted(*given: Any, **more: Any) -> Any:
        count[0] += 1
        return plain(*given, **more)

    monkeypatch.setattr(module, name, counted)
    return count


def test_ranges_made_apart_are_the_whole(case: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = stored(*case(None))
    assert stored(*case(tmp_path / "serial")) == whole
    part, piece = case(tmp_path / "cache")
    key, n_parts, count = part.key(piece), part.n_parts(piece), n_run(part, monkeypatch)
    middle = n_parts // 2
    for first, stop in [(middle, n_parts), (0, middle)] if middle else [(0, n_parts)]:
        assert not part.parts_done(key, first, stop)
        case(tmp_path / "cache")[0].make_parts(piece, key, first, stop)  # a process of its own
        assert part.parts_done(key, first, stop)
    assert part.parts_done(key, 0, n_parts)
    assert not part.is_done(piece)
    assert count == [n_parts]
    part.make_parts(piece, key, 0, n_parts)
    assert count == [n_parts], "what is there is not made again"
    assert stored(part, piece) == whole
    assert count == [n_parts]
    entry, serial = (next((tmp_path / name).rglob("*.safetensors")) for name in ("cache", "serial"))
    assert entry.read_bytes() == serial.read_bytes()
    assert not list(tmp_path.rglob("*.parts"))
    assert part.parts_done(key, 0, n_parts)
    part.make_parts(piece, key, 0, n_parts)
    assert count == [n_parts]


def test_what_is_missing_or_damaged_is_made_when_they_are_joined(
    case: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stored(*case(None))
    part, piece = case(tmp_path)
    key, n_parts = part.key(piece), part.n_parts(piece)
    for n in range(n_parts):
        part.make_parts(piece, key, n, n + 1)
    files = sorted(part.parts(key).folder.iterdir())  # type: ignore[union-attr]
    assert len(files) == n_parts
    files[0].write_bytes(files[0].read_bytes()[:-1])
    n_wrong = 1 + (n_parts > 1)
    if n_wrong > 1:
        files[-1].unlink()
    count = n_run(part, monkeypatch)
    assert stored(part, piece) == whole
    assert count == [n_wrong]
    assert any("recomputed" in warning for warning in part.record.warnings)


def test_parts_that_are_not_there_are_refused(case: Make, tmp_path: Path) -> None:
    part, piece = case(tmp_path)
    key, n_parts = part.key(piece), part.n_parts(piece)
    for first, stop in ((0, n_parts + 1), (-1, 1), (1, 1), (n_parts, n_parts + 1)):
        with pytest.raises(ConfigError, match=f"{first} to {stop}"):
            part.make_parts(piece, key, first, stop)
    bare, _ = case(None)
    with pytest.raises(ConfigError, match="cache"):
        bare.make_parts(piece, key, 0, 1)
    assert not bare.parts_done(key, 0, 1)


@pytest.fixture(scope="module")
def serial(source: FeatureSource, film: Path) -> bytes:
    part = part_of(source, "video", None)
    (piece,) = part.pieces(Events([chunk(film)]))
    return stored(part, piece)


@settings(max_examples=12, deadline=None)
@given(ranges=st.lists(RANGES, max_size=6), restarts=st.booleans())
def test_however_clips_are_cut_into_ranges(
    ranges: list[list[int]], restarts: bool, source: FeatureSource, film: Path, serial: bytes,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("cache")
    part = part_of(source, "video", folder)
    (piece,) = part.pieces(Events([chunk(film)]))
    key = part.key(piece)
    for first, stop in ranges:
        if restarts:
            part = part_of(source, "video", folder)
        part.make_parts(piece, key, first, stop)
        assert part.parts_done(key, first, stop)
    assert stored(part, piece) == serial
    shutil.rmtree(folder)


def test_an_entry_made_at_once_is_one_part(source: FeatureSource, tmp_path: Path) -> None:
    part, sound = part_of(source, "audio", tmp_path / "cache"), tmp_path / "sound.wav"
    soundfile.write(sound, np.random.default_rng(0).normal(0, 0.1, 32000), 16000)
    (piece,) = part.pieces(Events([Event("Audio", 0.0, 2.0, filepath=str(sound), frequency=16000.0)]))
    key = part.key(piece)
    assert part.n_parts(piece) == 1
    assert not part.parts_done(key, 0, 1)
    part.make_parts(piece, key, 0, 1)
    assert part.parts_done(key, 0, 1)
    assert part.is_done(piece)


def test_a_joiner_needs_no_model(source: FeatureSource, film: Path, tmp_path: Path, serial: bytes) -> None:
    maker, joiner = (part_of(source, "video", tmp_path) for _ in range(2))
    (piece,) = maker.pieces(Events([chunk(film)]))
    maker.make_parts(piece, maker.key(piece), 0, 15)
    assert stored(joiner, piece) == serial
    assert "model" not in vars(joiner)


def test_a_range_that_is_stopped_keeps_what_is_finished(source: FeatureSource, film: Path, tmp_path: Path) -> None:
    class Stopping(Silent):
        @contextmanager
        def stage(self, name: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
            done: list[int] = []

            def step(n: int) -> None:
                done.append(n)
                if unit == "clips" and len(done) == 3:
                    raise KeyboardInterrupt

            yield step

    part = replace(part_of(source, "video", tmp_path), progress=Stopping())
    (piece,) = part.pieces(Events([chunk(film)]))
    key = part.key(piece)
    with pytest.raises(KeyboardInterrupt):
        part.make_parts(piece, key, 2, 12)
    assert part.parts(key).kept() == [Part(2, 5)]


def test_a_range_whose_entry_was_made_meanwhile_leaves_nothing(
    source: FeatureSource, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = part_of(source, "video", tmp_path)
    (piece,) = part.pieces(Events([chunk(film)]))
    key, plain = part.key(piece), type(part).compute_parts

    def slow(self: Modality, piece: Piece, key: str, first: int, stop: int) -> None:
        part_of(source, "video", tmp_path).make(piece)
        plain(self, piece, key, first, stop)

    monkeypatch.setattr(type(part), "compute_parts", slow)
    part.make_parts(piece, key, 0, 3)
    assert part.is_done(piece)
    assert part.parts(key).kept() == []


def test_a_range_that_gives_no_numbers_is_named(
    source: FeatureSource, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise NotFiniteError("NaN in layer 3")

    monkeypatch.setattr(record_of("video").__class__, "extract", property(lambda _: fail))
    part = part_of(source, "video", tmp_path)
    (piece,) = part.pieces(Events([chunk(film)]))
    with pytest.raises(NotFiniteError, match=r"a\.mp4, chunk 1 of 1, from 0\.5 s on: NaN in layer 3"):
        part.make_parts(piece, part.key(piece), 0, 3)
