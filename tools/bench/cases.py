"""What the benchmark runs: the cases, how much arithmetic each is, and the inputs both sides read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tools.bench.models import DEPTHS, FEATURES
from tribe_np.ops.attention import BLOCK_SCORES

N_TOKENS = 1400
N_WORDS, CONTEXTS = 1000, (100, 250, 500, 750, 1000)
QUICK_WORDS, QUICK_CONTEXTS = 250, (50, 100, 250)
RATE, SOUND_SECONDS = 16000, 60.0
CLIP_SHAPE = (64, 288, 384, 3)  # video frames, height, width, colours
GRADIENT_WINDOWS = 4  # as many as a step of training takes through at a time
PATCH = 3 * 2 * 16 * 16  # values in a token: colours, frames, rows, columns
BATCH_WORDS, MOST_BATCHED = 4, 250  # upstream's batch of contexts, timed in contexts of up to so many words
SHOWN_TOKENS = 64  # of a clip's last state every so manyth token is compared, beside the means over all
FRACTIONS = (0.5, 0.75, 1.0)
STOCK = (
    "the", "of", "and", "that", "you", "said", "was", "with", "they", "she", "had", "house", "people", "children",
    "listening",
)  # fmt: skip
TOKENS_PER_WORD = 4 / 3  # of these words in the tokenizer beside the random model; the released one: 1.3 on English
Products = list[tuple[float, int, int, int]]  # how many products of (m, k) with (k, n)


@dataclass(frozen=True)
class Size:
    """How much of a case runs."""

    layers: int
    n_words: int = N_WORDS


@dataclass(frozen=True)
class Case:
    """One line of the table; the arithmetic is counted in operations, a multiply-add is two."""

    name: str
    model: str
    title: str
    flops_ours: Callable[[Size], float]
    flops_peer: Callable[[Size], float]
    products: Callable[[Size], Products]  # ours, of linear layers and of attention's heads
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


def gradient_flops(batch: int) -> float:
    """A forward pass in upstream's order, and a backward pass: two products for each of its own."""
    return 3 * encoder_flops(batch, fused=False)


def llama_flops(n_layers: int, n_tokens: int = N_TOKENS) -> float:
    """One pass over n_tokens, with triangular attention."""
    dense = 2 * 3072 * 3072 + 2 * 3072 * 1024 + 3 * 3072 * 8192
    return 2.0 * n_layers * (dense * n_tokens + 2 * 3072 * n_tokens * (n_tokens + 1) / 2)


def sound_flops(n_layers: int, n_steps: int = 2999, *, gathered: bool = False) -> float:
    """One conformer pass; a query meets the keys of 73 distances, or, `gathered`, one for every step, as in torch."""
    n_keys = n_steps if gathered else 73
    dense = 4 * 1024 * 4096 + 4 * 1024**2 + 3 * 1024**2 + 31 * 1024 + n_keys * 1024
    return 2.0 * n_layers * n_steps * (dense + 2 * n_steps * 1024)


def clip_flops(n_layers: int, n_tokens: int = 8192) -> float:
    """One pass of the encoder over a clip, patch embedding included; the predictor is counted by itself."""
    layer = 4 * 1408**2 + 2 * 1408 * 6144 + 2 * n_tokens * 1408
    return 2.0 * n_tokens * (n_layers * layer + PATCH * 1408)


def predictor_flops(n_tokens: int = 2 * 8192) -> float:
    """V-JEPA's predictor: 12 layers of width 384 over context and target tokens."""
    return 2.0 * 12 * n_tokens * (12 * 384**2 + 2 * n_tokens * 384)


def peer_clip_flops(n_layers: int) -> float:
    """A clip on the peer, which runs the predictor where all layers do."""
    return clip_flops(n_layers) + (predictor_flops() if n_layers == DEPTHS["vjepa2"] else 0.0)


def words_flops(n_layers: int, n_words: int) -> float:
    """Upstream's procedure: one pass per word over all words up to it."""
    return sum(llama_flops(n_layers, round(TOKENS_PER_WORD * n)) for n in range(1, n_words + 1))


def head_products(n_heads: float, n_steps: int, head_dim: int) -> Products:
    """Scores and mixing of that many heads, in blocks of one head and some steps as ours; a causal one counts half."""
    rows = max(1, min(n_steps, BLOCK_SCORES // n_steps))
    n_blocks = n_heads * n_steps / rows
    return [(n_blocks, rows, head_dim, n_steps), (n_blocks, rows, n_steps, head_dim)]


def encoder_products(batch: int) -> Products:
    """Projectors, eight layers of each kind, and the composed map from pooled steps to vertices."""
    rows, wide = 200 * batch, 4 * 1152
    projectors = [(1, rows, groups * width, 384) for groups, width in FEATURES.values()]
    layers = [(8 * 4, rows, 1152, 1152), (8, rows, 1152, wide), (8, rows, wide, 1152)]
    return [*projectors, *layers, (1, 100 * batch, 1152, 20484), *head_products(8 * 8 * batch, 200, 144)]


def gradient_products(batch: int) -> Products:
    """Those of a forward pass with both maps at every step; then of each the gradients of its two factors."""
    rows = 200 * batch
    *before, _, scores, mixing = encoder_products(batch)
    forward = [*before, (1, rows, 1152, 2048), (1, rows, 2048, 20484), scores, mixing]
    return [one for n, a, b, c in forward for one in ((n, a, b, c), (n, a, c, b), (n, b, a, c))]


def llama_products(n_layers: int, n_tokens: int = N_TOKENS) -> Products:
    """Query and output, key and value, gate and up, down."""
    shapes = [(2, 3072, 3072), (2, 3072, 1024), (2, 3072, 8192), (1, 8192, 3072)]
    linear: Products = [(n_layers * count, n_tokens, k, n) for count, k, n in shapes]
    return [*linear, *head_products(n_layers * 24 / 2, n_tokens, 128)]


def sound_products(n_layers: int, n_steps: int = 2999) -> Products:
    """Two feed-forwards, the four maps of attention, the two pointwise convolutions."""
    shapes = [(2, 1024, 4096), (2, 4096, 1024), (5, 1024, 1024), (1, 1024, 2048)]
    linear: Products = [(n_layers * count, n_steps, k, n) for count, k, n in shapes]
    return [*linear, *head_products(n_layers * 16, n_steps, 64)]


def clip_products(n_layers: int, n_tokens: int = 8192) -> Products:
    """The patch embedding, the four maps of attention, the feed-forward, and 22 heads."""
    shapes = [(4, 1408, 1408), (1, 1408, 6144), (1, 6144, 1408)]
    linear: Products = [(n_layers * count, n_tokens, k, n) for count, k, n in shapes]
    return [(1, n_tokens, PATCH, 1408), *linear, *head_products(n_layers * 22, n_tokens, 64)]


def n_text_tokens(size: Size) -> int:
    """Tokens of the transcript."""
    return round(TOKENS_PER_WORD * size.n_words)


# in the order of the table, and of the measurements
CASES = (
    Case(
        "encoder-1", "encoder", "brain encoder, B = 1", lambda s: encoder_flops(1, fused=True),
        lambda s: encoder_flops(1, fused=False), lambda s: encoder_products(1), 8, 8, repeats=5, target=0.65,
    ),
    Case(
        "encoder-8", "encoder", "brain encoder, B = 8", lambda s: encoder_flops(8, fused=True),
        lambda s: encoder_flops(8, fused=False), lambda s: encoder_products(8), 8, 8, target=0.75,
    ),
    Case(
        "gradient", "encoder", f"its gradients, B = {GRADIENT_WINDOWS}", lambda s: gradient_flops(GRADIENT_WINDOWS),
        lambda s: gradient_flops(GRADIENT_WINDOWS), lambda s: gradient_products(GRADIENT_WINDOWS), 8, 8,
    ),
    Case(
        "sound", "wav2vec_bert", "60 s of sound", lambda s: sound_flops(s.layers),
        lambda s: sound_flops(s.layers, gathered=True), lambda s: sound_products(s.layers), 2, 4, target=0.4,
    ),
    Case(
        "llama", "llama", f"LLaMA, {N_TOKENS} tokens", lambda s: llama_flops(s.layers), lambda s: llama_flops(s.layers),
        lambda s: llama_products(s.layers), 1, 2, target=1.0,
    ),
    Case(
        "text", "llama", "word features", lambda s: llama_flops(s.layers, n_text_tokens(s)),
        lambda s: words_flops(s.layers, s.n_words), lambda s: llama_products(s.layers, n_text_tokens(s)), 1, 1,
        target=0.005, estimated=True,
    ),
    Case(
        "clip", "vjepa2", "one V-JEPA clip", lambda s: clip_flops(s.layers), lambda s: peer_clip_flops(s.layers),
        lambda s: clip_products(s.layers), 1, 1, target=0.75,
    ),
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


def gradient_of_output(shape: Sequence[int]) -> np.ndarray:
    """What is led back: normal numbers."""
    return np.random.default_rng(4).standard_normal(shape, np.float32)


def token_ids(n_tokens: int = N_TOKENS) -> np.ndarray:
    """Random ids of the released vocabulary, (1, n)."""
    return np.random.default_rng(3).integers(0, 128000, (1, n_tokens))


def words(n_words: int) -> list[str]:
    """A meaningless transcript of common words, short and long."""
    rng = np.random.default_rng(3)
    return [STOCK[int(i)] for i in rng.integers(0, len(STOCK), n_words)]


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


def text_sizes(*, quick: bool) -> tuple[int, tuple[int, ...]]:
    """Words of the transcript, and the context lengths at which the peer is timed."""
    return (QUICK_WORDS, QUICK_CONTEXTS) if quick else (N_WORDS, CONTEXTS)
