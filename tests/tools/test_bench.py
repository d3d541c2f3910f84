"""The benchmark's own logic: rounds, resuming, estimates, the table. No torch, no large model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tools import bench, bench_cases, bench_models, bench_side
from tools.bench_cases import CASES, integrated
from tools.bench_table import Line, as_table, relative_difference, shown
from tribe_np.formats.weights import open_folder

BY_NAME = {case.name: case for case in CASES}


def line(**changes: Any) -> Line:
    values: dict[str, Any] = {
        "case": BY_NAME["encoder-1"], "threads": 2, "layers": 8, "n_rounds": {"ours": 5, "fp32": 5, "bf16": 0},
        "seconds": {"ours": 0.2, "fp32": 0.4}, "peak": {"ours": 900_000_000, "fp32": 2_000_000_000}, "load": 0.5,
        "difference": 2.1e-6, "sgemm": 350.0,
    }  # fmt: skip
    return Line(**(values | changes))


def test_the_arithmetic_is_the_specifications() -> None:
    assert bench_cases.encoder_flops(1, fused=False) == pytest.approx(71.8e9, rel=1e-3)
    assert bench_cases.encoder_flops(8, fused=True) == pytest.approx(8 * 58.84e9, rel=1e-3)
    per_layer = 2 * 2_818_572_288 / 28
    assert bench_cases.llama_flops(1, 1384) == pytest.approx(per_layer * 1384 + 12288 * 1384 * 1385 / 2, rel=1e-9)
    assert bench_cases.sound_flops(24) > bench_cases.sound_flops(4) > 0
    assert bench_cases.clip_flops(40) == pytest.approx(31.7e12, rel=0.01)


def test_an_estimate_is_a_sum_over_words() -> None:
    assert integrated([2, 4], [2.0, 4.0], 4) == pytest.approx(1 + 2 + 3 + 4)
    assert integrated([4], [4.0], 6) == pytest.approx(10 + 4 + 4)  # no longer context was timed


def test_layers_follow_the_threads_and_the_hurry() -> None:
    case = BY_NAME["clip"]
    assert case.layers(threads=2, quick=False, asked=None) == 40
    assert case.layers(threads=1, quick=False, asked=None) == case.one_thread_layers
    assert case.layers(threads=2, quick=True, asked=None) == case.quick_layers
    assert case.layers(threads=2, quick=True, asked=99) == 40
    assert BY_NAME["encoder-8"].layers(threads=2, quick=True, asked=2) == 8


def test_contexts_grow_up_to_the_window() -> None:
    words = bench_cases.words(5)
    assert words == bench_cases.words(5)
    assert bench_cases.contexts_of(words)[-1] == " ".join(words)
    assert bench_cases.contexts_of(words, 1)[-1] == " ".join(words[-2:])


def test_a_line_as_table_and_json() -> None:
    whole = line()
    assert whole.ratio == pytest.approx(0.5)
    assert whole.gflops("ours") == pytest.approx(294.2, rel=1e-3)
    assert whole.as_dict()["ours"]["share_of_sgemm"] == pytest.approx(294.2 / 350, rel=1e-3)
    table = as_table({"cpu": "some", "2": 350.4}, [whole])
    assert "cpu some; sgemm peak GFLOP/s 350 (2 threads)" in table
    row = table.splitlines()[-1]
    assert "| brain encoder, B = 1 | 2 | 0.2 | 0.4 | 0.5 | 0.65 | - | 294 | 84 %" in row
    assert "900 | 2000 | 2.1e-06 | medians of 5, 5, 0 | 0.5 |" in row
    columns = {len(text.split("|")) for text in table.splitlines()[2:]}
    assert len(columns) == 1


def test_what_is_not_plain_is_said() -> None:
    text = line(case=BY_NAME["text"], layers=2, n_words=250, difference=None)
    assert text.title == "250 words, word features; 2 of 28 layers; peer estimated"
    assert text.gflops("ours") is None
    assert line(seconds={"ours": 1.0}).ratio is None
    json.dumps([text.as_dict(), line(seconds={"ours": 1.0}).as_dict()])


def test_numbers_are_short() -> None:
    assert [shown(x) for x in (None, 0.0, 12345.6, 0.20049, 0.000123)] == ["-", "0", "12300", "0.2", "1.2e-04"]
    assert relative_difference(np.array([1.0, 2.1]), np.array([1.0, 2.0])) == pytest.approx(0.1 / 2.5**0.5)


def fake_processes(monkeypatch: pytest.MonkeyPatch, seconds: dict[str, float]) -> list[str]:
    started: list[str] = []

    def start(python: str, side: str, job: dict[str, Any], threads: int) -> dict[str, Any]:
        started.append(side if job["case"] != "machine" else "machine")
        if job["case"] == "machine":
            return {"numpy": "2", "gflops": 100.0 + threads}
        if job["save"]:
            np.save(job["save"], np.array([1.0, 2.0 + seconds[side] * 0]))
        detail = [1.0] * len(bench_cases.QUICK_CONTEXTS) if job["case"] == "text" else None
        return {"seconds": [seconds[side]], "peak": 1_000_000, "detail": detail}

    monkeypatch.setattr(bench, "start", start)
    monkeypatch.setattr(bench, "model_folder", lambda work, kind, layers: work / kind)
    return started


def test_sides_take_turns_and_finished_rounds_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = fake_processes(monkeypatch, {"ours": 0.3, "fp32": 0.6, "bf16": 0.5})
    command = ["--work", str(tmp_path), "--cases", "encoder-1", "--threads", "2"]
    bench.main(command)
    assert started == ["machine", "machine", *["ours", "fp32", "bf16"] * 5]
    printed = capsys.readouterr().out
    assert "| brain encoder, B = 1 | 2 | 0.3 | 0.6 | 0.5 |" in printed
    table = json.loads((tmp_path / "table.json").read_text())
    assert table["lines"][0]["difference"] == 0
    rounds = json.loads((tmp_path / "rounds.json").read_text())
    rounds["encoder-1, 8 layers, 2 threads"]["fp32"].pop()
    (tmp_path / "rounds.json").write_text(json.dumps(rounds))
    started.clear()
    bench.main(command)
    assert started == ["fp32"]
    assert not list(tmp_path.glob("*.npy"))


def test_long_and_hurried_cases_take_fewer_rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = fake_processes(monkeypatch, {"ours": 10.0, "fp32": 70.0, "bf16": 30.0})
    bench.main(["--work", str(tmp_path), "--cases", "llama", "--threads", "2", "--sides", "ours", "fp32"])
    assert started[2:] == ["ours", "fp32"] * 3
    started.clear()
    bench.main(["--work", str(tmp_path), "--cases", "text", "--quick"])
    assert [side for side in started if side != "machine"] == ["ours", "fp32", "bf16", "ours", "fp32", "ours", "fp32"]


def test_a_failing_process_is_one_line(tmp_path: Path) -> None:
    import sys

    with pytest.raises(SystemExit, match=r"^bench: error: ours of none: .*none.*$"):
        bench.start(sys.executable, "ours", {"case": "none", "folder": "", "options": {}, "repeats": 1, "save": ""}, 1)


def test_a_process_times_its_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tools import bench_ours

    monkeypatch.setattr(bench_ours, "prepare", lambda case, folder, options: lambda: np.arange(3.0))
    job = {"case": "x", "folder": "", "options": {}, "repeats": 2, "save": str(tmp_path / "out.npy")}
    result = bench_side.run("ours", job)
    assert len(result["seconds"]) == len(result["processor"]) == 2
    assert result["detail"] == [0.0, 1.0, 2.0]
    assert result["peak"] > 10_000_000
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), np.arange(3.0))
    assert bench_side.peak_memory(str(tmp_path / "nothing")) == 0
    assert bench.cpu_name(str(tmp_path / "nothing")).startswith("unknown, ")


@pytest.mark.parametrize("kind", ["llama", "wav2vec_bert", "vjepa2"])
def test_released_sizes(kind: str) -> None:
    parts = bench_models.model_parts(kind)
    n_layers = bench_models.DEPTHS[kind]
    size = bench_models.n_bytes(parts.rest, parts.dtype) + n_layers * bench_models.n_bytes(parts.layer(0), parts.dtype)
    released = {"llama": 6.43e9, "wav2vec_bert": 2.32e9, "vjepa2": 4.05e9}[kind]
    assert size == pytest.approx(released, rel=0.005)


def test_a_model_of_fewer_layers_is_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = bench_models.Parts(
        "BF16",
        {"norm.weight": (4,)},
        lambda i: {f"layers.{i}.weight": (3, 5)},
        lambda folder, n: (folder / "model.safetensors").touch(),
    )
    monkeypatch.setattr(bench_models, "model_parts", lambda kind: small)
    monkeypatch.setattr(bench_models, "draw_pool", lambda: np.linspace(-1, 1, 7, dtype=np.float32))
    two, one = (bench_models.model_folder(tmp_path, "llama", n) for n in (2, 1))
    assert (one / "layer-00.safetensors").resolve() == (two / "layer-00.safetensors").resolve()
    tree = open_folder(one)
    assert tree.names() == ["norm.weight", "layers.0.weight"]
    gains = tree.take("norm.weight", (4,))
    assert np.all((gains > 0.69) & (gains < 1.31))
    assert len(np.unique(tree.take("layers.0.weight", (3, 5)))) == 7
    np.testing.assert_array_equal(
        open_folder(two).take("layers.0.weight", (3, 5)), tree.take("layers.0.weight", (3, 5))
    )
    assert bench_models.model_folder(tmp_path, "llama", 1) == one


def test_a_full_disk_is_said_before_writing(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"bench: error: llama needs 1000000000\.0 GB"):
        bench_models.check_disk(tmp_path, 10**18, "llama")
    bench_models.check_disk(tmp_path, 0, "nothing")
