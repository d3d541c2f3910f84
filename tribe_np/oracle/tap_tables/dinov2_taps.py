"""The names of DINOv2."""

from tribe_np.oracle.tap_tables.common_rows import COMMON, mixed_row, pair_rows, projection_rows
from tribe_np.oracle.taps import TapRow, TapTable, rows_below

PLAIN, GATED = "no gate in the feed-forward", "a gated feed-forward"
LAYER = (
    TapRow("norm1.output", "(B, S, D)", "layer norm of the stream"),
    *rows_below("attention.", *projection_rows(), *pair_rows("query . key / sqrt(H)"), mixed_row()),
    TapRow("attention.output", "(B, S, D)", "after the output projection"),
    TapRow("layer_scale1.output", "(B, S, D)", "each channel times its learned scale"),
    TapRow("attention.stream", "(B, S, D)", "the stream with that added"),
    TapRow("norm2.output", "(B, S, D)", "layer norm of that"),
    TapRow("mlp.hidden", "(B, S, M)", "after fc1", PLAIN),
    TapRow("mlp.activated", "(B, S, M)", "exact GELU of that", PLAIN),
    TapRow("mlp.gate_proj.output", "(B, S, M)", "the gate before its SiLU", GATED),
    TapRow("mlp.up_proj.output", "(B, S, M)", "what is gated", GATED),
    TapRow("mlp.gated", "(B, S, M)", "silu(gate) * up", GATED),
    TapRow("mlp.output", "(B, S, D)", "after the second map"),
    TapRow("layer_scale2.output", "(B, S, D)", "each channel times its learned scale"),
    TapRow("output", "(B, S, D)", "the stream after the layer; hidden state i + 1"),
)
TABLE = TapTable(
    model="dinov2",
    about="Pictures in, hidden states out, before the final norm. Tokens: class, registers, patches by row and column.",
    letters={**COMMON, "P": "patches of a picture"},
    rows=rows_below(
        "dinov2.",
        TapRow("embeddings.patch_embeddings.projection.output", "(B, P, D)", "patches projected"),
        TapRow("embeddings.positions", "(1, 1 + P, D)", "position table, resized to the picture's grid"),
        TapRow("embeddings.output", "(B, S, D)", "class token and patches with positions, registers between; state 0"),
        *rows_below("encoder.layer.{i}.", *LAYER),
    ),
)
