"""What was sent to an engine: `jobs/NUMBER-ENGINE.json`, one file for each sending, written whole and never changed.

    {"engine": "slurm", "options": {"partition": "long", ...}, "date": "2026-12-01T09:30:00+00:00",
     "sent": [{"job": "4711_0", "keys": ["prediction-...", ...], "memory": 1900000000, "seconds": 7200.0,
               "logs": "/study/logs/slurm-..."}, ...]}

`engine` is a name in `engines.registry.ENGINES`, `options` is what that engine's `reopened` is given again, from
another process: an address, a partition. Engines write with `write_sending`; `status` and `retry` read.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from tribe_np.batch.engines.engine import GONE, JobState, Sent
from tribe_np.batch.engines.registry import reopened_engine
from tribe_np.batch.study import Study, read_json_file, write_record
from tribe_np.errors import OutputError, TribeError

UNKNOWN = JobState("unknown", "the engine cannot be asked")
"""Of a job whose engine does not answer here: `status` on a machine without Slurm."""


@dataclass(frozen=True)
class Sending:
    """Jobs that one call sent with one engine."""

    engine: str
    options: Mapping[str, Any]
    sent: tuple[Sent, ...]
    date: str  # UTC

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> "Sending":
        """What a file of jobs/ holds."""
        sent = (
            Sent(s["job"], tuple(s["keys"]), int(s["memory"]), float(s["seconds"]), str(s.get("logs", "")))
            for s in found["sent"]
        )
        return cls(str(found["engine"]), dict(found["options"]), tuple(sent), str(found["date"]))


@dataclass(frozen=True)
class TaskJob:
    """The job that a task was last sent with, and how that stands."""

    sent: Sent
    state: JobState


def write_sending(study: Study, engine: str, options: Mapping[str, Any], sent: Sequence[Sent]) -> None:
    """Writes down what was sent. Files sort by time; two calls in one microsecond have names of their own.

    Raises   OutputError
    """
    now = datetime.now(UTC)
    sending = Sending(engine, options, tuple(sent), now.isoformat(timespec="seconds"))
    name = f"{now:%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}-{engine}.json"
    write_record(study.jobs / name, asdict(sending))


def read_sendings(study: Study) -> list[Sending]:
    """All there were, oldest first.

    Raises   OutputError for a file that is damaged
    """
    found = []
    for path in sorted(study.jobs.glob("*.json")):
        try:
            found.append(Sending.from_dict(read_json_file(path)))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise OutputError(f"{path}: is damaged, expected what was sent to an engine; remove it") from error
    return found


def jobs_of_tasks(study: Study) -> dict[str, TaskJob]:
    """The job of every task that was sent, by the task's key; the last one of several.

    An engine is asked once for all jobs that were sent with the same options.
    Raises   OutputError for a file of jobs/ that is damaged
    """
    sendings = read_sendings(study)
    alike: dict[str, list[Sending]] = {}
    for sending in sendings:
        alike.setdefault(_asked_with(sending), []).append(sending)
    states_of = {name: _states(study, group) for name, group in alike.items()}
    found: dict[str, TaskJob] = {}
    for sending in sendings:
        states = states_of[_asked_with(sending)]
        for sent in sending.sent:
            state = states.get(sent.job, JobState(GONE)) if states is not None else UNKNOWN
            found |= {key: TaskJob(sent, state) for key in sent.keys}
    return found


def _asked_with(sending: Sending) -> str:
    """The same for sendings of which one answer of an engine tells all."""
    return json.dumps([sending.engine, sending.options], sort_keys=True)


def _states(study: Study, alike: Sequence[Sending]) -> Mapping[str, JobState] | None:
    """How the jobs of sendings stand; None where the engine is not to be had, or does not answer, here."""
    with suppress(TribeError, OSError):
        engine = reopened_engine(alike[0].engine, study, alike[0].options)
        return engine.poll([sent.job for sending in alike for sent in sending.sent])
    return None
