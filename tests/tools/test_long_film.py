"""The long run's tool: what it makes, measures, kills, compares and prints; with a stand-in for the program."""

import argparse
import json
import platform
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tools.long_film import main as long_film
from tools.long_film.parts import feature_dims, make_models, spoken_words
from tools.long_film.report import anonymous, markdown, thinned

STAND_IN = """
import json, os, pathlib, sys, time
features = pathlib.Path("cache/features")
features.mkdir(parents=True, exist_ok=True)
made = 0
for i in range(4):
    entry = features / f"audio-features-{i}.safetensors"
    if not entry.exists():
        time.sleep(0.3)
        entry.write_bytes(bytes([i]))
        made += 1
        print(f"audio: {i + 1}/4 chunks", file=sys.stderr, flush=True)
out = pathlib.Path("predictions")
out.mkdir()
for name in ("predictions.npy", "segments.json", "events.tsv"):
    (out / name).write_text(str(made) if "odd" in sys.argv else name)
run = {"seconds": {"audio features": 0.3 * made}, "shape": [600, 20484], "summary": "film (1,500 words)",
       "peak_memory_bytes": 250_000_000, "options": {"threads": 2, "kernels": "auto"}}
(out / "run.json").write_text(json.dumps(run))
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    script = tmp_path / "stand_in.py"
    script.write_text(STAND_IN)
    return [sys.executable, str(script)]


def options(**changes: Any) -> argparse.Namespace:
    return argparse.Namespace(**({"seconds": 600, "tiny": False, "interrupt": True} | changes))


def test_a_run_killed_half_way_and_continued(program: list[str], tmp_path: Path) -> None:
    result = long_film.whole_run(program, tmp_path, options())
    part = result["interrupted"]
    assert part["equal"]
    assert (part["chunks"], part["kept"], part["left"]) == (4, 2, [])
    assert part["killed"]["code"] == -9
    assert part["killed"]["stages"] == {}
    assert part["continued"]["stages"] == {"audio features": pytest.approx(0.6)}
    assert (result["full"]["peak"], part["killed"]["peak"]) == (250_000_000, None)  # the process's own figure
    assert [line.split("s  ")[1] for line in result["full"]["lines"]] == [f"audio: {i}/4 chunks" for i in (1, 2, 3, 4)]
    page = markdown(result)
    assert "600 rows of 20,484 vertices" in page
    assert "1,500 words" in page
    assert "\n2 of 4 chunks were in the cache, and nothing of the result was on disk" in page
    assert "the same bytes" in page
    assert "Peak memory: 0.25 GB." in page
    assert "(peak 0.25 GB)" in page
    assert "| audio features | 1.2 | 0.6 |" in page


def test_the_page_says_what_ran_and_where(program: list[str], tmp_path: Path) -> None:
    result = long_film.whole_run(program, tmp_path, options(interrupt=False))
    page = markdown(result)
    assert "; 2 threads, kernels `auto`" in page
    assert " cores" in page
    assert platform.release() not in page  # the name of a kernel's build
    for size in ("24 layers, 1,024 wide", "8 layers, 1,152 wide", "4 layers, 64 wide", "2 layers, 48 wide"):
        assert size in page
    result["full"]["peak"] = None
    assert "Peak memory: -." in markdown(result | {"tiny": True})


def test_other_bytes_are_said(program: list[str], tmp_path: Path) -> None:
    result = long_film.whole_run([*program, "odd"], tmp_path, options())
    assert not result["interrupted"]["equal"]
    assert "OTHER BYTES" in markdown(result)


def test_a_run_that_fails_ends_the_tool(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="ended with code 3"):
        long_film.whole_run([sys.executable, "-c", "raise SystemExit(3)"], tmp_path, options())


def test_the_command_runs_from_its_folder(tmp_path: Path) -> None:
    models = {kind: tmp_path / "models" / kind for kind in ("text", "audio", "video", "encoder")}
    command = long_film.predict_command(models, tmp_path / "long-film", options(threads=2, kernels="auto"))
    assert command[3:6] == ["predict", "film-600.mp4", "--transcript"]
    assert "../models/audio" in command
    assert not [word for word in command[1:] if word.startswith("/")]


def test_the_transcript_keeps_below_what_contexts_share() -> None:
    words = spoken_words(600)
    assert len(words) == 1000
    assert all(a.stop <= b.start for a, b in pairwise(words))
    assert words[-1].stop <= 600
    assert words[0].sentence.endswith(".")
    assert words[-1].sequence_id > 50


def test_tiny_models_fit_together(tmp_path: Path) -> None:
    models = make_models(tmp_path / "work", tmp_path, tiny=True)
    build_args = json.loads((models["encoder"] / "build_args.json").read_text())
    assert {kind: tuple(pair) for kind, pair in build_args["feature_dims"].items()} == {
        kind: feature_dims(models[kind]) for kind in ("text", "audio", "video")
    }
    assert not (tmp_path / "work").exists()


def test_no_path_of_the_machine_is_left() -> None:
    run = {"a": ["/data/x/models/audio", "predict --out /home/me/out", "x/y"], "b": {"c": "/opt/lib/python3/numpy.so"}}
    assert anonymous(run, ["/data/x"]) == {"a": ["models/audio", "predict --out out", "x/y"], "b": {"c": "numpy.so"}}
    assert anonymous({"n": 3, "z": None, "r": "1/2 of 3/4"}, []) == {"n": 3, "z": None, "r": "1/2 of 3/4"}


def test_long_stages_are_thinned_out() -> None:
    lines = [f"{i:7.1f} s  text: {i}/99 words, about {99 - i} s left" for i in range(9)] + [
        "   9.0 s  text: 99 words in 9 s"
    ]
    assert thinned(lines) == [*lines[:3], lines[-1]]
