"""A study's small files: what is damaged in them counts as not there."""

import json
from pathlib import Path

import pytest

from tribe_np.batch.jobs import read_sendings
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, RUNNING, TaskReport
from tribe_np.errors import OutputError
from tribe_np.files.leftovers import passing_name

KEY = "video-features-00"
GOOD = TaskReport(KEY, DONE, seconds=1.0, threads=2)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        json.dumps(GOOD.as_dict() | {"deaths": "many"}).encode(),
        json.dumps(GOOD.as_dict() | {"error": None}).encode(),
        json.dumps(GOOD.as_dict() | {"state": "asleep"}).encode(),
        json.dumps(GOOD.as_dict() | {"key": "another"}).encode(),
        json.dumps(GOOD.as_dict() | {"unheard": 1}).encode(),
    ],
)
def test_a_damaged_report_is_none(tmp_path: Path, raw: bytes) -> None:
    study = Study(tmp_path)
    study.write_report(GOOD)
    assert study.read_report(KEY) == GOOD
    study.report(KEY).write_bytes(raw)
    assert study.read_report(KEY) is None
    assert list(study.reports()) == []
    study.write_report(TaskReport(KEY, RUNNING))
    assert [report.state for report in study.reports()] == [RUNNING]


def test_a_whole_number_of_seconds_is_read_too(tmp_path: Path) -> None:
    study = Study(tmp_path)
    study.write_report(GOOD)
    study.report(KEY).write_text(json.dumps(GOOD.as_dict() | {"seconds": 1, "threads": None}))
    assert study.read_report(KEY) == TaskReport(KEY, DONE, seconds=1)


@pytest.mark.parametrize("raw", [b"{}", b'{"study": []}', b"[" * 100_000, b"\xff"])
def test_a_damaged_run_is_no_prediction(tmp_path: Path, raw: bytes) -> None:
    study = Study(tmp_path)
    folder = study.prediction("film")
    folder.mkdir(parents=True)
    (folder / "predictions.npy").touch()
    (folder / "run.json").write_text('{"study": {"key": "prediction-0"}}')
    assert study.predicted_by("film") == "prediction-0"
    (folder / "run.json").write_bytes(raw)
    assert study.predicted_by("film") is None


def test_a_prediction_without_its_numbers_is_none(tmp_path: Path) -> None:
    study = Study(tmp_path)
    study.prediction("film").mkdir(parents=True)
    (study.prediction("film") / "run.json").write_text('{"study": {"key": "prediction-0"}}')
    assert study.predicted_by("film") is None


def test_tidying_takes_what_killed_writers_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = Study(tmp_path)
    study.write_report(GOOD)
    monkeypatch.setattr("tribe_np.files.leftovers._is_alive", lambda *_: False)
    passing_name(study.report(KEY), "partial").touch()
    study.tidy()
    assert list(study.report(KEY).parent.iterdir()) == [study.report(KEY)]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"engine": "slurm", "options": {}, "sent": [1], "date": ""}'])
def test_a_damaged_file_of_jobs_is_named(tmp_path: Path, text: str) -> None:
    study = Study(tmp_path)
    study.jobs.mkdir()
    (study.jobs / "20260101-slurm.json").write_text(text)
    with pytest.raises(OutputError, match=r"slurm\.json: is damaged"):
        read_sendings(study)
