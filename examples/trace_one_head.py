"""One attention head of LLaMA, recomputed by hand from what `trace` recorded.

Run it: python examples/trace_one_head.py. It makes a tiny random LLaMA in a temporary folder, lets it read five
tokens, and prints:

    LLaMA with 4 layers of 64 channels; 5 tokens: 3, 1, 4, 1, 5
    recorded 12 arrays in layer 1, among them
      llama.layers.1.self_attn.query_rotated  (1, 4, 5, 16)
      llama.layers.1.self_attn.key_rotated    (1, 2, 5, 16)
      llama.layers.1.self_attn.value          (1, 2, 5, 16)
      llama.layers.1.self_attn.mixed          (1, 5, 64)
    attention of head 2 (a row is a token that looks, a column a token that is seen):
      1.00 0.00 0.00 0.00 0.00
      0.71 0.29 0.00 0.00 0.00
      0.11 0.48 0.41 0.00 0.00
      0.26 0.29 0.19 0.27 0.00
      0.04 0.12 0.02 0.10 0.73
    largest difference to the recorded head: 0.0e+00
    largest difference of a head without the mask: 1.8e+00 (so the comparison can fail)

Axes: S tokens, N query heads, K key/value heads, H width of a head, D = N * H channels.
"""

from tempfile import TemporaryDirectory

import numpy as np

from extractors import LlamaModel
from extractors.llama.random import write_random
from tribe_np import trace

TOKENS = [3, 1, 4, 1, 5]
LAYER, HEAD = 1, 2


def one_head(query: np.ndarray, key: np.ndarray, value: np.ndarray, *, causal: bool = True) -> tuple[np.ndarray, ...]:
    """What the head mixes for each token, and the attention: query, key, value (S, H) -> (S, H), (S, S)."""
    scores = query @ key.T / np.sqrt(query.shape[-1])
    if causal:  # no token sees those after it
        scores = np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ value, weights


def main() -> None:
    """Record, recompute, compare."""
    with TemporaryDirectory() as folder:
        llama = LlamaModel.from_pretrained(write_random(folder, seed=0), precision="float64")
        with trace(pattern=f"llama.layers.{LAYER}.*") as recording:
            llama.hidden_states(np.array([TOKENS]))  # (B, S), here one text
    config = llama.config
    print(f"LLaMA with {config.n_layers} layers of {config.model_dim} channels; 5 tokens: {str(TOKENS)[1:-1]}")

    path = f"llama.layers.{LAYER}.self_attn"
    print(f"recorded {len(recording)} arrays in layer {LAYER}, among them")
    for leaf in ("query_rotated", "key_rotated", "value", "mixed"):
        print(f"  {path}.{leaf:<14} {recording[f'{path}.{leaf}'].shape}")

    # N / K query heads share one key/value head
    shared = HEAD // (config.n_heads // config.n_kv_heads)
    query = recording[f"{path}.query_rotated"][0, HEAD]
    key = recording[f"{path}.key_rotated"][0, shared]
    value = recording[f"{path}.value"][0, shared]
    mixed, weights = one_head(query, key, value)
    print(f"attention of head {HEAD} (a row is a token that looks, a column a token that is seen):")
    for row in weights:
        print("  " + " ".join(f"{weight:.2f}" for weight in row))

    # the heads lie side by side in the D channels of "mixed"
    H = config.head_dim
    recorded = recording[f"{path}.mixed"][0, :, HEAD * H : (HEAD + 1) * H]
    difference = np.abs(mixed - recorded).max()
    print(f"largest difference to the recorded head: {difference:.1e}")
    without_mask = np.abs(one_head(query, key, value, causal=False)[0] - recorded).max()
    print(f"largest difference of a head without the mask: {without_mask:.1e} (so the comparison can fail)")
    if not difference < 1e-12 < without_mask:
        raise SystemExit("the head computed by hand is not the recorded one")


if __name__ == "__main__":
    main()
