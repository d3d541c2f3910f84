"""neuralset 0.4.0 beside 0.0.2: what changed of the steps that TRIBE v2 takes, seen by running both on the same events.

    python -m tools.reference.neuralset_4 record OLD.json       in an environment with neuralset 0.0.2
    python -m tools.reference.neuralset_4 record NEW.json       in one with neuralset 0.4.0 (Python 3.12 or newer)
    python -m tools.reference.neuralset_4 compare OLD.json NEW.json [--golden FOLDER]

Both environments need spaCy, transformers, pandas and this checkout's own packages. `compare` prints a line for each
case; with `--golden` it writes both recordings as `neuralset_4.json`, which the tests read. `docs/neuralset-0.4.md`
says what the differences mean.
"""

import argparse
import io
import json
import math
import random
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import soundfile

from tools.reference.predictions_cases import GOLDEN_SEED
from tools.reference.torch_setup import skip_torchvision_operators
from tools.reference.words import CASES, Record, _blank_english, spaced, spacy_analyser

NAME = "neuralset_4.json"
SECONDS = (12.0, 29.9, 30.0, 59.0, 61.0, 80.0, 95.0, 120.0, 125.5, 150.0)
RATES = {"Audio": 44100.0, "Video": 30000 / 1001}
TEXTS = {
    "plain": "so the wind blew and we went home then it rained all day",
    "with periods": "Hello there. Is it you? It is. Good night.",
    "with names": "NASA sent McDonald to Paris. He liked it! Really.",
    "one sentence twice": "No way. No way. Yes.",
    "trailing dots": "I said hello to him...",
}


def chunk_rows(kind: str, seconds: float) -> list[list[float]]:
    """Start, duration and offset of the chunks of one sound or film, cut as tribev2 cuts it."""
    import pandas
    from neuralset.events import etypes
    from neuralset.events.transforms import ChunkEvents
    from neuralset.events.utils import standardize_events

    row = {"type": kind, "start": 2.0, "duration": seconds, "timeline": "t", "filepath": "x", "frequency": RATES[kind]}
    word = {"type": "Word", "start": 2.0, "duration": 1.0, "timeline": "t", "text": "so", "language": "english"}
    table = pandas.DataFrame([getattr(etypes, each["type"]).from_dict(each).to_dict() for each in (row, word)])
    cut = ChunkEvents(event_type_to_chunk=kind, max_duration=60, min_duration=30)._run(standardize_events(table))
    rows = cut[cut.type == kind].sort_values("start").to_dict("records")
    return [[float(row[key]) for key in ("start", "duration", "offset")] for row in rows]


def word_rows(rows: list[Record], given_text: str | None, max_context_len: int, sentence_only: bool) -> Record:
    """The text, each word's place and context, and the rows of sentences; or the error that stops it."""
    import pandas
    from neuralset.events import transforms
    from neuralset.events.utils import standardize_events

    frame = pandas.DataFrame([row | {"language": "english"} for row in rows])
    if given_text is not None:
        stop = max(row["start"] + row["duration"] for row in rows) + 1e-3
        text = {"type": "Text", "text": given_text, "start": 0.0, "duration": stop, "timeline": "default"}
        frame = pandas.concat([frame, pandas.DataFrame([text | {"language": "english"}])])
    add_text = getattr(transforms, "AddText", None) or transforms.EnsureTexts
    try:
        frame = add_text()(standardize_events(frame))
        frame = transforms.AddSentenceToWords(max_unmatched_ratio=0.05)(frame)
        options = {"sentence_only": sentence_only, "max_context_len": max_context_len, "split_field": ""}
        frame = transforms.AddContextToWords(**options)(frame)
    except (RuntimeError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}"[:200]}
    found = frame.to_dict("records")
    texts = [row["text"] for row in found if row["type"] == "Text"]
    said: dict[str, list[str]] = {}
    for row in rows:
        said.setdefault(row["timeline"], []).append(row["text"])
    using = spacy_analyser()
    keys = ("text", "start", "sentence", "sentence_char", "text_char", "context")
    return {
        "texts": texts,
        "analysed": {
            text: [[one.text, one.start, one.tokens] for one in using.analyse(text)]
            for text in [*map(" ".join, said.values()), *texts]
        },
        "words": [[plain(row[key]) for key in keys] for row in found if row["type"] == "Word"],
        "sentences": [[row["start"], row["duration"], row["text"]] for row in found if row["type"] == "Sentence"],
    }


def plain(value: Any) -> Any:
    """JSON's own values: None for a missing one."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value


def rounded() -> Record:
    """Forty words of which the last ends one rounding step beyond their text."""
    from tools.reference.predictions_compat import rounded_words

    keys = ("text", "start", "duration")
    rows = [{"type": "Word", "timeline": "default"} | {key: row[key] for key in keys} for row in rounded_words()]
    return word_rows(rows, None, 1024, False)


def padded(folder: Path) -> list[list[float]]:
    """The first numbers of each word's features, of contexts with and without an end-of-text token, in one batch."""
    from neuralset.events import etypes
    from neuralset.extractors.text import HuggingFaceText

    import extractors.llama.random
    from tools.reference.predictions_compat import MARKED

    model = extractors.llama.random.write_random(folder / "text", seed=GOLDEN_SEED, n_layers=4, dtype="float32")
    words = [
        etypes.Word(start=float(i), duration=0.3, timeline="t", text=text, context=context)
        for i, (text, context) in enumerate(MARKED)
    ]
    with local_models():
        made = HuggingFaceText(
            model_name=str(model), device="cpu", layers=[0.5, 0.75, 1.0], layer_aggregation="group_mean", batch_size=4
        )
        found = list(made._get_data(words))
    return [[round(float(x), 5) for x in array.ravel()[:8]] for array in found]


def heard(folder: Path) -> list[list[float]]:
    """Some numbers of the features of a piece of sound, in a small random wav2vec-BERT."""
    from neuralset.events import etypes
    from neuralset.extractors.audio import Wav2VecBert

    import extractors.wav2vec_bert.random
    from tools.reference.audio_peer import chirp

    model = extractors.wav2vec_bert.random.write_random(folder / "audio", seed=GOLDEN_SEED, n_layers=4)
    wav = folder / "chirp.wav"
    soundfile.write(wav, chirp(3 * 44100, 44100).T, 44100, subtype="FLOAT")
    event = etypes.Audio(start=0.0, timeline="t", filepath=str(wav), offset=0.503, duration=2.2, frequency=44100)
    with local_models():
        made = Wav2VecBert(
            model_name=str(model), layers=[0.5, 0.75, 1.0], layer_aggregation="group_mean", frequency=2.0, device="cpu"
        )
        (found,) = made._get_timed_arrays([event], start=0.0, duration=3.0)
    values = np.asarray(found.data)
    return [list(values.shape), [round(float(x), 4) for x in values.reshape(-1, values.shape[-1])[:6].ravel()]]


def on_the_grid(seed: int) -> list[list[float]]:
    """A window's features of words with awkward times, summed on the 2 Hz grid."""
    import torch
    from neuralset.events import etypes
    from neuralset.extractors.base import BaseStatic

    class LengthOfWord(BaseStatic):
        event_types: str | tuple[str, ...] = "Word"

        def get_static(self, event: Any) -> Any:
            return torch.tensor([float(len(event.text)), 1.0])

    draw = random.Random(seed)
    words = [
        etypes.Word(
            start=draw.choice([k / 4, draw.uniform(0, 12)]), duration=draw.choice([0.25, 0.75, 1.3]), timeline="t",
            text="x" * draw.randrange(1, 9),
        )
        for k in range(40)
    ]  # fmt: skip
    made = LengthOfWord(frequency=2.0, aggregation="sum", allow_missing=True)
    made.prepare(words)
    within = [word for word in words if word.start < 11.1 and word.start + word.duration > 1.1]
    return made(within, start=1.1, duration=10.0).tolist()


@contextmanager
def local_models() -> Iterator[None]:
    """A folder is a model's name, and words are batched in their order."""
    from neuralset.extractors import base

    with ExitStack() as stack:
        if hasattr(base, "HuggingFaceMixin"):
            stack.enter_context(patch.object(base.HuggingFaceMixin, "repo_exists", lambda self: True))
        else:
            from neuralset.extractors import hf

            skipped = "_download_huggingface_snapshot"
            stack.enter_context(patch.object(hf.HuggingFaceMixin, skipped, lambda self: None))
        stack.enter_context(patch.object(np.random, "shuffle", lambda items: None))
        yield


def record() -> Record:
    """Everything, by the installed neuralset."""
    skip_torchvision_operators()
    found: Record = {"neuralset": version("neuralset")}
    with _blank_english(), redirect_stderr(io.StringIO()):
        for kind in RATES:
            found[f"chunks of {kind}"] = {str(seconds): chunk_rows(kind, seconds) for seconds in SECONDS}
        found["words"] = {
            case.name: word_rows(case.rows(), case.given_text, case.max_context_len, case.sentence_only)
            for case in CASES
        }
        found["texts"] = {name: word_rows(spaced(text.split()), None, 1024, False) for name, text in TEXTS.items()}
        found["rounding"] = {"last word": rounded()}
        found["grid"] = {f"seed {seed}": on_the_grid(seed) for seed in range(5)}
        with TemporaryDirectory() as folder:
            found["sound"] = {"2.2 s of a chirp": heard(Path(folder))}
            found["padding"] = {"end-of-text token in a context": padded(Path(folder))}
    return found


def differences(old: Record, new: Record) -> list[str]:
    """A line for each case that is not the same in both."""
    lines = []
    for group in old:
        if isinstance(old[group], str):
            continue
        for case, theirs in old[group].items():
            if theirs != new[group][case]:
                lines.append(f"{group}, {case}: {_first(theirs, new[group][case])}")
    return lines


def _lines(found: Record) -> str:
    """A line for each group of cases."""
    return ",\n".join(f"{json.dumps(name)}: {json.dumps(group, ensure_ascii=False)}" for name, group in found.items())


def _first(old: Any, new: Any) -> str:
    if isinstance(old, dict) and isinstance(new, dict):
        keys = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        return "; ".join(f"{key} {_first(old.get(key), new.get(key))}" for key in keys)
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return next(_first(a, b) for a, b in zip(old, new, strict=True) if a != b)
    return f"{str(old)[:160]} -> {str(new)[:160]}"


def main(arguments: list[str] | None = None) -> int:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m tools.reference.neuralset_4", description=__doc__.split("\n")[0])
    commands: Any = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("record").add_argument("file", type=Path)
    compare = commands.add_parser("compare")
    compare.add_argument("files", type=Path, nargs=2)
    compare.add_argument("--golden", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "record":
        options.file.write_text(f"{{\n{_lines(record())}\n}}\n", encoding="utf-8")
        return 0
    old, new = (json.loads(path.read_text(encoding="utf-8")) for path in options.files)
    print("\n".join(differences(old, new)))
    if options.golden:
        lines = [f'"{one["neuralset"]}": {{\n{_lines(one)}\n}}' for one in (old, new)]
        (options.golden / NAME).write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
