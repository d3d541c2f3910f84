"""How much `--context anchored` changes, on RANDOM weights: word features beside those of exact contexts.

    python -m tools.anchored [--layers 4] [--width 128] [--context 1024] [--stride 256] [--every 2]

Sentences in random order run through a small random LLaMA, with contexts of both kinds, for the words of one anchor:
the first has the same context either way, each later one a word more than the exact one, up to stride - 1. Random
weights attend almost evenly; a trained model looks mostly at what is near, or at what it needs from afar. The figures
show that anchored contexts work as meant, not what they cost in accuracy.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from extractors.common.layer_groups import RELEASED_SELECTION
from extractors.llama.extract import word_features
from extractors.llama.model import LlamaModel
from extractors.llama.random import write_random
from extractors.llama.random_tokenizer import TEXT
from extractors.llama.tokenizer import LlamaTokenizer
from tools.effect import Effect
from tribe_np.kernels.choose import kernel_set
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import analyser

HEADING = "| words more than exact | words | features: r median / lowest 5 % | RMS |\n|---|---|---|---|"
PARTS = 4  # of an anchor's words, by how much longer their contexts are


def spoken(n_words: int, seed: int) -> Events:
    """That many words: whole sentences of an embedded text, in random order."""
    rng, sentences = np.random.default_rng(seed), " ".join(TEXT.split()).split(". ")
    said: list[str] = []
    while len(said) < n_words:
        said += f"{rng.choice(sentences).rstrip('.')}.".split()
    return Events(Event("Word", 0.4 * k, 0.3, text=text) for k, text in enumerate(said[:n_words]))


def pick_words(events: Events, *, max_context_len: int, stride: int, every: int) -> list[Event]:
    """Every so many words of the first anchor beyond the shared beginning, in their contexts."""
    words = list(add_contexts(events, max_context_len=max_context_len, stride=stride).of_type("Word"))
    return words[max_context_len : max_context_len + PARTS * (len(words[max_context_len:]) // PARTS)][::every]


def measure(folder: Path, events: Events, *, max_context_len: int, stride: int, every: int) -> list[Effect]:
    """The effect on each part of the words, those with little more context first."""
    model = LlamaModel.from_pretrained(folder, kernels=kernel_set("auto"))
    tokenizer, selection = LlamaTokenizer.from_pretrained(folder), RELEASED_SELECTION
    exact, near = (
        np.stack(word_features(model, tokenizer, words, selection=selection)).reshape(len(words), -1)
        for words in (pick_words(events, max_context_len=max_context_len, stride=n, every=every) for n in (1, stride))
    )
    return [
        Effect.between(a.T, b.T) for a, b in zip(np.array_split(exact, PARTS), np.array_split(near, PARTS), strict=True)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in (("layers", 4), ("width", 128), ("context", 1024), ("stride", 256), ("every", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, unrounded")
    options = parser.parse_args(arguments)
    words = spoken(options.context + options.stride, seed=0)
    using = analyser("builtin", "english")
    events = add_sentences(add_text(words, analyser=using), analyser=using)
    with tempfile.TemporaryDirectory() as name:
        folder = write_random(
            Path(name), seed=0, n_layers=options.layers, hidden_size=options.width, head_dim=options.width // 4,
            intermediate_size=8 * options.width // 3,
        )  # fmt: skip
        effects = measure(folder, events, max_context_len=options.context, stride=options.stride, every=options.every)
    print(f"random weights, {options.layers} layers of width {options.width}, contexts of {options.context} words\n")
    print(HEADING)
    size = options.stride // PARTS
    for n, effect in enumerate(effects):
        print(f"| {n * size} to {(n + 1) * size - 1} | {size // options.every} | {effect} |")
    if options.json is not None:
        options.json.write_text(json.dumps([vars(effect) for effect in effects], indent=1) + "\n")


if __name__ == "__main__":
    main()
