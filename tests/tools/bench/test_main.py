"""The benchmark's command: whose turn it is, resuming, checks of the outputs, bad usage. Processes are stand-ins."""

import json
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.architecture.source import ROOT
from tools.bench import cases as bench_cases
from tools.bench import machine as bench_machine
from tools.bench import main as bench_main
from tools.bench import ours as bench_ours
from tools.bench import rounds as bench_rounds
from tools.bench import side as bench_side
from tribe_np.errors import ConfigError
from tribe_np.pipeline.run_record import high_water_mark

SECONDS = {"ours": 0.3, "fp32": 0.6, "bf16": 0.5, "fp64": 2.0}


class Machine:
    """Stands in for the processes: what was started, and what each side gives."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.seconds = dict(SECONDS)
        self.off = dict.fromkeys(SECONDS, 0.0)  # added to a side's output
        self.failing: str | None = None
        self.described: list[str] = []  # the sides whose machine was measured
        self.broken: set[str] = set()  # the sides for which that fails

    def start(self, python: str, side: str, job: dict[str, Any], threads: int) -> dict[str, Any]:
        if job["case"] == "machine":
            self.described.append(side)
            if side in self.broken:
                raise bench_rounds.ProcessError("no such library")
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


def stored(work: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((work / "rounds.json").read_text())
    return found


def store(work: Path, found: dict[str, Any]) -> None:
    (work / "rounds.json").write_text(json.dumps(found))


@pytest.fixture
def checkout(tmp_path: Path) -> str:
    (tmp_path / "checkout" / "tribev2").mkdir(parents=True)
    (tmp_path / "checkout" / "tribev2" / "model.py").touch()
    return str(tmp_path / "checkout")


def test_sides_take_turns_and_finished_rounds_stay(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--cases", "encoder-1", "--threads", "2"]
    run(tmp_path, *command)
    assert machine.started == ["ours", "fp32"] * 5 + ["bf16"] * 3
    assert "| brain encoder, B = 1; peer composed | 2 | 0.3 | 0.6 | 0.5 |" in capsys.readouterr().out
    table = json.loads((tmp_path / "table.json").read_text())
    assert table["lines"][0]["verdict"] == "within 1e-04"
    rounds = stored(tmp_path)
    rounds["lines"]["encoder-1, 8 layers, 2 threads"]["fp32"].pop()
    store(tmp_path, rounds)
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


def test_loading_does_not_make_a_case_long() -> None:
    task = bench_rounds.Task(bench_cases.CASES[0], 2, 8, False)
    sides = {"ours": [{"seconds": [1.0, 2.0], "took": 90.0}], "fp32": [{"seconds": [3.0, 59.0], "took": 120.0}]}
    assert [bench_rounds.n_rounds(task, sides, side) for side in SECONDS] == [5, 5, 3, 1]
    sides["fp32"][0]["seconds"][1] = 60.0
    assert [bench_rounds.n_rounds(task, sides, side) for side in SECONDS] == [3, 3, 1, 1]


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
    command = [sys.executable, str(ROOT / "tools" / "bench"), "--work", str(tmp_path), "--sides", "ours"]
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


def test_a_full_disk_does_not_lose_the_table(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bench_main.model_folder

    def full(work: Path, kind: str, n_layers: int) -> Path:
        if kind == "llama":
            raise ConfigError("llama needs 6.4 GB")
        return folder(work, kind, n_layers)

    monkeypatch.setattr(bench_main, "model_folder", full)
    run(tmp_path, "--cases", "llama", "clip", "--threads", "2", code=1)
    printed = capsys.readouterr()
    assert "bench: error: llama, 28 layers, 2 threads: llama needs 6.4 GB" in printed.err.splitlines()
    assert "| one V-JEPA clip | 2 | 0.3 | 0.6 |" in printed.out


def test_a_machine_that_cannot_be_measured_does_not_lose_the_table(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.broken = {"ours", "fp32"}
    run(tmp_path, "--cases", "sound", "--threads", "2", code=1)
    printed = capsys.readouterr()
    assert printed.err.splitlines()[:2] == ["bench: error: machine, 2 threads: no such library"] * 2
    assert "Product of 4096 x 4096, GFLOP/s, -\n" in printed.out
    row = next(row for row in printed.out.splitlines() if row.startswith("| 60 s of sound "))
    assert [cell.strip() for cell in row.split("|")[9:11]] == ["-", "-"]  # of sgemm peak, bare products
    machine.broken = set()
    run(tmp_path, "--cases", "sound", "--threads", "2")
    assert "ours and fp32: 102 and 102 on 2" in capsys.readouterr().out


def test_what_is_measured_again_is_measured_on_the_machine_of_now(tmp_path: Path, machine: Machine) -> None:
    run(tmp_path, "--cases", "encoder-1", "sound", "--threads", "2")
    products = stored(tmp_path)["threads"]["2"]["products"]
    assert machine.described == ["ours", "fp32"]
    run(tmp_path, "--cases", "encoder-1", "--threads", "2")
    assert machine.described == ["ours", "fp32"]
    run(tmp_path, "--cases", "encoder-1", "--threads", "2", "--again")
    assert machine.described == ["ours", "fp32"] * 2
    assert set(stored(tmp_path)["threads"]["2"]["products"]) == set(products)  # those of the other line as well


def test_two_peers_are_not_mixed(
    tmp_path: Path, machine: Machine, checkout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--cases", "encoder-1", "--threads", "2", "--sides", "ours", "fp32"]
    run(tmp_path, *command)
    assert "| brain encoder, B = 1; peer composed |" in capsys.readouterr().out
    before = (tmp_path / "rounds.json").read_bytes()
    run(tmp_path, *command, "--upstream", checkout, code=2)
    (error,) = capsys.readouterr().err.splitlines()
    assert "leave out --upstream, or measure them again with --again --sides fp32" in error
    run(tmp_path, *command[:-1], "bf16", "--again", "--upstream", checkout, code=2)  # fp32 would stay
    assert (tmp_path / "rounds.json").read_bytes() == before
    run(tmp_path, *command[:-1], "--upstream", checkout)  # ours has no peer
    capsys.readouterr()
    run(tmp_path, *command, "--again", "--upstream", checkout)
    assert "| brain encoder, B = 1 |" in capsys.readouterr().out
    sides = stored(tmp_path)["lines"]["encoder-1, 8 layers, 2 threads"]
    assert [one["peer"] for one in sides["fp32"]] == ["upstream"] * 5
    assert not any("peer" in one for one in sides["ours"])
    run(tmp_path, *command, code=2)
    assert "give --upstream, or measure" in capsys.readouterr().err


def test_a_file_from_before_names_no_peer_and_no_code(
    tmp_path: Path, machine: Machine, checkout: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--cases", "encoder-1", "--threads", "2", "--sides", "ours", "fp32"]
    run(tmp_path, *command)
    found = stored(tmp_path)
    del found["machine"]["code"]
    for one in found["lines"]["encoder-1, 8 layers, 2 threads"]["fp32"]:
        del one["peer"]
    store(tmp_path, found)
    machine.started.clear()
    capsys.readouterr()
    run(tmp_path, *command, "--upstream", checkout)
    printed = capsys.readouterr()
    assert (machine.started, printed.err) == ([], "")
    assert "| brain encoder, B = 1 |" in printed.out
    assert stored(tmp_path)["machine"]["code"] == bench_machine.code_version()


def test_rounds_of_other_code_are_said(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--cases", "sound", "--threads", "2", "--sides", "ours"]
    monkeypatch.setattr(bench_machine, "code_version", lambda: "1+a")
    run(tmp_path, *command)
    assert "warning" not in capsys.readouterr().err
    monkeypatch.setattr(bench_machine, "code_version", lambda: "1+b")
    for _ in range(2):
        run(tmp_path, *command)
        (warning,) = capsys.readouterr().err.splitlines()
        assert warning.startswith("bench: warning: ")
        assert "--again" in warning
        assert stored(tmp_path)["machine"]["code"] == "1+a, 1+b"
    run(tmp_path, *command, "--again")
    assert "warning" not in capsys.readouterr().err
    assert stored(tmp_path)["machine"]["code"] == "1+b"


def test_the_code_is_known_by_its_source(tmp_path: Path) -> None:
    (tmp_path / "tribe_np").mkdir()
    versions = set()
    for name, text in (("a.py", "x = 1"), ("a.py", "x = 2"), ("b.py", ""), ("notes.txt", "x")):
        (tmp_path / "tribe_np" / name).write_text(text)
        versions.add(bench_machine.code_version(tmp_path))
    assert len(versions) == 3  # notes change nothing


def test_the_table_has_every_line_that_was_measured(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path, "--cases", "text", "--quick")
    run(tmp_path, "--cases", "encoder-1", "--threads", "1", "2", "--sides", "ours")
    found = stored(tmp_path)
    found["lines"]["flute, 3 layers, 2 threads"] = found["lines"]["encoder-1, 8 layers, 2 threads"]
    store(tmp_path, found)
    capsys.readouterr()
    run(tmp_path, "--table", "--cases", "clip", "--threads", "4")
    rows = [row.split(" | ")[:2] for row in capsys.readouterr().out.splitlines() if row.startswith("| ")][2:]
    assert rows == [
        ["| brain encoder, B = 1", "2"],
        ["| brain encoder, B = 1", "1"],
        ["| 250 words, word features; 1 of 28 layers; peer estimated; quick", "2"],
    ]
    for task in bench_rounds.Rounds.open(tmp_path).tasks():
        assert bench_rounds.Task.of_key(task.key) == task


def test_what_is_not_finite_fails_and_is_no_json(
    tmp_path: Path, machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.off["ours"] = float("inf")
    run(tmp_path, "--cases", "sound", "--threads", "2")
    assert "fp64" not in machine.started  # it would decide nothing
    assert "| - | FAILS |" in capsys.readouterr().out
    for name in ("rounds.json", "table.json"):
        assert not {"Infinity", "NaN"} & set((tmp_path / name).read_text().replace(",", " ").split())
    run(tmp_path, "--table")
    assert "| - | FAILS |" in capsys.readouterr().out


def test_the_system_has_no_name_of_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "release", lambda: "6.18.44-fc-v669")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    assert bench_machine.system_name() == "Linux 6.18.44, x86_64"


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
    assert high_water_mark(str(tmp_path / "nothing")) == 0
    assert bench_machine.cpu_name(str(tmp_path / "nothing")).startswith("unknown, ")


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


@pytest.mark.parametrize("form", [[str(ROOT / "tools" / "bench")], ["-m", "tools.bench"]])
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
