"""What the benchmark runs: the cases, how much arithmetic each is, and the inputs both sides read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tools.bench_models import DEPTHS, FEATURES

N_TOKENS = 1400
N_WORDS, CONTEXTS = 1000, (100, 250, 500, 750, 1000)
QUICK_WORDS, QUICK_CONTEXTS = 250, (50, 100, 250)
RATE, SOUND_SECONDS = 16000, 60.0
CLIP_SHAPE = (64, 288, 384, 3)  # video frames, height, width, colours
BATCH_WORDS = 4  # upstream's batch of contexts
FRACTIONS = (0.5, 0.75, 1.0)
TOKENS_PER_WORD = 1.35  # of the released tokenizer on English; for the arithmetic only


@dataclass(frozen=True)
class Case:
    """One line of the table; the arithmetic is counted in operations (a multiply-add is two), for n layers."""

    name: str
    model: str
    title: str
    flops_ours: Callable[[int], float] | None
    flops_peer: Callable[[int], float] | None
    quick_layers: int
    one_thread_layers: int
    repeats: int = 1  # timed calls in each process
    target: float | None = None  # ours / torch fp32 that we want to stay under
    estimated: bool = False  # the peer's figure is integrated, not run

    def layers(self, *, threads: int, quick: bool, asked: int | None) -> int:
        """How deep to run: what was asked for, else all, fewer on one thread or in a hurry."""
        if self.model == "encoder":
            return DEPTHS["encoder"]
        full = DEPTHS[self.model]
        chosen = asked or (self.quick_layers if quick else full if threads > 1 else self.one_thread_layers)
        return min(chosen, full)


def encoder_flops(batch: int, *, fused: bool) -> float:
    """One forward of 100 s per example at the released sizes (the table of `tribe_np.encoder.readout`)."""
    shared = 200 * 11008 * 384 + 8 * (4 * 1152**2 * 200 + 2 * 200**2 * 1152) + 8 * 2 * 1152 * 4608 * 200
    last = 100 * 1152 * 20484 if fused else 200 * (1152 * 2048 + 2048 * 20484)
    return 2.0 * batch * (shared + last)


def llama_flops(n_layers: int, n_tokens: int = N_TOKENS) -> float:
    """One pass over n_tokens, with triangular attention."""
    dense = 2 * 3072 * 3072 + 2 * 3072 * 1024 + 3 * 3072 * 8192
    return 2.0 * n_layers * (dense * n_tokens + 2 * 3072 * n_tokens * (n_tokens + 1) / 2)


def sound_flops(n_layers: int, n_steps: int = 2999) -> float:
    """One conformer pass; relative keys over 73 distances."""
    dense = 4 * 1024 * 4096 + 4 * 1024**2 + 3 * 1024**2 + 31 * 1024 + 73 * 1024
    return 2.0 * n_layers * n_steps * (dense + 2 * n_steps * 1024)


def clip_flops(n_layers: int, n_tokens: int = 8192) -> float:
    """One pass of the encoder over a clip; the predictor is not counted."""
    return 2.0 * n_layers * n_tokens * (4 * 1408**2 + 2 * 1408 * 6144 + 2 * n_tokens * 1408)


CASES = (
    Case(
        "encoder-1", "encoder", "brain encoder, B = 1", lambda n: encoder_flops(1, fused=True),
        lambda n: encoder_flops(1, fused=False), 8, 8, repeats=5, target=0.65,
    ),
    Case(
        "encoder-8", "encoder", "brain encoder, B = 8", lambda n: encoder_flops(8, fused=True),
        lambda n: encoder_flops(8, fused=False), 8, 8, repeats=2, target=0.75,
    ),
    Case("llama", "llama", f"LLaMA, {N_TOKENS} tokens", llama_flops, llama_flops, 1, 4, target=1.0),
    Case("text", "llama", "word features", None, None, 1, 2, target=0.005, estimated=True),
    Case("sound", "wav2vec_bert", "60 s of sound", sound_flops, sound_flops, 2, 4, target=0.4),
    Case("clip", "vjepa2", "one V-JEPA clip", clip_flops, clip_flops, 1, 2, target=0.75),
)  # fmt: skip


def integrated(contexts: Sequence[int], per_word: Sequence[float], n_words: int) -> float:
    """Seconds for n_words, one pass each, from the seconds per word at some context lengths.

    Linear in between, and from 0 s at no context: an estimate that favours the peer.
    """
    lengths = np.arange(1, n_words + 1)
    return float(np.sum(np.interp(lengths, [0, *contexts], [0.0, *per_word])))


def brain_features(batch: int) -> dict[str, np.ndarray]:
    """Random features of 200 steps."""
    rng = np.random.default_rng(3)
    return {m: rng.standard_normal((batch, *dims, 200), np.float32) for m, dims in FEATURES.items()}


def token_ids(n_tokens: int = N_TOKENS) -> np.ndarray:
    """Random ids of the released vocabulary, (1, n)."""
    return np.random.default_rng(3).integers(0, 128000, (1, n_tokens))


def words(n_words: int) -> list[str]:
    """A meaningless transcript of common words, short and long."""
    stock = (
        "the",
        "of",
        "and",
        "that",
        "house",
        "river",
        "morning",
        "people",
        "water",
        "story",
        "children",
        "listening",
    )
    rng = np.random.default_rng(3)
    return [stock[int(i)] for i in rng.integers(0, len(stock), n_words)]


def contexts_of(transcript: Sequence[str], max_words: int = 1024) -> list[str]:
    """For each word the text up to and with it."""
    return [" ".join(transcript[max(0, i - max_words) : i + 1]) for i in range(len(transcript))]


def sound_samples() -> np.ndarray:
    """Noise that swells and fades, (N, 1)."""
    n = int(RATE * SOUND_SECONDS)
    swell = 0.1 * (1 + np.sin(np.arange(n) / RATE))
    return (np.random.default_rng(3).standard_normal(n) * swell)[:, None].astype(np.float32)


def clip_frames() -> np.ndarray:
    """Random video frames."""
    return np.random.default_rng(3).integers(0, 256, CLIP_SHAPE, dtype=np.uint8)


def text_sizes(options: dict[str, Any]) -> tuple[int, tuple[int, ...]]:
    """Words of the transcript, and the context lengths at which the peer is timed."""
    return (QUICK_WORDS, QUICK_CONTEXTS) if options["quick"] else (N_WORDS, CONTEXTS)
