"""Measures the times of recognised words against espeak-ng, which says itself when it begins each word.

    python -m tools.word_times --model DIR             prints the tables
    python -m tools.word_times --model DIR --write     also replaces them in docs/words.md

DIR holds a model in faster-whisper's layout; `tools.word_times.whisper_base` makes the base model. About ten minutes of
speech are synthesised (six texts, four voices and speeds) and transcribed twice, in int8 and in float32.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

from tools.page import placed
from tools.places import DOCS
from tools.word_times.texts import ENGLISH, OTHERS
from tribe_np.machine.threads import running_threads
from tribe_np.media.speech.espeak_words import SpeechEvent, align_words
from tribe_np.media.speech.faster_whisper import FasterWhisper
from tribe_np.media.speech.known_text import align_text, spelling_key
from tribe_np.media.speech.synthesis import LIBRARIES
from tribe_np.media.transcripts.non_speech import is_said
from tribe_np.media.transcripts.timed_words import Transcript, Word
from tribe_np.media.transcripts.whisperx_json import read_whisperx_json, whisperx_text
from tribe_np.timeline.alignment import equal_pairs

PAGE = DOCS / "words.md"
VOICES = (
    ("en-us", 175),
    ("en", 140),
    ("en-us+f3", 160),
    ("en-gb-scotland+m3", 200),
)  # espeak-ng's voices and words a minute
CHILD = """
import sys
from tribe_np.media.speech import espeak_child
speak, rate = espeak_child.speak, int(sys.argv.pop(1))
def faster(library, *arguments):
    library.espeak_SetParameter(1, rate, 0)  # espeakRATE
    return speak(library, *arguments)
espeak_child.speak = faster
sys.exit(espeak_child.main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Spoken:
    """A text that was spoken, with the synthesiser's own times."""

    kind: str
    text: str
    wav: Path
    words: tuple[Word, ...]
    seconds: float


@dataclass
class Score:
    """What a transcriber got right, over several sounds."""

    n_words: int = 0
    n_timed: int = 0
    errors: tuple[float, ...] = ()

    def add(self, truth: Sequence[Word], found: Sequence[Word]) -> None:
        """Counts one sound."""
        pairs = equal_pairs([spelling_key(word.text) for word in truth], [spelling_key(word.text) for word in found])
        self.n_words += len(truth)
        self.n_timed += len(pairs)
        self.errors += tuple(found[j].start - truth[i].start for i, j in pairs)

    def row(self, name: str) -> str:
        """One line of a table."""
        sizes = [abs(error) for error in self.errors]
        ninth = quantiles(sizes, n=10, method="inclusive")[8] if len(sizes) > 1 else float("nan")
        return (
            f"| {name} | {self.n_words} | {self.n_timed / self.n_words:.1%} | {1000 * median(sizes):.0f} ms | "
            f"{1000 * ninth:.0f} ms | {1000 * median(self.errors):+.0f} ms |"
        )


def speak(text: str, folder: Path, name: str, voice: str, rate: int, kind: str) -> Spoken:
    """The text spoken into a WAV, with the words that are spoken."""
    here = folder / name
    here.mkdir()
    command = [sys.executable, "-c", CHILD, str(rate), str(here), voice, *LIBRARIES]
    subprocess.run(command, input=text.encode(), check=True)
    wav = here / "speech.wav"
    with wave.open(str(wav)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    events = [SpeechEvent(*event) for event in json.loads((here / "events.json").read_text())]
    words = tuple(word for word in align_words(text, events, seconds) if is_said(word.text))
    return Spoken(kind, text, wav, words, seconds)


def spoken_texts(folder: Path) -> Iterator[Spoken]:
    """Every English text in every voice."""
    for number, (kind, text) in enumerate(ENGLISH):
        for voice, rate in VOICES:
            yield speak(text, folder, f"{number}-{voice}", voice, rate, kind)


def whisperx_stand_in(spoken: Spoken, folder: Path, *, drop_untimed: bool) -> Transcript:
    """The transcript that whisperX would write if it heard and timed every word as it was spoken, read back here.

    Its aligner knows letters only: a word with a digit or a currency sign has no time, and is placed between its
    neighbours, or dropped as upstream does.
    """
    document = json.loads(whisperx_text(Transcript(spoken.words, "en")))
    for word in (word for segment in document["segments"] for word in segment["words"]):
        word["start"], word["end"] = round(word["start"], 3), round(word["end"], 3)
        if not word["word"].strip(".,;:!?").replace("'", "").replace("-", "").isalpha():
            del word["start"], word["end"]
    written = folder / "whisperx.json"
    written.write_text(json.dumps(document))
    return read_whisperx_json(written, drop_untimed=drop_untimed)


def measure(model: FasterWhisper, folder: Path) -> dict[str, str]:
    """The generated parts of docs/words.md."""
    texts = list(spoken_texts(folder))
    kinds = dict.fromkeys(spoken.kind for spoken in texts)
    seconds = sum(spoken.seconds for spoken in texts)
    by_kind = {kind: Score() for kind in kinds}
    whole = {name: Score() for name in ("int8", "float32", "--align", "whisperX", "whisperX upstream")}
    took, in_int8 = {}, []
    for compute_type in ("int8", "float32"):
        engine = replace(model, compute_type=compute_type)
        start = time.process_time()  # of all threads: what else the machine does does not count
        heard = [engine.transcribe(spoken.wav, None) for spoken in texts]
        took[compute_type] = (time.process_time() - start) / seconds
        for spoken, transcript in zip(texts, heard, strict=True):
            whole[compute_type].add(spoken.words, transcript.words)
            if compute_type == "int8":
                in_int8.append(transcript)
                by_kind[spoken.kind].add(spoken.words, transcript.words)
                aligned = align_text(spoken.text, transcript, spoken.wav, spoken.seconds)
                whole["--align"].add(spoken.words, aligned.transcript.words)
    for spoken in texts:
        for name, drop_untimed in (("whisperX", False), ("whisperX upstream", True)):
            whole[name].add(spoken.words, whisperx_stand_in(spoken, folder, drop_untimed=drop_untimed).words)
    names = {
        "int8": f"faster-whisper, int8 ({took['int8']:.2f} s of processor time per second of sound)",
        "float32": f"faster-whisper, float32 ({took['float32']:.2f} s of processor time per second of sound)",
        "--align": "the same, int8, with the text known (`--align`)",
        "whisperX": "a transcript as whisperX writes it, times given",
        "whisperX upstream": "the same, read as upstream reads it",
    }
    return {
        "word times": table([whole[name].row(label) for name, label in names.items()], "from"),
        "kinds": table([score.row(kind) for kind, score in by_kind.items()], "text"),
        "languages": languages(model, folder),
        "fit": fit(texts, in_int8),
    }


def fit(texts: Sequence[Spoken], heard: Sequence[Transcript]) -> str:
    """How much of a text is in words that were heard, for its own sound and for those of the other texts."""
    own, other = [], []
    for i, spoken in enumerate(texts[:: len(VOICES)]):
        keys = [spelling_key(word.text) for word in spoken.words]
        for j, transcript in enumerate(heard[:: len(VOICES)]):
            pairs = equal_pairs(keys, [spelling_key(word.text) for word in transcript.words])
            share = sum(len(keys[k]) for k, _ in pairs) / sum(map(len, keys))
            (own if i == j else other).append(share)
    return (
        f"A text with its own sound: {min(own):.0%} to {max(own):.0%} of its characters; with the sound of another "
        f"text in the same language: {min(other):.0%} to {max(other):.0%} ({len(own)} and {len(other)} pairs)."
    )


def languages(model: FasterWhisper, folder: Path) -> str:
    """Other languages, which are detected."""
    rows = []
    for voice, name, text in OTHERS:
        spoken = speak(text, folder, voice, voice, 150, name)
        transcript = model.transcribe(spoken.wav, None)
        score = Score()
        score.add(spoken.words, transcript.words)
        rows.append(score.row(f"{name}, detected: {transcript.language}"))
    return table(rows, "language")


def table(rows: Sequence[str], first: str) -> str:
    """A table of scores."""
    head = f"| {first} | words | found | error of a start, median | nine in ten below | median, signed |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.word_times", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts = measure(FasterWhisper(options.model, options.model.name, running_threads()), Path(folder))
    for name, text in parts.items():
        print(f"{name}\n\n{text}\n")
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        for name, text in parts.items():
            page = placed(page, name, text)
        PAGE.write_text(page, encoding="utf-8")
