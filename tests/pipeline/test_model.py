"""TribeModel on the demo's models: upstream's interface, cache, selection, missing modalities."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests import fake_device
from tests.conftest import numba_or_skip
from tribe_np import TribeModel, trace
from tribe_np.errors import CheckpointError, ConfigError, EventsError, MissingDependencyError
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.features import modality
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras


def test_film_with_words_gives_a_row_per_second(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    assert {e.type for e in events} == {"Audio", "Video", "Word", "Text", "Sentence"}
    predictions, segments = model.predict(events, verbose=False)
    span = max(e.stop for e in events) - min(e.start for e in events)
    assert predictions.shape == (len(segments), 20484)
    assert len(segments) == int(np.ceil(span))
    assert predictions.dtype == np.float32
    assert np.isfinite(predictions).all()
    assert predictions.std() > 0
    assert segments[0].start == min(e.start for e in events)


def test_a_cache_hit_is_bit_equal_and_runs_no_extractor(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    first, _ = model.predict(events, verbose=False)
    with trace() as recording:
        second, _ = model.predict(events, verbose=False)
    assert first.tobytes() == second.tobytes()
    assert {name.split(".")[0] for name in recording.names()} == {"encoder", "pipeline"}


def test_the_sentence_splitter_is_part_of_a_texts_cache_key(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    words = Events(e for e in events if e.type == "Word")
    for sentences in ("builtin", "spacy:blank"):
        replace(model, options=replace(model.options, sentences=sentences)).extract_features(words)
    assert [key.rpartition("-")[0] for key in model.space.cache.listing().whole] == ["text-features"] * 2


def test_a_damaged_cache_entry_is_recomputed_with_a_warning(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    first, _ = model.predict(events, verbose=False)
    for entry in model.space.cache.folder.rglob("*.safetensors"):  # type: ignore[union-attr]
        entry.write_bytes(entry.read_bytes()[:-7])
    second, _ = model.predict(events, verbose=False)
    assert first.tobytes() == second.tobytes()
    assert sum("recomputed" in w for w in model.record.warnings) == 3


def test_no_cache_gives_the_same_bytes(model: TribeModel, demo: DemoPaths) -> None:
    bare = TribeModel.from_pretrained(demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu")
    rows = [
        m.predict(m.get_events(video_path=demo.clip, transcript=demo.transcript), verbose=False)[0]
        for m in (model, bare)
    ]
    assert rows[0].tobytes() == rows[1].tobytes()


def test_selection_computes_just_those_columns(model: TribeModel, demo: DemoPaths) -> None:
    chosen = [3, 20483, 77]
    some = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=model.space.media.parent, device="cpu",
        selection={"vertices": chosen},
    )  # fmt: skip
    events = model.get_events(video_path=demo.clip, speech=False)
    whole, _ = model.predict(events, verbose=False)
    part, _ = some.predict(events, verbose=False)
    np.testing.assert_allclose(part, whole[:, sorted(chosen)], rtol=0, atol=1e-5)


def test_float64_agrees_with_float32(model: TribeModel, demo: DemoPaths) -> None:
    double = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu", precision="float64"
    )
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    single, _ = model.predict(events, verbose=False)
    exact, _ = double.predict(events, verbose=False)
    assert np.abs(single - exact).max() < 1e-4 * np.sqrt(np.mean(exact**2))


def test_extract_features_is_one_grid_per_modality(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    features = model.extract_features(events)
    assert list(features) == ["text", "audio", "video"]
    assert {f.shape[-1] for f in features.values()} == {8}
    with pytest.raises(EventsError, match="one timeline"):
        model.extract_features(Events([*events, replace(events[0], timeline="other")]))


def test_an_absent_modality_is_not_a_zero_one(model: TribeModel, demo: DemoPaths) -> None:
    film = model.get_events(video_path=demo.clip, speech=False)
    silent = Events(e for e in film if e.type == "Video")
    assert list(model.extract_features(silent)) == ["video"]
    both, _ = model.predict(film, verbose=False)
    alone, _ = model.predict(silent, verbose=False)
    assert np.abs(both - alone).max() > 1e-3


def test_events_without_any_modality_are_an_error(model: TribeModel) -> None:
    with pytest.raises(EventsError, match="none of the checkpoint's modalities"):
        model.predict(Events([Event("Text", 0.0, 2.0, text="a")]), verbose=False)


def test_a_dataframe_works_like_events(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    frame = model.get_events_dataframe(video_path=demo.clip, transcript=demo.transcript)
    assert list(frame["type"]) == [e.type for e in events]
    first, _ = model.predict(events, verbose=False)
    second, _ = model.predict(frame, verbose=False)
    assert first.tobytes() == second.tobytes()


def test_config_update_reaches_upstream_keys_and_ours(demo: DemoPaths) -> None:
    updated = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu",
        config_update={"data.batch_size": 1, "tribe_np.video_final_norm": False},
    )  # fmt: skip
    assert updated.data.batch_size == 1
    assert updated.options.video_final_norm is False
    with pytest.raises(ConfigError, match="options: unknown key 'colour'"):
        TribeModel.from_pretrained(demo.models / "encoder", config_update={"tribe_np.colour": 1}, cache_folder=False)
    with pytest.raises(ConfigError, match="depht"):
        TribeModel.from_pretrained(
            demo.models / "encoder", config_update={"brain_model_config.depht": 1}, cache_folder=False
        )
    for overlap in ({"data.overlap_tr_train": 10}, {"data": {"overlap_tr_train": 10}}):
        with pytest.raises(
            ConfigError, match=r"data: unknown key 'overlap_tr_train'; did you mean overlap_trs_train\?"
        ):
            TribeModel.from_pretrained(demo.models / "encoder", config_update=overlap, cache_folder=False)
    with pytest.raises(CheckpointError, match="100 TRs"):
        TribeModel.from_pretrained(demo.models / "encoder", config_update={"data.duration_trs": 50}, cache_folder=False)


def test_final_norm_changes_the_video_features(demo: DemoPaths, model: TribeModel) -> None:
    raw = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu",
        config_update={"tribe_np.video_final_norm": False},
    )  # fmt: skip
    events = Events(e for e in model.get_events(video_path=demo.clip, speech=False) if e.type == "Video")
    assert np.abs(model.extract_features(events)["video"] - raw.extract_features(events)["video"]).max() > 1e-3


def test_cuda_without_cupy_says_how_to_get_it(demo: DemoPaths) -> None:
    with pytest.raises(MissingDependencyError, match="--device cpu"):
        TribeModel.from_pretrained(demo.models / "encoder", device="cuda", cache_folder=False)


def test_the_whole_model_gives_the_same_bytes_on_a_stand_in_for_a_gpu(model: TribeModel, demo: DemoPaths) -> None:
    plain, elsewhere = (
        TribeModel.from_pretrained(
            demo.models / "encoder", models=demo.models, cache_folder=False, device=device,
            config_update={"tribe_np.kernels": "reference"},
        )
        for device in ("cpu", fake_device.module)
    )  # fmt: skip
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    here, _ = plain.predict(events, verbose=False)
    there, _ = elsewhere.predict(events, verbose=False)
    assert here.tobytes() == there.tobytes()


@pytest.mark.extras
def test_compiled_kernels_agree_with_plain_ones(model: TribeModel, demo: DemoPaths) -> None:
    numba_or_skip()
    models = {
        name: TribeModel.from_pretrained(
            demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu",
            config_update={"tribe_np.kernels": name},
        )
        for name in ("auto", "reference")
    }  # fmt: skip
    assert models["auto"].runtime.kernels.name == "numba"
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    fast, plain = (models[name].predict(events, verbose=False)[0] for name in ("auto", "reference"))
    assert 0 < np.abs(plain - fast).max() < 1e-4 * np.sqrt(np.mean(plain**2))


def test_unknown_kernels_are_named(demo: DemoPaths) -> None:
    with pytest.raises(ConfigError, match="kernels must be one of"):
        TribeModel.from_pretrained(demo.models / "encoder", cache_folder=False, config_update={"tribe_np.kernels": "x"})


def test_large_models_are_streamed_with_the_same_bytes(
    model: TribeModel, demo: DemoPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    resident, _ = model.predict(events, verbose=False)
    monkeypatch.setattr(modality, "RESIDENT_BYTES", 0)
    streaming = TribeModel.from_pretrained(
        demo.models / "encoder", models=demo.models, cache_folder=False, device="cpu"
    )
    streamed, _ = streaming.predict(events, verbose=False)
    assert resident.tobytes() == streamed.tobytes()


def test_compat_switches_every_defect_on(model: TribeModel) -> None:
    assert model.with_compat("upstream").options.compat.duplicate_words
    assert not model.with_compat(None).options.compat.duplicate_words


def test_overlapping_windows_double_their_rows(model: TribeModel, demo: DemoPaths) -> None:
    doubled = replace(model, data=replace(model.data, overlap_trs=20))
    sound = str(model.get_events(video_path=demo.clip, speech=False).of_type("Audio")[0].filepath)
    events = Events(Event("Audio", 0.0 + shift, 4.0, filepath=sound, frequency=44100.0) for shift in (0.0, 146.0))
    plain, _ = model.predict(events, verbose=False)
    twice, segments = doubled.predict(events, verbose=False)
    assert plain.shape[0] == 150
    assert twice.shape[0] == 170
    assert len({s.start for s in segments}) == 150


def test_a_model_folder_that_lacks_weights_is_named(demo: DemoPaths, tmp_path: Path) -> None:
    shutil.copytree(demo.models, tmp_path / "models")
    (tmp_path / "models" / "audio" / "model.safetensors").unlink()
    broken = TribeModel.from_pretrained(tmp_path / "models" / "encoder", models=tmp_path / "models", cache_folder=False)
    events = broken.get_events(video_path=demo.clip, speech=False)
    with pytest.raises(CheckpointError, match=r"audio.*model\.safetensors"):
        broken.predict(events, verbose=False)
