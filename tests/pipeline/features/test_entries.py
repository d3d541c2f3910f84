"""Pieces of a table, one at a time: what another process needs to make an entry and to know that it is there."""

import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from extractors import catalogue
from tests.media.film.video_samples import make_video
from tribe_np.errors import NotFiniteError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.modality import Modality, Piece
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras
MODALITIES = ("text", "audio", "video")


@pytest.fixture
def events(model: TribeModel, demo: DemoPaths) -> Events:
    return model.get_events(video_path=demo.clip, transcript=demo.transcript).standardized()


def parts(model: TribeModel) -> list[Modality]:
    return [model.feature_source().of(modality) for modality in MODALITIES]


def test_looking_changes_nothing(model: TribeModel, events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MODALITIES:
        monkeypatch.setattr(catalogue.record_of(name).model, "load", None)
    before = (list(model.record.warnings), dict(model.record.facts))
    halved = replace(model, options=replace(model.options, video_stride=2))
    for part in parts(halved):
        assert [part.is_done(piece) for piece in part.pieces(events)] == [False]
    assert (model.record.warnings, model.record.facts) == before
    assert not list(model.space.cache.folder.iterdir())  # type: ignore[union-attr]


def test_entries_made_one_by_one_elsewhere_are_a_runs(model: TribeModel, demo: DemoPaths, events: Events) -> None:
    elsewhere = TribeModel.from_pretrained(
        demo.models / "encoder",
        models=demo.models,
        cache_folder=model.cache_folder.parent,
        device="cpu",  # type: ignore[union-attr]
    )
    for there, here in zip(parts(elsewhere), parts(model), strict=True):
        for piece in pickle.loads(pickle.dumps(there.pieces(events))):  # as it travels to a worker
            assert not here.is_done(piece)
            there.make(piece)
            assert here.is_done(piece)
            assert here.key(piece) == there.key(piece)
    made = model.space.cache.keys()
    source = model.feature_source()
    assert all(source.is_cached(modality, events) for modality in MODALITIES)
    model.predict(events, verbose=False)
    assert model.space.cache.keys() == made
    assert {Path(entry["path"]).stem for entry in model.record.facts["cache_entries"]} == made
    assert all(Path(entry["path"]).is_file() for entry in model.record.facts["cache_entries"])


def test_without_a_cache_nothing_is_ever_done_and_the_array_is_given(demo: DemoPaths, events: Events) -> None:
    bare = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    audio = bare.feature_source().of("audio")
    (piece,) = audio.pieces(events)
    made = audio.make(piece)
    assert isinstance(made, np.ndarray)
    assert made.shape[-1] == 8
    assert not audio.is_done(piece)


def test_pieces_are_chunks_and_words_are_one(model: TribeModel) -> None:
    chunks = [Event("Audio", start, 4.0, timeline="t", filepath="a.wav", offset=start) for start in (0.0, 4.0)]
    words = [Event("Word", n, 0.5, timeline="t", text=f"w{n}", context="c") for n in range(3)]
    text, audio, video = (part.pieces(Events([*chunks, *words])) for part in parts(model))
    assert [(piece.rows, piece.number, piece.of) for piece in audio] == [((c,), n, 2) for n, c in enumerate(chunks, 1)]
    assert [len(piece.rows) for piece in text] == [3]
    assert video == []
    assert model.feature_source().of("text").pieces(Events(chunks)) == []
    assert audio[1].place == "a.wav, chunk 2 of 2, from 4 s on"
    assert text[0].place == "the words from 0 s on"


def test_a_piece_that_gives_no_numbers_is_named(
    model: TribeModel, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = model.feature_source().of("audio")

    def fail(self: Modality, piece: Piece, key: str) -> np.ndarray:
        raise NotFiniteError("NaN in layer 3")

    monkeypatch.setattr(type(audio), "compute", fail)
    (piece,) = audio.pieces(events)
    with pytest.raises(NotFiniteError, match=r"\.wav, chunk 1 of 1, from 0 s on: NaN in layer 3"):
        audio.make(piece)
    assert not audio.is_done(piece)


def test_what_is_approximate_is_said_when_asked(model: TribeModel, tmp_path_factory: pytest.TempPathFactory) -> None:
    film = make_video(tmp_path_factory.mktemp("film") / "a.mp4", n_frames=190)
    rows = Events([Event("Video", 0.0, 7.5, timeline="t", filepath=str(film), frequency=25.0)])
    exact = model.feature_source()
    halved = replace(model, options=replace(model.options, video_stride=2)).feature_source()
    assert exact.of("video").cautions(rows) == []
    (said,) = halved.of("video").cautions(rows)
    assert "every 2nd bin and interpolated" in said
    assert halved.of("video").workload(rows).n_clips < exact.of("video").workload(rows).n_clips == 15
    halved.warn(["video"], rows)
    halved.warn(["video"], rows)
    assert model.record.warnings == [said]


def test_a_file_that_changes_under_a_living_source_has_another_key(model: TribeModel, tmp_path: Path) -> None:
    part, sound = model.feature_source().of("audio"), tmp_path / "sound.wav"
    sound.write_bytes(b"one")
    (piece,) = part.pieces(Events([Event("Audio", 0.0, 1.0, filepath=str(sound), frequency=16000.0)]))
    first = part.key(piece)
    assert part.key(piece) == first
    sound.write_bytes(b"another")
    assert part.key(piece) != first
