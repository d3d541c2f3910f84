"""The names of the V-JEPA 2 encoder."""

from tribe_np.oracle.tap_tables.common_rows import COMMON, mixed_row, pair_rows, projection_rows, rotated_rows
from tribe_np.oracle.taps import TapRow, TapTable, rows_below

LAYER = (
    TapRow("norm1.output", "(B, S, D)", "layer norm of the stream"),
    *rows_below("attention.", *projection_rows(), *rotated_rows(), *pair_rows("query . key / sqrt(H)"), mixed_row()),
    TapRow("attention.output", "(B, S, D)", "after proj"),
    TapRow("attention.stream", "(B, S, D)", "the stream with attention added"),
    TapRow("norm2.output", "(B, S, D)", "layer norm of that"),
    TapRow("mlp.hidden", "(B, S, M)", "after fc1"),
    TapRow("mlp.activated", "(B, S, M)", "exact GELU of that"),
    TapRow("mlp.output", "(B, S, D)", "after fc2"),
    TapRow("output", "(B, S, D)", "the stream after the layer; hidden state i + 1"),
)
TABLE = TapTable(
    model="vjepa2",
    about="A clip of frames in, hidden states out. Tokens by depth, row, column.",
    letters={**COMMON, "J": "channels of a head that turn: three equal parts, for depth, row and column"},
    rows=rows_below(
        "vjepa2.encoder.",
        TapRow("embeddings.patch_embeddings.proj.output", "(B, S, D)", "tubelets projected; hidden state 0"),
        TapRow("rotary.inv_freq", "(J/6,)", "rotary frequencies, of each of the three parts", unit="rad/step"),
        TapRow("rotary.cos", "(S, J)", "cosines of the angles; channel e of a part has frequency e mod (part / 2)"),
        TapRow("rotary.sin", "(S, J)", "sines of the same; its partner is the adjacent channel"),
        *rows_below("layer.{i}.", *LAYER),
        TapRow("layernorm.output", "(B, S, D)", "layer norm of the last state", "the final norm is asked for"),
    ),
)
