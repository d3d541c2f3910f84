"""Whole runs with their results on disk: predictions, events, features."""

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from tribe_np import __version__
from tribe_np.cortex.output_space import SUBCORTICAL
from tribe_np.cortex.random_weights import random_models
from tribe_np.errors import EventsError, MediaError, NotFiniteError
from tribe_np.machine.threads import loaded_libraries
from tribe_np.media.pictures.kinds import is_screen
from tribe_np.outputs.folder import TRANSCRIPT, Prediction, write_prediction
from tribe_np.outputs.made_here import is_own_file
from tribe_np.outputs.whole import check_file_target, check_own_target, real_path, write_file_whole, write_whole
from tribe_np.pipeline.early_checks import check_extractors, check_subject
from tribe_np.pipeline.model import TribeModel
from tribe_np.pipeline.options import PipelineConfig
from tribe_np.pipeline.progress import Progress, number_of
from tribe_np.pipeline.provenance import citations, provenance
from tribe_np.pipeline.resolve import ModelLocations, default_locations
from tribe_np.pipeline.run_record import RunRecord, installed_versions, peak_memory_bytes
from tribe_np.pipeline.stimuli.event_builder import EventBuilder
from tribe_np.pipeline.stimuli.picture_rows import PictureShow
from tribe_np.pipeline.stimuli.stimulus import Stimulus, WordSource, open_stimulus
from tribe_np.pipeline.store.cache_version import CACHE_VERSION
from tribe_np.pipeline.store.workspace import open_workspace
from tribe_np.pipeline.subjects import whose_brain
from tribe_np.shown import shown
from tribe_np.timeline.events import Events
from tribe_np.timeline.segments import Segment

Result = TypeVar("Result")
PACKAGES = ("numpy", "scipy", "safetensors", "soundfile", "imageio-ffmpeg", "pillow", "tokenizers", "numba", "spacy")


def predict_to_folder(
    stimulus: Path,
    out: Path,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    command: str = "",
    threads: int | None = None,
    subject: str | None = None,
    pictures: PictureShow | None = None,
    study: Mapping[str, Any] | None = None,
    check_events: Callable[[TribeModel, Events], None] = lambda model, events: None,
) -> dict[str, Any]:
    """Predicts a stimulus into a folder and returns what run.json holds. The stimulus and the target are checked first.

    `study` is what run.json says of the study that the run belongs to, if it does; `check_events` may refuse what the
    stimulus turns out to be, before anything is computed.
    Raises   TribeError of every kind; nothing is written then
    """
    began = time.time()
    opened = open_stimulus(stimulus, words=words)
    check_own_target(out, "predict", words.inputs(opened) | _beside(pictures))
    model = load()
    check_extractors(model, opened, words)
    check_subject(model, subject)

    def predict(found: Events) -> tuple[np.ndarray, list[Segment]]:
        check_events(model, found)
        return model.predict(found, verbose=False, subject=subject)  # it has its own progress, if any

    events, (predictions, segments) = made_of_events(model, opened, words, predict, pictures)
    check_finite(predictions)
    run = {
        "tribe_np": __version__,
        "command": command,
        **provenance(),
        **run_files(model, opened, words.transcript),
        **run_facts(model, predictions, segments),
        "summary": _summary(stimulus, events, predictions, model, time.time() - began),
        **({} if study is None else {"study": dict(study)}),
    }
    run["subject"] = whose_brain(subject, model.subjects, model.encoder, average=model.average_subjects)
    run["options"] |= {"threads": threads, "subject": subject, **word_options(words)}
    run["seconds"] |= {"total": round(time.time() - began, 3)}
    rows = predictions.astype(np.float32, copy=False)
    write_prediction(out, Prediction(rows, tuple(segments), events, run, model.record.transcript))
    return run


def made_of_events(
    model: TribeModel,
    stimulus: Stimulus,
    words: WordSource,
    work: Callable[[Events], Result],
    pictures: PictureShow | None,
) -> tuple[Events, Result]:
    """The events of a stimulus and what is made of them; both again if somebody empties the cache of its sound."""
    events = model.get_events_of(stimulus, words, pictures)
    try:
        return events, work(events)
    except MediaError:
        if all(is_screen(e.filepath) or Path(e.filepath).exists() for e in events if e.filepath):
            raise
    events = model.get_events_of(stimulus, words, pictures)
    return events, work(events)


def _beside(pictures: PictureShow | None) -> dict[str, Path | None]:
    """The second picture, which is read too."""
    return {"picture beside it": None if pictures is None else pictures.beside}


def word_options(words: WordSource) -> dict[str, Any]:
    """Where the words came from, as run.json has it."""
    align = None if words.align is None else str(words.align)
    return {
        "speech": words.speech, "transcriber": words.transcriber, "whisper_model": words.whisper_model, "align": align,
        "words": words.how,
    }  # fmt: skip


def run_facts(model: TribeModel, predictions: np.ndarray, segments: Sequence[Segment]) -> dict[str, Any]:
    """What the run found and took."""
    record = model.record
    words_from = str(record.facts.get("words_from"))
    used = {modality: Path(found["path"]) for modality, found in record.facts.get("models", {}).items()}
    return {
        **record.facts,
        "random_weights": random_models(model.checkpoint, used),
        "features_version": CACHE_VERSION,
        "options": _options(model),
        "shape": list(predictions.shape),
        **_space(model),
        "start_of_row_0": segments[0].start,
        "tr": model.data.tr,
        "window": _window(model),
        "hemodynamic_offset": model.data.hemodynamic_offset,
        "units": "z-scored BOLD (no physical unit); row r estimates BOLD at its start + hemodynamic_offset seconds",
        "seconds": dict(record.seconds),
        "peak_memory_bytes": peak_memory_bytes(),
        "warnings": list(record.warnings),
        "cite": citations(used, parcellation=_parcellation_name(model), words_from=words_from),
        "versions": {"python": platform.python_version(), **installed_versions(PACKAGES)},
        "libraries": loaded_libraries(),
    }


def _space(model: TribeModel) -> dict[str, Any]:
    """What the columns are; `mesh` once more where they lie on one."""
    space = model.output_space
    return {"space": space.as_dict(), **({"mesh": space.name} if space.kind == "surface" else {})}


def _window(model: TribeModel) -> dict[str, float]:
    """Seconds of the encoder's windows, which are always full, and from the start of one to that of the next."""
    data = model.data
    return {"seconds": data.duration_trs * data.tr, "stride": (data.duration_trs - data.overlap_trs) * data.tr}


def _columns(model: TribeModel) -> dict[str, Any]:
    """The columns that were selected, None for all: `voxels` of a mask, else `vertices`."""
    columns = None if model.encoder.columns is None else model.encoder.columns.tolist()
    return {"vertices": None, "voxels": columns} if model.output_space.kind == "mask" else {"vertices": columns}


def run_files(model: TribeModel, stimulus: Stimulus, transcript: Path | None) -> dict[str, Any]:
    """The files that a run read, as run.json has them."""
    return {
        "stimulus": {**file_identity(stimulus.path, model), "kind": stimulus.kind, **_media(stimulus, model)},
        "checkpoint": file_identity(model.checkpoint, model),
        "transcript": None if transcript is None else file_identity(transcript, model),
    }


def _media(stimulus: Stimulus, model: TribeModel) -> dict[str, Any]:
    """The files that a table of events shows."""
    if stimulus.kind != "events":
        return {}
    return {"media": [file_identity(path, model) for path in stimulus.media]}


def _parcellation_name(model: TribeModel) -> str:
    """Whose atlas names the columns, or, for the subcortex, defines them."""
    if model.output_space.kind == "mask":
        return SUBCORTICAL if model.output_space.name == SUBCORTICAL else ""
    found = None if model.selection is None else model.selection.parcellation
    return "" if found is None else found.name


def file_identity(path: Path, model: TribeModel) -> dict[str, str | None]:
    """Path and digest; a pipe, such as a shell's <(command), was read once and has none."""
    digest = model.space.digests.of(path, model.progress) if path.is_file() or path.is_dir() else None
    return {"path": str(path), "sha256": digest}


def _options(model: TribeModel) -> dict[str, Any]:
    return {
        "precision": model.runtime.precision,
        "device": model.runtime.device_name,
        "kernels": model.runtime.kernels.name,
        **{name: value for name, value in vars(model.options).items() if name != "compat"},
        "compat": [name for name, is_on in vars(model.options.compat).items() if is_on],
        "regions": list(model.regions),
        "parcellation": None if model.selection is None else model.selection.as_dict(),
        **_columns(model),
        "cache": None if model.space.cache.folder is None else str(model.space.cache.folder),
    }


def check_finite(predictions: np.ndarray) -> None:
    """Refuses predictions with NaN or infinity: something upstream of them overflowed.

    Raises   NotFiniteError that names the first row
    """
    for number, row in enumerate(predictions):
        if not np.isfinite(row).all():
            raise NotFiniteError(
                f"the prediction of row {number} holds NaN or infinite values; try --precision float64"
            )


def _summary(stimulus: Path, events: Events, predictions: np.ndarray, model: TribeModel, seconds: float) -> str:
    n_rows, n_columns = predictions.shape
    present = [m for m in model.data.modalities if m in model.record.facts.get("models", {})]
    spans = [(min(e.start for e in on), max(e.stop for e in on)) for on in events.by_timeline().values()]
    duration = sum(stop - start for start, stop in spans)
    words = number_of(len(events.of_type("Word")), "words")
    return shown(
        f"{stimulus.name} ({duration:.1f} s; {', '.join(present)}; {words}) -> "
        f"{number_of(n_rows, 'rows')} of {model.data.tr:g} s x {n_columns} {model.output_space.unit} in {seconds:.1f} s"
    )


def events_to_file(
    stimulus: Path,
    out: Path,
    *,
    config: PipelineConfig,
    cache_folder: Path | bool | None,
    words: WordSource,
    progress: Progress,
    models: ModelLocations | None = None,
    pictures: PictureShow | None = None,
) -> tuple[Events, RunRecord]:
    """The events of a stimulus as a tab-separated table; needs no model.

    Raises   TribeError of every kind; nothing is written then
    """
    opened = open_stimulus(stimulus, words=words)
    check_file_target(out, "events", words.inputs(opened) | _beside(pictures))
    with open_workspace(cache_folder) as space:
        record = RunRecord()
        found_in = models if models is not None else default_locations(None)
        builder = EventBuilder(
            space.media, config, words, record, progress, found_in, space.digests, pictures or PictureShow()
        )
        events = builder.build(opened)
        write_file_whole(out, events.to_tsv, "events")
        if record.transcript is not None:
            _write_beside(out, record.transcript, record)
        gone = [e.filepath for e in events if space.scratch is not None and Path(e.filepath).parent == space.media]
        if gone:
            record.warn(
                "without a cache the sound of the film or text is not kept: its rows name a file that no longer exists"
            )
    return events, record


def _write_beside(table: Path, transcript: str, record: RunRecord) -> None:
    """Writes the words that a recogniser heard beside their events; a file that is not as it was written here stays."""
    path = table.with_name(f"{table.stem}.{TRANSCRIPT}")
    if path.exists() and not is_own_file(real_path(path), "events"):
        record.warn(
            f"{path} exists and was changed, or was not written by tribe-np: the recognised words were not saved"
        )
        return
    write_file_whole(path, lambda partial: partial.write_text(transcript, encoding="utf-8"), "events")


def features_to_folder(
    stimulus: Path,
    out: Path,
    *,
    load: Callable[[], TribeModel],
    words: WordSource,
    pictures: PictureShow | None = None,
) -> tuple[dict[str, tuple[int, ...]], RunRecord]:
    """Features of a stimulus, one .npz per modality: features (G, F, T) or (F, T), times (T,) in seconds, frequency.

    Raises   TribeError of every kind; nothing is written then
    """
    opened = open_stimulus(stimulus, words=words)
    check_own_target(out, "features", words.inputs(opened) | _beside(pictures))
    _check_one_timeline(opened)
    model = load()
    check_extractors(model, opened, words, predicts=False)
    events, features = made_of_events(model, opened, words, model.extract_features, pictures)
    start = min(e.start for e in events)

    def fill(folder: Path) -> None:
        for modality, values in features.items():
            times = start + np.arange(values.shape[-1]) / model.data.frequency
            np.savez(folder / f"{modality}.npz", features=values, times=times, frequency=model.data.frequency)
        events.to_tsv(folder / "events.tsv")
        if model.record.transcript is not None:
            (folder / TRANSCRIPT).write_text(model.record.transcript, encoding="utf-8")

    write_whole(out, fill, "features")
    return {m: values.shape for m, values in features.items()}, model.record


def _check_one_timeline(stimulus: Stimulus) -> None:
    """Refuses a table whose features would be of several timelines."""
    timelines = stimulus.table.timelines if stimulus.kind == "events" else []
    if len(timelines) > 1:
        raise EventsError(
            f"{stimulus.path}: has {len(timelines)} timelines ({', '.join(timelines)}); features are written for one: "
            "give a table of each"
        )
