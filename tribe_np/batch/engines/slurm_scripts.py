"""Arrays to Slurm, by submitit: the script of an array, and what sbatch says to it. submitit is imported nowhere else.

submitit pickles each element's `SlurmElement` into a folder of the array, writes a script that calls its program once
for each element, and gives it to sbatch. It watches nothing here: how jobs stand is asked of Slurm (`slurm_queue`).
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

from tribe_np.batch.engines import slurm_start
from tribe_np.batch.engines.slurm_arrays import SlurmArray
from tribe_np.batch.engines.slurm_element import SLURM_WHY, SlurmElement
from tribe_np.batch.engines.slurm_options import SlurmOptions
from tribe_np.batch.engines.slurm_queue import no_program, slurm_error
from tribe_np.errors import ConfigError, MissingDependencyError, OutputError, TribeError, reason_of
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.machine.threads import blas_variables
from tribe_np.optional import require

MOST_REQUEUES = 20
"""How often an element may run into its wall time: one whose single clip does not end before it must stop somewhere."""
MOST_SETUP = 1_000_000
OF_A_JOB = ("SLURM_", "SLURMD_", "SRUN_", "SUBMITIT_")
NOT_IN_PATHS = re.compile(r"[%\\\x00-\x1f\x7f\ud800-\udfff]")
"""In the names of logs Slurm and submitit take % for a pattern and \\ for an escape, and write elsewhere; a script is
UTF-8, of which an option is one line."""


def require_slurm() -> None:
    """Passes where jobs can be sent to Slurm.

    Raises   MissingDependencyError
    """
    require("submitit", extra="slurm", why=SLURM_WHY)
    for program in ("sbatch", "srun", "squeue", "scontrol"):
        if shutil.which(program) is None:
            raise no_program(program, FileNotFoundError())


def array_script(array: SlurmArray, options: SlurmOptions, folder: Path, after: Sequence[str]) -> str:
    """The script that sbatch is given, or would be; nothing is written.

    Raises   MissingDependencyError, OutputError for a setup file that cannot be read, ConfigError for a folder that
             Slurm cannot be told
    """
    executor = _executor(array, options, folder, after)
    with _known_submitit():
        if len(array.elements) > 1:  # as submitit does when it sends an array
            executor.parameters["map_count"] = len(array.elements)
        return str(executor._make_submission_file_text(executor._submitit_command_str, ""))


def send_array(array: SlurmArray, options: SlurmOptions, folder: Path, study: Path, after: Sequence[str]) -> list[str]:
    """Slurm's names of the elements, in their order: "12_0", or "12" of a single one. The folder is made.

    Raises   ConfigError for what Slurm refuses, in its own words, or cannot be told; MissingDependencyError where it
             does not answer; OutputError for a folder that cannot be written, or a setup file that cannot be read
    """
    submitit = require("submitit", extra="slurm", why=SLURM_WHY)
    elements = [SlurmElement(str(study), tuple(task.key for task in element)) for element in array.elements]
    executor = _executor(array, options, folder, after)
    try:
        folder.mkdir(parents=True)
        with _quiet(), _for_other_machines():
            jobs = executor.submit_array(elements)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise OutputError(f"{folder}: cannot be written: {reason_of(error)}") from error
    except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _refusal(array, str(error)) from error
    for left in folder.glob(".submission_file_*"):
        with suppress(OSError):
            left.unlink()
    return [str(job.job_id) for job in jobs]


def _refusal(array: SlurmArray, words: str) -> TribeError:
    return slurm_error("sbatch", words, refused=f"Slurm refuses the {array.kind} array")


def _executor(array: SlurmArray, options: SlurmOptions, folder: Path, after: Sequence[str]) -> Any:
    """submitit's SlurmExecutor with the parameters of an array; nothing is written."""
    if found := NOT_IN_PATHS.search(str(folder)):
        raise ConfigError(
            f"{folder.parent}: Slurm cannot write logs below a path with {found[0]!r} in it: rename that folder, or "
            "plan the study in another"
        )
    given = {
        "partition": options.partition,
        "account": options.account,
        "setup": setup_lines(options.setup) if options.setup else None,
        "dependency": f"afterany:{':'.join(after)}" if after else None,
    }
    submitit = require("submitit", extra="slurm", why=SLURM_WHY)
    python = f"{shlex.quote(sys.executable)} -m {slurm_start.__name__} {array.threads}"
    with _known_submitit():
        executor = submitit.SlurmExecutor(folder, max_num_timeout=MOST_REQUEUES, python=python)
        executor.update_parameters(
            job_name=f"tribe-np-{array.kind}", time=array.minutes, mem=f"{-(-array.memory // MEGABYTE)}M",
            cpus_per_task=array.cpus, ntasks_per_node=1, array_parallelism=options.max_parallel or len(array.elements),
            signal_delay_s=array.warning, stderr_to_stdout=True, wckey=None,
            srun_args=[f"--cpus-per-task={array.cpus}"],  # since Slurm 22.05 a step does not inherit them
            additional_parameters={"requeue": True}, **{name: v for name, v in given.items() if v is not None},
        )  # fmt: skip
    return executor


@contextmanager
def _known_submitit() -> Iterator[None]:
    """Parts of submitit are called that it may rename: another version is an error of one line.

    Raises   MissingDependencyError
    """
    try:
        yield
    except (AttributeError, TypeError) as error:
        version = require("submitit", extra="slurm", why=SLURM_WHY).__version__
        raise MissingDependencyError(
            f"submitit {version} is not one that tribe-np knows how to call ({error}); pip install 'submitit>=1.5,<1.6'"
        ) from error


def setup_lines(path: str) -> list[str]:
    """The lines of a setup file.

    Raises   OutputError for one that cannot be read, or is not UTF-8
    """
    raw = read_small_file(Path(path), most=MOST_SETUP, error=OutputError)
    try:
        return raw.decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise OutputError(f"{path}: line {line} is not UTF-8, which the scripts are; save it as UTF-8") from error


@contextmanager
def _for_other_machines() -> Iterator[None]:
    """Without the variables of a job in which we may run ourselves, which sbatch and the new job would obey, and
    without those that suit the processor of this machine: a node chooses its own.

    submitit's own clean_env takes what belongs to the person or the site too: SLURM_CONF, SBATCH_ACCOUNT.
    """
    inside = "SLURM_JOB_ID" in os.environ
    ours = {n: v for n, v in os.environ.items() if inside and n.startswith(OF_A_JOB) and n != "SLURM_CONF"}
    ours |= {name: value for name, value in blas_variables({}).items() if os.environ.get(name) == value}
    for name in ours:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(ours)


@contextmanager
def _quiet() -> Iterator[None]:
    """submitit prints what sbatch says; errors say it once more, in one line."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield
