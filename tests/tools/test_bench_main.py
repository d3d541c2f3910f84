"""The benchmark's command: whose turn it is, resuming, checks of the outputs, bad usage. Processes are stand-ins."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.architecture.source import ROOT
from tools import bench_cases, bench_main, bench_ours, bench_rounds, bench_side

SECONDS = {"ours": 0.3, "fp32": 0.6, "bf16": 0.5, "fp64": 2.0}


class Machine:
    """Stands in for the processes: what was started, and what each side gives."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.seconds = dict(SECONDS)
        self.off = dict.fromkeys(SECONDS, 0.0)  # added to a side's output
        self.failing: str | None = None

    def start(self, python: str, side: str, job: dict[str, Any], threads: int) -> dict[str, Any]:
        if job["case"] == "machine":
            products = {" x ".join(map(str, shape)): 0.01 for shape in job["options"]["shapes"]}
            return {"about": {side: "1"}, "gflops": 100.0 + threads, "products": products}
        self.started.append(side)
        if side == self.failing:
            raise bench_rounds.ProcessError("out of memory")
        if job["save"]:
            np.save(job["save"], np.array([1.0, 1.0 + self.off[side]]))
        n_contexts = len(bench_cases.text_sizes(quick=job["options"]["quick"])[1])
        return {
            "seconds": [self.seconds[side]] * job["repeats"], "took": self.seconds[side] + 1, "peak": 1_000_000,
            "detail": [1.0] * n_contexts if job["case"] == "text" else None,
        }  # fmt: skip


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()

    def folder(work: Path, kind: str, n_layers: int) -> Path:
        (work / kind).mkdir(exist_ok=True)
        return work / kind

    monkeypatch.setattr(bench_rounds, "start", made.start)
    monkeypatch.setattr(bench_main, "model_folder", folder)
    monkeypatch.setattr(bench_main, "peer_python", lambda given: "python")
    return made


def run(work: Path, *arguments: str, code: int = 0) -> None:
    assert bench_main.main(["--work", str(work), *arguments]) == code


def test_sides_take_turns_and_finished_rounds_stay(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--cases", "encoder-1", "--threads", "2"]
    run(tmp_path, *command)
    assert machine.started == ["ours", "fp32"] * 5 + ["bf16"] * 3
    assert "| brain encoder, B = 1 | 2 | 0.3 | 0.6 | 0.5 |" in capsys.readouterr().out
    table = json.loads((tmp_path / "table.json").read_text())
    assert table["lines"][0]["verdict"] == "within 1e-04"
    rounds = json.loads((tmp_path / "rounds.json").read_text())
    rounds["lines"]["encoder-1, 8 layers, 2 threads"]["fp32"].pop()
    (tmp_path / "rounds.json").write_text(json.dumps(rounds))
    machine.started.clear()
    run(tmp_path, *command)
    assert machine.started == ["fp32"]
    machine.started.clear()
    run(tmp_path, *command, "--again", "--sides", "ours")
    assert machine.started == ["ours"] * 5


def test_the_second_column_comes_after_all_lines(tmp_path: Path, machine: Machine) -> None:
    machine.seconds |= {"fp32": 70.0}
    run(tmp_path, "--cases", "llama", "clip", "--threads", "2")
    assert machine.started == ["ours", "fp32"] * 6 + ["bf16", "bf16"]


def test_a_hurry_takes_few_rounds_on_the_first_threads(tmp_path: Path, machine: Machine) -> None:
    run(tmp_path, "--cases", "text", "--quick")
    assert machine.started == ["ours", "fp32"] * 2
    line = json.loads((tmp_path / "table.json").read_text())["lines"][0]
    assert line["fp32"]["seconds"] == pytest.approx(225.5, rel=0.01)  # one second a word, less before the first context
    assert line["threads"] == 2


def test_float64_runs_where_it_decides(tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.off |= {"ours": 2e-4, "fp64": 1e-4}
    run(tmp_path, "--cases", "encoder-1", "--threads", "2")
    assert machine.started.count("fp64") == 1
    check = json.loads((tmp_path / "table.json").read_text())["lines"][0]
    assert check["difference"] == pytest.approx(2e-4)
    assert check["peer_error"] == pytest.approx(1e-4, rel=1e-3)
    assert "within 3 x the peer's own" in capsys.readouterr().out
    run(tmp_path, "--cases", "encoder-8", "--threads", "2", "--sides", "ours", "fp32")
    assert machine.started.count("fp64") == 1  # not among the sides
    assert "over 1e-04, float64 not run" in capsys.readouterr().out


def test_one_side_alone_has_a_line(tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "--cases", "sound", "--threads", "2", "--sides", "bf16")
    assert machine.started == ["bf16"] * 3
    assert "| 60 s of sound | 2 | - | - | - | 0.4 | 0.5 |" in capsys.readouterr().out


def test_a_terminated_benchmark_ends_its_process(tmp_path: Path) -> None:
    slow = tmp_path / "python"
    # two seconds, after which the benchmark surely knows the process it has started
    slow.write_text("#!/bin/sh\nsleep 2\necho $$ > " + str(tmp_path / "pid") + "\nexec sleep 60\n")
    slow.chmod(0o755)
    command = [sys.executable, str(ROOT / "tools" / "bench.py"), "--work", str(tmp_path), "--sides", "ours"]
    with subprocess.Popen([*command, "--python", str(slow)], stdout=subprocess.PIPE, text=True) as bench:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().endswith("\n"):
            assert bench.poll() is None
        bench.terminate()
        printed, _ = bench.communicate(timeout=60)
    assert bench.returncode == 130
    assert "nothing has been measured" in printed
    state = ["ps", "-o", "stat=", "-p", (tmp_path / "pid").read_text().strip()]
    found = subprocess.run(state, capture_output=True, text=True, check=False).stdout.strip()
    assert not found or found.startswith("Z")  # gone, or dead and not yet collected by the system


def test_a_stop_leaves_a_table(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*arguments: Any) -> dict[str, Any]:
        if len(machine.started) == 3:
            raise KeyboardInterrupt
        return machine.start(*arguments)

    monkeypatch.setattr(bench_rounds, "start", stop)
    run(tmp_path, "--cases", "encoder-1", "clip", code=130)
    assert "2, 1, 0" in capsys.readouterr().out
    run(tmp_path, "--table")
    printed = capsys.readouterr().out
    assert "2, 1, 0" in printed
    assert "clip" not in printed
    assert len(machine.started) == 3


def test_a_failing_side_does_not_stop_the_others(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.failing = "fp32"
    run(tmp_path, "--cases", "sound", "clip", "--threads", "2", code=1)
    printed = capsys.readouterr()
    assert "bench: error: clip, 40 layers, 2 threads: out of memory" in printed.err
    assert "| one V-JEPA clip | 2 | 0.3 | - | - |" in printed.out


def test_a_failing_process_is_one_line() -> None:
    job = {"case": "none", "folder": "", "options": {}, "repeats": 1, "save": ""}
    with pytest.raises(bench_rounds.ProcessError, match=r"^ours of none: .*none.*$"):
        bench_rounds.start(sys.executable, "ours", job, 1)


def test_a_process_times_its_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_ours, "prepare", lambda case, folder, options: lambda: np.arange(3.0))
    job = {"case": "x", "folder": "", "options": {}, "repeats": 2, "save": str(tmp_path / "out.npy")}
    result = bench_side.run("ours", job)
    assert len(result["seconds"]) == len(result["processor"]) == 2
    assert result["detail"] is None
    assert result["peak"] > 10_000_000
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.arange(3.0))
    assert bench_side.peak_memory(str(tmp_path / "nothing")) == 0
    assert bench_main.cpu_name(str(tmp_path / "nothing")).startswith("unknown, ")


def test_our_side_describes_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_ours, "LARGE", 64)
    found = bench_side.run("ours", {"case": "machine", "options": {"shapes": [[4, 5, 6]]}})
    assert set(found["products"]) == {"4 x 5 x 6"}
    assert found["gflops"] > 0
    assert {"numpy", "blas", "kernels"} <= set(found["about"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cases", "none"], "invalid choice: 'none'"),
        (["--threads", "0"], "must be a whole number from 1"),
        (["--work", ""], "must not be empty"),
        (["--peer-python", "/no/python"], "--peer-python /no/python: no such interpreter"),
        (["--sides", "ours", "--python", "/no/python"], "--python /no/python: no such interpreter"),
        (["--sides", "ours", "--upstream", "tests"], "--upstream tests: no checkout of tribev2"),
        (["--table", "--work", __file__ + "/x"], "Not a directory"),
    ],
)
def test_bad_usage_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = bench_main.main(arguments)
    except SystemExit as refused:  # argparse's
        code = int(refused.code or 0)
    (line,) = capsys.readouterr().err.splitlines()
    assert code == 2
    assert line.startswith("bench: error: ")
    assert said in line


@pytest.mark.parametrize("form", [[str(ROOT / "tools" / "bench.py")], ["-m", "tools.bench"]])
def test_it_starts_as_a_file_and_as_a_module(form: list[str], tmp_path: Path) -> None:
    folder = tmp_path if form[0] != "-m" else ROOT
    command = [sys.executable, *form, "--work", str(tmp_path), "--table"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing has been measured" in done.stdout


def test_a_peer_without_torch_is_told_what_to_install(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    false = tmp_path / "python"
    false.write_text("#!/bin/sh\nexit 1\n")
    false.chmod(0o755)
    assert bench_main.main(["--work", str(tmp_path), "--peer-python", str(false)]) == 2
    error = capsys.readouterr().err
    pinned = (ROOT / "tox.ini").read_text()
    assert all(package in error and package in pinned for package in bench_main.PEER_PACKAGES)


@pytest.mark.parametrize("content", ["{", "[]", '{"machine": {}}'])
def test_a_file_of_another_version_is_refused(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rounds.json").write_text(content)
    assert bench_main.main(["--work", str(tmp_path), "--table"]) == 2
    assert "rounds.json" in capsys.readouterr().err
