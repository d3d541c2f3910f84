"""The stages of the pipeline, heard by name: what is shown, that showing changes nothing, and that edits act."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from extractors import Wav2VecBertModel
from extractors.common.layer_groups import LayerSelection
from extractors.wav2vec_bert.extract import audio_features
from extractors.wav2vec_bert.random import write_random
from tribe_np import TribeModel, trace
from tribe_np.oracle import Recording, edited
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras

STAGES = {
    "text.events", "audio.events", "video.events", "plan.{i}.span", "plan.{i}.kept_rows",
    "text.{i}.tokens", "text.{i}.span", "text.{i}.states.{i}", "text.{i}.states.{i}.pooled", "text.{i}.features",
    "audio.{i}.samples", "audio.{i}.filters", "audio.{i}.resampled", "audio.{i}.mono", "audio.{i}.standardized",
    "audio.{i}.window", "audio.{i}.windowed", "audio.{i}.power", "audio.{i}.mel_filters", "audio.{i}.mel",
    "audio.{i}.mel_standardized", "audio.{i}.input", "audio.{i}.states.{i}", "audio.{i}.states.{i}.pooled",
    "audio.{i}.features", "video.{i}.times", "video.{i}.frames.{i}", "video.{i}.{i}.frame_numbers",
    "video.{i}.{i}.shrunk", "video.{i}.{i}.pixels", "video.{i}.{i}.states.{i}", "video.{i}.{i}.states.{i}.pooled",
    "video.{i}.{i}.features", "video.{i}.features", "windows.{i}.activity", "predictions",
    *(f"windows.{{i}}.features.{m}{more}" for m in ("text", "audio", "video") for more in (".{i}.steps", "")),
}  # fmt: skip


@pytest.fixture(scope="module")
def uncached(demo: DemoPaths) -> TribeModel:
    return TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")


@pytest.fixture(scope="module")
def events(demo: DemoPaths, uncached: TribeModel) -> Events:
    return uncached.get_events(video_path=demo.clip, transcript=demo.transcript)


@pytest.fixture(scope="module")
def heard(uncached: TribeModel, events: Events) -> tuple[Recording, np.ndarray]:
    with trace(pattern="pipeline.*") as recording:
        predictions, _ = uncached.predict(events, verbose=False)
    return recording, predictions


def test_every_stage_is_heard_once_and_no_bit_changes(
    uncached: TribeModel, events: Events, heard: tuple[Recording, np.ndarray]
) -> None:
    recording, predictions = heard
    assert {re.sub(r"\d+", "{i}", name.removeprefix("pipeline.")) for name in recording.names()} == STAGES
    assert not [name for name in recording.names() if "@" in name]
    silent, _ = uncached.predict(events, verbose=False)
    assert silent.tobytes() == predictions.tobytes() == recording["pipeline.predictions"].tobytes()


def test_stages_agree_with_one_another(heard: tuple[Recording, np.ndarray]) -> None:
    taps, _ = heard
    numbers = np.unique(np.stack([taps[f"pipeline.video.0.{c}.frame_numbers"] for c in range(8)]))
    assert [f"pipeline.video.0.frames.{n}" for n in numbers] == [n for n in taps.names() if ".frames." in n]
    clips = np.stack([taps[f"pipeline.video.0.{c}.features"] for c in range(8)], axis=-1)
    np.testing.assert_array_equal(taps["pipeline.video.0.features"], clips)
    first, count = taps["pipeline.windows.0.features.audio.0.steps"]
    np.testing.assert_array_equal(
        taps["pipeline.windows.0.features.audio"][..., first : first + count], taps["pipeline.audio.0.features"]
    )
    first, stop = taps["pipeline.text.3.span"]
    assert taps["pipeline.text.3.states.2"].shape[0] == stop - first
    rows = taps["pipeline.windows.0.activity"][:, taps["pipeline.plan.0.kept_rows"]].T
    np.testing.assert_array_equal(taps["pipeline.predictions"], rows)


KINDS = {"text": "Word", "audio": "Audio", "video": "Video"}
EDITS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "video.0.3.frame_numbers": lambda x: np.maximum(x - 1, 0),
    "video.0.times": lambda x: np.maximum(x - 0.1, 0),
    "video.0.frames.*": lambda x: x[..., ::-1],
    "video.0.3.shrunk": lambda x: x[..., ::-1],
    "audio.0.samples": lambda x: x[::-1],
    "audio.0.filters": lambda x: x[:, ::-1],
    "audio.0.window": lambda x: x**2,
    "audio.0.mel_filters": lambda x: x[:, ::-1],
    "text.5.tokens": lambda x: x[::-1],
    "text.5.span": lambda x: x - np.array([1, 0]),
    "text.5.states.3": lambda x: x * 2,
    "text.5.states.3.pooled": lambda x: x * 2,
    "text.5.features": lambda x: x * 2,
    "video.0.3.states.2.pooled": lambda x: x * 2,
    "windows.0.features.text.5.steps": lambda x: x + np.array([1, 0]),
    "plan.0.span": lambda x: x + np.array([1, 0]),
    "plan.0.kept_rows": lambda x: x[::-1],
    "text.events": lambda x: x * np.array([1.1, 1, 1]),
    "windows.0.features.text": lambda x: x * 2,
    "windows.0.activity": lambda x: x * 2,
    "predictions": lambda x: x * 2,
}


@pytest.fixture(scope="module")
def alone(uncached: TribeModel, events: Events) -> dict[str, np.ndarray]:
    """Predictions from one modality, by the type of its events."""
    return {kind: uncached.predict(events.of_type(kind), verbose=False)[0] for kind in KINDS.values()}


@pytest.mark.parametrize("name", EDITS)
def test_a_run_goes_on_with_what_is_put_in_a_stages_place(
    name: str, uncached: TribeModel, events: Events, alone: dict[str, np.ndarray]
) -> None:
    part = Events(row for row in events if row.type == KINDS.get(name.split(".")[0], "Word"))
    plain = alone[part.rows[0].type]
    with edited(lambda _, array: EDITS[name](array), f"pipeline.{name}"):
        changed, _ = uncached.predict(part, verbose=False)
    assert changed.shape != plain.shape or np.abs(changed - plain).max() > 1e-4 * plain.std()


def test_edited_features_are_neither_kept_nor_read(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, speech=False)

    def predicted() -> bytes:
        return model.predict(events, verbose=False)[0].tobytes()

    def twice(_: str, array: np.ndarray) -> np.ndarray:
        return array * 2

    with edited(twice, "pipeline.video.0.0.states.2.pooled"):
        changed = predicted()
    assert not model.space.cache.listing().whole
    plain = predicted()
    with edited(twice, "pipeline.video.0.0.states.2.pooled"):
        assert predicted() == changed != plain
    assert predicted() == plain


def test_each_chunk_has_names_of_its_own(demo: DemoPaths, uncached: TribeModel) -> None:
    rows = [
        Event("Video", start, 2.0, "t", "s", filepath=str(demo.clip), frequency=24.0, offset=start)
        for start in (0.0, 2.0)
    ]
    with trace(pattern=("pipeline.video.*.features", "pipeline.video.*.frame_numbers")) as heard:
        features = uncached.extract_features(Events(rows))
    np.testing.assert_array_equal(heard["pipeline.video.1.features"], features["video"][..., 4:])
    assert heard["pipeline.video.1.0.frame_numbers"].min() >= 47
    assert not [name for name in heard.names() if "@" in name]


def test_a_function_alone_is_heard_as_event_0(tmp_path: Path) -> None:
    model = Wav2VecBertModel.from_pretrained(write_random(tmp_path / "model", seed=0))
    samples = np.random.default_rng(0).normal(size=(16000, 1)).astype(np.float32)
    with trace(pattern="pipeline.*") as heard:
        features = audio_features(model, samples, 16000, 1.0, selection=LayerSelection((0.5, 1.0)))
    np.testing.assert_array_equal(heard["pipeline.audio.0.features"], features)
    assert "pipeline.audio.0.filters" not in heard  # equal rates
