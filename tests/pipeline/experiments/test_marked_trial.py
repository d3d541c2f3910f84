"""A marked picture, sound and words stand in the rows of their second, in every run; a table by hand says the same."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.media.pictures.picture_samples import noise, write_picture
from tribe_np.pipeline import experiment
from tribe_np.pipeline.experiments.experiment_run import ExperimentWishes, experiment_events
from tribe_np.pipeline.experiments.schedule import Order
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.stimuli.stimulus import WordSource, open_stimulus
from tribe_np.timeline.events import Event, Events

pytestmark = pytest.mark.extras
DESIGN = """run|onset|duration|trial_type|stim_file|words
b|12|2|mark|mark.png|
a|0|2|other|p0.png|
c|3|1.5|other|p1.png|
a|5|3|mark|mark.png|
b|0|2|other|p2.png|
c|110|2|mark|mark.png|
a|5|n/a|heard|s.wav|
b|4|n/a|read||the red dog
c|109.5|n/a|heard|s.wav|
b|7|n/a|heard|s.wav|
"""


@pytest.fixture
def design(tmp_path: Path) -> Path:
    for number, name in enumerate(("mark", "p0", "p1", "p2")):
        write_picture(tmp_path / f"{name}.png", noise(4, 32, 32)[number])
    soundfile.write(tmp_path / "s.wav", np.random.default_rng(0).normal(0, 0.1, 48_000), 16_000)
    path = tmp_path / "d.tsv"
    path.write_text(DESIGN.replace("|", "\t"))
    return path


@pytest.mark.parametrize("order", [Order(), Order(3, 1.0), Order(4, 0.5, 2.0)])
def test_the_marks_stand_where_trials_tsv_says(model: TribeModel, design: Path, order: Order) -> None:
    silent = WordSource(speech=False)
    mark = model.extract_features(model.get_events_of(open_stimulus(design.parent / "mark.png"), silent))["video"]
    sound = model.extract_features(model.get_events(audio_path=design.parent / "s.wav", speech=False))["audio"]
    found = experiment_events(model, design, ExperimentWishes(order, hears=False))
    for run in found.events.timelines():
        features = model.extract_features(found.events.on(run))
        n_steps = features["video"].shape[-1]
        for condition, modality, alone in (("mark", "video", mark), ("heard", "audio", sound)):
            wanted = np.full(n_steps, -1)
            for trial in (t for t in found.trials if (t.run, t.trial_type) == (run, condition)):
                first = round(2 * trial.onset)
                stop = first + int(2 * trial.duration)
                wanted[first:stop] = np.arange(stop - first)
            for step, column in enumerate(wanted):
                is_it = (features[modality][..., step] == alone[..., max(column, 0) % alone.shape[-1]]).all()
                if column >= 0:
                    assert is_it, (run, condition, step)
                elif modality == "audio":
                    assert not features["audio"][..., step].any()
                else:
                    assert not is_it


def test_a_table_by_hand_gives_the_same_bytes(model: TribeModel, design: Path) -> None:
    made = experiment(design, model, recogniser=False)
    again, segments = model.predict(as_a_person_would_write_it(design.parent), verbose=False)
    assert (again == made.predictions).all()
    assert [(s.timeline, s.start) for s in segments] == [(s.timeline, s.start) for s in made.segments]


def as_a_person_would_write_it(folder: Path) -> Events:
    """Pictures, grey screens between, sounds and words."""
    shown = {
        "b": [(0, 2, "p2"), (2, 10, ""), (12, 2, "mark")],
        "a": [(0, 2, "p0"), (2, 3, ""), (5, 3, "mark")],
        "c": [(0, 3, ""), (3, 1.5, "p1"), (4.5, 105.5, ""), (110, 2, "mark"), (112, 0.5, "")],
    }
    rows = []
    for run, parts in shown.items():
        for start, duration, name in parts:
            path = str(folder / f"{name}.png") if name else "screen:grey"
            extra = {"background": "grey"} if name else {}
            rows.append(Event("Video", start, duration, run, filepath=path, frequency=25.0, extra=extra))
    for run, start in (("b", 7), ("a", 5), ("c", 109.5)):
        rows.append(Event("Audio", start, 3.0, run, filepath=str(folder / "s.wav"), frequency=16_000.0))
    for number, word in enumerate(("the", "red", "dog")):
        context = "The red dog"[: 3 + 4 * number]  # a sentence begins with a capital, as one that is heard
        rows.append(Event("Word", 4 + 0.45 * number, 0.45, "b", text=word, language="english", context=context))
    return Events(rows)
