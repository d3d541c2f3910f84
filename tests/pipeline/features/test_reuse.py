"""What a table shows several times is computed once: pieces with equal keys, and words in equal contexts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from extractors.llama import extract
from tribe_np import TribeModel
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features.modality import Modality, event_key
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras


def count_calls(part: type[Modality], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls, compute = [], part.compute

    def counted(self: Any, piece: Any, key: str) -> np.ndarray:
        calls.append(key)
        return compute(self, piece, key)

    monkeypatch.setattr(part, "compute", counted)
    return calls


@pytest.fixture(params=["cached", "bare"])
def either(request: pytest.FixtureRequest, demo: DemoPaths, tmp_path: Path) -> TribeModel:
    """With a cache, and without one."""
    cache = tmp_path / "cache" if request.param == "cached" else False
    return TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=cache, device="cpu")


def test_a_clip_that_is_shown_again_is_computed_once(
    either: TribeModel, demo: DemoPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = tmp_path / "sound.wav"
    soundfile.write(sound, np.random.default_rng(0).normal(0, 0.1, 32000), 16000)
    rows = [
        Event("Audio", start, 2.0, run, filepath=str(sound), frequency=16000.0)
        for run in ("run-1", "run-2")
        for start in (0.0, 3.5, 9.0)
    ]
    rows += [Event("Audio", 20.0, 1.0, "run-2", filepath=str(sound), frequency=16000.0, offset=1.0)]
    rows += [Event("Video", start, 1.0, "run-1", filepath=str(demo.clip), frequency=25.0) for start in (0.0, 7.0)]
    events, source = Events(rows).standardized(), either.feature_source()
    heard, seen = (count_calls(type(source.of(name)), monkeypatch) for name in ("audio", "video"))
    sounds, films = source.items("audio", events), source.items("video", events)
    assert (len(heard), len(seen)) == (2, 1)  # of 7 and 2 pieces
    assert (len(sounds), len(films)) == (7, 2)
    for kept in (sounds, films):
        grids = [kept[event_key(row)] for row in events if event_key(row) in kept]
        assert all(grid.data.tobytes() == grids[0].data.tobytes() for grid in grids if grid.duration == 2.0)
    assert [sounds[event_key(row)].start for row in events.of_type("Audio")] == [0.0, 3.5, 9.0, 0.0, 3.5, 9.0, 20.0]
    alone = either.feature_source().items("audio", Events(rows[:1]).standardized())
    assert sounds[event_key(rows[0])].data.tobytes() == alone[event_key(rows[0])].data.tobytes()


def test_words_in_equal_contexts_run_once(either: TribeModel, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [("the", "the"), ("cat", "the cat"), ("sat", "the cat sat")]
    once = Events([Event("Word", n, 0.5, "run-1", text=t, context=c) for n, (t, c) in enumerate(said)]).standardized()
    again = [
        Event("Word", 10.0 * trial + n, 0.5, f"run-{1 + trial % 2}", text=t, context=c)
        for trial in range(5)
        for n, (t, c) in enumerate(said)
    ]
    n_run = []
    original = extract._pass_features

    def counted(pass_: Any, *rest: Any) -> np.ndarray:
        n_run.append(len(pass_.words))
        return original(pass_, *rest)

    monkeypatch.setattr(extract, "_pass_features", counted)
    source, events = either.feature_source(), Events(again).standardized()
    (piece,) = source.of("text").pieces(events)
    assert len(piece.rows) == 15
    items = source.items("text", events)
    assert n_run == [3]
    alone = source.items("text", once)
    assert sum(n_run) == 6
    for row in events:
        twin = once[[t for t, _ in said].index(row.text)]
        assert items[event_key(row)].data.tobytes() == alone[event_key(twin)].data.tobytes()
    made = source.of("text").make(piece)
    stored = made if isinstance(made, np.ndarray) else made.read()
    assert stored.shape[0] == 15  # the shape of an entry is as ever
