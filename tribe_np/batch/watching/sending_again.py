"""What `batch retry` sends, with the engine that carried the study last, if that works without being watched."""

from dataclasses import dataclass

from tribe_np.batch.engines.engine import Sent
from tribe_np.batch.engines.registry import ENGINES, reopened_engine
from tribe_np.batch.jobs import jobs_of_tasks, read_sendings, write_sending
from tribe_np.batch.plan import Plan
from tribe_np.batch.study import Study
from tribe_np.batch.watching.missing_tasks import missing_tasks
from tribe_np.pipeline.progress import number_of


@dataclass(frozen=True)
class SentAgain:
    """The jobs that were sent, or, where none could be, what to type."""

    sent: tuple[Sent, ...] = ()
    advice: str = ""

    def line(self) -> str:
        """The same for people."""
        if self.advice:
            return f"next: {self.advice}"
        return f"sent {number_of(sum(len(sent.keys) for sent in self.sent), 'tasks')} again" if self.sent else (
            "nothing is left to send"
        )  # fmt: skip


def send_again(study: Study, plan: Plan) -> SentAgain:
    """Sends what is missing with the last engine; one whose jobs end with the process that sent them is only named.

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
    missing = missing_tasks(study, plan, jobs_of_tasks(study))
    sent = engine.send(missing.features) if missing.features else []
    if missing.predictions:
        sent += engine.send(missing.predictions, [job.job for job in sent])
    if sent:
        write_sending(study, last.engine, last.options, sent)
    return SentAgain(tuple(sent))
