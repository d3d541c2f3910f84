"""What Slurm says of jobs: squeue while it knows them (ended ones too, for MinJobAge), then sacct where there is one.

Each program is asked once for all jobs, scontrol once for each array with failures (it alone tells how one ended).
Nothing here needs submitit. An answer is never a traceback: no Slurm, no answer and a refusal are errors of one line.
"""

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tribe_np.batch.engines.engine import AT_WORK, GONE, MEMORY, TIME, WAITING, JobState
from tribe_np.errors import ConfigError, MissingDependencyError, TribeError

WAITS = frozenset({"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "RESV_DEL_HOLD"})
RUNS = frozenset({"RUNNING", "COMPLETING", "STAGE_OUT", "SUSPENDED", "STOPPED", "SIGNALING", "RESIZING"})
HELD = frozenset({"REQUEUE_HOLD", "SPECIAL_EXIT"})
LIMITS = {"TIMEOUT": TIME, "OUT_OF_MEMORY": MEMORY}  # memory's only where Slurm keeps to control groups
FORGOTTEN = "FORGOTTEN"  # a state of ours: Slurm does not know the job, or knows it no longer
MEANINGS = {
    "BadConstraints": "no node fits what was asked for",
    "BeginTime": "was requeued, and starts in a while",
    "Dependency": "waits for the jobs it needs",
    "DependencyNeverSatisfied": "what it needs has failed: it will never start",
    "InvalidAccount": "there is no such account: it will never start",
    "InvalidQOS": "there is no such quality of service: it will never start",
    "JobArrayTaskLimit": "as many of its array run as may at once",
    "JobHeldAdmin": "held by an administrator",
    "JobHeldUser": "held: scontrol release JOB lets it go",
    "PartitionConfig": "asks for more than the partition gives: it will never start",
    "PartitionDown": "the partition is down",
    "PartitionNodeLimit": "asks for more nodes or cores than the partition has: it will never start",
    "PartitionTimeLimit": "asks for more time than the partition gives: it will never start",
    "Priority": "others are before it",
    "Resources": "no node is free",
}
STUCK = frozenset(name for name, meaning in MEANINGS.items() if "never" in meaning) | {"BadConstraints"}
SHELL_SIGNAL, LARGEST_SIGNAL = 128, 64
FIELDS = "%i|%T|%N|%r"  # the reason last: the one that may hold anything
SECONDS = 60.0


@dataclass(frozen=True)
class SlurmState:
    """One job, or one task of an array, as Slurm sees it."""

    job: str  # "12", or "12_3" of an array
    state: str  # Slurm's word, such as PENDING; FORGOTTEN if Slurm knows nothing of it
    reason: str = ""  # why it waits, or how it ended; Slurm's word
    node: str = ""
    exit_code: str = ""  # "3:0" is exit code 3, "0:9" killed by signal 9; known of some that failed

    @property
    def waits(self) -> bool:
        """It has not begun, or will begin again."""
        return self.state in WAITS | HELD

    @property
    def runs(self) -> bool:
        """It holds a node."""
        return self.state in RUNS

    @property
    def is_stuck(self) -> bool:
        """It waits for what will not come without somebody's help."""
        return self.state in HELD or (self.waits and self.reason in STUCK)

    @property
    def signal(self) -> int:
        """The signal that ended it, or what it ran (a shell says 137 of that); 0 if none did, or none is known."""
        code, _, number = self.exit_code.partition(":")
        from_shell = int(code) - SHELL_SIGNAL if code.isdigit() else 0
        if number.isdigit() and int(number):
            return int(number)
        return from_shell if 0 < from_shell <= LARGEST_SIGNAL else 0

    @property
    def job_state(self) -> JobState:
        """The same for who asks an engine; what Slurm has forgotten is gone, and nobody knows how it ended."""
        if self.waits:
            reason = self.state if self.reason in ("", "None") else self.reason
            return JobState(WAITING, f"{reason}: {MEANINGS[reason]}" if reason in MEANINGS else reason)
        if self.runs:
            return JobState(AT_WORK)
        ended_well = self.state in ("COMPLETED", FORGOTTEN)
        return JobState(GONE, "" if ended_well else self.words(), LIMITS.get(self.state, ""))

    def words(self) -> str:
        """State, reason and what the reason means, for a table."""
        if self.state == FORGOTTEN:
            return "Slurm does not know it (any more)"
        said = "" if self.reason in ("", "None") else f", {self.reason}"
        meaning = MEANINGS.get(self.reason, "") if self.waits else ""
        if self.state == "FAILED" and self.exit_code and self.reason not in MEANINGS:  # it has run
            said = f", killed by signal {self.signal}" if self.signal else f", exit code {self.exit_code.split(':')[0]}"
        return f"{self.state}{said}{f' ({meaning})' if meaning else ''}"


def ask_slurm(*command: str, seconds: float = SECONDS, refused: str = "") -> str:
    """What a program of Slurm printed.

    Raises   MissingDependencyError when it is not on the PATH, does not answer in time, or the controller is down;
             ConfigError with Slurm's own words, after `refused`, for what it will not do; without `refused` any
             failure is a MissingDependencyError
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("SQUEUE_")} | {"LC_ALL": "C"}
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, env=env, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise MissingDependencyError(
            f"Slurm's {command[0]} did not answer within {seconds:g} s; jobs go on without it: ask again later"
        ) from error
    except OSError as error:
        raise no_program(command[0], error) from error
    if done.returncode:
        raise slurm_error(command[0], done.stderr.decode("utf-8", "replace"), refused=refused)
    return done.stdout.decode("utf-8", "replace")


def no_program(name: str, error: OSError) -> MissingDependencyError:
    """The error for a program of Slurm that cannot be started."""
    why = "is not on the PATH" if isinstance(error, FileNotFoundError) else f"cannot be started: {error.strerror}"
    return MissingDependencyError(
        f"Slurm's {name} {why}. Run this where Slurm's commands are (a login node), or load Slurm's module there"
    )


def slurm_error(program: str, stderr: str, *, refused: str = "") -> TribeError:
    """The error for what a program of Slurm printed when it failed: Slurm's own words in one line."""
    lines = [re.sub(r"^(\w+: )?((error|fatal): )?", "", line.strip()) for line in stderr.splitlines()]
    words = "; ".join(dict.fromkeys(line for line in lines if line))[:400] or "it says nothing"
    if re.search(r"unable to contact|connection (refused|timed out)|socket timed out|connect failure", words, re.I):
        return MissingDependencyError(f"Slurm's controller does not answer {program} ({words}); jobs go on: ask later")
    if refused:
        return ConfigError(f"{refused}: {words}")
    return MissingDependencyError(f"Slurm's {program} failed: {words}")


def max_array_size() -> int:
    """How many tasks an array may have on this site: MaxArraySize, of which the largest index is one less.

    Raises   MissingDependencyError as `ask_slurm` does
    """
    shown = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask_slurm("scontrol", "show", "config"), flags=re.M)
    return max(1, int(shown[1])) if shown else 1001  # Slurm's default


def slurm_states(jobs: Iterable[str]) -> dict[str, SlurmState]:
    """The state of each job ("12") or task of an array ("12_3"), in the order given; FORGOTTEN of unknown ones.

    Raises   MissingDependencyError as `ask_slurm` does
    """
    wanted = list(dict.fromkeys(jobs))
    known = {state.job: state for state in _queue(_parents(wanted))}
    failed = [job for job in wanted if job in known and known[job].state == "FAILED"]
    for parent in _parents(failed):
        for job, code in _exit_codes(parent):
            if job in known:
                known[job] = replace(known[job], exit_code=code)
    lost = _parents(job for job in wanted if job not in known)
    if lost:
        known |= {state.job: state for state in _accounted(lost) if state.job not in known}
    return {job: known.get(job, SlurmState(job, FORGOTTEN)) for job in wanted}


def _parents(jobs: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(job.partition("_")[0] for job in jobs))


def _queue(parents: list[str]) -> Iterator[SlurmState]:
    """Every job and task that the controller remembers, one to a line."""
    if not parents:
        return
    try:
        answer = ask_slurm("squeue", "-h", "-r", "-a", "-t", "all", "-o", FIELDS, f"--jobs={','.join(parents)}")
    except MissingDependencyError as error:
        if "invalid job id" in str(error).lower():  # the only one asked for is forgotten; of many they are left out
            return
        raise
    for line in answer.splitlines():
        if line.count("|") >= 3:
            name, state, node, reason = line.strip().split("|", 3)
            yield from (SlurmState(job, state, reason, node) for job in expand(name))


def _exit_codes(parent: str) -> Iterator[tuple[str, str]]:
    """(job, ExitCode) of a job, or of each task of an array."""
    try:
        answer = ask_slurm("scontrol", "-o", "-a", "show", "job", parent)
    except MissingDependencyError:  # forgotten since it was asked
        return
    for line in answer.splitlines():
        shown = dict(re.findall(r"(?<!\S)(ArrayJobId|ArrayTaskId|JobId|ExitCode)=(\S*)", line))
        task = shown.get("ArrayTaskId", "")
        name = f"{shown.get('ArrayJobId')}_{task}" if task.isdigit() else shown.get("JobId", "")
        yield name, shown.get("ExitCode", "")


def _accounted(parents: list[str]) -> Iterator[SlurmState]:
    """What the accounting knows; nothing where there is none."""
    try:
        answer = ask_slurm("sacct", "-n", "-X", "-P", "-o", "JobID,State,NodeList,ExitCode", "-j", ",".join(parents))
    except TribeError:
        return
    for line in answer.splitlines():
        if line.count("|") == 3:
            name, state, node, code = line.strip().split("|")
            word = (state.split() or [FORGOTTEN])[0]  # "CANCELLED by 1000"
            yield from (SlurmState(job, word, "", "" if "None" in node else node, code) for job in expand(name))


def expand(name: str) -> list[str]:
    """The jobs that a line of Slurm's stands for.

    >>> expand("12"), expand("12_3"), expand("12_[0,2-4%2]"), expand("12_[0-6:3]")
    (['12'], ['12_3'], ['12_0', '12_2', '12_3', '12_4'], ['12_0', '12_3', '12_6'])
    """
    parent, _, tasks = name.partition("_[")
    if not tasks:
        return [name]
    found = []
    for part in tasks.rstrip("]").partition("%")[0].split(","):
        if whole := re.fullmatch(r"(\d+)(?:-(\d+)(?::(\d+))?)?", part):
            first, last, step = int(whole[1]), int(whole[2] or whole[1]), int(whole[3] or 1)
            found += [f"{parent}_{task}" for task in range(first, last + 1, step)]
    return found
