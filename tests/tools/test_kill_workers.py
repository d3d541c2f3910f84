"""The tool that kills the workers of a study can say no. The rounds themselves: `tox -e kills`."""

import signal
import sys
from pathlib import Path

import pytest

from tools import kill_workers
from tools.kill_workers import SharedStudy
from tribe_np.batch.task import DONE, FAILED, TaskReport
from tribe_np.files.leftovers import passing_name


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    shared = SharedStudy(tmp_path, kills=1)
    shared.study.write_report(TaskReport("a", DONE, attempts=2, deaths=1))
    shared.check_reports()
    assert shared.wrong == []
    shared.study.write_report(TaskReport("b", FAILED, attempts=3, deaths=2, error="it broke"))
    shared.check_reports()
    assert shared.wrong == [
        "b is failed: it broke", "3 tasks begun again, by 1 kills and 0 stops", "3 deaths, of 1 processes"
    ]  # fmt: skip
    left = [tmp_path / "cache" / "claims" / "ab" / "k.json", passing_name(tmp_path / "x", "partial")]
    left[0].parent.mkdir(parents=True)
    for path in left:
        path.touch()
    assert sorted(shared.left()) == sorted(map(str, left))


@pytest.mark.parametrize(("code", "is_well"), [(0, True), (3, False)])
def test_how_a_process_ends_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_well: bool
) -> None:
    monkeypatch.setattr(kill_workers, "command", lambda *_: [sys.executable, "-c", f"raise SystemExit({code})"])
    worker = SharedStudy(tmp_path).work(0, 1)
    worker.process.wait()
    assert (worker.complaint() is None) == is_well
    assert not worker.send(signal.SIGTERM)
    worker.number = signal.SIGTERM
    assert worker.complaint() is None
