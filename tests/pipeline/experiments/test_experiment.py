"""Designs as a whole: events of runs, features that are those of a file alone, predictions, the folder."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tribe_np.errors import EventsError, OutputError
from tribe_np.pipeline import experiment
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.experiments.experiment_run import (
    ExperimentWishes,
    experiment_dry_run,
    experiment_events,
    experiment_to_folder,
)
from tribe_np.pipeline.experiments.schedule import Order
from tribe_np.pipeline.experiments.trial_events import unchunked
from tribe_np.pipeline.features.modality import event_key
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.stimuli.stimulus import WordSource
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events
from tribe_np.timeline.trials import Trials

pytestmark = pytest.mark.extras  # the models of the demo read its film
SILENT = ExperimentWishes(words=WordSource(speech=False))
HEADER = "onset|duration|trial_type|stim_file|words|run|volume"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "design"
    place.mkdir()
    soundfile.write(place / "a.wav", np.random.default_rng(0).normal(0, 0.1, 32000), 16000)
    return place


def write(folder: Path, *rows: str) -> Path:
    path = folder / "d.tsv"
    path.write_text("\n".join([HEADER, *rows]).replace("|", "\t") + "\n", encoding="utf-8")
    return path


def test_a_run_has_trials_a_background_and_silence_between(model: TribeModel, folder: Path) -> None:
    found = experiment_events(
        model, write(folder, "2|n/a|noise|a.wav||r|0.5", "7|1|noise|a.wav||r|", "9|n/a|words||the dog|r|"), SILENT
    )
    events = found.events
    assert events.timelines() == ["r"]
    (ground,) = events.of_type("Background")
    assert (ground.start, ground.stop) == (0.0, 9.9)
    assert [(e.start, e.duration, e.extra["trial"], e.extra["trial_type"]) for e in events.of_type("Stimulus")] == [
        (2.0, 2.0, 1, "noise"), (7.0, 1.0, 2, "noise"), (9.0, pytest.approx(0.9), 3, "words"),
    ]  # fmt: skip
    assert [(e.start, e.duration, e.extra.get("volume")) for e in events.of_type("Audio")] == [
        (2, 2, 0.5),
        (7, 1, None),
    ]
    assert [(e.text, e.context) for e in events.of_type("Word")] == [("the", "The"), ("dog", "The dog")]
    assert not len(events.of_type("Video")), "no picture, no screen"
    assert found.warnings[0].startswith("trials that end before their file does: 1 of 3")


def test_the_trials_table_has_the_times_that_were_used(model: TribeModel, folder: Path, tmp_path: Path) -> None:
    path = write(folder, "0|n/a|noise|a.wav||r|0.5", "4|3|noise|a.wav||r|")
    found = experiment_events(model, path, replace(SILENT, order=Order(isi=1.5)))
    found.trials.to_tsv(tmp_path / "t.tsv")
    back = Trials.from_tsv(tmp_path / "t.tsv")
    assert [(t.onset, t.duration, t.stim_file, t.extra.get("volume")) for t in back] == [
        (0.0, 2.0, "a.wav", 0.5), (3.5, 3.0, "a.wav", None),
    ]  # fmt: skip
    assert any("longer than their file" in text for text in found.warnings)


def test_a_repeated_sound_and_words_have_equal_features(model: TribeModel, folder: Path) -> None:
    rows = ["0|n/a|n|a.wav||r|", "3.5|n/a|n|a.wav||s|", "8|n/a|w||the dog|r|", "1|n/a|w||the dog|s|"]
    table = experiment_events(model, write(folder, *rows), SILENT).events
    source = model.feature_source()
    for modality, kind, each in (("audio", "Audio", 1), ("text", "Word", 2)):
        items, rows_of = source.items(modality, table), list(table.of_type(kind))
        assert len(rows_of) == 2 * each
        for one, other in zip(rows_of[:each], rows_of[each:], strict=True):
            assert np.array_equal(items[event_key(one)].data, items[event_key(other)].data)


def test_a_film_alone_is_predicted_as_predict_does(model: TribeModel, demo: DemoPaths, folder: Path) -> None:
    path = write(folder, f"0|n/a|film|{demo.clip.resolve()}||r|")
    found = experiment_events(model, path, SILENT)
    predictions, segments = model.predict(found.events, verbose=False)
    alone, own = model.predict(model.get_events(video_path=demo.clip, speech=False), verbose=False)
    assert predictions.tobytes() == alone.tobytes()
    assert [s.start for s in segments] == [s.start for s in own]


class HandsOn:
    """An encoder whose activity of a TR is the mean of its sound features: what goes in at a second comes out there."""

    def __init__(self, encoder: Any) -> None:
        self.encoder = encoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)

    def __call__(self, features: dict[str, np.ndarray], index: Any = None) -> np.ndarray:
        each = features["audio"].mean((1, 2))  # (B, T)
        rows = each.reshape(len(each), -1, 2).mean(-1)  # (B, R)
        return np.repeat(rows[:, None], self.encoder.build_args.n_outputs, axis=1)


def test_rows_that_change_are_those_whose_second_overlaps_the_trial(model: TribeModel, folder: Path) -> None:
    path = write(folder, "3|2|noise|a.wav||r|", "7.5|1|noise|a.wav||r|", "12|n/a|end||dog|r|")
    events = experiment_events(model, path, SILENT).events
    predictions, segments = replace(model, encoder=HandsOn(model.encoder)).predict(events, verbose=False)  # type: ignore[arg-type]
    assert [segment.start for segment in segments] == [float(n) for n in range(13)]
    assert [int(row) for row in np.flatnonzero(predictions[:, 0])] == [3, 4, 7, 8]


def test_a_volume_changes_samples_and_the_key(model: TribeModel, folder: Path) -> None:
    part = model.feature_source().of("audio")
    plain = Event("Audio", 0.0, 2.0, filepath=str(folder / "a.wav"), frequency=16000.0)
    keys, features = [], []
    for volume in (None, 0.5, 0.25, 0.0):
        row = plain if volume is None else replace(plain, extra={"volume": volume})
        (piece,) = part.pieces(Events([row]))
        keys.append(part.key(piece))
        features.append(part.compute(piece, keys[-1]))
    assert len(set(keys)) == 4
    largest = np.abs(features[0]).max()
    for quieter in features[1:3]:  # each spectrum is normalised, so that only rounding is left
        assert 0 < np.abs(quieter - features[0]).max() < 1e-2 * largest
    assert np.abs(features[3] - features[0]).max() > 1e-2 * largest, "silence is another sound"
    wrong = part.pieces(Events([replace(plain, extra={"volume": "loud"})]))[0]
    with pytest.raises(EventsError, match="volume is 'loud'"):
        part.key(wrong)


def test_chunks_are_joined_as_they_were_cut() -> None:
    whole = Event("Audio", 0.0, 125.0, filepath="a.wav", frequency=16000.0)
    (joined,) = unchunked(chunk_events(Events([whole]), "Audio"))
    assert joined == whole


@pytest.mark.parametrize("duration", ["0.2", "n/a"])
def test_a_sound_too_short_for_a_step_is_refused_with_its_line(model: TribeModel, folder: Path, duration: str) -> None:
    name = "a.wav" if duration == "0.2" else "short.wav"
    soundfile.write(folder / "short.wav", np.random.default_rng(0).normal(0, 0.1, 3200), 16000)
    path = write(folder, f"0|{duration}|n|{name}||r|")
    with pytest.raises(EventsError, match=r"line 2: shown for 0.2 s it would leave no trace.* more than 0.25 s"):
        experiment_events(model, path, SILENT)


def test_a_background_that_changes_nothing_is_counted(model: TribeModel, folder: Path) -> None:
    path = folder / "d.tsv"
    path.write_text("onset\tduration\ttrial_type\twords\tbackground\n0\t1\ta\tthe dog\twhite\n2\t1\ta\ta cat\t\n")
    said = experiment_events(model, path, SILENT).warnings
    assert "trials whose background changes nothing, since they show no picture: 1 of 2" in said


def test_sounds_at_once_are_refused_and_nothing_is_written(model: TribeModel, folder: Path, tmp_path: Path) -> None:
    path = write(folder, "0|n/a|n|a.wav||r|", "1|n/a|n|a.wav||r|")
    with pytest.raises(EventsError, match=r"lines 2 and 3: two sounds at once in run r \(0 to 2 s, 1 to 3 s\)"):
        experiment_to_folder(path, tmp_path / "out", load=lambda: model, wishes=SILENT)
    assert not (tmp_path / "out").exists()


def test_a_folder_is_whole_and_replaced_only_by_its_own_command(
    model: TribeModel, folder: Path, tmp_path: Path
) -> None:
    path, out = write(folder, "0|n/a|n|a.wav||r|", "5|n/a|w||the dog|s|"), tmp_path / "out"
    wishes = replace(SILENT, order=Order(shuffle=1))
    experiment_to_folder(path, out, load=lambda: model, wishes=wishes)
    first = (out / "trials.tsv").read_bytes()
    run = experiment_to_folder(path, out, load=lambda: model, wishes=wishes)
    assert (out / "trials.tsv").read_bytes() == first
    stored = json.loads((out / "run.json").read_text())["experiment"]
    assert stored == json.loads(json.dumps(run["experiment"]))
    assert (stored["conditions"], stored["seed"], stored["n_stimuli"]) == ({"n": 1, "w": 1}, 1, 2)
    assert stored["design"]["sha256"]
    rows = np.load(out / "predictions.npy")
    assert len(rows) == len(json.loads((out / "segments.json").read_text())) == 2 + 6
    with pytest.raises(OutputError, match="holds other files"):
        experiment_to_folder(path, folder, load=lambda: model, wishes=wishes)


def test_a_dry_run_tells_trials_and_what_is_different(model: TribeModel, folder: Path, tmp_path: Path) -> None:
    path = write(folder, "0|n/a|n|a.wav||r|", "5|n/a|n|a.wav||r|")
    planned = experiment_dry_run(path, tmp_path / "out", load=lambda: model, wishes=SILENT)
    lines = planned.lines()
    assert lines[:2] == ["r  0 s  2 s  n  a.wav", "r  5 s  2 s  n  a.wav"]
    assert "different, to be computed: 1 of 2 Audio rows" in lines
    assert json.dumps(planned.as_dict())
    assert not (tmp_path / "out").exists()


def test_from_python_as_from_the_command(model: TribeModel, folder: Path, tmp_path: Path) -> None:
    path = write(folder, "0|n/a|n|a.wav||r|", "5|n/a|w||the dog|s|", "0|1|n|a.wav||s|0")
    model.record.warn("of an earlier run")
    made = experiment(path, model, tmp_path / "python", shuffle=1, isi=1.0, speech=False)
    wishes = replace(SILENT, order=Order(shuffle=1, isi=1.0))
    run = experiment_to_folder(path, tmp_path / "command", load=lambda: model, wishes=wishes)
    assert (np.load(tmp_path / "command" / "predictions.npy") == made.predictions).all()
    for name in ("trials.tsv", "events.tsv", "segments.json", "predictions.npy"):
        assert (tmp_path / "python" / name).read_bytes() == (tmp_path / "command" / name).read_bytes()
    assert made.run["experiment"] == run["experiment"]
    assert "of an earlier run" not in made.run["warnings"]
    assert made.trials is not None
    assert len(made.trials) == 3
    assert (experiment(path, model, shuffle=1, isi=1.0, speech=False).predictions == made.predictions).all()


def test_run_json_names_each_file_with_what_is_of_it_alone(model: TribeModel, folder: Path) -> None:
    for name, text in (("b", "the dog"), ("c", "a cat")):
        soundfile.write(folder / f"{name}.wav", np.random.default_rng(1).normal(0, 0.1, 32000), 16000)
        first, second = text.split()
        (folder / f"{name}.tsv").write_text(f"text\tstart\tduration\n{first}\t0\t0.5\n{second}\t1\t0.5\n")
    path = write(folder, "0|n/a|n|b.wav||r|", "5|n/a|n|c.wav||r|", "9|n/a|n|b.wav||r|")
    run = experiment(path, model).run
    media = run["stimulus"]["media"]
    assert [Path(row["path"]).name for row in media] == ["b.wav", "c.wav"]
    assert [Path(row["words_from"]).name for row in media] == ["b.tsv", "c.tsv"]
    assert all(len(row["sha256"]) == 64 for row in media)
    assert "words_from" not in run  # that of the last file would be said of all
