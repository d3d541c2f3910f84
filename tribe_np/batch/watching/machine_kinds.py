"""Kinds of machines on which the tasks of a study ran: those of one kind round alike."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tribe_np.batch.task import TaskReport
from tribe_np.pipeline.progress import number_of


@dataclass(frozen=True)
class KindOfMachine:
    """Machines that round alike: how many hosts they are, and how many tasks they did."""

    cpu: str
    threads: int | None
    blas: str
    hosts: int
    tasks: int

    def text(self) -> str:
        """The same for people."""
        threads = "" if self.threads is None else f", {self.threads} thread{'s' if self.threads != 1 else ''}"
        return f"{self.cpu or 'unknown CPU'}{threads}, {self.blas or 'unknown BLAS'}"


def kinds_of_machines(reports: Iterable[TaskReport]) -> list[KindOfMachine]:
    """The kinds on which tasks ran, most tasks first; reports of what was in the cache already name none."""
    tasks: Counter[tuple[str, int | None, str]] = Counter()
    hosts: dict[tuple[str, int | None, str], set[str]] = {}
    for report in reports:
        if report.host:
            kind = (report.cpu, report.threads, report.blas)
            tasks[kind] += 1
            hosts.setdefault(kind, set()).add(report.host)
    return [KindOfMachine(*kind, len(hosts[kind]), n) for kind, n in tasks.most_common()]


def mixed_rounding(kinds: Sequence[KindOfMachine]) -> str | None:
    """What to say where tasks ran on several kinds of machine; None where one did it all."""
    if len(kinds) < 2:
        return None
    told = "; ".join(f"{kind.text()}: {number_of(kind.tasks, 'tasks')}" for kind in kinds)
    return f"features were made on {len(kinds)} kinds of machine ({told}), which round differently in the last digits"
