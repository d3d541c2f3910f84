"""Names, arguments and exceptions of upstream's TribeModel, taken or refused with a sentence."""

from pathlib import Path

import numpy as np
import pytest

from tribe_np import TribeModel
from tribe_np.encoder.model import FmriEncoder
from tribe_np.errors import ConfigError, MediaError, MissingDependencyError
from tribe_np.pipeline.demo import DemoPaths

pytestmark = pytest.mark.extras


def test_attributes_that_mean_the_same(model: TribeModel, tmp_path: Path) -> None:
    assert model.data.TR == model.data.tr == 1.0
    assert model.cache_folder == tmp_path / "cache" / "features"
    assert model.remove_empty_segments is True
    assert model.average_subjects is True


@pytest.mark.parametrize(
    ("name", "reason"),
    [("run", "tribe-np fit adds"), ("infra", "runs in this process"), ("_model", "model.encoder"), ("nonsense", "")],
)
def test_attributes_that_do_not_exist_say_why(model: TribeModel, name: str, reason: str) -> None:
    with pytest.raises(AttributeError, match=f"TribeModel has no {name!r}.*{reason}"):
        getattr(model, name)
    assert not hasattr(model, name)


def test_cluster_and_device(demo: DemoPaths) -> None:
    encoder = demo.models / "encoder"
    assert TribeModel.from_pretrained(encoder, device="cpu", cluster=None, cache_folder=False).data.tr == 1
    with pytest.raises(ConfigError, match=r"cluster='slurm': tribe_np runs everything in this process"):
        TribeModel.from_pretrained(encoder, cluster="slurm")
    with pytest.raises(ConfigError, match="auto, cpu, cuda or cuda:N, got 'cuda:x'"):
        TribeModel.from_pretrained(encoder, device="cuda:x")
    with pytest.raises((MissingDependencyError, ConfigError), match="cuda"):
        TribeModel.from_pretrained(encoder, device="cuda:99")


def test_exceptions_are_of_upstreams_kinds(model: TribeModel, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"audio_path must end with one of .*, got '.mp4'") as wrong:
        model.get_events(audio_path="film.mp4")
    assert isinstance(wrong.value, MediaError)
    with pytest.raises(FileNotFoundError, match=r"absent.mp4: no such file"):
        model.get_events(video_path=tmp_path / "absent.mp4")
    (tmp_path / "blank.txt").write_text(" \n")
    with pytest.raises(ValueError, match="the text is blank"):
        model.get_events(text_path=tmp_path / "blank.txt")
    with pytest.raises(ValueError, match="exactly one"):
        model.get_events()


def test_segments_have_upstreams_names(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, transcript=demo.transcript)
    _, segments = model.predict(events, verbose=False)
    second = segments[1]
    assert isinstance(second.ns_events, list)
    assert second.ns_events == list(second.events)
    moved = second.copy(offset=1.0)
    assert (moved.start, moved.duration) == (pytest.approx(segments[2].start), 1.0)
    assert moved.ns_events == segments[2].ns_events
    wide = segments[0].copy(duration=3.0)
    assert {id(e) for s in segments[:3] for e in s.events} == {id(e) for e in wide.events}
    assert segments[0].copy() == segments[0]


def test_features_of_a_whole_stimulus_give_what_predict_gives(model: TribeModel, demo: DemoPaths) -> None:
    events = model.get_events(video_path=demo.clip, speech=False)
    predictions, segments = model.predict(events, verbose=False)
    own, own_segments = model.predict_features(model.extract_features(events), verbose=False)
    assert [s.start for s in own_segments] == [s.start for s in segments]
    np.testing.assert_array_equal(own, predictions)


def test_an_encoder_says_when_windows_have_another_length(demo: DemoPaths) -> None:
    encoder = FmriEncoder.from_pretrained(demo.models / "encoder")
    groups, width = encoder.build_args.feature_dims["audio"]  # type: ignore[misc]
    for n_steps in (60, 300):
        with pytest.warns(UserWarning, match=f"features have {n_steps} steps, but the model was trained on 200"):
            encoder({"audio": np.zeros((1, groups, width, n_steps), np.float32)})
