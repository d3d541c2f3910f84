"""What `batch retry` sends, with the engine that carried the study last, if that works without being watched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tribe_np.batch.engines.engine import Sent
from tribe_np.batch.engines.registry import ENGINES, reopened_engine
from tribe_np.batch.jobs import TaskJob, jobs_of_tasks, read_sendings
from tribe_np.batch.plan import Plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import TaskReport
from tribe_np.batch.watching.growth import growth_of
from tribe_np.batch.watching.outgoing import outgoing_tasks, send_outgoing
from tribe_np.pipeline.progress import number_of


@dataclass(frozen=True)
class SentAgain:
    """The jobs that were sent, and with what more than before; or, where none could be, what to type."""

    sent: tuple[Sent, ...] = ()
    more: tuple[str, ...] = ()
    advice: str = ""

    def lines(self) -> list[str]:
        """The same for people."""
        if self.advice:
            return [f"next: {self.advice}"]
        if not self.sent:
            return ["nothing is left to send"]
        return [f"sent {number_of(sum(len(sent.keys) for sent in self.sent), 'tasks')} again", *self.more]


def check_sender(study: Study) -> None:
    """Passes unless the engine that `send_again` would send with does not answer here.

    To be asked before anything is forgotten: deaths are what tells that a task needs more, and what an engine that
    does not answer has in its queue would pass for waiting.
    Raises   TribeError from the engine
    """
    sendings = read_sendings(study)
    record = ENGINES.get(sendings[-1].engine) if sendings else None
    if record is not None and record.outlives_us:
        last = sendings[-1]
        reopened_engine(last.engine, study, last.options).poll([sent.job for sent in last.sent])


def send_again(study: Study, plan: Plan, troubled: Sequence[TaskReport] = ()) -> SentAgain:
    """Sends what is missing with the last engine; one whose jobs end with the process that sent them is only named.

    `troubled` are reports of tasks that failed or died, forgotten by now: who died is given more than before.
    Raises   TribeError from the engine
    """
    sendings = read_sendings(study)
    if not sendings:
        return SentAgain(advice=f"tribe-np batch run {study.folder}, or submit, or work, as before")
    last = sendings[-1]
    record = ENGINES.get(last.engine)
    if record is not None and not record.outlives_us:
        return SentAgain(advice=f"tribe-np batch {record.command} {study.folder}")
    engine = reopened_engine(last.engine, study, last.options)
    jobs: Mapping[str, TaskJob] = jobs_of_tasks(study)
    growth = growth_of(troubled, jobs)
    sent = send_outgoing(study, engine, outgoing_tasks(study, plan, jobs), growth.at_least)
    return SentAgain(tuple(sent), growth.lines)
