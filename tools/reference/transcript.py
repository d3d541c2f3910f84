"""ExtractWordsFromAudio of tribev2, run for real with a stand-in for `uvx whisperx`: rows, sidecar, command lines.

tribev2 is not on PyPI, so only `dump` with a checkout makes these; `compare` reads the numbers back by the committed
dump and has nothing live to add without one.
"""

import importlib.util
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tools.reference.measure import Row

NAME, ODD_NAME = "transcript.json", "transcript_odd.json"
LANGUAGES = ("english", "french", "spanish", "dutch", "chinese")
CHUNKS = {
    "short": [(0.0, 8.0, 0.0)],
    "later": [(3.2, 40.0, 1.5)],
    "two_chunks": [(0.0, 60.0, 0.0), (60.0, 35.0, 60.0)],
    "three_chunks": [(0.7, 60.0, 0.0), (60.7, 60.0, 60.0), (120.7, 44.0, 120.0)],
}
ODD = {
    "drop_untimed_words": [
        {"word": "In", "start": 0.5, "end": 0.75}, {"word": "1999"}, {"word": "we", "start": 1.25, "end": 1.5},
        {"word": "had", "start": 1.5, "end": 1.75}, {"word": "£13.60"},
    ],
    "hear_non_speech": [
        {"word": "♪", "start": 0.25, "end": 0.5}, {"word": "(laughs)", "start": 0.5, "end": 0.75},
        {"word": "Well", "start": 1.0, "end": 1.25}, {"word": "[door", "start": 1.25, "end": 1.5},
        {"word": "slams]", "start": 1.5, "end": 1.75}, {"word": "—", "start": 1.75, "end": 2.0},
    ],
}  # fmt: skip


def invented(seed: int, duration: float = 160.0) -> dict[str, Any]:
    """A whisperX result with what real ones hold: quotation marks, words without times, three-decimal times."""
    rng = random.Random(seed)
    segments, time = [], 0.0
    while time < duration - 4:
        words = []
        for _ in range(rng.randint(1, 6)):
            text = rng.choice(("He", 'said, "Hi"', "it's", "1999", "null", "Ça", "don't.", "NA", "a\tb"))
            item: dict[str, Any] = {"word": text}
            if rng.random() < 0.85:
                item |= {"start": round(time, 3), "end": round(time + rng.random(), 3), "score": 0.5}
            words.append(item)
            time += rng.random() * 2
        text = " " + " ".join(item["word"] for item in words)
        segments.append({"start": 0.0, "end": round(time, 3), "text": text, "words": words})
        time += rng.random() * 3
    return {"segments": segments, "word_segments": [], "language": "en"}


def _upstream(checkout: Path) -> Any:
    """The class, from the one file of the checkout that it stands in."""
    spec = importlib.util.spec_from_file_location("upstream_transforms", checkout / "tribev2" / "eventstransforms.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.ExtractWordsFromAudio


def run_upstream(checkout: Path, document: dict[str, Any], chunks: Any, language: str) -> dict[str, Any]:
    """Word rows, sidecar and command line of upstream; and the rows when it reads its own sidecar back."""
    import pandas as pd

    commands: list[list[str]] = []

    def fake(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        folder = Path(command[command.index("--output_dir") + 1])
        (folder / f"{Path(command[2]).stem}.json").write_text(json.dumps(document))
        return subprocess.CompletedProcess(command, 0, "", "")

    with tempfile.TemporaryDirectory() as folder, patch("subprocess.run", fake):
        audio = Path(folder) / "sound.wav"
        rows = [
            {
                "type": "Audio", "filepath": str(audio), "start": start, "duration": duration, "offset": offset,
                "frequency": 16000.0, "timeline": "default", "subject": "s1", "mood": "calm",
            }
            for start, duration, offset in chunks
        ]  # fmt: skip
        fresh, again = (_upstream(checkout)(language=language)._run(pd.DataFrame(rows)) for _ in range(2))
        sidecar = audio.with_suffix(".tsv").read_text()
        hide = {folder: "FOLDER", commands[0][commands[0].index("--output_dir") + 1]: "OUTPUT"}
    command = commands[0]
    for found, shown in hide.items():
        command = [argument.replace(found, shown) for argument in command]
    return {"command": command, "tsv": sidecar, "fresh": _words(fresh), "from_tsv": _words(again)}


def _words(table: Any) -> list[list[Any]]:
    """text, start, duration, sequence_id, sentence, language, timeline, subject, mood of the Word rows."""
    words = table[table.type == "Word"]
    if not len(words):
        return []
    columns = ["text", "start", "duration", "sequence_id", "sentence", "language", "timeline", "subject", "mood"]
    rows = words[columns].astype(object)
    return [list(row) for row in rows.where(rows.notna(), None).itertuples(index=False)]


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes transcript.json; needs a checkout."""
    if upstream is None:
        return []
    cases = []
    for seed, (name, chunks) in enumerate(CHUNKS.items()):
        document = invented(seed, 8.0 if name == "short" else 40.0 if name == "later" else 160.0)
        cases.append({"name": name, "chunks": chunks, "whisperx": document, "language": "english"})
        cases[-1] |= run_upstream(upstream, document, chunks, "english")
    commands = {}
    for language in LANGUAGES:
        commands[language] = run_upstream(upstream, cases[0]["whisperx"], CHUNKS["short"], language)["command"]
    empty = run_upstream(upstream, {"segments": []}, CHUNKS["short"], "english")
    content = {"cases": cases, "commands": commands, "no_words_tsv": empty["tsv"]}
    (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
    odd = {}
    for flag, items in ODD.items():
        document = {"segments": [{"text": " ".join(item["word"] for item in items), "words": items}], "language": "en"}
        rows = run_upstream(upstream, document, CHUNKS["short"], "english")["fresh"]
        odd[flag] = {"whisperx": document, "words": [row[:3] for row in rows]}
    (folder / ODD_NAME).write_text(json.dumps(odd, ensure_ascii=False, separators=(",", ":")) + "\n")
    return [NAME, ODD_NAME]


def compare(seed: int) -> list[Row]:
    """Nothing runs live: tribev2 cannot be installed; test_transcript_golden.py in the tests holds the dump."""
    return []
