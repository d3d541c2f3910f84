"""Small studies: planned from the demo's models, made in this process or in others, and compared with serial runs."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile

from tribe_np.batch.lists.listed_stimulus import ListedStimulus
from tribe_np.batch.making.performing import open_here
from tribe_np.batch.making.workplace import Workplace
from tribe_np.batch.plan import Plan, read_plan
from tribe_np.batch.planning.study_planning import plan_study
from tribe_np.batch.settings import StudySettings
from tribe_np.batch.study import Study
from tribe_np.batch.task import Task
from tribe_np.pipeline.demo import DemoPaths
from tribe_np.pipeline.early_checks import found_extractors
from tribe_np.pipeline.resolve import ModelLocations
from tribe_np.pipeline.run import predict_to_folder

THREADS = 1
SAME = ("predictions.npy", "segments.json", "events.tsv")
"""Files of a prediction that a study writes to the byte as `predict` does; run.json tells of time and place."""


def noise(path: Path, seed: int, seconds: float = 2.0) -> Path:
    """A sound that no other seed gives."""
    soundfile.write(path, np.random.default_rng(seed).normal(0, 0.1, int(16000 * seconds)), 16000)
    return path


def settings_of(demo: DemoPaths, cache: Path, **more: object) -> StudySettings:
    """Those of the demo's models, without words."""
    checkpoint = demo.models / "encoder"
    models = found_extractors(checkpoint, ModelLocations({}, (demo.models,), None))
    given = {"words": {"speech": False}, **more}
    return StudySettings(
        str(checkpoint), {m: str(path) for m, path in models.items()}, str(cache), THREADS, **given
    )  # type: ignore[arg-type]  # fmt: skip


def planned(
    folder: Path, files: Sequence[Path], settings: StudySettings, *, clips_per_task: int | None = None
) -> Study:
    """A study of files, named after their stems."""
    study = Study(folder)
    plan_study(study, [ListedStimulus(f.stem, f) for f in files], settings, clips_per_task=clips_per_task)
    return study


def opened(study: Study) -> Workplace:
    """A study in this process, as a new process would find it."""
    from tribe_np.batch.making import performing

    performing._opened.cache_clear()
    return open_here(study.folder)


def all_tasks(study: Study) -> tuple[Task, ...]:
    """Tasks of features, then predictions."""
    plan: Plan = read_plan(study)
    return (*plan.tasks(), *plan.predictions())


def command_line(*arguments: object) -> list[str]:
    """The command in a process of its own."""
    return [sys.executable, "-m", "tribe_np", *map(str, arguments)]


def started(*arguments: object) -> "subprocess.Popen[str]":
    """A process that runs the command."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("TRIBE_NP", "HF_"))}
    return subprocess.Popen(
        command_line(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean
    )  # fmt: skip


def serial_prediction(study: Study, name: str, folder: Path) -> Path:
    """What `predict` writes for a stimulus of a study in this process, with a cache of its own in a folder."""
    plan = read_plan(study)
    settings, stimulus = replace(plan.settings, cache=str(folder / "serial_cache")), plan.stimulus(name)
    out = folder / f"serial_{name}"
    predict_to_folder(
        Path(stimulus.path), out, load=lambda: settings.load_model(stimulus), words=settings.word_source(stimulus)
    )
    return out


def same_bytes(study: Study, name: str, serial: Path) -> bool:
    """Whether a study's prediction holds the numbers, segments and events of a serial one, but for the cache's name."""
    cache = os.fsencode(read_plan(study).settings.cache)
    others = os.fsencode(serial.parent / "serial_cache")
    return all(
        (study.prediction(name) / file).read_bytes() == (serial / file).read_bytes().replace(others, cache)
        for file in SAME
    )
