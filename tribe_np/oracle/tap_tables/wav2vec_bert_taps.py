"""The names of Wav2Vec-BERT 2.0."""

from tribe_np.oracle.tap_tables.common_rows import ASKED, COMMON, mixed_row, pair_rows, projection_rows
from tribe_np.oracle.taps import TapRow, TapTable, rows_below


def feed_forward(name: str) -> tuple[TapRow, ...]:
    """One of the two halved feed-forwards."""
    return (
        TapRow(f"{name}_layer_norm.output", "(B, S, D)", "layer norm of the stream"),
        TapRow(f"{name}.hidden", "(B, S, M)", "after intermediate_dense"),
        TapRow(f"{name}.activated", "(B, S, M)", "swish of that"),
        TapRow(f"{name}.output", "(B, S, D)", "after output_dense, not yet halved"),
        TapRow(f"{name}.stream", "(B, S, D)", "the stream with half of it added"),
    )


ATTENTION = (
    *projection_rows(),
    TapRow("distances", "(B, N, S, E)", "query . embedding of each clipped distance / sqrt(H)", ASKED),
    *pair_rows("query . key / sqrt(H), plus the entry of `distances` for key - query"),
    mixed_row(),
    TapRow("output", "(B, S, D)", "after linear_out"),
    TapRow("stream", "(B, S, D)", "the stream with attention added"),
)
CONVOLUTION = (
    TapRow("layer_norm.output", "(B, S, D)", "layer norm of the stream"),
    TapRow("pointwise_conv1.output", "(B, S, X)", "values, then gates"),
    TapRow("gated", "(B, S, D)", "values * sigmoid(gates)"),
    TapRow("depthwise_conv.output", "(B, S, D)", "each channel over time, the past alone"),
    TapRow("depthwise_layer_norm.output", "(B, S, D)", "layer norm over channels"),
    TapRow("activated", "(B, S, D)", "swish of that"),
    TapRow("output", "(B, S, D)", "after pointwise_conv2"),
    TapRow("stream", "(B, S, D)", "the stream with it added"),
)
LAYER = (
    *feed_forward("ffn1"),
    TapRow("self_attn_layer_norm.output", "(B, S, D)", "layer norm of the stream"),
    *rows_below("self_attn.", *ATTENTION),
    *rows_below("conv_module.", *CONVOLUTION),
    *feed_forward("ffn2"),
    TapRow("output", "(B, S, D)", "final_layer_norm of the stream; hidden state i + 1"),
)
TABLE = TapTable(
    model="wav2vec_bert",
    about="Log-mel energies in, two audio frames to a token (20 ms), hidden states out.",
    letters={
        **COMMON,
        "F": "log-mel energies of a token",
        "E": "clipped distances between key and query, the farthest behind first",
        "X": "2 D",
    },
    rows=rows_below(
        "wav2vec_bert.",
        TapRow("feature_projection.layer_norm.output", "(B, S, F)", "layer norm of the input"),
        TapRow("feature_projection.output", "(B, S, D)", "projected; hidden state 0"),
        *rows_below("encoder.layers.{i}.", *LAYER),
    ),
)
