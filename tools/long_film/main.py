"""A long film from end to end with models of the released size: seconds per stage, peak memory, and a kill half-way.

    python -m tools.long_film --work FOLDER --interrupt --docs docs     10 minutes of film, the full-size sound model
    python -m tools.long_film --work FOLDER --tiny --seconds 150        the tool itself, in a minute

Everything is made here: a film with moving pictures and sound, a transcript of 100 words a minute, Wav2Vec-BERT 2.0 and
the brain encoder in their released sizes, tiny models of words and of pictures, all weights random: the predictions
mean nothing. `tribe-np predict` then runs as a process of its own. With --interrupt it runs a second time with an
empty cache, is killed (SIGKILL) in the middle of a chunk when half of the sound is done, is started again, and must
end with the same bytes. FOLDER may be the benchmark's, which holds the same sound model. Writes result.json there and,
with --docs, long-run.json, which is run.json without this machine's paths, and long-run.md.
"""

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.long_film.parts import make_models, make_stimulus
from tools.long_film.report import anonymous, markdown
from tools.places import ROOT

PROGRAM = (sys.executable, "-m", "tribe_np")
OUT, CACHE = "predictions", "cache"
RESULTS = ("predictions.npy", "segments.json", "events.tsv")


def main() -> None:
    """Makes what is missing, runs, compares, reports."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.long_film", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="folder for models, film and results (3 GB)")
    parser.add_argument("--seconds", type=int, default=600, help="length of the film (default: 600)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--kernels", default="auto")
    parser.add_argument("--tiny", action="store_true", help="tiny models for sound and brain too")
    parser.add_argument("--interrupt", action="store_true", help="run again, killed half-way and continued")
    parser.add_argument("--docs", type=Path, help="folder for long-run.json and long-run.md")
    options = parser.parse_args()
    work = options.work.resolve()
    place = work / "long-film"
    place.mkdir(parents=True, exist_ok=True)
    make_stimulus(place, options.seconds)
    models = make_models(work, place, tiny=options.tiny)
    command = predict_command(models, place, options)
    result = whole_run(command, place, options)
    (place / "result.json").write_text(json.dumps(result, indent=1) + "\n")
    text = markdown(result)
    if options.docs:
        run = anonymous(result["run"], [str(work), str(ROOT), str(Path.home())])
        (options.docs / "long-run.json").write_text(json.dumps(run, indent=1, ensure_ascii=False) + "\n")
        (options.docs / "long-run.md").write_text(text)
    print(text)
    if options.interrupt and not result["interrupted"]["equal"]:
        raise SystemExit("long_film: error: the continued run ended with other bytes")


def predict_command(models: dict[str, Path], place: Path, options: argparse.Namespace) -> list[str]:
    """`tribe-np predict` with paths as seen from `place`, where it runs."""
    named = {f"--{kind}-model": models[kind] for kind in ("text", "audio", "video")} | {
        "--checkpoint": models["encoder"]
    }
    flags = [word for flag, path in named.items() for word in (flag, os.path.relpath(path, place))]
    film = f"film-{options.seconds}"
    more = ["--threads", str(options.threads), "--kernels", options.kernels, "--out", OUT, "--cache", CACHE]
    return [*PROGRAM, "predict", f"{film}.mp4", "--transcript", f"{film}.json", *flags, *more]


def whole_run(command: list[str], place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """The run to the end and, if asked for, the same command again from nothing, killed half-way and continued."""
    full = run_process(command, place, fresh=True)
    if full["code"] != 0:
        raise SystemExit(f"long_film: error: the run ended with code {full['code']}")
    run = json.loads((place / OUT / "run.json").read_text())
    digests = digests_of(place / OUT)
    result: dict[str, Any] = {"seconds": options.seconds, "tiny": options.tiny, "full": full, "run": run}
    result["digests"] = digests
    if options.interrupt:
        n_chunks = chunks_done(place)
        wait = full["stages"].get("audio features", 0.0) / max(1, n_chunks) / 2  # into the middle of the next chunk
        killed = run_process(command, place, fresh=True, stop=half_done(place, n_chunks, wait))
        if killed["code"] != -signal.SIGKILL:
            raise SystemExit(f"long_film: error: the run was over (code {killed['code']}) before it could be killed")
        left = sorted(path.name for path in place.iterdir() if OUT in path.name)
        kept = chunks_done(place)
        continued = run_process(command, place)
        equal = continued["code"] == 0 and digests_of(place / OUT) == digests
        result["interrupted"] = {
            "killed": killed, "continued": continued, "chunks": n_chunks, "kept": kept, "left": left, "equal": equal,
        }  # fmt: skip
    return result


def chunks_done(place: Path) -> int:
    """Chunks of sound in the cache."""
    return len(list((place / CACHE).rglob("audio-*.safetensors")))


def half_done(place: Path, n_chunks: int, wait: float) -> Callable[[], bool]:
    """A function that says yes once half of the chunks of sound are in the cache and `wait` seconds have passed."""
    seen: list[float] = []

    def reached() -> bool:
        if chunks_done(place) >= max(1, n_chunks // 2):
            seen.append(time.monotonic())
        return bool(seen) and time.monotonic() - seen[0] >= wait

    return reached


def run_process(
    command: list[str], place: Path, *, fresh: bool = False, stop: Callable[[], bool] | None = None
) -> dict[str, Any]:
    """One process in `place`: its exit code, seconds, peak memory, what it printed and when, seconds per stage.

    The peak is the process's own figure in run.json, None without one: what the system tells a parent of its child
    begins with the parent's size. `fresh` begins without result and cache; `stop` is asked until it says that the
    process shall be killed.
    """
    for name in (OUT, CACHE) if fresh else ():
        shutil.rmtree(place / name, ignore_errors=True)
    log = place / "stderr.txt"
    start = time.monotonic()
    with log.open("wb") as file:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(command, cwd=place, env=environment, stdout=subprocess.DEVNULL, stderr=file)
    lines: list[str] = []
    while True:
        code = child.poll()
        seconds = time.monotonic() - start
        for line in log.read_text(errors="replace").splitlines()[len(lines) :]:
            lines.append(f"{seconds:7.1f} s  {line}")
            print(lines[-1], file=sys.stderr, flush=True)
        if code is not None:
            break
        if stop is not None and stop():
            child.kill()
            stop = None
        time.sleep(0.05)
    run = json.loads((place / OUT / "run.json").read_text()) if code == 0 else {}
    peak, stages = run.get("peak_memory_bytes") or None, run.get("seconds", {})
    return {"code": code, "seconds": round(seconds, 1), "peak": peak, "stages": stages, "lines": lines}


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a result but run.json, which holds times."""
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in RESULTS}
