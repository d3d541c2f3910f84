"""What is given to sbatch, and what is made of its answers, without a Slurm: its programs are stand-ins here."""

import os
import pickle
import shlex
import stat
import sys
from pathlib import Path

import pytest

from tests.batch.test_working import task_of
from tribe_np.batch.engines import slurm_scripts
from tribe_np.batch.engines.engine import Sent
from tribe_np.batch.engines.slurm_arrays import arrays_of
from tribe_np.batch.engines.slurm_element import SlurmElement, job_name
from tribe_np.batch.engines.slurm_engine import SlurmEngine
from tribe_np.batch.engines.slurm_options import SlurmOptions
from tribe_np.batch.engines.slurm_queue import ask_slurm
from tribe_np.batch.jobs import read_sendings
from tribe_np.batch.study import Study
from tribe_np.batch.watching.outgoing import Outgoing, send_outgoing
from tribe_np.errors import ConfigError, MissingDependencyError, OutputError

pytestmark = pytest.mark.cluster
SBATCH = """#!/bin/sh
n=$(($(cat "$FAKE/count" 2>/dev/null || echo 0) + 1)); echo $n > "$FAKE/count"
cp "$1" "$FAKE/script$n"; env > "$FAKE/env$n"
[ $n -lt "${REFUSED:-99}" ] || { echo "sbatch: error: Batch job submission failed: Job violates" >&2; exit 1; }
echo "Submitted batch job $((40 + n))"
"""
SCONTROL = "#!/bin/sh\necho 'MaxArraySize            = 3'\n"
SCANCEL = '#!/bin/sh\necho "$@" >> "$FAKE/cancelled"\n'


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of programs that stand in for Slurm's, of the scripts that sbatch was given, and of its environment."""
    folder = tmp_path / "fake"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scontrol", SCONTROL), ("scancel", SCANCEL), ("srun", ""), ("squeue", "")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755 | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("FAKE", str(folder))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    return folder


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "study").mkdir()
    return Study(tmp_path / "study")


def test_the_script_that_is_shown_is_the_one_that_is_sent(fake: Path, study: Study, tmp_path: Path) -> None:
    setup = tmp_path / "setup file.sh"
    setup.write_text("module load python\nexport A='1 2'")
    engine = SlurmEngine(study, SlurmOptions("long", "lab one", 90, 4, 2**31, 2, str(setup)))
    tasks = [task_of(n, 2000.0) for n in range(3)]
    (array,) = engine.arrays(tasks)
    shown = engine.script(array, ["12_0", "12_1", "13"])
    sent = engine.send(tasks, ["12_0", "12_1", "13"])
    assert [job.job for job in sent] == ["41_0", "41_1", "41_2"]
    assert [job.keys for job in sent] == [(task.key,) for task in tasks]
    assert (fake / "script1").read_text() == shown
    for line in (
        "#SBATCH --account='lab one'", "#SBATCH --array=0-2%2", "#SBATCH --cpus-per-task=4", "#SBATCH --mem=2048M",
        "#SBATCH --dependency=afterany:12:13", "#SBATCH --job-name=tribe-np-m", "#SBATCH --partition=long",
        "#SBATCH --requeue", "#SBATCH --signal=USR2@1800", "#SBATCH --time=90", "module load python",
        "export A='1 2'",
    ):  # fmt: skip
        assert f"{line}\n" in shown
    command = shown.splitlines()[-1] or shown.splitlines()[-2]
    assert f"--cpus-per-task=4 {sys.executable} -m tribe_np.batch.engines.slurm_start 1 -u -m submitit" in command
    assert "wckey" not in shown
    (sending,) = read_sendings(study)
    assert (sending.engine, sending.options["setup"], list(sending.sent)) == ("slurm", str(setup), sent)
    assert engine.reopened(study, sending.options).options == engine.options


def test_nothing_of_ours_is_pickled_but_names(fake: Path, study: Study) -> None:
    (sent,) = SlurmEngine(study, SlurmOptions()).send([task_of(0, 1.0), task_of(1, 1.0)])
    (path,) = Path(sent.logs).glob("*_submitted.pkl")
    assert path.stat().st_size < 400
    assert pickle.loads(path.read_bytes()).function == SlurmElement(str(study.folder), ("m-0", "m-1"))
    assert not list(Path(sent.logs).glob(".*"))
    assert "--array" not in (fake / "script1").read_text()


def test_arrays_are_cut_to_what_the_site_takes(fake: Path, study: Study) -> None:
    sent = SlurmEngine(study, SlurmOptions()).send([task_of(n, 2000.0) for n in range(7)])
    assert [job.job for job in sent] == ["41_0", "41_1", "42_0", "42_1", "43_0", "43_1", "43_2"]


def test_what_was_sent_before_a_refusal_is_written_down(
    fake: Path, study: Study, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REFUSED", "2")
    outgoing = Outgoing(tuple(task_of(n, 2000.0) for n in range(4)), (), (task_of(9, 1.0, "prediction"),), ())
    with pytest.raises(ConfigError) as caught:
        send_outgoing(study, SlurmEngine(study, SlurmOptions()), outgoing)
    assert str(caught.value) == (
        "Slurm refuses the m array: Batch job submission failed: Job violates; before it 2 tasks were sent, "
        "which go on: send the rest later"
    )
    assert [job.job for sending in read_sendings(study) for job in sending.sent] == ["41_0", "41_1"]
    assert len(list(study.logs.iterdir())) == 1
    assert capfd.readouterr() == ("", "")


def test_what_cannot_be_written_down_is_not_left_in_the_queue(fake: Path, study: Study) -> None:
    study.jobs.write_text("in the way")
    with pytest.raises(OutputError, match="cannot be written"):
        SlurmEngine(study, SlurmOptions()).send([task_of(0, 1.0)])
    assert (fake / "cancelled").read_text() == "--quiet 41\n"


def test_inside_of_a_job_its_variables_stay_behind(fake: Path, study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"SLURM_CONF": "/etc/slurm.conf", "SBATCH_ACCOUNT": "lab"}
    for name, value in {**kept, "SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "9", "SUBMITIT_EXECUTOR": "slurm"}.items():
        monkeypatch.setenv(name, value)
    SlurmEngine(study, SlurmOptions()).send([task_of(0, 1.0)])
    lines = (fake / "env1").read_text().splitlines()
    assert {line for line in lines if line.startswith(("SLURM_", "SBATCH_", "SUBMITIT_"))} == {
        f"{name}={value}" for name, value in kept.items()
    }
    assert os.environ["SLURM_CPUS_PER_TASK"] == "9"


def test_a_setup_file_that_is_not_there_is_named(fake: Path, study: Study) -> None:
    with pytest.raises(OutputError, match=r"nowhere\.sh: "):
        SlurmEngine(study, SlurmOptions(setup="/nowhere.sh")).send([task_of(0, 1.0)])
    assert not (fake / "count").exists()


def test_a_setup_file_that_is_no_utf8_leaves_nothing(fake: Path, study: Study, tmp_path: Path) -> None:
    setup = tmp_path / "setup.sh"
    setup.write_bytes(b"module load python\nexport NAME=Andr\xe9\n")
    with pytest.raises(OutputError, match=r"setup\.sh: line 2 is not UTF-8"):
        SlurmEngine(study, SlurmOptions(setup=str(setup))).send([task_of(0, 1.0)])
    assert not study.logs.exists()


@pytest.mark.parametrize("name", ["50%j done", "back\\slash", "two\nlines", "Andr\udce9"])
def test_a_study_where_slurm_would_write_its_logs_elsewhere_is_refused(fake: Path, tmp_path: Path, name: str) -> None:
    engine = SlurmEngine(Study(tmp_path / name), SlurmOptions())
    for send in (engine.send, lambda tasks: engine.script(*engine.arrays(tasks))):
        with pytest.raises(ConfigError, match="Slurm cannot write logs below a path with"):
            send([task_of(0, 1.0)])
    assert not (tmp_path / name).exists()


def test_any_other_study_is_quoted(fake: Path, tmp_path: Path) -> None:
    folder = tmp_path / 'it\'s a "new" $HOME & ü'
    SlurmEngine(Study(folder), SlurmOptions()).send([task_of(0, 1.0)])
    command = (fake / "script1").read_text().partition("\nsrun ")[2].strip()
    assert str(Path(shlex.split(command)[-1]).parent) == str(folder / "logs")


def test_what_suits_the_login_nodes_processor_stays_there(
    fake: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_scripts, "blas_variables", lambda _: {"OPENBLAS_CORETYPE": "Haswell", "A": "1"})
    for name, value in {"OPENBLAS_CORETYPE": "Haswell", "A": "2"}.items():
        monkeypatch.setenv(name, value)
    SlurmEngine(study, SlurmOptions()).send([task_of(0, 1.0)])
    lines = (fake / "env1").read_text().splitlines()
    assert "A=2" in lines  # given by the person
    assert not [line for line in lines if line.startswith("OPENBLAS_CORETYPE")]
    assert os.environ["OPENBLAS_CORETYPE"] == "Haswell"


@pytest.mark.parametrize("renamed", ["_make_submission_file_text", "update_parameters"])
def test_another_submitit_is_told(fake: Path, study: Study, monkeypatch: pytest.MonkeyPatch, renamed: str) -> None:
    def changed(*_: object, **given: object) -> None:
        raise TypeError("got an unexpected keyword argument")

    monkeypatch.setattr(pytest.importorskip("submitit").SlurmExecutor, renamed, changed)
    engine = SlurmEngine(study, SlurmOptions())
    with pytest.raises(MissingDependencyError, match=r"submitit \d.* is not one that tribe-np knows how to call"):
        engine.script(*engine.arrays([task_of(0, 1.0)]))


def test_slurms_longest_reason_is_made_short(fake: Path, study: Study) -> None:
    reason = "Nodes required for job are DOWN, DRAINED or reserved for jobs in higher priority partitions"
    (fake / "squeue").write_text(f"#!/bin/sh\necho '41|PENDING||{reason}'\n")
    state = SlurmEngine(study, SlurmOptions()).poll(["41"])["41"]
    assert state.reason == "NodesUnavailable: the nodes for it are down, drained or reserved"


def test_without_slurm_it_says_so(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingDependencyError, match="Slurm's sbatch is not on the PATH"):
        SlurmEngine(study, SlurmOptions()).check()


def test_programs_that_do_not_answer_are_told(fake: Path, study: Study) -> None:
    (fake / "scontrol").write_text("#!/bin/sh\nexec sleep 60\n")
    with pytest.raises(MissingDependencyError, match=r"scontrol did not answer within 0\.1 s"):
        ask_slurm("scontrol", "show", "config", seconds=0.1)
    refused = "squeue: error: Unable to contact slurm controller (connect failure)"
    (fake / "squeue").write_text(f"#!/bin/sh\necho '{refused}' >&2\nexit 1\n")
    with pytest.raises(MissingDependencyError, match="Slurm's controller does not answer squeue"):
        SlurmEngine(study, SlurmOptions()).poll(["41"])


def test_a_process_knows_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    assert job_name() == ""
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    assert job_name() == "12"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "11")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert job_name() == "11_3"


def test_the_longest_array_goes_first() -> None:
    tasks = [task_of(0, 100.0), *(task_of(n, 2000.0, "b") for n in range(2))]
    assert [array.kind for array in arrays_of(tasks, SlurmOptions(), most_elements=9)] == ["b", "m"]
    assert Sent("1", (), 1, 1.0).logs == ""
