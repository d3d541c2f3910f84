"""Upstream's defects, seen in tribev2 itself: what compat="upstream" must reproduce.

One JSON file: for each flag of `Compat` the stimulus and what tribev2 made of it; a second file holds arrays (features
of a context with end-of-text markers, pictures of a turned film).
"""

import json
import math
import os
import subprocess
import sys
import types
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import soundfile

from tools.reference.measure import write_golden
from tools.reference.predictions_cases import GOLDEN_SEED, event_rows, spoken_words, write_film, write_sidecar
from tools.reference.video_files import moviepy_clips
from tribe_np.media.ffmpeg import run_ffmpeg

NAME = "predictions_compat"
FILM, TURNED = "predictions_beside.mp4", "predictions_turned.mp4"
LONG = {"seconds": 95.0, "words": 12}
TRANSCRIPT = {
    "segments": [
        {
            "text": " Hello there. Is it you?",
            "words": [
                {"word": "Hello", "start": 0.1, "end": 0.35},
                {"word": "there.", "start": 0.4, "end": 0.7},
                {"word": "Is", "start": 0.9, "end": 1.0},
                {"word": "it", "start": 1.05, "end": 1.1},
                {"word": "you?", "start": 1.15, "end": 1.4},
            ],
        }
    ],
    "language": "en",
}
TEXT = "Nobody said these words aloud."
MARKED = [("next", "one <|end_of_text|> two next"), ("two", "one two")]


def write_silence(path: Path, seconds: float, rate: int = 1000) -> Path:
    """Digital silence, cheap."""
    soundfile.write(path, np.zeros(round(seconds * rate)), rate, subtype="PCM_16")
    return path


def lossy_timing() -> tuple[float, float, float]:
    """(first start, last start, last end) of a transcript whose last word upstream loses: start + (stop - start) falls
    one rounding step short of stop.
    """
    rng = np.random.default_rng(3)
    while True:
        first, last, length = (float(np.round(x, 3)) for x in rng.uniform((0.001, 8, 0.1), (0.9, 9, 0.6)))
        duration = round(last + length, 3) - last
        stop = last + duration
        if first + (stop - first) == math.nextafter(stop, 0):
            return first, last, last + length


def rounded_words() -> list[dict[str, Any]]:
    """Forty words, so that one lost is within tolerance; the last is lost to rounding."""
    first, last, stop = lossy_timing()
    starts = [round(float(t), 3) for t in np.linspace(first, last, 40)[:-1]]
    rows = [{"text": f"word{'abcdefghijklmnopqrstuvwxyz'[n % 26] * (1 + n // 26)}", "start": start, "duration": 0.1}
            for n, start in enumerate(starts)]  # fmt: skip
    rows.append({"text": "lost", "start": last, "duration": round(stop, 3) - last})
    return [row | {"sequence_id": 0, "sentence": "s"} for row in rows]


def dump_compat(golden: Path, work: Path) -> list[str]:
    """Writes both files; tribev2 must be importable."""
    from tools.reference.predictions_peer import quiet

    folder = work / "compat"
    folder.mkdir()
    with quiet():
        content = {
            "duplicate_words": long_sound(folder),
            "rounding_loses_words": rounded(folder),
            "lossy_sidecar": lossy(folder),
            "wav_beside_video": beside(golden, folder),
            "english_only": command(folder),
            "retranscribe_speech": spoken_text(folder),
        }
    (golden / f"{NAME}.json").write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
    arrays = {"turned": turned(golden, folder), "eos": marked(folder)}
    write_golden(golden, NAME, arrays, {"peer": "tribev2, moviepy 2.2.1, neuralset 0.0.2", "seed": GOLDEN_SEED})
    return [f"{NAME}.json", f"{NAME}.safetensors", FILM, TURNED]


def upstream_events(path: Path, kind: str) -> list[list[Any]]:
    """The table of `get_events_dataframe`."""
    from tribev2.demo_utils import TribeModel

    from tools.reference.predictions_peer import as_events

    shell: Any = types.SimpleNamespace(cache_folder=str(path.parent / "cache"))
    return event_rows(as_events(TribeModel.get_events_dataframe(shell, **{f"{kind}_path": str(path)})))


def long_sound(folder: Path) -> dict[str, Any]:
    """95 s: two chunks, and the whole transcript once per chunk."""
    path = write_silence(folder / "long.wav", LONG["seconds"])
    words = spoken_words(1, 50.0)[: int(LONG["words"])]
    words += [{**word, "start": word["start"] + 70.0, "duration": 0.25} for word in words]
    write_sidecar(path.with_suffix(".tsv"), words)
    return {"words": words, "events": upstream_events(path, "audio")}


def rounded(folder: Path) -> dict[str, Any]:
    """A last word that start + (stop - start) leaves out."""
    path, words = write_silence(folder / "rounded.wav", 12.0), rounded_words()
    write_sidecar(path.with_suffix(".tsv"), words)
    return {"words": words, "events": upstream_events(path, "audio")}


def lossy(folder: Path) -> dict[str, Any]:
    """A sidecar with the words null and NA: upstream stops."""
    path, words = write_silence(folder / "lossy.wav", 12.0), spoken_words(2, 9.0)
    words[2]["text"], words[4]["text"] = "null", "NA"
    write_sidecar(path.with_suffix(".tsv"), words)
    try:
        upstream_events(path, "audio")
    except TypeError as error:
        return {"words": words, "error": f"TypeError: {error}"}
    raise AssertionError("upstream read null and NA")


def beside(golden: Path, folder: Path) -> dict[str, Any]:
    """Sound written next to the film, and a stale one used as it is."""
    write_film(golden / FILM, 3, 2.2, sound=True)
    path = folder / "film.mp4"
    path.write_bytes((golden / FILM).read_bytes())
    write_sidecar(path.with_suffix(".tsv"), spoken_words(3, 1.5))
    fresh = upstream_events(path, "video")
    written = path.with_suffix(".wav").is_file()
    write_silence(path.with_suffix(".wav"), 1.75)
    return {"words": spoken_words(3, 1.5), "fresh": fresh, "written": written, "stale": upstream_events(path, "video")}


def fake_uvx(commands: list[list[str]]) -> Any:
    """subprocess.run that answers whisperX's command line with TRANSCRIPT."""
    real = subprocess.run

    def run(arguments: list[str], **options: Any) -> Any:
        if arguments[0] != "uvx":
            return real(arguments, **options)
        commands.append(list(arguments))
        out = Path(arguments[arguments.index("--output_dir") + 1])
        (out / f"{Path(arguments[2]).stem}.json").write_text(json.dumps(TRANSCRIPT))
        return subprocess.CompletedProcess(arguments, 0, "", "")

    return patch("subprocess.run", run)


def command(folder: Path) -> dict[str, Any]:
    """The command line, whatever the language of the sound."""
    path, commands = write_silence(folder / "spoken.wav", 3.0), list[list[str]]()
    with fake_uvx(commands):
        events = upstream_events(path, "audio")
    (line,) = commands
    line[2], line[line.index("--output_dir") + 1] = "SOUND", "OUTPUT"
    return {"command": line, "events": events}


def spoken_text(folder: Path) -> dict[str, Any]:
    """A text: its words are what transcribing its speech gives. gTTS and langdetect need a network: stand-ins."""

    class Speaker:
        def __init__(self, text: str, lang: str) -> None:
            assert (text, lang) == (TEXT, "en")

        def save(self, path: str) -> None:
            soundfile.write(path, np.zeros(3 * 16000), 16000, format="MP3")

    path = folder / "text.txt"
    path.write_text(TEXT, encoding="utf-8")
    stand_ins = {"gtts": {"gTTS": Speaker}, "langdetect": {"detect": lambda text: "en"}}
    with ExitStack() as stack:
        for name, content in stand_ins.items():
            module = types.ModuleType(name)
            vars(module).update(content)
            stack.enter_context(patch.dict(sys.modules, {name: module}))
        stack.enter_context(fake_uvx([]))
        os.makedirs(folder / "cache", exist_ok=True)
        events = upstream_events(path, "text")
    return {"words": [row for row in events if row[0] == "Word"]}


def turned(golden: Path, folder: Path) -> np.ndarray:
    """Two frames of a film turned by its display matrix, as moviepy gives them to the extractor."""
    plain = write_film(folder / "plain.mp4", 5, 0.6, sound=False)
    turn = ["-v", "error", "-display_rotation", "90", "-i", str(plain), "-c", "copy", "-fflags", "+bitexact", "-y"]
    run_ffmpeg([*turn, str(golden / TURNED)], path_for_errors=plain)
    return moviepy_clips(golden / TURNED, 0.0, 0.6, n_video_frames=2)[0]


def marked(folder: Path) -> np.ndarray:
    """Features of words whose context holds an end-of-text marker."""
    import extractors.llama.random
    from tools.reference.llama_peer import run_words

    model = extractors.llama.random.write_random(folder / "text", seed=GOLDEN_SEED, n_layers=4, dtype="float32")
    from tools.reference.predictions_peer import quiet

    with quiet():
        found, _ = run_words(model, MARKED, precision="float32")
    return np.stack(found)
