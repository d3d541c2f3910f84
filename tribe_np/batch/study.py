"""A study's folder: what lies where, and its small files.

plan.json               settings, stimuli and work (`plan`)
events/NAME.tsv         the events of each stimulus, from planning
reports/ab/KEY.json     what a process told of a task; `ab` is of the key's digest, so that no folder grows large
jobs/                   what was sent to an engine
logs/                   what engines and processes printed
predictions/NAME/       as `predict` writes it
status.tsv              the table of `status`
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tribe_np.batch.task import REPORTED, TaskReport
from tribe_np.errors import OutputError, reason_of
from tribe_np.files.atomic import whole_file
from tribe_np.files.leftovers import remove_if_possible, remove_leftovers
from tribe_np.files.small_files import MEGABYTE, read_small_file

PLAN, STATUS = "plan.json", "status.tsv"
MOST_PLAN = 2048 * MEGABYTE


@dataclass(frozen=True)
class Study:
    """Places and files of one study."""

    folder: Path

    @property
    def plan(self) -> Path:
        """plan.json."""
        return self.folder / PLAN

    @property
    def status(self) -> Path:
        """status.tsv."""
        return self.folder / STATUS

    @property
    def jobs(self) -> Path:
        """The folder of what was sent."""
        return self.folder / "jobs"

    @property
    def logs(self) -> Path:
        """The folder of logs."""
        return self.folder / "logs"

    def events(self, name: str) -> Path:
        """The events of a stimulus."""
        return self.folder / "events" / f"{name}.tsv"

    def prediction(self, name: str) -> Path:
        """The folder of a stimulus' prediction."""
        return self.folder / "predictions" / name

    def predicted_by(self, name: str) -> str | None:
        """The key of the task that wrote a prediction; None where there is none, or not all, or one of no study."""
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            folder = self.prediction(name)
            run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
            return str(run["study"]["key"]) if (folder / "predictions.npy").is_file() else None
        return None

    def report(self, key: str) -> Path:
        """Where the report of a task lies, or would."""
        return self.folder / "reports" / hashlib.sha256(key.encode()).hexdigest()[:2] / f"{key}.json"

    def read_report(self, key: str) -> TaskReport | None:
        """The report of a task; None where there is none, or none that can be read."""
        return _report_in(self.report(key))

    def write_report(self, report: TaskReport) -> None:
        """Writes it whole, in place of an earlier one.

        Raises   OutputError
        """
        write_record(self.report(report.key), report.as_dict())

    def forget_report(self, key: str) -> None:
        """Removes the report of a task, if there is one: as if the task had never been begun."""
        remove_if_possible(self.report(key))

    def reported(self) -> set[str]:
        """Keys of all tasks that have a report; folders are listed, no report is read."""
        return {path.stem for path in (self.folder / "reports").glob("*/*.json")}

    def reports(self) -> Iterator[TaskReport]:
        """All reports there are; a folder is listed, not each task asked for."""
        for path in sorted((self.folder / "reports").glob("*/*.json")):
            if (report := _report_in(path)) is not None:
                yield report

    def tidy(self) -> None:
        """Removes what killed processes left half-written: reports."""
        for folder in (self.folder / "reports").glob("*"):
            remove_leftovers(folder)


def _report_in(path: Path) -> TaskReport | None:
    """The report in a file; None where it is not there, or damaged, or another task's."""
    with suppress(OSError, ValueError, TypeError, RecursionError):
        report = TaskReport.from_dict(json.loads(path.read_text(encoding="utf-8")))
        return report if report.key == path.stem and report.state in REPORTED else None
    return None


def write_record(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a small file whole or not at all.

    Raises   OutputError for a full disk, or a folder that cannot be written
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            partial.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {reason_of(error)}") from error


def read_json_file(path: Path, *, most: int = MOST_PLAN) -> dict[str, Any]:
    """A mapping from a file of ours.

    Raises   OutputError naming the file: missing, damaged, or something else
    """
    raw = read_small_file(path, most=most, error=OutputError)
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise OutputError(f"{path}: is damaged: {error}") from error
    if not isinstance(found, dict):
        raise OutputError(f"{path}: is damaged: expected a mapping")
    return found
