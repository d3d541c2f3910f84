"""A real Slurm on one machine: munge, a controller and a node, in a folder of its own.

No systemd, no control groups, no database; any user. The daemons are children of this process and stay in the
foreground, so that they can be waited for; jobs carry the folder's SLURM_CONF, by which the last of them is found.
There is no accounting (`sacct` fails), as on clusters without slurmdbd.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

PROGRAMS = {"slurmctld": "slurmctld", "slurmd": "slurmd", "munged": "munge", "sbatch": "slurm-client"}  # its package
PLACES = "/usr/sbin:/usr/local/sbin:/sbin"  # where daemons are that not everyone has on the PATH
NODE = "node1"
CONF = """\
ClusterName=ci
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
KillWait=3
MinJobAge={min_job_age}
MaxArraySize={max_array_size}
RequeueExit=85
JobRequeue=1
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 \
  CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 RealMemory={memory}
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP DefMemPerCPU=500
PartitionName=closed Nodes={node} MaxTime=INFINITE State=DOWN
"""  # config_overrides: the node is believed to have what is written here; NodeHostname: whatever the machine is called


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:{PLACES}"


def missing_slurm() -> str:
    """Which programs of Slurm are not installed, with what to install; "" if all are."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=_path()) is None]
    packages = " ".join(PROGRAMS[name] for name in missing)
    return f"{', '.join(missing)} not found (apt-get install {packages})" if missing else ""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, no two the same."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class SlurmCluster:
    """A cluster of one node in `folder`, whose path must be short: sockets are made there.

    Everything that talks to it needs `env`. `stop` ends every process of it, and so does leaving a `with`.
    """

    def __init__(
        self, folder: Path, *, cpus: int = 2, memory: int = 8000, max_array_size: int = 5, min_job_age: int = 3600
    ) -> None:
        self.folder = folder
        self.conf = folder / "slurm.conf"
        foreign = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SALLOC_", "SQUEUE_", "SUBMITIT_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        self.env |= {"PATH": _path(), "SLURM_CONF": str(self.conf)}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        controller_port, node_port = free_ports(2)
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(parents=True)
        for place in (folder, folder / "munge"):
            place.chmod(0o755)  # munged asks that everybody can reach its socket
        (folder / "munge" / "key").write_bytes(os.urandom(128))
        (folder / "munge" / "key").chmod(0o600)
        self.conf.write_text(
            CONF.format(
                host=socket.gethostname().partition(".")[0],
                user=pwd.getpwuid(os.getuid()).pw_name,
                node=NODE,
                **locals(),
            )
        )

    def __enter__(self) -> "SlurmCluster":
        try:
            files = (f"--{name}-file={self.folder / 'munge' / name}" for name in ("key", "pid", "log", "seed"))
            self._start_daemon("munged", "--foreground", f"--socket={self.folder / 'munge' / 'socket'}", *files)
            self.wait_for(lambda: (self.folder / "munge" / "socket").exists(), "munge", seconds=20)
            self._start_daemon("slurmctld", "-D", "-c")
            self._start_daemon("slurmd", "-D")
            self.wait_for(self._node_is_up, "an idle node", seconds=30)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_daemon(self, name: str, *options: str) -> None:
        program = shutil.which(name, path=self.env["PATH"])
        assert program is not None, missing_slurm()
        with open(self.folder / f"{name}.out", "ab") as out:
            self._daemons[name] = subprocess.Popen(
                [program, *options],
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def run(self, *command: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """A program with the cluster's environment: exit code, stdout and stderr as text."""
        return subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=seconds)

    def call(self, *command: str) -> str:
        """What a program printed, or "" if it failed."""
        done = self.run(*command)
        return done.stdout.strip() if done.returncode == 0 else ""

    def sbatch(self, *options: str, wrap: str | None = None) -> str:
        """The id of a job newly sent; `wrap` is its command line, or the last of `options` a script."""
        command = [] if wrap is None else [f"--wrap={wrap}"]
        done = self.run("sbatch", "--parsable", "--output=%x-%j.out", *command, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().partition(";")[0]

    def squeue(self, job: str = "") -> list[tuple[str, str, str]]:
        """(id, state, reason) of each job or part of an array that still waits or runs."""
        lines = self.call("squeue", "-h", "-r", "-o", "%i|%T|%r", *([f"--jobs={job}"] if job else [])).splitlines()
        return [tuple(line.split("|", 2)) for line in lines]  # type: ignore[misc]

    def scontrol(self, *words: str) -> str:
        """What scontrol printed."""
        done = self.run("scontrol", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def state_of(self, job: str) -> str:
        """JobState of a job, also of one that has ended; "" if the controller does not know it or does not answer."""
        shown = self.call("scontrol", "-o", "show", "job", job)
        return shown.partition("JobState=")[2].partition(" ")[0]

    def wait_for(self, condition: Callable[[], object], what: str, *, seconds: float = 60) -> None:
        """Waits until `condition()` holds.

        Raises   TimeoutError with `what` was waited for, the queue, and the last lines of the logs
        """
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                queue = self.call("squeue", "-o", "%i %T %r")
                raise TimeoutError(f"waited {seconds:.0f} s for {what}\n{queue}\n{self._last_lines()}")
            time.sleep(0.1)

    def wait_state(self, job: str, *states: str, seconds: float = 60) -> None:
        """Waits until a job is in one of these states."""
        self.wait_for(lambda: self.state_of(job) in states, f"job {job} to be {' or '.join(states)}", seconds=seconds)

    def _last_lines(self, count: int = 12) -> str:
        logs = [self.folder / name for name in ("munged.out", "slurmctld.log", "slurmd.log")]
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-count:])
            for log in logs
            if log.exists()
        )

    def wait_saved(self) -> None:
        """Waits until the controller has written down what it knows; it does so some 5 s after a change."""
        state, now = self.folder / "state" / "job_state", time.time()
        until = now + 7  # it may have been written just now, and then it is not written again
        while time.time() < until and not (state.exists() and state.stat().st_mtime > now):
            time.sleep(0.1)

    def kill_controller(self) -> None:
        """The controller killed (SIGKILL), as when its machine fails: jobs run on, commands get no answer.

        What it had not written down is lost (`wait_saved`): a job newly sent is then unknown, and one newly started
        is killed by its node and started again.
        """
        self._daemons["slurmctld"].kill()
        self._daemons.pop("slurmctld").wait()

    def restart_controller(self) -> None:
        """The controller started again, with the jobs it had saved; waits until it answers and the node is up."""
        self._start_daemon("slurmctld", "-D")
        self.wait_for(self._node_is_up, "the controller")

    def _node_is_up(self) -> bool:
        return self.call("sinfo", "-h", "-p", "main", "-o", "%t") in ("idle", "alloc", "mix", "comp")

    def processes(self) -> list[int]:
        """All processes that were started with this cluster's environment: daemons, steps and what jobs run."""
        mark = f"SLURM_CONF={self.conf}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                with suppress(OSError):  # one that has just ended, or of another user
                    if mark in (folder / "environ").read_bytes().split(b"\0"):
                        found.append(int(folder.name))
        return found

    def stop(self) -> None:
        """Every process ended, at once: nothing of the cluster is used again."""
        for daemon in self._daemons.values():
            daemon.kill()
            daemon.wait()
        self._daemons.clear()
        kill_all(self.processes)


def kill_all(find: Callable[[], Sequence[int]], *, seconds: float = 10) -> None:
    """Processes killed until `find` finds none.

    Raises   TimeoutError if some cannot be killed
    """
    until = time.monotonic() + seconds
    while left := find():
        if time.monotonic() > until:
            raise TimeoutError(f"processes that do not end: {left}")
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)
