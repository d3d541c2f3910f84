"""The names of LLaMA."""

from tribe_np.oracle.tap_tables.common_rows import COMMON, pair_rows, projection_rows, rotated_rows
from tribe_np.oracle.taps import TapRow, TapTable, rows_below

FOREST = "texts that begin alike run as one forest"
LAYER = (
    TapRow("input_layernorm.output", "(B, S, D)", "RMS norm of the stream"),
    *rows_below(
        "self_attn.",
        *projection_rows("K"),
        *rotated_rows("K"),
        *pair_rows("query . key / sqrt(H); -inf at later tokens, padding and other branches"),
        TapRow("mixed", "(B, S, Q)", "values weighted, heads side by side"),
    ),
    TapRow("self_attn.output", "(B, S, D)", "after o_proj"),
    TapRow("self_attn.stream", "(B, S, D)", "the stream with attention added"),
    TapRow("post_attention_layernorm.output", "(B, S, D)", "RMS norm of that"),
    TapRow("mlp.gate_proj.output", "(B, S, M)", "the gate before its SiLU"),
    TapRow("mlp.up_proj.output", "(B, S, M)", "what is gated"),
    TapRow("mlp.gated", "(B, S, M)", "silu(gate) * up"),
    TapRow("mlp.output", "(B, S, D)", "after down_proj"),
    TapRow("output", "(B, S, D)", "the stream after the layer; hidden state i + 1, but for the last layer"),
)
TABLE = TapTable(
    model="llama",
    about="Token ids in, hidden states out. Of a forest, B is 1 and S counts its nodes.",
    letters={**COMMON, "K": "heads of keys and values", "Q": "N times H, which need not be D"},
    rows=rows_below(
        "llama.",
        TapRow("forest.token_ids", "(S,)", "the token at each node", FOREST),
        TapRow("forest.positions", "(S,)", "its place in its text, from 0", FOREST, "tokens"),
        TapRow("forest.parents", "(S,)", "the node before it; -1 at a beginning", FOREST),
        TapRow("embed_tokens.output", "(B, S, D)", "rows of the table; hidden state 0"),
        TapRow("rotary_emb.inv_freq", "(H/2,)", "rotary frequencies, rounded to float32", unit="rad/token"),
        TapRow("rotary_emb.cos", "(S, H)", "cosines of position * frequency, the half table twice"),
        TapRow("rotary_emb.sin", "(S, H)", "sines of the same"),
        *rows_below("layers.{i}.", *LAYER),
        TapRow("norm.output", "(B, S, D)", "RMS norm of the last layer's output; the last hidden state"),
    ),
)
