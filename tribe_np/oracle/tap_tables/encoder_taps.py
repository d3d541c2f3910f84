"""The names of the brain encoder."""

from tribe_np.oracle.tap_tables.common_rows import COMMON, mixed_row, pair_rows, projection_rows, rotated_rows
from tribe_np.oracle.taps import TapRow, TapTable, rows_below

ROTARY, XPOS, T5, ALIBI = "rotary_pos_emb", "rotary_xpos", "rel_pos_bias", "alibi_pos_bias"
HIDDEN = (
    TapRow("linear.output", "(B, T, U_j)", "the hidden layer's map", "hidden_sizes", gradient=True),
    TapRow("norm.output", "(B, T, U_j)", "after its norm", "norm_layer"),
    TapRow("activated", "(B, T, U_j)", "after its activation", "hidden_sizes", gradient=True),
)
POSITIONS = (
    TapRow("rotary_pos_emb.inv_freq", "(J/2,)", "stored rotary frequencies", ROTARY, "rad/step"),
    TapRow("rotary_pos_emb.cos", "(S, J)", "cosines of step * frequency, the half table twice", ROTARY),
    TapRow("rotary_pos_emb.sin", "(S, J)", "sines of the same", ROTARY),
    TapRow("rotary_pos_emb.scale", "(J/2,)", "stored lengths, to a power that grows with the step", XPOS),
    TapRow("rotary_pos_emb.query_cos", "(S, J)", "cosines times the length", XPOS),
    TapRow("rotary_pos_emb.query_sin", "(S, J)", "sines times the length", XPOS),
    TapRow("rotary_pos_emb.key_cos", "(S, J)", "cosines over the length", XPOS),
    TapRow("rotary_pos_emb.key_sin", "(S, J)", "sines over the length", XPOS),
    TapRow("rel_pos.buckets", "(S, S)", "row of T5's table for each query and key", T5),
    TapRow("rel_pos.slopes", "(N,)", "ALiBi's slope of each head, rounded to float32", ALIBI),
    TapRow("rel_pos.bias", "(N, S, S)", "added to the logits of every attention", f"{T5} or {ALIBI}"),
)
LAYER = (
    TapRow("norm.output", "(B, S, D)", "norm of the stream", gradient=True),
    *projection_rows(gradient=True),
    *rotated_rows(when=ROTARY, gradient=True),
    *pair_rows("query . key / sqrt(H) + bias (+ the logits before, of residual_attn); -inf at later steps if causal"),
    mixed_row(gradient=True),
    TapRow("hidden", "(B, S, M)", "odd i: after the first map", gradient=True),
    TapRow("activated", "(B, S, M)", "odd i: exact GELU of that", gradient=True),
    TapRow("branch", "(B, S, D)", "after to_out, or after the second map", gradient=True),
    TapRow("residual", "(B, S, D)", "the stream times residual_scale, which the branch is added to", "scale_residual"),
    TapRow("output", "(B, S, D)", "branch + residual: the stream after the sublayer", gradient=True),
)
TABLE = TapTable(
    model="encoder",
    about="Features of a window in, activity of each vertex at each TR out. Sublayer i is attention when even.",
    letters={
        **COMMON,
        "B": "windows",
        "T": "steps of the 2 Hz grid",
        "Z": "steps put together: T, or those of all modalities one after the other (stack)",
        "S": "tokens of the transformer: Z, and one more where an even kernel smooths",
        "F_m": "what the projector of modality m takes: layer groups times width, or the width of their mean",
        "Y": "width of a projected modality: D over the number of modalities, or D where they are summed or stacked",
        "U_j": "width of hidden layer j of a projector",
        "W_j": "width of hidden layer j of the combiner",
        "J": "channels of a head that turn",
        "C": "width of the low-rank head",
        "V": "vertices",
        "R": "TRs",
    },
    rows=rows_below(
        "encoder.",
        TapRow("projectors.{m}.joined", "(B, T, F_m)", "layer groups side by side (cat) or their mean"),
        *rows_below("projectors.{m}.hidden.{j}.", *HIDDEN),
        TapRow("projectors.{m}.output", "(B, T, Y)", "projected", gradient=True),
        TapRow("modalities", "(B, Z, D)", "all modalities in the checkpoint's order; 0 where one is absent",
               gradient=True),
        TapRow("temporal_smoothing.output", "(B, S, D)", "each channel over time",
               "temporal_smoothing", gradient=True),
        *rows_below("combiner.hidden.{j}.", *(
            TapRow(row.name, "(B, S, W_j)", row.meaning, row.when, gradient=row.gradient) for row in HIDDEN
        )),
        TapRow("combiner.output", "(B, S, D)", "combined", "combiner", gradient=True),
        TapRow("time_pos_embed.rows", "(1, S, D)", "the first S rows of the table; (1, 1, D) if it has one row",
               "time_pos_embedding"),
        TapRow("time_pos_embed.output", "(B, S, D)", "with its row added", "time_pos_embedding", gradient=True),
        *POSITIONS,
        *rows_below("layers.{i}.", *LAYER),
        TapRow("final_norm.output", "(B, S, D)", "norm of the last stream", gradient=True),
        TapRow("low_rank_head.output", "(B, S, C)", "after the low-rank head", "low_rank_head", gradient=True),
        TapRow("predictor.output", "(B, V, S)", "the subject's map, at every step", gradient=True),
        TapRow("output", "(B, V, R)", "mean over the steps of each TR; (B, V, S) without pooling", "",
               "z-scored BOLD", gradient=True),
    ),
)  # fmt: skip
