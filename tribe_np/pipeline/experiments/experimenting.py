"""`experiment`: a design and a model in, what the model predicts for its runs out."""

from dataclasses import replace
from pathlib import Path

from tribe_np.outputs.folder import Prediction
from tribe_np.pipeline.experiments.assembly import MOST_HOURS
from tribe_np.pipeline.experiments.experiment_run import ExperimentWishes, run_design
from tribe_np.pipeline.experiments.schedule import Order
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.run_record import RunRecord
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import DIRECT, SPOKEN, WordSource


def experiment(
    design: str | Path,
    model: TribeModel,
    out: str | Path | None = None,
    *,
    shuffle: int | None = None,
    isi: float | None = None,
    jitter: float = 0.0,
    background: str | None = None,
    seconds: float | None = None,
    words: str = SPOKEN,
    seconds_per_word: float = WordSource.seconds_per_word,
    seconds_per_letter: float | None = None,
    speech: bool = True,
    recogniser: bool = True,
    transcriber: str | None = None,
    whisper_model: str | None = None,
    most_hours: float = MOST_HOURS,
    subject: int | str | None = None,
) -> Prediction:
    """The predictions of a design's runs, with trials, events and run.json; written to the folder `out` if it is given.

        made = experiment("design.tsv", model, "run", shuffle=1, isi=2.0)
        made.predictions, made.trials.conditions(), made.run["warnings"]
        contrast("run", "faces - places")

    The options are those of the command: `recogniser=False` is --no-recogniser, `speech=False` --no-speech.
    Shapes   predictions (R, V) float32, all runs one after the other; row r is of segments[r]
    Raises   EventsError, MediaError, ConfigError, MissingDependencyError, with the line of the design; CheckpointError;
             OutputError for a folder that cannot be written
    """
    spoken = WordSource(
        None, transcriber, speech, whisper_model, seconds_per_word=seconds_per_word,
        seconds_per_letter=seconds_per_letter,
    )  # fmt: skip
    wishes = ExperimentWishes(
        Order(shuffle, isi, jitter),
        spoken,
        PictureShow(seconds, background or PictureShow.background),
        is_direct=WordSource(how=words).how == DIRECT,
        hears=recogniser,
        screen=background,
        most_hours=most_hours,
    )
    fresh = replace(model, record=RunRecord())  # what was said of earlier runs is not of this one
    folder = None if out is None else Path(out)
    whose = None if subject is None else str(subject)
    return run_design(Path(design), folder, load=lambda: fresh, wishes=wishes, subject=whose)
