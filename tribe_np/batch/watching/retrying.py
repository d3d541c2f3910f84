"""`batch retry`: what has failed, or was killed, is forgotten, so that whoever comes next tries it again."""

from dataclasses import dataclass

from tribe_np.batch.plan import Plan
from tribe_np.batch.study import Study
from tribe_np.batch.task import DONE, FAILED, RUNNING, TaskReport
from tribe_np.pipeline.progress import number_of

MOST_TOLD = 5


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten: reports of tasks that had failed, those of tasks that were killed, and what cannot be."""

    failed: tuple[TaskReport, ...]
    killed: tuple[TaskReport, ...]
    unplanned: tuple[str, ...]  # stimuli that failed when the study was planned

    def lines(self) -> list[str]:
        """The same for people."""
        errors = list(dict.fromkeys(report.error for report in self.failed))
        lines = [f"forgot {number_of(len(self.failed), 'errors')} and {number_of(len(self.killed), 'deaths')}"]
        lines += [f"  {error}" for error in errors[:MOST_TOLD]]
        if len(errors) > MOST_TOLD:
            lines.append(f"  ... and {len(errors) - MOST_TOLD} more")
        if self.unplanned:
            told = f"{number_of(len(self.unplanned), 'stimuli')} could not be planned ({self.unplanned[0]})"
            lines.append(f"{told}: mend them, and plan the study again")
        return lines

    def as_dict(self) -> dict[str, object]:
        """The same for JSON."""
        return {
            "failed": {report.key: report.error for report in self.failed},
            "killed": [report.key for report in self.killed],
            "unplanned": list(self.unplanned),
        }


def forget_failures(study: Study, plan: Plan) -> Forgotten:
    """Removes the reports of what has failed or was killed; what runs just now, and what is done, stays."""
    live = plan.settings.claims().live()
    gone = [report for report in study.reports() if report.key not in live and _is_trouble(report)]
    for report in gone:
        study.forget_report(report.key)
    failed = tuple(report for report in gone if report.state == FAILED)
    killed = tuple(report for report in gone if report.state != FAILED)
    return Forgotten(failed, killed, _unplanned(plan))


def _is_trouble(report: TaskReport) -> bool:
    """Whether a report is of a failure, or tells of deaths that would count."""
    return report.state == FAILED or (report.state != DONE and (report.deaths > 0 or report.state == RUNNING))


def _unplanned(plan: Plan) -> tuple[str, ...]:
    return tuple(f"{stimulus.name}: {stimulus.error}" for stimulus in plan.stimuli if stimulus.error)
